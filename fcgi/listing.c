/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/listing.h"

#include "base/task.h"
#include "dialect/peek.h"
#include "net/catalog.h"
#include "state/config/route.h"

#include <stdlib.h>
#include <string.h>

#define LISTED_MAX 65536
#define AT_A_TIME 128 /* names that are looked up */
#define LATEST ":latest"
#define AT "claude-at-"

static bool is_pattern(const char *s)
{
	return strpbrk(s, "*?[");
}

/* --- names ---------------------------------------------------------------- */

/* Would a request be served there? */
static bool can_serve(const struct listing *l, const struct route *to)
{
	return !to->backend->claude || l->r->config->accounts.n;
}

static bool pick(const struct listing *l, const char *name, struct plan *plan)
{
	struct err unused;

	return *name && strlen(name) <= PEEK_MODEL_MAX &&
	       route_pick(l->r->config, name, plan, &unused) == 0;
}

/* Does the name lead to that model of that backend? */
static bool leads(const struct listing *l, const char *name,
		  const struct backend *b, const char *model)
{
	struct plan plan;

	return pick(l, name, &plan) && plan.routes[0].backend == b &&
	       strcmp(plan.routes[0].model, model) == 0 &&
	       can_serve(l, &plan.routes[0]);
}

/* By Claude Code. */
static bool is_shown(const char *model)
{
	return strncmp(model, "claude", 6) == 0 ||
	       strncmp(model, "anthropic", 9) == 0;
}

/* As it is, or behind the backend's name; NULL when nothing leads there. */
static const char *name_for(const struct listing *l, const struct backend *b,
			    const char *model)
{
	const char *name;

	if ((!l->claude_code || is_shown(model)) && leads(l, model, b, model))
		return model;
	name = arena_fmt(l->r->arena, "%s%s:%s", l->claude_code ? AT : "",
			 b->name, model);
	return leads(l, name, b, model) ? name : NULL;
}

/* --- adding --------------------------------------------------------------- */

static bool has_room(struct listing *l)
{
	struct listed *more;

	if (l->n < l->cap)
		return true;
	if (l->n >= LISTED_MAX)
		return false;
	l->cap = l->cap ? 4 * l->cap : 256;
	more = arena_try(l->r->arena, l->cap * sizeof(*more));
	if (!more)
		return false;
	if (l->n)
		memcpy(more, l->list, l->n * sizeof(*more));
	l->list = more;
	return true;
}

/* A place for a name that is not there yet; NULL: it is. */
static struct listed *add(struct listing *l, const char *id)
{
	int *seen = names_at(&l->seen, l->r->arena, span_of(id));

	if (*seen || !has_room(l))
		return NULL;
	*seen = 1;
	l->list[l->n] = (struct listed){ .id = id };
	return &l->list[l->n++];
}

/* What its provider says of it. */
static void describe(struct listed *m, struct arena *a, struct json_object *o)
{
	struct span display = json_str(o, "display_name");

	if (display.n)
		m->display = arena_str(a, display);
	m->created = json_count(o, "created", 0);
	m->context = json_count(o, "max_input_tokens", 0);
	m->aliases = json_get(o, "aliases");
}

static void add_model(struct listing *l, const struct backend *b,
		      struct span name, struct json_object *o)
{
	struct arena *a = l->r->arena;
	const char *model = arena_str(a, name);
	const char *id = name_for(l, b, model);
	struct listed *m = id ? add(l, id) : NULL;

	if (!m)
		return;
	m->backend = b;
	m->model = m->display = model;
	describe(m, a, o);
	if (strncmp(id, AT, sizeof(AT) - 1) == 0)
		m->display = arena_fmt(a, "%s (%s)", model, b->name);
}

/* Of the backend's list; NULL: it has none of that name. */
static struct json_object *find_in(struct json_object *list, const char *model)
{
	struct json_object *data = json_get(list, "data");

	for (size_t i = 0; i < json_length(data); i++)
		if (span_is(json_str(json_at(data, i), "id"), model))
			return json_at(data, i);
	return NULL;
}

static struct json_object *list_of(const struct listing *l,
				   const struct backend *b)
{
	for (size_t i = 0; i < l->n_found; i++)
		if (l->found[i].backend == b)
			return l->found[i].list;
	return NULL;
}

/* A name that a rule or a family gives to a model: what is known of that. */
static void add_name(struct listing *l, const char *name, const char *model)
{
	struct listed *m;
	struct plan plan;
	size_t at = 0;

	if (!pick(l, name, &plan))
		return;
	while (at < plan.n && !can_serve(l, &plan.routes[at]))
		at++;
	if (at == plan.n || !(m = add(l, name)))
		return;
	m->backend = plan.routes[at].backend;
	m->model = model ? model
			 : arena_str(l->r->arena,
				     span_of(plan.routes[at].model));
	m->display = name;
	describe(m, l->r->arena, find_in(list_of(l, m->backend), m->model));
	m->aliases = NULL;
}

/* --- all of them ---------------------------------------------------------- */

