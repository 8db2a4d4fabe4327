/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/run-tools.h"

#include <stdlib.h>
#include <string.h>

#define EVERY "" /* a row for every program */
#define TEXT_MAX (256u << 10)

/* A row with a value that is not known (a model) is left out. */
static const struct variable {
	const char *program, *name;
	const char *value; /* NULL: it must not be set */
} variables[] = {
	{ EVERY, "ANTHROPIC_BASE_URL", "{url}" },
	{ EVERY, "ANTHROPIC_AUTH_TOKEN", "{key}" },
	{ EVERY, "ANTHROPIC_API_KEY", NULL }, /* it would go beside the token */
	{ EVERY, "ANTHROPIC_MODEL", "{model}" },
	{ EVERY, "OPENAI_BASE_URL", "{url}/v1" },
	{ EVERY, "OPENAI_API_BASE", "{url}/v1" },
	{ EVERY, "OPENAI_API_KEY", "{key}" },
	{ EVERY, "OPENAI_MODEL", "{model}" },
	{ "claude", "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY", "1" },
	{ "codex", "DARIO_RUN_KEY", "{key}" },
	{ "copilot", "COPILOT_PROVIDER_BASE_URL", "{url}/v1" },
	{ "copilot", "COPILOT_PROVIDER_API_KEY", "{key}" },
	{ "copilot", "COPILOT_MODEL", "{model}" },
	/* A whole configuration, over those in files. */
	{ "opencode", "OPENCODE_CONFIG_CONTENT",
	  "{\"provider\":{\"dario\":{\"npm\":\"@ai-sdk/openai-compatible\","
	  "\"name\":\"dario\",\"options\":{\"baseURL\":\"{url}/v1\","
	  "\"apiKey\":\"{env:OPENAI_API_KEY}\"},\"models\":{models}}}}" },
	{ NULL, NULL, NULL },
};

static const struct argument {
	const char *program, *text;
} arguments[] = {
	{ "codex", "--config=model_provider=\"dario\"" },
	{ "codex", "--config=model_providers.dario={name=\"dario\","
		   "base_url=\"{url}/v1\",wire_api=\"responses\","
		   "env_key=\"DARIO_RUN_KEY\"}" },
	{ "codex", "--model={model}" },
	{ "aider", "--model=openai/{model}" },
	{ "opencode", "--model=dario/{model}" },
	{ "pi", "--model=dario/{model}" },
	{ NULL, NULL },
};

static bool is_for(const char *row, const char *program)
{
	return strcmp(row, EVERY) == 0 || strcmp(row, program) == 0;
}

/* What stands at `text` in braces; *n is how long that is, 0 when it is none
 * of ours. */
static const char *value_at(const struct run_tool *t, const char *text,
			    size_t *n)
{
	const struct {
		const char *name, *value;
	} all[] = {
		{ "{url}", t->url },
		{ "{key}", t->key },
		{ "{model}", t->model },
		{ "{models}", t->models },
	};

	*n = 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strncmp(text, all[i].name, strlen(all[i].name)) != 0)
			continue;
		*n = strlen(all[i].name);
		return all[i].value;
	}
	return NULL;
}

/* The row's text with its values and a NUL; false where one is not known. */
static bool fill(const struct run_tool *t, const char *text, struct buf *out)
{
	while (*text) {
		size_t n;
		const char *value = value_at(t, text, &n);

		if (n && !value)
			return false;
		if (n)
			buf_str(out, value);
		else
			buf_byte(out, *text);
		text += n ? n : 1;
	}
	buf_byte(out, '\0');
	return !out->full;
}

static void add_name(const char **out, const char *name)
{
	size_t n = 0;

	while (out[n] && strcmp(out[n], name) != 0)
		n++;
	if (*name && n < RUN_TOOLS_MAX - 1)
		out[n] = name;
}

void run_tool_names(const char *out[RUN_TOOLS_MAX])
{
	memset(out, 0, RUN_TOOLS_MAX * sizeof(*out));
	for (const struct variable *v = variables; v->name; v++)
		add_name(out, v->program);
	for (const struct argument *a = arguments; a->text; a++)
		add_name(out, a->program);
}

void run_tool_environment(const struct run_tool *t, const char *program)
{
	struct buf text;

	for (const struct variable *v = variables; v->name; v++) {
		if (!is_for(v->program, program))
			continue;
		if (!v->value) {
			unsetenv(v->name);
			continue;
		}
		buf_init(&text, TEXT_MAX);
		if (fill(t, v->value, &text))
			setenv(v->name, text.p, 1);
		buf_release(&text);
	}
}

size_t run_tool_arguments(const struct run_tool *t, const char *program,
			  const char **out, size_t max, struct buf *texts)
{
	size_t at[16], n = 0;

	for (const struct argument *a = arguments; a->program; a++) {
		size_t begin = texts->n;

		if (!is_for(a->program, program) || n == max || n == 16)
			continue;
		if (fill(t, a->text, texts))
			at[n++] = begin;
		else
			texts->n = begin;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = texts->p + at[i];
	return n;
}

bool run_tool_wants_models(const char *program)
{
	for (const struct variable *v = variables; v->name; v++)
		if (is_for(v->program, program) && v->value &&
		    strstr(v->value, "{models}"))
			return true;
	return false;
}
