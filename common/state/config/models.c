/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/models.h"

#include "base/glob.h"
#include "base/install-path.h"

#include <stdlib.h>
#include <string.h>

struct row {
	struct globs match;
	struct family family;
	int64_t max_told; /* of its output; 0: it is not said */
};

struct models {
	struct json_object *file;
	struct row *rows;
	size_t n;
	size_t n_families; /* the first of them */
	struct family unknown;
};

static const struct {
	const char *name;
	enum thinking_form form;
} forms[] = {
	{ "none", THINKING_NONE },       { "budget", THINKING_BUDGET },
	{ "either", THINKING_EITHER },   { "adaptive", THINKING_ADAPTIVE },
	{ "between", THINKING_BETWEEN }, { "always", THINKING_ALWAYS },
};

static void parse_family(struct family *f, struct json_object *o)
{
	struct span thinking = json_str(o, "thinking");

	f->max_output = json_int(o, "maxOutput", 4096);
	f->structured = json_flag(o, "structured", false);
	f->samplers = json_flag(o, "samplers", true);
	f->xhigh = json_flag(o, "xhigh", false);
	f->forced_tools = json_flag(o, "forcedTools", true);
	f->inline_system = json_flag(o, "inlineSystem", false);
	f->reasoning = json_flag(o, "reasoning", false);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (span_is(thinking, forms[i].name))
			f->thinking = forms[i].form;
}

/* `most`: the member for what it can write. */
static void add_rows(struct models *m, struct json_object *list,
		     const char *most)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_at(list, i);
		struct row *r = &m->rows[m->n++];

		globs_read(&r->match, json_get(o, "match"));
		parse_family(&r->family, o);
		r->max_told = json_int(o, most, 0);
	}
}

struct models *models_load(struct err *e)
{
	struct models *m = xcalloc(1, sizeof(*m));
	struct json_object *families, *outputs;

	m->file = install_path_json("share/models.json", e);
	if (!m->file) {
		models_free(m);
		return NULL;
	}
	families = json_get(m->file, "families");
	outputs = json_get(m->file, "outputs");
	m->rows = xcalloc(json_length(families) + json_length(outputs),
			  sizeof(*m->rows));
	add_rows(m, families, "maxOutput");
	m->n_families = m->n;
	add_rows(m, outputs, "most");
	parse_family(&m->unknown, NULL);
	return m;
}

void models_free(struct models *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		globs_release(&m->rows[i].match);
	json_object_put(m->file);
	free(m->rows);
	free(m);
}

struct json_object *models_baked(const struct models *m, enum dialect_id d)
{
	return json_get(json_get(m->file, "baked"),
			d == DIALECT_ANTHROPIC ? "anthropic" : "openai");
}

static const struct row *find(const struct models *m, size_t n,
			      const char *model)
{
	struct glob_name name = glob_name(model);

	for (size_t i = 0; i < n; i++)
		if (globs_match(&m->rows[i].match, name, 0))
			return &m->rows[i];
	return NULL;
}

struct family models_family(const struct models *m, const char *model)
{
	const struct row *r = find(m, m->n_families, model);

	return r ? r->family : m->unknown;
}

int64_t models_max_output(const struct models *m, const char *model)
{
	const struct row *r = find(m, m->n, model);

	return r ? r->max_told : 0;
}
