/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/route.h"

#include <fnmatch.h>
#include <string.h>

static const char *const openai_models[] = {
	"gpt-*",
	"o1*",
	"o3*",
	"o4*",
	"chatgpt-*",
	"text-davinci-*",
	"text-embedding-*",
};

static bool glob_match(const char *glob, const char *model)
{
	return fnmatch(glob, model, 0) == 0;
}

/* How much of a pattern is literal; a pattern without wildcards is more
 * specific than any other. */
static size_t specificity(const char *glob)
{
	size_t wild = strcspn(glob, "*?[");
	size_t literal = 0;

	if (!glob[wild])
		return (size_t)-1;
	for (; *glob; glob++)
		literal += !strchr("*?[]", *glob);
	return literal + 1;
}

static bool by_prefix(const struct config *c, const char *model,
		      struct route *out)
{
	const char *colon = strchr(model, ':');
	const struct backend *b;

	struct span name = { model, colon ? (size_t)(colon - model) : 0 };

	if (!colon || !colon[1])
		return false;
	b = span_is(name, c->claude.name) ? &c->claude
					  : config_backend(c, name);
	if (!b)
		return false;
	out->backend = b;
	out->model = colon + 1;
	out->renamed = true;
	return true;
}

static const struct backend *by_models(const struct config *c,
				       const char *model)
{
	const struct backend *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < c->n_backends; i++) {
		const struct backend *b = &c->backends[i];

		for (size_t k = 0; k < b->n_models; k++) {
			size_t s;

			if (!glob_match(b->models[k], model))
				continue;
			s = specificity(b->models[k]);
			if (s > most) {
				most = s;
				best = b;
			}
		}
	}
	return best;
}

static const struct backend *by_openai_name(const struct config *c,
					    const char *model)
{
	const struct backend *b = config_backend(c, SPAN("openai"));
	bool ours = false;

	for (size_t i = 0; i < sizeof(openai_models) / sizeof(openai_models[0]);
	     i++)
		ours |= glob_match(openai_models[i], model);
	if (!ours)
		return NULL;
	for (size_t i = 0; !b && i < c->n_backends; i++)
		if (!c->backends[i].demo &&
		    c->backends[i].protocol != DIALECT_ANTHROPIC)
			b = &c->backends[i];
	return b;
}

/* The demo steps back as soon as there is a real backend. */
static const struct backend *the_only_one(const struct config *c)
{
	size_t real = c->n_backends;

	if (real == 1)
		return &c->backends[0];
	if (real == 2 && c->backends[1].demo)
		return &c->backends[0];
	return NULL;
}

/* --model speaks for everything that goes to the Claude accounts. */
static void replace_model(const struct config *c, struct route *out)
{
	if (!out->backend->claude || !*c->settings.model ||
	    c->settings.passthrough)
		return;
	out->model = c->settings.model;
	out->renamed = true;
}

static int no_model(const struct config *c, const char *model, struct err *e)
{
	char names[160];
	struct buf list = { .p = names,
			    .cap = sizeof(names),
			    .max = sizeof(names) - 1 };

	names[0] = '\0';
	for (size_t i = 0; i < c->n_backends && !list.full; i++)
		buf_fmt(&list, "%s%s", i ? ", " : "", c->backends[i].name);
	if (!c->n_backends)
		err_set(e, ERR_NO_MODEL,
			"model not found: %.80s: there is no "
			"backend yet, add one with: dario backend add NAME "
			"--key-file=FILE --base-url=URL, or a Claude account "
			"with: dario login",
			model);
	else
		err_set(e, ERR_NO_MODEL,
			"model not found: %.80s: write "
			"BACKEND:MODEL with one of %s, or give a backend the "
			"pattern: dario backend add NAME --models=GLOB",
			model, names);
	memcpy(e->param, "model", sizeof("model"));
	return -1;
}

int route_pick(const struct config *c, const char *model, struct route *out,
	       struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (!by_prefix(c, model, out)) {
		out->model = model;
		out->backend = by_models(c, model);
		if (!out->backend)
			out->backend = by_openai_name(c, model);
		if (!out->backend && c->accounts.n)
			out->backend = &c->claude;
		if (!out->backend)
			out->backend = the_only_one(c);
	}
	if (!out->backend)
		return no_model(c, model, e);
	replace_model(c, out);
	return 0;
}
