/* SPDX-License-Identifier: MIT */
/* serve-audit: who changed which key, for the owner: keys/audit.jsonl in the
 * form of Anthropic's Admin API, the newest first. */
#include "config.h"

#include "base/jw.h"
#include "base/query.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/keys/key-audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (64u << 20)
#define COUNT_PRESET 20
#define COUNT_MAX 1000

/* A page of the events, the newest first: the last ones in the file, those that
 * stand before one of them there (after_id), or the next ones behind it
 * (before_id). A ring, one longer than the page: are there more? */
struct page {
	struct json_object **lines;
	long *numbers;
	size_t room, seen;
	long after, before; /* 0: none */
	bool found;         /* the event of the cursor */
};

static bool is_of(const struct page *p, long number)
{
	if (p->before)
		return number > p->before && p->seen < p->room;
	return !p->after || number < p->after;
}

static void take(void *arg, long number, struct json_object *line)
{
	struct page *p = arg;
	size_t at = p->seen % p->room;

	p->found |= number == (p->after ? p->after : p->before);
	if (!is_of(p, number))
		return;
	json_object_put(p->lines[at]);
	p->lines[at] = json_object_get(line);
	p->numbers[at] = number;
	p->seen++;
}

static void put_event(struct jw *w, long number, struct json_object *o)
{
	struct json_object *before = json_get(o, "before");
	struct json_object *after = json_get(o, "after");

	jw_obj(w);
	jw_kcstr(w, "type", "audit_event");
	jw_kint(w, "id", number);
	jw_kcstr(w, "created_at", json_cstr(o, "time"));
	jw_kcstr(w, "actor", json_cstr(o, "actor"));
	jw_kcstr(w, "action", json_cstr(o, "action"));
	jw_kcstr(w, "target_id", json_cstr(o, "key"));
	jw_key(w, "before");
	jw_raw(w, before ? json_text(before) : SPAN("null"));
	jw_key(w, "after");
	jw_raw(w, after ? json_text(after) : SPAN("null"));
	jw_knull(w, "reason");
	jw_obj_end(w);
}

static void put_id(struct jw *w, const char *name, const long *number)
{
	if (number)
		jw_kint(w, name, *number);
	else
		jw_knull(w, name);
}

/* `newest`: how many have come up to the first event of the page. */
static void put_page(struct jw *w, const struct page *p, size_t newest,
		     size_t n)
{
	const long *first = n ? &p->numbers[(newest - 1) % p->room] : NULL;
	const long *last = n ? &p->numbers[(newest - n) % p->room] : NULL;

	jw_obj(w);
	jw_key(w, "data");
	jw_arr(w);
	for (size_t i = 0; i < n; i++) {
		size_t at = (newest - 1 - i) % p->room;

		put_event(w, p->numbers[at], p->lines[at]);
	}
	jw_arr_end(w);
	jw_kbool(w, "has_more", p->seen >= p->room);
	put_id(w, "first_id", first);
	put_id(w, "last_id", last);
	jw_obj_end(w);
}

static int show(struct request *r, const struct page *p, struct err *e)
{
	size_t count = p->room - 1;
	size_t n = p->seen < count ? p->seen : count;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc = 0;

	buf_init(&out, ANSWER_MAX);
	put_page(&w, p, p->before ? n : p->seen, n);
	if (out.full)
		rc = err_full(e, &out, ERR_TOO_BIG,
			      "the answer would be too large: ask for fewer "
			      "with limit");
	reply_field(r, r->dialect->request_id_header, span_of(r->id));
	reply_field(r, "Cache-Control", SPAN("no-store"));
	if (rc == 0)
		reply_json(r, 200, buf_get(&out));
	buf_release(&out);
	return rc;
}

static int bad(struct err *e, const char *param, const char *what)
{
	err_set(e, ERR_BAD_REQUEST, "%s: %s", param, what);
	snprintf(e->param, sizeof(e->param), "%s", param);
	return -1;
}

/* A member of the query that is not empty. */
static bool number_of(struct request *r, const char *name, long *out)
{
	char text[24], *end;

	if (!query_get(r->vars.query, name, text, sizeof(text)) || !*text)
		return true;
	*out = strtol(text, &end, 10);
	return !*end && *out >= 1;
}

static int read_page(struct request *r, struct page *p, struct err *e)
{
	long count = COUNT_PRESET;

	if (!number_of(r, "limit", &count) || count > COUNT_MAX)
		return bad(e, "limit", "must be between 1 and 1000");
	if (!number_of(r, "after_id", &p->after))
		return bad(e, "after_id", "no audit event has this id");
	if (!number_of(r, "before_id", &p->before))
		return bad(e, "before_id", "no audit event has this id");
	if (p->after && p->before)
		return bad(e, "after_id", "not together with before_id");
	p->room = (size_t)count + 1;
	p->lines = xcalloc(p->room, sizeof(*p->lines));
	p->numbers = xcalloc(p->room, sizeof(*p->numbers));
	return 0;
}

int serve_spend_audit(struct request *r, struct err *e)
{
	struct page p = { .room = 0 };
	int rc = read_page(r, &p, e);

	if (rc == 0)
		rc = key_audit_each(snapshot_home(r->app->config), NULL, take,
				    &p, e);
	if (rc == 0 && (p.after || p.before) && !p.found)
		rc = bad(e, p.after ? "after_id" : "before_id",
			 "no audit event has this id");
	if (rc == 0)
		rc = show(r, &p, e);
	for (size_t i = 0; i < p.room; i++)
		json_object_put(p.lines[i]);
	free(p.lines);
	free(p.numbers);
	return rc;
}
