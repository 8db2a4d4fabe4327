/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const openai_models[] = {
	"gpt-*",
	"o1*",
	"o3*",
	"o4*",
	"chatgpt-*",
	"text-davinci-*",
	"text-embedding-*",
	"text-moderation-*",
	"omni-moderation-*",
	"dall-e-*",
	"tts-1*",
	"whisper-1",
	"sora-*",
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

/* The same by a name that has other capitals, of the only one with it. */
static const struct backend *called(const struct snapshot *c, struct span name)
{
	const struct backend *b = named(c, name), *other = NULL;

	for (size_t i = 0; !b && i <= c->n_backends; i++) {
		const struct backend *has = i < c->n_backends ? &c->backends[i]
							      : &c->claude;

		if (!span_ieq(name, has->name))
			continue;
		if (other)
			return NULL;
		other = has;
	}
	return b ? b : other;
}

#define AT "claude-at-" /* before NAME:model, in Claude Code's list of models */

#define PART_MAX 100 /* bytes of a name or pattern */

/* Without printf, as it is done for each request. */
static void say(struct plan *out, const char *a, const char *b, const char *c)
{
	struct buf why = { .p = out->why,
			   .cap = sizeof(out->why),
			   .max = sizeof(out->why) - 1 };

	buf_str(&why, a);
	buf_add(&why, b, strnlen(b, PART_MAX));
	buf_str(&why, c);
}

/* "NAME:model" or "NAME/model". */
static bool by_prefix(const struct snapshot *c, const char *model,
		      struct plan *out)
{
	bool at = strncasecmp(model, AT, strlen(AT)) == 0;
	const char *name = model + (at ? strlen(AT) : 0);
	size_t n = strcspn(name, ":/");
	const struct backend *b;

	if (!name[n] || !name[n + 1])
		return false;
	b = called(c, (struct span){ name, n });
	if (!b)
		return false;
	out->routes[out->n++] = (struct route){ b, name + n + 1, true, false };
	say(out, at ? "the prefix " AT : "the prefix ", b->name,
	    name[n] == ':' ? ":" : "/");
	return true;
}

static void take_targets(const struct snapshot *c, const struct rule *r,
			 const char *model, struct plan *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct rule_target *t = &r->targets[i];
		const struct backend *b = named(c, span_of(t->backend));

		if (b) /* the demo may be off */
			out->routes[out->n++] =
				(struct route){ b, t->model ? t->model : model,
						false, t->million };
	}
}

static bool by_rule(const struct snapshot *c, const struct asked_name *a,
		    struct plan *out)
{
	for (size_t i = 0; i < c->rules.n && !out->n; i++) {
		const struct rule *r = &c->rules.list[i];

		if (c->rules.needs[i] & ~a->has ||
		    !model_pattern_matches(&r->match, a))
			continue;
		take_targets(c, r, a->model, out);
		if (!out->n)
			continue;
		out->rule = r;
		say(out, "rule \"", r->match.text, "\"");
	}
	return out->n > 0;
}

