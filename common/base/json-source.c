/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/json-source.h"

#include "base/jwalk.h"

#include <stdlib.h>
#include <string.h>

/* Goes through the text and the tree at once. Text that is not what was read
 * ends the walk. */
struct walk {
	const char *p, *end;
	bool lost;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Is `c` next? Then step over it. */
static bool take(struct walk *w, char c)
{
	while (w->p < w->end && is_blank(*w->p))
		w->p++;
	if (w->p == w->end || *w->p != c)
		return false;
	w->p++;
	return true;
}

/* --- numbers ------------------------------------------------------------- */

#define SAFE_DIGITS 18 /* fit in 64 bits, whatever they are */

/* Fractions and exponents json-c keeps as written. */
static bool is_odd(struct span number, struct json_object *o)
{
	if (memchr(number.p, '.', number.n) ||
	    memchr(number.p, 'e', number.n) || memchr(number.p, 'E', number.n))
		return false;
	if (number.n <= SAFE_DIGITS && !span_is(number, "-0"))
		return false;
	return !span_eq(number, json_text(o));
}

static struct json_object *as_written(struct span number)
{
	char *text = strndup(number.p, number.n);
	struct json_object *o = NULL;

	if (text)
		o = json_object_new_double_s(strtod(text, NULL), text);
	free(text);
	return o;
}

/* NULL: `o` says what the text does. `again`: `o` may be of an earlier member
 * with the same key. */
static struct json_object *number(struct span text, struct json_object *o,
				  bool again)
{
	struct json_object *own = NULL;
	struct err unused;

	if (again) {
		struct span value = { text.p, text.n + 1 };

		o = own = json_take(&value, &unused);
	}
	if (!is_odd(text, o))
		return own;
	json_object_put(own);
	return as_written(text);
}

/* --- the walk ------------------------------------------------------------ */

/* The value at w->p, which is `o` in the tree, or not in it (NULL). The value
 * that has to take its place, or NULL. */
static struct json_object *value(struct walk *w, struct json_object *o,
				 bool again);

static void skip_key(struct walk *w, struct span *key)
{
	const char *from = w->p;

	w->p = jwalk_string_end(from - 1, w->end);
	*key = (struct span){ from, (size_t)(w->p - from) };
	if (key->n)
		key->n--;
	w->lost |= !take(w, ':');
}

/* Members stand in the tree in the order of the text: `next` is this one, but
 * for a key that came before (*again). */
static struct lh_entry *find(struct json_object *o, struct span key,
			     struct lh_entry *next, bool *again)
{
	struct span quoted = { key.p - 1, key.n + 2 };
	struct json_object *decoded;
	struct lh_entry *found;
	struct err unused;

	*again = false;
	if (next && !memchr(key.p, '\\', key.n) &&
	    span_is(key, lh_entry_k(next)))
		return next;
	decoded = json_take(&quoted, &unused);
	found = decoded ? lh_table_lookup_entry(json_object_get_object(o),
						json_object_get_string(decoded))
			: NULL;
	json_object_put(decoded);
	*again = found && found != next;
	return found;
}

/* `again`: what stands in `o` may be of an earlier member, as for a value. */
static void members(struct walk *w, struct json_object *o, bool again)
{
	struct lh_entry *next = o ? lh_table_head(json_object_get_object(o))
				  : NULL;

	if (take(w, '}'))
		return;
	do {
		struct lh_entry *at = NULL;
		struct json_object *now;
		bool twice = false;
		struct span key;

		w->lost |= !take(w, '"');
		if (w->lost)
			return;
		skip_key(w, &key);
		if (o)
			at = find(o, key, next, &twice);
		now = value(w, at ? lh_entry_v(at) : NULL, again || twice);
		if (now) {
			json_object_put(lh_entry_v(at));
			lh_entry_set_val(at, now);
		}
		if (at && at == next)
			next = lh_entry_next(at);
	} while (!w->lost && take(w, ','));
	w->lost |= !take(w, '}');
}

static void items(struct walk *w, struct json_object *o, bool again)
{
	size_t i = 0;

	if (take(w, ']'))
		return;
	do {
		struct json_object *now = value(w, json_at(o, i), again);

		if (now)
			json_object_array_put_idx(o, i, now);
		i++;
	} while (!w->lost && take(w, ','));
	w->lost |= !take(w, ']');
}

/* `o` if it has this type; it stands at `at`. */
static struct json_object *located(struct json_object *o, enum json_type type,
				   const char *at)
{
	if (!json_object_is_type(o, type))
		return NULL;
	json_object_set_userdata(o, (void *)(uintptr_t)at, NULL);
	return o;
}

static struct json_object *value(struct walk *w, struct json_object *o,
				 bool again)
{
	const char *from;

	if (take(w, '{')) {
		members(w, located(o, json_type_object, w->p - 1), again);
		return NULL;
	}
	if (take(w, '[')) {
		items(w, located(o, json_type_array, w->p - 1), again);
		return NULL;
	}
	from = w->p;
	w->p = jwalk_end(from, w->end);
	w->lost |= w->p == from || w->p == w->end;
	if (w->lost || (*from != '-' && (*from < '0' || *from > '9')))
		return NULL;
	if (!json_object_is_type(o, json_type_int) &&
	    !json_object_is_type(o, json_type_double))
		return NULL;
	return number((struct span){ from, (size_t)(w->p - from) }, o, again);
}

static void locate(struct json_object *root, struct span text)
{
	struct walk w = { .p = text.p, .end = text.p + text.n };

	/* The root itself keeps what json_read has put there. */
	if (json_object_is_type(root, json_type_object) && take(&w, '{'))
		members(&w, root, false);
	else if (json_object_is_type(root, json_type_array) && take(&w, '['))
		items(&w, root, false);
}

struct json_object *json_read_located(struct span text, struct err *e)
{
	bool located = false;
	struct json_object *o = json_read_locating(text, &located, e);

	if (o && !located)
		locate(o, text);
	return o;
}

/* --- the words ----------------------------------------------------------- */

struct span json_located(struct json_object *v, struct span text)
{
	uintptr_t from = (uintptr_t)text.p, at;
	const char *p;

	if (!json_object_is_type(v, json_type_object) &&
	    !json_object_is_type(v, json_type_array))
		return SPAN("");
	at = (uintptr_t)json_object_get_userdata(v);
	if (at < from || at - from >= text.n)
		return SPAN("");
	p = text.p + (at - from);
	return (struct span){ p, (size_t)(jwalk_end(p, text.p + text.n) - p) };
}

/* Behind what has no blanks between its values. */
static const char *dense(const char *p, const char *end)
{
	while (p < end && !is_blank(*p))
		p = *p == '"' ? jwalk_string_end(p, end) : p + 1;
	return p;
}

void json_dense(struct buf *out, struct span text)
{
	const char *p = text.p, *end = text.p + text.n, *to;

	while (p < end) {
		to = dense(p, end);
		buf_add(out, p, (size_t)(to - p));
		p = to < end ? to + 1 : to;
	}
}

struct span json_wording(struct arena *a, struct json_object *v,
			 struct span text)
{
	struct span s = json_located(v, text);
	struct buf b;

	if (!s.n)
		return json_said(v, &a->full);
	if (dense(s.p, s.p + s.n) == s.p + s.n)
		return s;
	buf_init(&b, s.n);
	json_dense(&b, s);
	s = arena_all(a, &b);
	buf_release(&b);
	return s;
}
