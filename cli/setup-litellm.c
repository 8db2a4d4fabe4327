/* SPDX-License-Identifier: MIT */
/*
 * What LiteLLM's proxy has, in its YAML file:
 *
 *	model_list:
 *	  - model_name: fast
 *	    litellm_params:
 *	      model: groq/llama-3.3-70b
 *	      api_key: os.environ/GROQ_API_KEY
 *	router_settings:
 *	  fallbacks: [{"fast": ["slow"]}]
 *
 * A place where models are becomes a backend, a name that clients know a rule.
 * Several places under one name are tried one after the other here.
 */
#include "config.h"

#include "cli/setup.h"

#include "base/file.h"
#include "cli/yaml.h"
#include "state/config/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (1u << 20)
#define GROUPS_MAX 256
#define REFERENCE "os.environ/"

/* A name that clients know, and where its models are. */
struct group {
	const char *name;
	const char *targets[RULE_TARGETS_MAX];
	size_t n;
	bool by_itself; /* it leads there without a rule */
};

struct litellm {
	struct setup *s;
	struct json_object *file;
	const char *source;
	struct group groups[GROUPS_MAX];
	size_t n;
};

/* --- values --------------------------------------------------------------- */

/* "os.environ/NAME": also what the file itself puts there. */
static const char *variable_of(const char *text)
{
	size_t n = strlen(REFERENCE);

	return text && strncmp(text, REFERENCE, n) == 0 ? text + n : NULL;
}

static const char *value_of(const struct litellm *l, const char *text)
{
	const char *name = variable_of(text), *own;

	if (!name)
		return text;
	own = json_cstr(json_get(l->file, "environment_variables"), name);
	return own && !variable_of(own) ? own : getenv(name);
}

/* A member of litellm_params, or of the credential that they name. */
static const char *member(const struct litellm *l, struct json_object *params,
			  const char *key)
{
	const char *here = json_cstr(params, key);
	const char *name = json_cstr(params, "litellm_credential_name");
	struct json_object *list = json_get(l->file, "credential_list");

	for (size_t i = 0; !here && name && i < json_length(list); i++) {
		struct json_object *c = json_at(list, i);

		if (span_is(json_str(c, "credential_name"), name))
			here = json_cstr(json_get(c, "credential_values"), key);
	}
	return here;
}

/* --- one deployment ------------------------------------------------------- */

struct deployment {
	const char *provider; /* as LiteLLM calls it */
	const char *model;    /* without it */
};