static const struct backend *by_models(const struct snapshot *c,
				       const struct asked_name *a,
				       const char **glob)
{
	const struct backend *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < c->n_claims; i++) {
		const struct claim *k = &c->claims[i];
		size_t s;

		if (k->needs & ~a->has || !model_pattern_matches(k->pattern, a))
			continue;
		s = specificity(k->pattern->text);
		if (s > most) {
			most = s;
			best = k->backend;
			*glob = k->pattern->text;
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
	const char *model = c->settings.model;
	bool million = model_name_million(model, &out->set);

	if (!*model || c->settings.passthrough)
		return;
	for (size_t i = 0; i < out->n; i++) {
		if (!out->routes[i].backend->claude)
			continue;
		out->routes[i].model = million ? out->set.text : model;
		out->routes[i].million = million;
	}
}

static int take(struct plan *out, const struct backend *b, const char *model)
{
	out->routes[out->n++] = (struct route){ b, model, false, false };
	return 0;
}

/* Where something claims the name: -1 nothing does. `bare`: of a longer one,
 * which the only backend there is may know. */
static int by_name(const struct snapshot *c, const char *model, bool bare,
		   struct plan *out)
{
	const struct backend *b;
	const char *glob = "";
	struct asked_name a;

	asked_name_init(&a, model);
	if (by_rule(c, &a, out))
		return 0;
	b = by_models(c, &a, &glob);
	if (b) {
		say(out, "its pattern ", glob, "");
		return take(out, b, model);
	}
	b = bare && the_only_one(c) ? NULL : by_openai_name(c, model);
	if (b) {
		say(out, "the name is one of OpenAI's", "", "");
		return take(out, b, model);
	}
	if (!c->accounts.n || !model_name_is_claude(model) ||
	    strncasecmp(model, AT, strlen(AT)) == 0)
		return -1;
	say(out, "the name is one of Claude's", "", "");
	return take(out, &c->claude, model);
}

/* Does the backend know the models of others by their makers' names? */
static bool names_makers(const struct backend *b, const char *model)
{
	return b->router || (b->known && strncasecmp(model, "openai", 6) == 0 &&
			     !strstr(b->base_url, "openai.com") &&
			     !strstr(b->base_url, "azure.com"));
}

/* "openai/gpt-5", "anthropic/claude-x", "models/gemini-2.5-pro". */
static int by_bare_name(const struct snapshot *c, const char *model,
			struct plan *out)
{
	const char *bare = model_name_bare(model);

	if (!bare || by_name(c, bare, true, out))
		return -1;
	for (size_t i = 0; i < out->n; i++)
		if (out->routes[i].model == bare &&
		    names_makers(out->routes[i].backend, model))
			out->routes[i].model = model;
	return 0;
}

/* OpenAI's, with capitals, where nothing else claims the name: its own have
 * none; what others call theirs after them is left as it is. */
static int by_capitals(const struct snapshot *c, const char *model,
		       struct plan *out)
{
	const char *bare = model_name_bare(model);
	const struct backend *b;

	if (bare)
		model = bare;
	if (!model_name_small(model, &out->small))
		return -1;
	b = by_openai_name(c, out->small.text);
	if (!b)
		return -1;
	say(out, "the name is one of OpenAI's", "", "");
	return take(out, b,
		    strstr(b->base_url, "openai.com") ? out->small.text
						      : model);
}

/* Is there any beside the demo? */
static bool has_real(const struct snapshot *c)
{
	return c->n_backends > 1 || (c->n_backends && !c->backends[0].demo);
}

/* The way of a model that nothing claims. */
static int by_rest(const struct snapshot *c, const char *model,
		   struct plan *out)
{
	const struct backend *only = the_only_one(c);
	bool foreign = model_name_is_foreign(model);

	if (only && c->accounts.n && (!foreign || only->n_models))
		only = NULL;
	if (only) {
		say(out, "it is the only backend", "", "");
		return take(out, only, model);
	}
	if (!c->accounts.n || foreign)
		return -1;
	/* The setting makes it one of Claude's; without other backends it can
	 * be for nobody else. */
	if (!*c->settings.model && has_real(c) &&
	    (!strcasestr(model, "claude") ||
	     strncasecmp(model, AT, strlen(AT)) == 0))
		return -1;
	out->unclaimed = !*c->settings.model;
	say(out, "no backend claims the name", "", "");
	return take(out, &c->claude, model);
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
	if (c->n_backends)
		err_set(e, ERR_NO_MODEL,
			"model not found: %.80s: write "
			"BACKEND:MODEL with one of %s%s, or give a backend the "
			"pattern: dario backend add NAME --models=GLOB",
			model, names, c->accounts.n ? ", claude" : "");
	else if (c->accounts.n)
		err_set(e, ERR_NO_MODEL,
			"model not found: %.80s: it looks like another "
			"provider's, and there is no backend: add one with: "
			"dario backend add NAME --key-file=FILE "
			"--base-url=URL, or write claude:MODEL for a Claude "
			"account",
			model);
	else
		err_set(e, ERR_NO_MODEL,
			"model not found: %.80s: there is no "
			"backend yet, add one with: dario backend add NAME "
			"--key-file=FILE --base-url=URL, or a Claude account "
			"with: dario login",
			model);
	memcpy(e->param, "model", sizeof("model"));
	return -1;
}

/* The names that Anthropic's models have elsewhere, by its own. */
static void name_claudes(const struct snapshot *c, struct plan *out)
{
	bool used = false;

	for (size_t i = 0; i < out->n && !c->settings.passthrough; i++) {
		struct route *r = &out->routes[i];

		if (used || !r->backend->claude ||
		    !model_name_as_claude(r->model, &out->claude))
			continue;
		r->model = out->claude.text;
		used = true;
	}
}

/* A model of Claude's, by its own API? */
static bool is_claude(const struct route *r)
{
	return r->backend->claude || (r->backend->speaks[DIALECT_ANTHROPIC] &&
				      (strcasestr(r->model, "claude") ||
				       model_name_is_claude(r->model)));
}

static void say_more(struct plan *out, const char *text)
{
	size_t n = strlen(out->why);

	snprintf(out->why + n, sizeof(out->why) - n, "%s", text);
}

int route_pick(const struct snapshot *c, const char *model, struct plan *out,
	       struct err *e)
{
	bool million = model_name_million(model, &out->asked);
	const char *name = million ? out->asked.text : model;

	out->n = 0;
	out->rule = &rule_none;
	out->why[0] = '\0';
	out->unclaimed = false;
	if (!by_prefix(c, name, out) && by_name(c, name, false, out) &&
	    by_bare_name(c, name, out) && by_capitals(c, name, out) &&
	    by_rest(c, name, out))
		return no_model(c, name, e);
	for (size_t i = 0; i < out->n; i++) {
		struct route *r = &out->routes[i];

		r->million = (million || r->million) && is_claude(r);
	}
	replace_models(c, out);
	name_claudes(c, out);
	if (out->routes[0].million)
		say_more(out, ", with the long context");
	for (size_t i = 0; i < out->n; i++)
		out->routes[i].renamed = strcmp(out->routes[i].model, model);
	return 0;
}

static void explain_rules(const struct snapshot *c, const char *model,
			  const struct plan *plan, route_note_fn *note,
			  void *arg)
{
	char target[300], why[300];
	struct model_name plain;
	struct asked_name a;

	asked_name_init(&a,
			model_name_million(model, &plain) ? plain.text : model);
	for (size_t i = 0; i < c->rules.n; i++) {
		const struct rule *r = &c->rules.list[i];
		bool match = model_pattern_matches(&r->match, &a);

		snprintf(target, sizeof(target), "%s%s%s",
			 r->targets[0].backend, r->targets[0].model ? ":" : "",
			 r->targets[0].model ? r->targets[0].model : "");
		snprintf(why, sizeof(why), "rule \"%.100s\" %s", r->match.text,
			 r == plan->rule ? "matches"
			 : match         ? "comes too late"
					 : "does not match");
		note(arg, target, r == plan->rule, why);
	}
}

/* What the plan has a backend for; NULL: nothing leads there. */
static const char *part_of(const struct plan *plan, size_t at,
			   const struct backend *b)
{
	size_t i = 0;

	if (plan->n && plan->routes[at].backend == b)
		return at ? "the fallback of a target that cannot answer now"
			  : plan->why;
	while (i < plan->n && plan->routes[i].backend != b)
		i++;
	if (i == plan->n)
		return NULL;
	return i < at ? "it comes first, and cannot answer now"
		      : "a fallback, if another cannot answer";
}

static void explain_backends(const struct snapshot *c, const struct plan *plan,
			     size_t at, route_note_fn *note, void *arg)
{
	for (size_t i = 0; i < c->n_backends; i++) {
		const struct backend *b = &c->backends[i];
		const char *part = part_of(plan, at, b);

		note(arg, b->name, plan->n && plan->routes[at].backend == b,
		     part          ? part
		     : b->n_models ? "no pattern of its own leads here"
				   : "nothing leads here");
	}
}

void route_explain(const struct snapshot *c, const char *model, size_t at,
		   route_note_fn *note, void *arg)
{
	struct err unused;
	struct plan plan;
	const char *part;

	plan.n = 0;
	route_pick(c, model, &plan, &unused);
	part = part_of(&plan, at, &c->claude);
	explain_rules(c, model, &plan, note, arg);
	explain_backends(c, &plan, at, note, arg);
	note(arg, c->claude.name,
	     plan.n && plan.routes[at].backend == &c->claude,
	     !c->accounts.n ? "there is no Claude account"
	     : part         ? part
			    : "nothing leads here");
}
