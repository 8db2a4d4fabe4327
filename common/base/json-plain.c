/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/json-plain.h"

#include "base/jval.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdlib.h>

#define DEPTH_MAX 32
#define KEY_MAX 127   /* bytes */
#define NUMBER_MAX 63 /* bytes */
#define INT_DIGITS 18 /* fit in 64 bits, whatever they are */

struct reading {
	const char *p, *end;
	int depth;
	bool locate;
	struct buf decoded; /* a string with escapes */
};

static bool value(struct reading *r, struct json_object **out);

static char at(const struct reading *r)
{
	return r->p < r->end ? *r->p : '\0';
}

static void skip_blanks(struct reading *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' ||
				 *r->p == '\t' || *r->p == '\r'))
		r->p++;
}

/* Is `c` next? Then step over it. */
static bool take(struct reading *r, char c)
{
	skip_blanks(r);
	if (at(r) != c)
		return false;
	r->p++;
	return true;
}

/* --- strings ------------------------------------------------------------- */

/* One outside of ASCII. */
static bool character(struct reading *r)
{
	struct utf8 u = { 0 };

	if (!(at(r) & 0x80))
		return false;
	do
		if (r->p == r->end || !utf8_take(&u, (unsigned char)*r->p++))
			return false;
	while (u.left);
	return true;
}

/* Half of a pair of escapes is no character, and NUL ends a C string. */
static bool is_odd(const char *p, size_t n)
{
	return !*p || (n == 3 && (unsigned char)p[0] == 0xed &&
		       (unsigned char)p[1] >= 0xa0);
}

static bool decode(struct reading *r, struct span *s)
{
	struct buf *out = &r->decoded;
	struct span in = *s;

	buf_reset(out);
	if (!buf_room(out, in.n)) /* it only becomes shorter */
		return false;
	while (in.n) {
		const char *slash = memchr(in.p, '\\', in.n);
		size_t plain = slash ? (size_t)(slash - in.p) : in.n, had, n;

		buf_add(out, in.p, plain);
		in = span_skip(in, plain);
		if (!in.n)
			break;
		had = out->n;
		n = jval_unescape(in, out);
		if (!n || is_odd(out->p + had, out->n - had))
			return false;
		in = span_skip(in, n);
	}
	*s = buf_get(out);
	return true;
}

/* Its opening quote is at p. */
static bool string(struct reading *r, struct span *s, bool *escaped)
{
	const char *from = ++r->p;

	*escaped = false;
	for (;;) {
		r->p += utf8_plain(
			(struct span){ r->p, (size_t)(r->end - r->p) });
		if (at(r) == '"')
			break;
		if (at(r) == '\\' && r->end - r->p > 1) {
			*escaped = true;
			r->p += 2;
		} else if (!character(r)) {
			return false;
		}
	}
	*s = (struct span){ from, (size_t)(r->p - from) };
	r->p++;
	return true;
}

static struct json_object *text(struct reading *r)
{
	struct span s;
	bool escaped;

	if (!string(r, &s, &escaped) || (escaped && !decode(r, &s)))
		return NULL;
	return json_object_new_string_len(s.p, (int)s.n);
}

/* --- numbers ------------------------------------------------------------- */

static bool digits(struct reading *r)
{
	const char *from = r->p;

	while (isdigit((unsigned char)at(r)))
		r->p++;
	return r->p > from;
}

static bool fraction(struct reading *r)
{
	if (at(r) == '.') {
		r->p++;
		if (!digits(r))
			return false;
	}
	if (at(r) == 'e' || at(r) == 'E') {
		r->p++;
		if (at(r) == '+' || at(r) == '-')
			r->p++;
		return digits(r);
	}
	return true;
}

static struct json_object *number(struct reading *r)
{
	const char *from = r->p, *whole;
	char text[NUMBER_MAX + 1];
	size_t n;