static bool known_by_name(struct deployment *d, const char *model)
{
	static const struct {
		const char *prefix, *provider;
	} rows[] = {
		{ "gpt-", "openai" },       { "o1", "openai" },
		{ "o3", "openai" },         { "o4", "openai" },
		{ "chatgpt-", "openai" },   { "text-embedding-", "openai" },
		{ "claude-", "anthropic" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(model, rows[i].prefix, strlen(rows[i].prefix)) ==
		    0) {
			d->provider = rows[i].provider;
			d->model = model;
			return true;
		}
	return false;
}

static bool split_model(struct setup *s, struct json_object *params,
			struct deployment *d)
{
	const char *model = json_cstr(params, "model");
	const char *said = json_cstr(params, "custom_llm_provider");
	const char *slash = model ? strchr(model, '/') : NULL;

	if (!model)
		return false;
	if (slash) {
		d->provider = arena_str(
			&s->arena,
			(struct span){ model, (size_t)(slash - model) });
		d->model = slash + 1;
		if (!said || strcmp(said, d->provider) == 0)
			return *d->model;
	}
	if (said) {
		d->provider = said;
		d->model = model;
		return true;
	}
	return known_by_name(d, model);
}

static bool has_path(const char *url)
{
	const char *host = strstr(url, "://");
	const char *slash = host ? strchr(host + 3, '/') : NULL;

	return slash && slash[1];
}

/* Of these two LiteLLM knows the path itself. */
static const char *base_of(struct setup *s, const char *id, const char *url)
{
	size_t n = url ? strlen(url) : 0;

	if (!n || !id || has_path(url))
		return n ? url : NULL;
	if (url[n - 1] == '/')
		n--;
	if (strcmp(id, "ollama") == 0)
		return arena_fmt(&s->arena, "%.*s/v1", (int)n, url);
	if (strcmp(id, "azure") == 0)
		return arena_fmt(&s->arena, "%.*s/openai/v1", (int)n, url);
	return url;
}

static void leave(struct litellm *l, const char *name, const char *why)
{
	setup_other(l->s, SETUP_LEFT, name ? name : "a model", l->source, why);
}

/* The backend of a deployment, or NULL. */
static const char *backend_of(struct litellm *l, struct json_object *params,
			      const struct deployment *d, const char *name)
{
	struct setup *s = l->s;
	struct json_object *row = setup_row(s, d->provider);
	const char *id = json_cstr(row, "id");
	const char *key = member(l, params, "api_key");
	const char *base = value_of(l, member(l, params, "api_base"));
	struct setup_offer o = { .source = l->source, .provider = id };

	if (!base)
		base = value_of(l, member(l, params, "base_url"));
	o.url = base_of(s, id, base);
	if (!row && !o.url) {
		leave(l, name,
		      arena_fmt(&s->arena,
				"dario knows no provider %s: see dario help "
				"backend",
				d->provider));
		return NULL;
	}
	if (variable_of(key) && value_of(l, key) == getenv(variable_of(key)))
		o.env = variable_of(key);
	else
		o.key = value_of(l, key);
	/* LiteLLM looks for one itself where the file says nothing. */
	if (!key && !o.url && json_length(json_get(row, "keyEnv")))
		o.env = json_span(json_at(json_get(row, "keyEnv"), 0)).p;
	return setup_offer(s, &o);
}

/* --- names ---------------------------------------------------------------- */

static struct group *find_group(struct litellm *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->groups[i].name, name) == 0)
			return &l->groups[i];
	return NULL;
}

static struct group *group_of(struct litellm *l, const char *name)
{
	struct group *g = find_group(l, name);

	if (g || l->n == GROUPS_MAX)
		return g;
	l->groups[l->n] = (struct group){ .name = name };
	return &l->groups[l->n++];
}

static void add_target(struct group *g, const char *target)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->targets[i], target) == 0)
			return;
	if (g->n < RULE_TARGETS_MAX)
		g->targets[g->n++] = target;
}

/* A pattern leads to any model of a backend, under the name that is asked
 * for: one that changes the name has no place here. */
static bool is_pattern(const char *name, const struct deployment *d,
		       bool *by_itself)
{
	const char *slash = strchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;

	*by_itself = slash && strlen(d->provider) == n &&
		     strncmp(name, d->provider, n) == 0 &&
		     strcmp(slash + 1, d->model) == 0;
	return *by_itself || strcmp(name, d->model) == 0 ||
	       (strcmp(name, "*") == 0 && strcmp(d->model, "*") == 0);
}

static void take_model(struct litellm *l, struct json_object *entry)
{
	const char *name = json_cstr(entry, "model_name");
	struct json_object *params = json_get(entry, "litellm_params");
	struct deployment d = { 0 };
	const char *backend;
	bool by_itself = false, pattern;
	struct group *g;

	if (!split_model(l->s, params, &d)) {
		leave(l, name, "its provider is not said");
		return;
	}
	if (!name)
		name = d.model;
	backend = backend_of(l, params, &d, name);
	if (!backend)
		return;
	pattern = strchr(name, '*') || strchr(d.model, '*');
	if (strpbrk(name, "?[\\") ||
	    (pattern && !is_pattern(name, &d, &by_itself))) {
		leave(l, name,
		      "a pattern that changes names has no place "
		      "here: dario route add");
		return;
	}
	g = group_of(l, name);
	if (!g)
		return;
	if (pattern) {
		g->by_itself |= by_itself && strcmp(backend, d.provider) == 0;
		add_target(g, backend);
	} else {
		g->by_itself |= strcmp(backend, "claude") == 0 &&
				strcmp(name, d.model) == 0;
		add_target(g,
			   arena_fmt(&l->s->arena, "%s:%s", backend, d.model));
	}
}

