/* SPDX-License-Identifier: MIT */
/* serve-audit: who changed which key, for the owner: keys/audit.jsonl in the
 * form of Anthropic's Admin API, the newest first. */
#include "config.h"

#include "base/jw.h"
#include "base/query.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/keys/key-audit.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (64u << 20)
#define COUNT_PRESET 100
#define COUNT_MAX 1000

/* The last lines before one of a number: a ring. */
struct last {
	struct json_object **lines;
	long *numbers;
	size_t count, seen;
	long before; /* 0: of all */
};

static void take(void *arg, long number, struct json_object *line)
{
	struct last *l = arg;
	size_t at = l->seen % l->count;

	if (l->before && number >= l->before)
		return;
	json_object_put(l->lines[at]);
	l->lines[at] = json_object_get(line);
	l->numbers[at] = number;
	l->seen++;
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

static int show(struct request *r, const struct last *l, size_t count,
		struct err *e)
{
	size_t held = l->seen < l->count ? l->seen : l->count;
	size_t n = held < count ? held : count;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc = 0;

	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_key(&w, "data");
	jw_arr(&w);
	for (size_t i = 0; i < n; i++) {
		size_t at = (l->seen - 1 - i) % l->count;

		put_event(&w, l->numbers[at], l->lines[at]);
	}
	jw_arr_end(&w);
	jw_kbool(&w, "has_more", held > count);
	jw_obj_end(&w);
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

static int number_of(struct request *r, const char *name, long most, long *out,
		     struct err *e)
{
	char text[24], *end;

	if (!query_get(r->vars.query, name, text, sizeof(text)))
		return 0;
	*out = strtol(text, &end, 10);
	if (end != text && !*end && *out >= 1 && *out <= most)
		return 0;
	return err_set(e, ERR_BAD_REQUEST, "%s: must be between 1 and %ld",
		       name, most);
}

int serve_spend_audit(struct request *r, struct err *e)
{
	long count = COUNT_PRESET;
	struct last l = { .before = 0 };
	int rc;

	if (number_of(r, "limit", COUNT_MAX, &count, e) ||
	    number_of(r, "after_id", 1000000000, &l.before, e))
		return -1;
	l.count = (size_t)count + 1; /* whether there are more */
	l.lines = xcalloc(l.count, sizeof(*l.lines));
	l.numbers = xcalloc(l.count, sizeof(*l.numbers));
	rc = key_audit_each(snapshot_home(r->app->config), NULL, take, &l, e);
	if (rc == 0)
		rc = show(r, &l, (size_t)count, e);
	for (size_t i = 0; i < l.count; i++)
		json_object_put(l.lines[i]);
	free(l.lines);
	free(l.numbers);
	return rc;
}
