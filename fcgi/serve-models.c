/* SPDX-License-Identifier: MIT */
/*
 * serve-models: the models that can be asked for (listing.h), in the shape of
 * the caller's API: all of them, a page of them, or one.
 */
#include "config.h"

#include "base/jw.h"
#include "base/query.h"
#include "dialect/peek.h"
#include "fcgi/listing.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER_MAX (32u << 20)
#define PAGE_PRESET 20 /* of Anthropic's list */
#define PAGE_MAX 1000

/* From `from` up to `to`; `paged`: the caller has asked for a part. */
struct page {
	size_t from, to;
	bool paged, more;
};

static void put_anthropic(struct jw *w, const struct listed *m, const char *id)
{
	time_t t = (time_t)m->created;
	char when[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	jw_kcstr(w, "type", "model");
	jw_kcstr(w, "id", id);
	jw_kcstr(w, "display_name", m->display);
	jw_kcstr(w, "created_at", when);
	if (m->context)
		jw_kint(w, "max_input_tokens", m->context);
}

static void put_openai(struct jw *w, const struct listed *m, const char *id)
{
	jw_kcstr(w, "id", id);
	jw_kcstr(w, "object", "model");
	jw_kint(w, "created", m->created);
	jw_kcstr(w, "owned_by", m->backend->name);
	if (strcmp(m->display, m->model) && strcmp(m->display, m->id))
		jw_kcstr(w, "display_name", m->display);
	if (m->context)
		jw_kint(w, "max_input_tokens", m->context);
}

static void put_model(struct jw *w, const struct listed *m, const char *id,
		      bool anthropic)
{
	jw_obj(w);
	if (anthropic)
		put_anthropic(w, m, id);
	else
		put_openai(w, m, id);
	jw_obj_end(w);
}

/* Where a model of that name stands, as `key` of the query says: 0 it says
 * nothing, -1. */
static int find_edge(const struct listing *l, const char *query,
		     const char *key, size_t *at, struct err *e)
{
	char id[PEEK_MODEL_MAX + 1] = "";

	if (!query_get(query, key, id, sizeof(id)) || !*id)
		return 0;
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(id, l->list[i].id) == 0) {
			*at = i;
			return 1;
		}
	return err_set(e, ERR_BAD_REQUEST,
		       "%s: there is no model %.100s in the list", key, id);
}

static size_t limit_of(const char *query, bool anthropic, bool *given)
{
	char number[24] = "";
	size_t limit;

	*given = query_get(query, "limit", number, sizeof(number));
	limit = strtoul(number, NULL, 10);
	if (!limit)
		return anthropic ? PAGE_PRESET : SIZE_MAX;
	return limit > PAGE_MAX ? PAGE_MAX : limit;
}

/* OpenAI's list has no pages, but who asks for them gets them. */
static int find_page(const struct listing *l, const char *query, bool anthropic,
		     struct page *p, struct err *e)
{
	size_t at, limit = limit_of(query, anthropic, &p->paged);
	int after = find_edge(l, query, "after_id", &at, e);
	int before = after ? 0 : find_edge(l, query, "before_id", &at, e);

	if (after < 0 || before < 0)
		return -1;
	p->paged |= anthropic || after || before;
	p->from = after ? at + 1 : 0;
	p->to = before ? at : l->n;
	p->more = p->to - p->from > limit;
	if (p->more && before)
		p->from = p->to - limit;
	else if (p->more)
		p->to = p->from + limit;
	return 0;
}

static int put_list(struct jw *w, const struct listing *l, const char *query,
		    bool anthropic, struct err *e)
{
	struct page p;

	if (find_page(l, query, anthropic, &p, e))
		return -1;
	jw_obj(w);
	if (!anthropic)
		jw_kcstr(w, "object", "list");
	jw_key(w, "data");
	jw_arr(w);
	for (size_t i = p.from; i < p.to; i++)
		put_model(w, &l->list[i], l->list[i].id, anthropic);
	jw_arr_end(w);
	if (p.paged) {
		bool any = p.from < p.to;

		jw_kbool(w, "has_more", p.more);
		jw_kcstr(w, "first_id", any ? l->list[p.from].id : NULL);
		jw_kcstr(w, "last_id", any ? l->list[p.to - 1].id : NULL);
	}
	jw_obj_end(w);
	return 0;
}

static int put_one(struct jw *w, const struct listing *l, const char *name,
		   bool anthropic, struct err *e)
{
	const char *id;
	const struct listed *m = listing_find(l, name, &id);

	if (m && (!l->r->key || key_allows(l->r->key, id))) {
		put_model(w, m, id, anthropic);
		return 0;
	}
	err_set(e, ERR_NO_MODEL,
		"model not found: %.100s: GET /v1/models lists those there are",
		name);
	memcpy(e->param, "model", sizeof("model"));
	return -1;
}

/* What follows "/models/"; a slash at its end says nothing. */
static const char *name_of(struct request *r)
{
	struct span name = span_skip(span_of(r->path), strlen("/models"));

	if (name.n)
		name = span_skip(name, 1);
	while (name.n && name.p[name.n - 1] == '/')
		name.n--;
	return arena_str(r->arena, name);
}

int serve_models(struct request *r, struct err *e)
{
	bool anthropic = r->vars.anthropic_version;
	const char *name = name_of(r);
	struct listing l;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	listing_make(&l, r);
	buf_init(&out, ANSWER_MAX);
	if (*name)
		rc = put_one(&w, &l, name, anthropic, e);
	else
		rc = put_list(&w, &l, r->vars.query, anthropic, e);
	if (rc == 0)
		rc = r->arena->full ? err_memory(e)
				    : reply_shown(r, 200, &out, e);
	buf_release(&out);
	listing_release(&l);
	return rc;
}
