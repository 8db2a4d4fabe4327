/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/retext.h"

#include "base/json-source.h"
#include "base/jval.h"
#include "base/jw.h"
#include "base/jwalk.h"
#include "base/names.h"

#include <string.h>

/* Repeated keys that are looked at in one object; with more it counts as
 * changed. */
#define REPEATED_MAX 64
#define NEAR 64 /* items of a list that are looked at for the same one */

struct retext {
	struct buf *out;
	struct arena *arena;
	struct span all;
	struct jdoc doc; /* for strings with escapes */
};

/* A value within a container, as json-c reads it; NULL for null, too. */
static struct json_object *value_of(struct span text)
{
	struct err unused;

	text.n++; /* what stands behind a number ends it */
	return json_take(&text, &unused);
}

/* A number as it is mostly written. */
static bool is_int(struct span text, struct json_object *now)
{
	char mem[24];
	struct buf b = { .p = mem, .cap = sizeof(mem), .max = 23 };

	if (!json_object_is_type(now, json_type_int))
		return false;
	buf_int(&b, json_object_get_int64(now));
	return span_eq(buf_get(&b), text);
}

static bool same_scalar(struct retext *r, struct span text,
			struct json_object *now)
{
	struct json_object *was;
	struct err unused;
	bool same;

	if (jwalk_is_string(text) && !memchr(text.p, '\\', text.n))
		return json_object_is_type(now, json_type_string) &&
		       span_eq((struct span){ text.p + 1, text.n - 2 },
			       json_span(now));
	if (!now)
		return span_is(text, "null");
	if (is_int(text, now) ||
	    (json_object_is_type(now, json_type_string) &&
	     span_eq(jval_text(jdoc_read(&r->doc, text, &unused)),
		     json_span(now))))
		return true;
	if (json_object_is_type(now, json_type_boolean))
		return span_is(text,
			       json_object_get_boolean(now) ? "true" : "false");
	was = value_of(text);
	same = json_object_equal(was, now);
	json_object_put(was);
	return same;
}

static bool same(struct retext *r, struct span text, struct json_object *now);

static bool same_array(struct retext *r, struct span text,
		       struct json_object *now)
{
	struct jwalk w = jwalk_in(text);
	size_t i = 0;

	if (!json_object_is_type(now, json_type_array))
		return false;
	for (; jwalk_next(&w); i++)
		if (i == json_length(now) ||
		    !same(r, w.value, json_object_array_get_idx(now, i)))
			return false;
	return i == json_length(now);
}

static struct span key_of(struct retext *r, const struct jwalk *w)
{
	struct span quoted = { w->key.p - 1, w->key.n + 2 };

	return jwalk_text(r->arena, quoted);
}

/* Does the key come again behind this member? */
static bool comes_again(struct jwalk w)
{
	struct span key = w.key;

	while (jwalk_next(&w))
		if (span_eq(w.key, key))
			return true;
	return false;
}

static bool came_before(struct span text, const struct jwalk *now)
{
	struct jwalk w = jwalk_in(text);

	while (jwalk_next(&w) && w.key.p < now->key.p)
		if (span_eq(w.key, now->key))
			return true;
	return false;
}

/* Goes through the members of both, which have the same order as long as
 * nothing was added or taken away. */
struct pair {
	struct jwalk w;
	struct json_object_iterator it, end;
	int repeated;
	bool again; /* the member repeats an earlier key */
};

static struct pair pair_of(struct span text, struct json_object *now)
{
	return (struct pair){ .w = jwalk_in(text),
			      .it = json_object_iter_begin(now),
			      .end = json_object_iter_end(now) };
}

/* 1: a member of both; 0: the end of both; -1: they differ. */
static int pair_next(struct retext *r, struct pair *p, struct span text)
{
	if (!jwalk_next(&p->w))
		return json_object_iter_equal(&p->it, &p->end) ? 0 : -1;
	p->again = false;
	if (!json_object_iter_equal(&p->it, &p->end) &&
	    span_is(key_of(r, &p->w), json_object_iter_peek_name(&p->it)))
		return 1;
	p->again = p->repeated++ < REPEATED_MAX && came_before(text, &p->w);
	return p->again ? 1 : -1;
}

/* The value of a key that comes several times; the last one counts. */
static bool same_repeated(struct retext *r, const struct pair *p,
			  struct json_object *now)
{
	const char *key = arena_str(r->arena, key_of(r, &p->w));
	struct json_object *v = NULL;

