/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/route.h"

#include <stdio.h>
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

/* A backend, or the pool of Claude accounts, by its name. */
static const struct backend *named(const struct snapshot *c, struct span name)
{
	return span_is(name, c->claude.name) ? &c->claude
					     : snapshot_backend(c, name);
}

/* How Claude Code's picker is made to show a model of another provider. */
#define PICKED "claude-at-"

static bool by_prefix(const struct snapshot *c, const char *model,
		      struct plan *out)
{
	bool picked = strncmp(model, PICKED, sizeof(PICKED) - 1) == 0;
	const char *name = picked ? model + sizeof(PICKED) - 1 : model;
	const char *colon = strchr(name, ':');
	const struct backend *b;

	if (!colon || !colon[1])
		return false;
	b = named(c, (struct span){ name, (size_t)(colon - name) });
	if (!b)
		return false;
	out->routes[out->n++] = (struct route){ b, colon + 1, true };
	snprintf(out->why, sizeof(out->why), "the prefix %.*s",
		 (int)(colon + 1 - model), model);
	return true;
}

static void take_targets(const struct snapshot *c, const struct rule *r,
			 const char *model, struct plan *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct rule_target *t = &r->targets[i];
		const struct backend *b = named(c, span_of(t->backend));

		if (b) /* the demo may be off */
			out->routes[out->n++] = (struct route){
				b, t->model ? t->model : model,
				t->model && strcmp(t->model, model)
			};
	}
}

static bool by_rule(const struct snapshot *c, const char *model,
		    struct plan *out)
{
	for (size_t i = 0; i < c->rules.n && !out->n; i++) {
		const struct rule *r = &c->rules.list[i];

		if (!glob_match(r->match, model))
			continue;
		take_targets(c, r, model, out);
		if (!out->n)
			continue;
		out->rule = r;
		snprintf(out->why, sizeof(out->why), "rule \"%.100s\"",
			 r->match);
	}
	return out->n > 0;
}

static const struct backend *by_models(const struct snapshot *c,
				       const char *model, const char **glob)
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
				*glob = b->models[k];
			}
		}
	}
	return best;
}

static const struct backend *by_openai_name(const struct snapshot *c,
					    const char *model)
{
	const struct backend *b = snapshot_backend(c, SPAN("openai"));
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
static const struct backend *the_only_one(const struct snapshot *c)
{
	size_t real = c->n_backends;

	if (real == 1)
		return &c->backends[0];
	if (real == 2 && c->backends[1].demo)
		return &c->backends[0];
	return NULL;
}

/* The setting speaks for everything that goes to the Claude accounts. */
static void replace_models(const struct snapshot *c, struct plan *out)
{
	if (!*c->settings.model || c->settings.passthrough)
		return;
	for (size_t i = 0; i < out->n; i++) {
		if (!out->routes[i].backend->claude)
			continue;
		out->routes[i].model = c->settings.model;
		out->routes[i].renamed = true;
	}
}

/* The way of a model that no prefix and no rule speaks of. */
static const struct backend *by_name(const struct snapshot *c,
				     const char *model, char *why, size_t n)
{
	const struct backend *b;
	const char *glob = "";

	b = by_models(c, model, &glob);
	if (b) {
		snprintf(why, n, "its pattern %.100s", glob);
		return b;
	}
	b = by_openai_name(c, model);
	if (b) {
		snprintf(why, n, "the name is one of OpenAI's");
		return b;
	}
	if (c->accounts.n) {
		snprintf(why, n, "no backend claims the name");
		return &c->claude;
	}
	snprintf(why, n, "it is the only backend");
	return the_only_one(c);
}

static int no_model(const struct snapshot *c, const char *model, struct err *e)
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

int route_pick(const struct snapshot *c, const char *model, struct plan *out,
	       struct err *e)
{
	const struct backend *b;

	memset(out, 0, sizeof(*out));
	out->rule = &rule_none;
	if (!by_prefix(c, model, out) && !by_rule(c, model, out)) {
		b = by_name(c, model, out->why, sizeof(out->why));
		if (!b)
			return no_model(c, model, e);
		out->routes[out->n++] = (struct route){ b, model, false };
	}
	replace_models(c, out);
	return 0;
}

static void explain_rules(const struct snapshot *c, const char *model,
			  const struct plan *plan, route_note_fn *note,
			  void *arg)
{
	char target[300], why[300];

	for (size_t i = 0; i < c->rules.n; i++) {
		const struct rule *r = &c->rules.list[i];
		bool match = glob_match(r->match, model);

		snprintf(target, sizeof(target), "%s%s%s",
			 r->targets[0].backend, r->targets[0].model ? ":" : "",
			 r->targets[0].model ? r->targets[0].model : "");
		snprintf(why, sizeof(why), "rule \"%.100s\" %s", r->match,
			 r == plan->rule ? "matches"
			 : match         ? "comes too late"
					 : "does not match");
		note(arg, target, r == plan->rule, why);
	}
}

/* Why the target that would answer is the one. */
static const char *why_at(const struct plan *plan, size_t at)
{
	return at ? "the fallback of a target that cannot answer now"
		  : plan->why;
}

static void explain_backends(const struct snapshot *c, const struct plan *plan,
			     size_t at, route_note_fn *note, void *arg)
{
	for (size_t i = 0; i < c->n_backends; i++) {
		const struct backend *b = &c->backends[i];
		bool ok = plan->n && plan->routes[at].backend == b;

		note(arg, b->name, ok,
		     ok            ? why_at(plan, at)
		     : b->n_models ? "no pattern of its own leads here"
				   : "nothing leads here");
	}
}

void route_explain(const struct snapshot *c, const char *model, size_t at,
		   route_note_fn *note, void *arg)
{
	struct err unused;
	struct plan plan;
	bool claude;

	route_pick(c, model, &plan, &unused);
	claude = plan.n && plan.routes[at].backend->claude;
	explain_rules(c, model, &plan, note, arg);
	explain_backends(c, &plan, at, note, arg);
	note(arg, c->claude.name, claude,
	     claude           ? why_at(&plan, at)
	     : !c->accounts.n ? "there is no Claude account"
			      : "another is the better choice");
}