/* For Claude Code its target, which has a name that it shows. */
static void add_rule(struct listing *l, const struct rule *rule)
{
	struct plan plan;

	if (is_pattern(rule->match.text))
		return;
	add_name(l, rule->match.text, NULL);
	if (l->claude_code && pick(l, rule->match.text, &plan) &&
	    plan.rule == rule && !plan.routes[0].backend->claude)
		add_model(l, plan.routes[0].backend,
			  span_of(plan.routes[0].model),
			  find_in(list_of(l, plan.routes[0].backend),
				  plan.routes[0].model));
}

/* Where the Claude accounts answer to them. */
static void add_families(struct listing *l)
{
	const struct snapshot *c = l->r->config;

	for (const char *const *f = catalog_families; *f; f++) {
		struct span model = catalog_newest(list_of(l, &c->claude),
						   c->models, *f);

		if (c->accounts.n && leads(l, *f, &c->claude, *f))
			add_name(l, *f, arena_str(l->r->arena, model));
	}
}

static void add_list(struct listing *l, const struct backend *b,
		     struct json_object *data)
{
	for (size_t i = 0; i < json_length(data) && !l->r->arena->full; i++) {
		struct json_object *o = json_at(data, i);
		struct span name = json_span(o);

		if (i % AT_A_TIME == AT_A_TIME - 1)
			task_wait(0); /* others have a turn */
		add_model(l, b, name.n ? name : json_str(o, "id"), o);
	}
}

/* Its own list, and what its file names. What the Claude accounts have is
 * known, roughly, before they are asked. */
static void add_backend(struct listing *l, const struct found *f)
{
	const struct backend *b = f->backend;
	struct json_object *data = json_get(f->list, "data");

	if (!data && b->claude)
		data = models_baked(l->r->config->models, DIALECT_ANTHROPIC);
	add_list(l, b, data);
	for (size_t i = 0; i < b->n_models; i++)
		if (!is_pattern(b->models[i].text))
			add_model(l, b, span_of(b->models[i].text), NULL);
}

static bool is_claude_code(const struct request *r)
{
	const char *agent = r->vars.user_agent;

	return r->vars.anthropic_version && agent &&
	       strncmp(agent, "claude-", 7) == 0;
}

/* A person sees what the key may use. */
static void keep_allowed(struct listing *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (key_allows(l->r->key, l->list[i].id))
			l->list[n++] = l->list[i];
	l->n = n;
}

void listing_make(struct listing *l, struct request *r)
{
	const struct snapshot *c = r->config;

	memset(l, 0, sizeof(*l));
	l->r = r;
	l->claude_code = is_claude_code(r);
	l->found = arena_take(r->arena,
			      (c->n_backends + 1) * sizeof(*l->found));
	l->n_found = discover(r, l->found);
	for (size_t i = 0; i < c->rules.n; i++)
		add_rule(l, &c->rules.list[i]);
	add_families(l);
	for (size_t i = 0; i < l->n_found; i++)
		add_backend(l, &l->found[i]);
	if (r->key)
		keep_allowed(l);
}

void listing_release(struct listing *l)
{
	discovery_release(l->found, l->n_found);
}

/* --- one of them ---------------------------------------------------------- */

/* Is it another name of the model? */
static bool is_called(const struct listed *m, const char *name)
{
	size_t n = strlen(name);

	if (strcmp(m->model, name) == 0 || strcmp(m->id, name) == 0 ||
	    (strncmp(m->model, name, n) == 0 &&
	     strcmp(m->model + n, LATEST) == 0))
		return true;
	for (size_t i = 0; i < json_length(m->aliases); i++)
		if (span_is(json_span(json_at(m->aliases, i)), name))
			return true;
	return false;
}

static bool is_dated(const struct listed *m, const char *name)
{
	return model_name_same(m->model, name);
}

static const struct listed *find_called(
	const struct listing *l, const struct backend *b, const char *name,
	bool called(const struct listed *m, const char *name))
{
	for (size_t i = 0; i < l->n; i++)
		if ((!b || l->list[i].backend == b) &&
		    called(&l->list[i], name))
			return &l->list[i];
	return NULL;
}

/* Of the backend that the name leads to, where a date says nothing. */
static const struct listed *find_led(const struct listing *l,
				     const struct route *to)
{
	const struct listed *m;

	m = find_called(l, to->backend, to->model, is_called);
	return m ? m : find_called(l, to->backend, to->model, is_dated);
}

const struct listed *listing_find(const struct listing *l, const char *name,
				  const char **id)
{
	const struct listed *m = NULL;
	struct plan plan;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i].id, name) == 0) {
			*id = l->list[i].id;
			return &l->list[i];
		}
	if (pick(l, name, &plan) && can_serve(l, &plan.routes[0]))
		m = find_led(l, &plan.routes[0]);
	if (m) { /* the name that was used leads there as well */
		*id = name;
		return m;
	}
	m = find_called(l, NULL, name, is_called);
	if (m)
		*id = m->id;
	return m;
}