	json_object_object_get_ex(now, key, &v);
	return same(r, p->w.value, v) || comes_again(p->w);
}

static bool same_object(struct retext *r, struct span text,
			struct json_object *now)
{
	struct pair p;
	int rc;

	if (!json_object_is_type(now, json_type_object))
		return false;
	p = pair_of(text, now);
	while ((rc = pair_next(r, &p, text)) > 0) {
		bool ok = p.again ? same_repeated(r, &p, now)
				  : same(r, p.w.value,
					 json_object_iter_peek_value(&p.it)) ||
					    comes_again(p.w);

		if (!ok)
			return false;
		if (!p.again)
			json_object_iter_next(&p.it);
	}
	return rc == 0;
}

static bool same(struct retext *r, struct span text, struct json_object *now)
{
	if (jwalk_is_object(text))
		return same_object(r, text, now);
	if (jwalk_is_array(text))
		return same_array(r, text, now);
	return same_scalar(r, text, now);
}

/* --- writing ------------------------------------------------------------- */

static void put(struct retext *r, struct span text, struct json_object *now);

static void put_new(struct retext *r, struct json_object *now);

static void put_key(struct retext *r, const char *key)
{
	buf_byte(r->out, '"');
	jw_escape(r->out, span_of(key));
	buf_str(r->out, "\":");
}

static void put_new_object(struct retext *r, struct json_object *now)
{
	bool comma = false;

	buf_byte(r->out, '{');
	json_object_object_foreach(now, key, v)
	{
		if (comma)
			buf_byte(r->out, ',');
		comma = true;
		put_key(r, key);
		put_new(r, v);
	}
	buf_byte(r->out, '}');
}

static void put_new_array(struct retext *r, struct json_object *now)
{
	buf_byte(r->out, '[');
	for (size_t i = 0; i < json_length(now); i++) {
		if (i)
			buf_byte(r->out, ',');
		put_new(r, json_at(now, i));
	}
	buf_byte(r->out, ']');
}

static void put_new_scalar(struct retext *r, struct json_object *now)
{
	struct jw w = jw_to(r->out);
	bool starved = false;

	if (json_object_is_type(now, json_type_string))
		jw_str(&w, json_span(now));
	else if (now)
		buf_span(r->out, json_text_or(now, &starved));
	else
		jw_null(&w);
	if (starved)
		buf_starve(r->out);
}

/* What did not stand in this place; it may have stood in another. */
static void put_new(struct retext *r, struct json_object *now)
{
	struct span was = json_located(now, r->all);

	if (was.n)
		put(r, was, now);
	else if (json_object_is_type(now, json_type_object))
		put_new_object(r, now);
	else if (json_object_is_type(now, json_type_array))
		put_new_array(r, now);
	else
		put_new_scalar(r, now);
}

/* What stands between the last item and this one, or the end. */
static void put_gap(struct retext *r, const char **at, const char *to)
{
	buf_add(r->out, *at, (size_t)(to - *at));
	*at = to;
}

/* The same members in the same order, and those that are repeated as they
 * were? */
static bool same_members(struct retext *r, struct span text,
			 struct json_object *now, bool *repeated)
{
	struct pair p = pair_of(text, now);
	int rc;

	while ((rc = pair_next(r, &p, text)) > 0) {
		if (!p.again)
			json_object_iter_next(&p.it);
		else if (!same_repeated(r, &p, now))
			return false;
	}
	*repeated = p.repeated > 0;
	return rc == 0;
}

/* Then each value goes into the place of the old one. */
static bool put_in_place(struct retext *r, struct span text,
			 struct json_object *now)
{
	struct pair p = pair_of(text, now);
	const char *at = text.p;
	bool repeated;

	if (!same_members(r, text, now, &repeated))
		return false;
	while (pair_next(r, &p, text) > 0) {
		if (!p.again && !(repeated && comes_again(p.w))) {
			put_gap(r, &at, p.w.value.p);
			put(r, p.w.value, json_object_iter_peek_value(&p.it));
			at = p.w.value.p + p.w.value.n;
		}
		if (!p.again)
			json_object_iter_next(&p.it);
	}
	put_gap(r, &at, text.p + text.n);
	return true;
}

