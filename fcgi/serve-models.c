/* SPDX-License-Identifier: MIT */
/*
 * serve-models: the models of all backends, in the shape of the caller's API.
 *
 * Each backend is asked once in a while, all at the same time; what it says is
 * kept in state/, which every worker reads. A backend that cannot be asked is
 * left alone for a moment and represented by what was kept, else by the names
 * that its file and the program know.
 */
#include "config.h"

#include "base/jw.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "net/fetch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEEP_SECONDS 600                 /* what a backend said */
#define FAIL_SECONDS 30                  /* that it said nothing */
#define LIST_MAX (STORE_FILE_MAX - 4096) /* bytes of a backend's list */
#define ANSWER_MAX (16u << 20)
#define LAST_SECOND 253402300799 /* of the year 9999 */
#define ASK_MS 4000
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
	struct route route;
	struct err unused;

	if (route_pick(l->r->config, id, &route, &unused) == 0 &&
	    route.backend == b && !route.renamed)
		return id;
	return arena_fmt(l->r->arena, "%s:%s", b->name, id);
}

/* Seconds since 1970, from OpenAI's `created` or Anthropic's `created_at`. */
static int64_t created(struct json_object *o)
{
	const char *text = json_cstr(o, "created_at");
	struct tm tm = { 0 };
	int64_t then;

	if (text && strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return (int64_t)timegm(&tm);
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

/* One backend's list: read, and asked for when that is due. */
struct lookup {
	struct request *r;
	const struct backend *b;
	char name[100];           /* of the file in state/ */
	struct json_object *list; /* out, or NULL */
	bool due, running;
	pthread_t thread;
};

/* What was kept, if it is of this address. */
static void read_kept(struct lookup *k)
{
	const char *home = config_home(k->r->app->config);
	struct store_sign s;
	struct err unused;
	int64_t age;

	store_sign(home, k->name, &s);
	config_read_json(home, k->name, &k->list, &unused);
	if (k->list && strcmp(k->b->base_url, json_str(k->list, "baseUrl").p)) {
		json_object_put(k->list);
		k->list = NULL;
	}
	age = (int64_t)time(NULL) - s.sec;
	k->due = !k->list ||
		 age >= (json_flag(k->list, "failed", false) ? FAIL_SECONDS
							     : KEEP_SECONDS);
}

static void keep(struct lookup *k)
{
	const char *home = config_home(k->r->app->config);
	struct err e;
	int lock;

	json_set_str(k->list, "baseUrl", k->b->base_url);
	lock = store_folder(home, "state", &e) ? -1
					       : store_lock(home, k->name, &e);
	if (lock < 0 || store_replace(home, k->name, json_text(k->list), &e))
		log_msg("%s", e.msg); /* asked again next time, then */
	store_unlock(lock);
}

static struct json_object *ask(struct request *r, const struct backend *b)
{
	struct fetch f = { .timeout_ms = ASK_MS };
	struct json_object *o = NULL;
	struct buf url, credential;
	struct err unused;

	buf_init(&url, 4096);
	buf_init(&credential, 16384);
	buf_init(&f.body, LIST_MAX);
	backend_url(b, b->protocol,
		    b->protocol == DIALECT_ANTHROPIC ? "/models?limit=1000"
						     : "/models",
		    &url);
	backend_credential(b, b->protocol, &credential);
	f.url = buf_cstr(&url);
	f.credential = buf_cstr(&credential);
	if (fetch_get(r->app->http, &f, &unused) == 0 && f.status == 200)
		o = json_read(buf_get(&f.body), &unused);
	buf_release(&url);
	buf_release(&credential);
	buf_release(&f.body);
	return o;
}

/* In a thread of its own: it touches nothing of the request but *k. */
static void *ask_and_keep(void *arg)
{
	struct lookup *k = arg;
	struct json_object *o = ask(k->r, k->b);

	if (json_length(json_get(o, "data"))) {
		json_object_put(k->list);
		k->list = o;
	} else {
		json_object_put(o);
		if (!k->list)
			k->list = json_object_new_object();
		json_object_object_add(k->list, "failed",
				       json_object_new_boolean(true));
	}
	keep(k);
	return NULL;
}

static void look_up(struct request *r, struct lookup *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct lookup *k = &all[i];

		k->r = r;
		k->b = &r->config->backends[i];
		snprintf(k->name, sizeof(k->name), "state/models-%s.json",
			 k->b->name);
		if (k->b->demo)
			continue;
		read_kept(k);
		k->running = k->due && pthread_create(&k->thread, NULL,
						      ask_and_keep, k) == 0;
	}
	for (size_t i = 0; i < n; i++)
		if (all[i].running)
			pthread_join(all[i].thread, NULL);
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
		add_list(l, k->b, data);
	else
		add_fallback(l, k->b);
	json_object_put(k->list);
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

/* "limit=5&after_id=x": the value of a key, or "". */
static struct span query_value(const struct request *r, const char *key)
{
	const char *q = r->vars.query ? r->vars.query : "";
	size_t n = strlen(key);

	while (*q) {
		size_t len = strcspn(q, "&");

		if (len > n && strncmp(q, key, n) == 0 && q[n] == '=')
			return (struct span){ q + n + 1, len - n - 1 };
		q += len + (q[len] == '&');
	}
	return SPAN("");
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
	struct span after = query_value(l->r, "after_id");
	size_t limit = strtoul(query_value(l->r, "limit").p, NULL, 10);
	size_t from = 0, to;

	if (!limit || limit > PAGE_MAX)
		limit = limit ? PAGE_MAX : PAGE_PRESET;
	for (size_t i = 0; after.n && i < l->n; i++)
		if (span_is(after, l->models[i].id))
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
	size_t n = r->config->n_backends;
	struct lookup *lookups;
	struct list l = { .r = r };
	struct buf out;
	struct jw w = jw_to(&out);
	int rc = 0;

	l.models = xcalloc(MODELS_MAX, sizeof(*l.models));
	lookups = xcalloc(n, sizeof(*lookups));
	look_up(r, lookups, n);
	for (size_t i = 0; i < n; i++)
		add_backend(&l, &lookups[i]);
	free(lookups);
	buf_init(&out, ANSWER_MAX);
	if (*id) {
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
		reply_json(r, 200, buf_get(&out));
	buf_release(&out);
	free(l.models);
	return rc;
}
