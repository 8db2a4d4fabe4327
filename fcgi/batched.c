/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/batched.h"

#include "base/jw.h"
#include "base/jwalk.h"
#include "base/wait.h"
#include "net/catalog.h"

#include <string.h>

#define AT_A_TIME 256 /* requests that are looked at, until others may run */
#define KNOWN_MAX 16  /* models whose way is remembered */

/* Where a model leads, as it is written in the batch. */
struct way {
	struct span written; /* with its quotes */
	const char *asked;
	const struct backend *backend; /* NULL: nothing claims it */
	const char *model;             /* in the words of the backend */
	bool million;
};

struct batch {
	struct request *r;
	struct way known[KNOWN_MAX];
	size_t n;
	struct way first; /* that leads somewhere */
	struct buf text;  /* the body anew, up to `at` */
	size_t at;
};

typedef int model_fn(struct batch *b, struct span written, struct err *e);

bool batched_is(const struct request *r)
{
	return strcmp(r->vars.method, "POST") == 0 &&
	       (strcmp(r->path, "/messages/batches") == 0 ||
		strcmp(r->path, "/messages/batches/") == 0);
}

/* --- each model ---------------------------------------------------------- */

/* *value: empty when there is none. Who reads two of them takes the first, or
 * the last. */
static int find(struct span object, const char *key, struct span *value,
		struct err *e)
{
	struct jwalk w = jwalk_in(object);

	*value = SPAN("");
	while (w.object && jwalk_next(&w)) {
		if (!jwalk_key_is(&w, key))
			continue;
		if (value->n)
			return err_set(e, ERR_BAD_REQUEST,
				       "second \"%s\" key in the batch", key);
		*value = w.value;
	}
	return 0;
}

static int each_model(struct batch *b, model_fn *fn, struct err *e)
{
	struct span list, params, model;
	struct jwalk w;

	if (find(buf_get(&b->r->body), "requests", &list, e))
		return -1;
	w = jwalk_in(list);
	for (size_t n = 1; !w.object && jwalk_next(&w); n++) {
		if (n % AT_A_TIME == 0)
			wait_ms(0);
		if (find(w.value, "params", &params, e) ||
		    find(params, "model", &model, e) ||
		    (jwalk_is_string(model) && fn(b, model, e)))
			return -1;
	}
	return 0;
}

/* --- where it leads ------------------------------------------------------ */

/* "opus" by its real name. */
static void resolve(struct batch *b, struct way *w)
{
	const struct accounts *all = &b->r->config->accounts;
	struct request *r = b->r;
	struct catalog catalog;
	char name[PEEK_MODEL_MAX + 1];
	bool million = false;

	if (r->config->settings.passthrough || !all->n)
		return;
	catalog_init(&catalog, r->http, snapshot_home(r->app->config),
		     w->backend, &all->list[0]);
	if (catalog_alias(&catalog, r->config->models, w->model, name,
			  sizeof(name), &million))
		w->model = arena_str(r->arena, span_of(name));
	catalog_release(&catalog);
	w->million |= million;
}

/* The first that speaks this API, else whatever comes first; a name that
 * nobody claims and that leads elsewhere counts as none. */
static const struct route *target_of(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->routes[i].backend->speaks[DIALECT_ANTHROPIC])
			return &plan->routes[i];
	return plan->rule == &rule_none && !plan->routes[0].renamed
		     ? NULL
		     : &plan->routes[0];
}

static int look_up(struct batch *b, struct way *w, struct err *e)
{
	struct request *r = b->r;
	const struct route *to;
	struct plan plan;

	w->asked = arena_str(r->arena, jwalk_text(r->arena, w->written));
	if (strlen(w->asked) > PEEK_MODEL_MAX)
		return err_set(e, ERR_BAD_REQUEST,
			       "model must be a name of at most %d bytes",
			       PEEK_MODEL_MAX);
	if (route_find(r->config, snapshot_home(r->app->config), w->asked,
		       &plan, e))
		return r->vars.backend ? 0 : -1;
	to = target_of(&plan);
	if (!to)
		return 0;
	w->backend = to->backend;
	w->model = arena_str(r->arena, span_of(to->model));
	w->million = to->million;
	if (to->backend->claude)
		resolve(b, w);
	return 0;
}

/* A batch has many requests, and few models. */
static const struct way *way_of(struct batch *b, struct span written,
				struct err *e)
{
	struct way *w = &b->known[b->n % KNOWN_MAX];

	for (size_t i = 0; i < b->n && i < KNOWN_MAX; i++)
		if (span_eq(b->known[i].written, written))
			return &b->known[i];
	*w = (struct way){ .written = written };
	if (look_up(b, w, e)) {
		w->written.n = 0;
		return NULL;
	}
	b->n++;
	return w;
}

static int pick_one(struct batch *b, struct span written, struct err *e)
{
	const struct way *w = way_of(b, written, e);

	if (!w)
		return -1;
	if (!b->r->model)
		b->r->model = w->asked;
	if (!w->backend)
		return 0;
	if (!b->first.backend)
		b->first = *w;
	b->first.million |= w->million;
	if (w->backend == b->first.backend)
		return 0;
	return err_set(e, ERR_BAD_REQUEST,
		       "a batch is made at one backend: %.80s leads to %s, and "
		       "%.80s to %s: send a batch to each",
		       b->first.asked, b->first.backend->name, w->asked,
		       w->backend->name);
}

int batched_pick(struct request *r, struct plan *plan, struct err *e)
{
	struct batch b = { .r = r };

	if (each_model(&b, pick_one, e))
		return -1;
	if (b.first.backend)
		plan->routes[plan->n++] = (struct route){
			.backend = b.first.backend,
			.model = b.first.model,
			.renamed = strcmp(b.first.model, b.first.asked) != 0,
			.million = b.first.million,
		};
	return 0;
}

/* --- in the words of the backend ----------------------------------------- */

static int rename_one(struct batch *b, struct span written, struct err *e)
{
	const struct way *w = way_of(b, written, e);
	const char *body = b->r->body.p;
	struct jw value = jw_to(&b->text);

	if (!w)
		return -1;
	if (!w->backend || strcmp(w->model, w->asked) == 0)
		return 0;
	buf_add(&b->text, body + b->at, (size_t)(written.p - body) - b->at);
	jw_str(&value, span_of(w->model));
	b->at = (size_t)(written.p - body) + written.n;
	return 0;
}

int batched_rename(struct request *r, struct err *e)
{
	struct batch b = { .r = r };
	int rc;

	buf_init(&b.text, REQUEST_BODY_MAX);
	rc = each_model(&b, rename_one, e);
	if (rc == 0 && b.at) {
		buf_span(&b.text, span_skip(buf_get(&r->body), b.at));
		rc = b.text.full ? err_full(e, &b.text, ERR_TOO_BIG,
					    "the batch is too large to rename "
					    "its models")
				 : 0;
		if (rc == 0) {
			buf_release(&r->body);
			r->body = b.text;
			return 0;
		}
	}
	buf_release(&b.text);
	return rc;
}