struct member {
	struct span item, value;
	int before; /* 1 + place of the one with the same key, or 0 */
};

/* The members of an object, to be found by key. */
struct index {
	struct names keys; /* 1 + the place of the last one */
	struct member *all;
	int n;
};

static void index_members(struct retext *r, struct index *x, struct span text)
{
	struct jwalk w = jwalk_in(text);
	int n = 0;

	while (jwalk_next(&w))
		n++;
	x->all = arena_try(r->arena, (size_t)n * sizeof(*x->all) + 1);
	for (w = jwalk_in(text); x->all && jwalk_next(&w);) {
		int *place = names_at(&x->keys, r->arena, key_of(r, &w));

		x->all[x->n] = (struct member){ w.item, w.value, *place };
		*place = ++x->n;
	}
}

/* All of that key, the first one first. */
static void put_repeated(struct retext *r, const struct index *x, int place)
{
	const struct member *m = &x->all[place - 1];

	if (m->before) {
		put_repeated(r, x, m->before);
		buf_byte(r->out, ',');
	}
	buf_span(r->out, m->item);
}

static int depth_of(const struct index *x, int place)
{
	int n = 0;

	for (; place && n <= REPEATED_MAX; n++)
		place = x->all[place - 1].before;
	return n;
}

static void put_member(struct retext *r, const struct index *x, int place,
		       const char *key, struct json_object *v)
{
	const struct member *m = place ? &x->all[place - 1] : NULL;

	if (m && depth_of(x, place) <= REPEATED_MAX && same(r, m->value, v)) {
		put_repeated(r, x, place);
		return;
	}
	put_key(r, key);
	if (m)
		put(r, m->value, v);
	else
		put_new(r, v);
}

static void put_object(struct retext *r, struct span text,
		       struct json_object *now)
{
	struct index x = { 0 };
	bool comma = false;

	if (put_in_place(r, text, now))
		return;
	index_members(r, &x, text);
	buf_byte(r->out, '{');
	json_object_object_foreach(now, key, v)
	{
		if (comma)
			buf_byte(r->out, ',');
		comma = true;
		put_member(r, &x, *names_at(&x.keys, r->arena, span_of(key)),
			   key, v);
	}
	buf_byte(r->out, '}');
}

/* The item of the list that is the same, from where the walk stands on. */
static bool find_same(struct retext *r, struct jwalk *w,
		      struct json_object *now)
{
	struct jwalk at = *w;

	for (int i = 0; i < NEAR && jwalk_next(&at); i++) {
		if (!same(r, at.value, now))
			continue;
		*w = at;
		return true;
	}
	return false;
}

static size_t count(struct span text)
{
	struct jwalk w = jwalk_in(text);
	size_t n = 0;

	while (jwalk_next(&w))
		n++;
	return n;
}

static void put_array(struct retext *r, struct span text,
		      struct json_object *now)
{
	bool in_place = count(text) == json_length(now);
	struct jwalk w = jwalk_in(text);
	const char *at = text.p;

	for (size_t i = 0; !in_place && i < json_length(now); i++) {
		struct json_object *v = json_object_array_get_idx(now, i);

		buf_byte(r->out, i ? ',' : '[');
		if (find_same(r, &w, v))
			buf_span(r->out, w.value);
		else
			put_new(r, v);
	}
	if (!in_place) {
		buf_str(r->out, json_length(now) ? "]" : "[]");
		return;
	}
	for (size_t i = 0; jwalk_next(&w); i++) {
		put_gap(r, &at, w.value.p);
		put(r, w.value, json_object_array_get_idx(now, i));
		at = w.value.p + w.value.n;
	}
	put_gap(r, &at, text.p + text.n);
}

static void put(struct retext *r, struct span text, struct json_object *now)
{
	if (same(r, text, now))
		buf_span(r->out, text);
	else if (jwalk_is_object(text) &&
		 json_object_is_type(now, json_type_object))
		put_object(r, text, now);
	else if (jwalk_is_array(text) &&
		 json_object_is_type(now, json_type_array))
		put_array(r, text, now);
	else
		put_new(r, now);
}

void retext(struct buf *out, struct arena *a, struct span text,
	    struct json_object *now)
{
	struct retext r = { .out = out, .arena = a, .all = text };

	jdoc_init(&r.doc);
	put(&r, span_trim(text), now);
	jdoc_release(&r.doc);
}
