/* SPDX-License-Identifier: MIT */
/*
 * serve-models: the models of all backends, in the shape of the caller's API.
 *
 * All are asked at the same time when it is due (catalog.h). One that cannot be
 * asked is represented by what was kept, else by the names that its file and
 * the program know.
 */
#include "config.h"

#include "base/http-date.h"
#include "base/jw.h"
#include "base/query.h"
#include "base/task.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "net/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER_MAX (16u << 20)
#define LAST_SECOND 253402300799 /* of the year 9999 */
#define MODELS_MAX 4096
#define PAGE_PRESET 20 /* of Anthropic's list */
#define PAGE_MAX 1000

struct model {
	const char *id, *owner, *display;
	int64_t created;
};

struct list {
	struct request *r;
	struct model *models;
	size_t n;
};

/* A model is listed under the name that leads back to this backend. */
static const char *listed_name(struct list *l, const struct backend *b,
			       const char *id)
{
	struct plan plan;
	struct err unused;

	if (route_pick(l->r->config, id, &plan, &unused) == 0 &&
	    plan.routes[0].backend == b && !plan.routes[0].renamed)
		return id;
	return arena_fmt(l->r->arena, "%s:%s", b->name, id);
}

/* Seconds since 1970, from OpenAI's `created` or Anthropic's `created_at`. */
static int64_t created(struct json_object *o)
{
	int64_t then = http_date_read(json_str(o, "created_at")) / 1000;

	if (!then)
		then = json_count(o, "created", 0);
	return then < LAST_SECOND ? then : LAST_SECOND;
}

static void add(struct list *l, const struct backend *b, struct span id,
		struct json_object *o)
{
	struct span display = json_str(o, "display_name");
	struct arena *a = l->r->arena;
	struct model *m;

	if (!id.n || l->n == MODELS_MAX)
		return;
	m = &l->models[l->n++];
	m->id = listed_name(l, b, arena_str(a, id));
	m->owner = b->name;
	m->display = display.n ? arena_str(a, display) : m->id;
	m->created = created(o);
}

static void add_list(struct list *l, const struct backend *b,
		     struct json_object *data)
{
	for (size_t i = 0; i < json_length(data); i++) {
		struct json_object *o = json_at(data, i);
		struct span id = json_span(o);

		add(l, b, id.n ? id : json_str(o, "id"), o);
	}
}

/* One provider's list: read, and asked for when that is due. */
struct lookup {
	struct catalog catalog;
	struct json_object *list; /* out, or NULL */
	bool due, running;
	struct request *r;
	struct task *asking, *waiting; /* for it */
};

static int nobody_waits(void *arg, struct err *e)
{
	const struct lookup *k = arg;

	if (atomic_load(&k->r->app->cut))
		return err_set(e, ERR_SHUTDOWN, "the router is stopping");
	return gateway_gone(k->r->gw) ? reply_gone(e) : 0;
}

/* In a task of its own. */
static void ask(void *arg)
{
	struct lookup *k = arg;

	k->asking = task_self();
	k->list = catalog_ask(&k->catalog, k->list);
	k->running = false;
	task_wake(k->waiting);
}

static void look_up(struct request *r, struct lookup *k,
		    const struct backend *b, const struct account *account)
{
	struct err unused;

	catalog_init(&k->catalog, r->http, snapshot_home(r->app->config), b,
		     account);
	if (backend_is_pool(b))
		catalog_ask_with(&k->catalog,
				 b->claude ? &r->config->accounts : &b->keys);
	if (b->demo)
		return;
	k->list = catalog_kept(&k->catalog, &k->due);
	k->r = r;
	k->waiting = task_self();
	k->catalog.on_wait = nobody_waits;
	k->catalog.arg = k;
	k->running = k->due && !task_start(task_loop(), ask, k, &unused);
}

/* The account to begin with: any that has a good token. */
static const struct account *fresh_account(const struct snapshot *c)
{
	for (size_t i = 0; i < c->accounts.n; i++)
		if (!c->accounts.list[i].problem &&
		    account_fresh(&c->accounts.list[i], 0))
			return &c->accounts.list[i];
	return NULL;
}

/* Whoever wakes this task when nobody waits any more means all of them. */
static void wait_for_all(struct lookup *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		while (all[i].running) {
			struct err unused;

			task_wait(INT64_MAX);
			for (size_t k = i; k < n; k++)
				if (all[k].running && all[k].asking &&
				    nobody_waits(&all[k], &unused))
					task_wake(all[k].asking);
		}
}