	if (at(r) == '-')
		r->p++;
	whole = r->p;
	if (!digits(r) || (*whole == '0' && r->p > whole + 1) || r->p == r->end)
		return NULL;
	if (at(r) != '.' && at(r) != 'e' && at(r) != 'E') {
		if (r->p - whole > INT_DIGITS ||
		    (*whole == '0' && whole > from))
			return NULL;
		return json_object_new_int64(strtoll(from, NULL, 10));
	}
	n = fraction(r) ? (size_t)(r->p - from) : 0;
	if (!n || n > NUMBER_MAX)
		return NULL;
	memcpy(text, from, n);
	text[n] = '\0';
	return json_object_new_double_s(strtod(text, NULL), text);
}

/* --- the rest ------------------------------------------------------------ */

/* It stands at p; the root's place is for the owner's own use. */
static struct json_object *located(const struct reading *r,
				   struct json_object *o)
{
	if (o && r->locate && r->depth > 1)
		json_object_set_userdata(o, (void *)(uintptr_t)r->p, NULL);
	return o;
}

/* No more memory than its values need: json_cost counts no more. */
static struct json_object *list_end(struct json_object *o)
{
	json_object_array_shrink(o, 0);
	return o;
}

static struct json_object *list(struct reading *r)
{
	struct json_object *o = located(r, json_object_new_array()), *v;

	r->p++;
	if (!o || take(r, ']'))
		return o ? list_end(o) : NULL;
	do {
		if (!value(r, &v))
			goto odd;
		if (json_object_array_add(o, v)) {
			json_object_put(v);
			goto odd;
		}
	} while (take(r, ','));
	if (take(r, ']'))
		return list_end(o);
odd:
	json_object_put(o);
	return NULL;
}

static bool key(struct reading *r, char out[KEY_MAX + 1])
{
	struct span s;
	bool escaped;

	skip_blanks(r);
	if (at(r) != '"' || !string(r, &s, &escaped) || escaped ||
	    s.n > KEY_MAX)
		return false;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return take(r, ':');
}

static struct json_object *object(struct reading *r)
{
	struct json_object *o = located(r, json_object_new_object()), *v;
	char name[KEY_MAX + 1];

	r->p++;
	if (!o || take(r, '}'))
		return o;
	do {
		if (!key(r, name) || !value(r, &v))
			goto odd;
		if (json_object_object_add(o, name, v)) {
			json_object_put(v);
			goto odd;
		}
	} while (take(r, ','));
	if (take(r, '}'))
		return o;
odd:
	json_object_put(o);
	return NULL;
}

static bool word(struct reading *r, const char *what)
{
	bool is = span_starts((struct span){ r->p, (size_t)(r->end - r->p) },
			      what);

	r->p += is ? strlen(what) : 0;
	return is;
}

/* False: it is not plain. null is NULL. */
static bool value(struct reading *r, struct json_object **out)
{
	*out = NULL;
	skip_blanks(r);
	if (r->depth == DEPTH_MAX)
		return false;
	r->depth++;
	switch (at(r)) {
	case '"':
		*out = text(r);
		break;
	case '{':
		*out = object(r);
		break;
	case '[':
		*out = list(r);
		break;
	case 'n':
		r->depth--;
		return word(r, "null");
	case 't':
		*out = word(r, "true") ? json_object_new_boolean(1) : NULL;
		break;
	case 'f':
		*out = word(r, "false") ? json_object_new_boolean(0) : NULL;
		break;
	default:
		*out = number(r);
		break;
	}
	r->depth--;
	return *out;
}

struct json_object *json_plain(struct span text, bool locate, size_t *end)
{
	struct reading r = { .p = text.p,
			     .end = span_skip(text, text.n).p,
			     .locate = locate };
	struct json_object *o = NULL;

	buf_init(&r.decoded, text.n);
	skip_blanks(&r);
	if ((at(&r) == '{' || at(&r) == '[') && value(&r, &o))
		skip_blanks(&r);
	if (at(&r) & 0x80) { /* json-c looks at what follows, too */
		json_object_put(o);
		o = NULL;
	}
	buf_release(&r.decoded);
	*end = (size_t)(r.p - text.p);
	return o;
}