static void add_fallbacks(struct litellm *l, struct group *g,
			  struct json_object *others)
{
	for (size_t i = 0; i < json_length(others); i++) {
		struct span to = json_span(json_at(others, i));
		struct group *next = to.n ? find_group(l, to.p) : NULL;

		for (size_t k = 0; next && k < next->n; k++)
			add_target(g, next->targets[k]);
		g->by_itself &= !next;
	}
}

/* [{"fast":["slow"]}]: who answers when the first cannot. */
static void take_fallbacks(struct litellm *l, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *one = json_at(list, i);

		if (!json_object_is_type(one, json_type_object))
			continue;
		json_object_object_foreach(one, name, others)
		{
			struct group *g = find_group(l, name);

			if (g)
				add_fallbacks(l, g, others);
		}
	}
}

static void add_rules(struct litellm *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct group *g = &l->groups[i];
		struct buf rest;

		if (!g->n || g->by_itself)
			continue;
		buf_init(&rest, 8192);
		for (size_t k = 1; k < g->n; k++)
			buf_fmt(&rest, "%s%s", k > 1 ? "," : "", g->targets[k]);
		setup_rule(l->s, g->name, g->targets[0],
			   rest.n ? buf_cstr(&rest) : NULL, l->source);
		buf_release(&rest);
	}
}

/* --- the file ------------------------------------------------------------- */

static const char *find_file(struct setup *s)
{
	static const char *const places[] = {
		"litellm_config.yaml",         "litellm-config.yaml",
		"litellm/config.yaml",         "litellm/litellm_config.yaml",
		".litellm/config.yaml",        ".litellm/litellm_config.yaml",
		".config/litellm/config.yaml",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *path = setup_home_path(s, places[i]);

		if (access(path, F_OK) == 0)
			return path;
	}
	return access("/etc/litellm/config.yaml", F_OK) == 0
		     ? "/etc/litellm/config.yaml"
		     : NULL;
}

static struct json_object *load(const char *path, struct err *e)
{
	struct json_object *file = NULL;
	struct buf text;

	buf_init(&text, FILE_MAX);
	if (file_read(path, &text, e) == 0)
		file = yaml_read(buf_get(&text), e);
	buf_release(&text);
	if (file && json_length(json_get(file, "model_list")))
		return file;
	if (!e->code)
		err_set(e, ERR_CONFIG, "it has no model_list");
	json_object_put(file);
	return NULL;
}

static void read_file(struct litellm *l)
{
	struct json_object *list = json_get(l->file, "model_list");

	for (size_t i = 0; i < json_length(list); i++)
		take_model(l, json_at(list, i));
	take_fallbacks(
		l, json_get(json_get(l->file, "router_settings"), "fallbacks"));
	take_fallbacks(l, json_get(json_get(l->file, "litellm_settings"),
				   "fallbacks"));
	add_rules(l);
	if (json_str(json_get(l->file, "general_settings"), "master_key").n)
		setup_other(l->s, SETUP_LEFT, "master_key", l->source,
			    "the router's key is DARIO_API_KEY here, or apiKey "
			    "in config.json");
}

int setup_find_litellm(struct setup *s, const char *path, struct err *e)
{
	struct litellm *l;
	struct err why = { 0 };
	const char *at = path ? path : find_file(s);

	if (!at)
		return 0;
	l = xcalloc(1, sizeof(*l));
	l->s = s;
	l->source = setup_shown_path(s, at);
	l->file = load(at, &why);
	if (l->file)
		read_file(l);
	else if (!path)
		setup_other(s, SETUP_LEFT, "LiteLLM", l->source, why.msg);
	else
		*e = why;
	json_object_put(l->file);
	free(l);
	if (path && why.code)
		return strstr(e->msg, path) ? -1 : err_add(e, path);
	return 0;
}