/* All providers, the Claude accounts first; how many. */
static size_t look_up_all(struct request *r, struct lookup *all)
{
	const struct snapshot *c = r->config;
	const struct account *account = fresh_account(c);
	size_t n = 0;

	if (account)
		look_up(r, &all[n++], &c->claude, account);
	for (size_t i = 0; i < c->n_backends; i++)
		look_up(r, &all[n++], &c->backends[i], NULL);
	wait_for_all(all, n);
	return n;
}

static void add_fallback(struct list *l, const struct backend *b)
{
	const struct models *m = l->r->config->models;
	bool baked = strstr(b->base_url, "api.openai.com") ||
		     b->protocol == DIALECT_ANTHROPIC;

	for (size_t i = 0; i < b->n_models; i++)
		if (!strpbrk(b->models[i], "*?["))
			add(l, b, span_of(b->models[i]), NULL);
	if (baked)
		add_list(l, b, models_baked(m, b->protocol));
}

static void add_backend(struct list *l, struct lookup *k)
{
	struct json_object *data = json_get(k->list, "data");

	if (json_length(data))
		add_list(l, k->catalog.backend, data);
	else
		add_fallback(l, k->catalog.backend);
	json_object_put(k->list);
	catalog_release(&k->catalog);
}

static void put_model(struct jw *w, const struct model *m, bool anthropic)
{
	char when[32];
	time_t t = (time_t)m->created;
	struct tm tm;

	jw_obj(w);
	if (anthropic) {
		gmtime_r(&t, &tm);
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
		jw_kcstr(w, "type", "model");
		jw_kcstr(w, "id", m->id);
		jw_kcstr(w, "display_name", m->display);
		jw_kcstr(w, "created_at", when);
	} else {
		jw_kcstr(w, "id", m->id);
		jw_kcstr(w, "object", "model");
		jw_kint(w, "created", m->created);
		jw_kcstr(w, "owned_by", m->owner);
	}
	jw_obj_end(w);
}

static void put_openai(struct jw *w, const struct list *l)
{
	jw_kcstr(w, "object", "list");
	jw_key(w, "data");
	jw_arr(w);
	for (size_t i = 0; i < l->n; i++)
		put_model(w, &l->models[i], false);
	jw_arr_end(w);
}

static void put_anthropic(struct jw *w, const struct list *l)
{
	const char *query = l->r->vars.query;
	char after[PEEK_MODEL_MAX + 1] = "", number[24] = "";
	size_t from = 0, to, limit;

	query_get(query, "after_id", after, sizeof(after));
	query_get(query, "limit", number, sizeof(number));
	limit = strtoul(number, NULL, 10);
	if (!limit || limit > PAGE_MAX)
		limit = limit ? PAGE_MAX : PAGE_PRESET;
	for (size_t i = 0; *after && i < l->n; i++)
		if (strcmp(after, l->models[i].id) == 0)
			from = i + 1;
	to = l->n - from > limit ? from + limit : l->n;
	jw_key(w, "data");
	jw_arr(w);
	for (size_t i = from; i < to; i++)
		put_model(w, &l->models[i], true);
	jw_arr_end(w);
	jw_kbool(w, "has_more", to < l->n);
	jw_kcstr(w, "first_id", from < to ? l->models[from].id : NULL);
	jw_kcstr(w, "last_id", from < to ? l->models[to - 1].id : NULL);
}

static int put_one(struct jw *w, const struct list *l, const char *id,
		   bool anthropic, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->models[i].id, id))
			continue;
		put_model(w, &l->models[i], anthropic);
		return 0;
	}
	return err_set(e, ERR_NO_MODEL, "model not found: %.100s", id);
}

int serve_models(struct request *r, struct err *e)
{
	bool anthropic = r->vars.anthropic_version;
	const char *id = r->path + strlen("/models");
	struct lookup *lookups;
	size_t n;
	struct list l = { .r = r };
	struct buf out;
	struct jw w = jw_to(&out);
	int rc = 0;

	l.models = xcalloc(MODELS_MAX, sizeof(*l.models));
	lookups = xcalloc(r->config->n_backends + 1, sizeof(*lookups));
	n = look_up_all(r, lookups);
	for (size_t i = 0; i < n; i++)
		add_backend(&l, &lookups[i]);
	free(lookups);
	buf_init(&out, ANSWER_MAX);
	if (atomic_load(&r->app->cut)) { /* not all were asked */
		rc = err_set(e, ERR_SHUTDOWN,
			     "the router is stopping: try again");
	} else if (*id) {
		rc = put_one(&w, &l, id + 1, anthropic, e);
	} else {
		jw_obj(&w);
		if (anthropic)
			put_anthropic(&w, &l);
		else
			put_openai(&w, &l);
		jw_obj_end(&w);
	}
	if (rc == 0)
		rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	free(l.models);
	return rc;
}
