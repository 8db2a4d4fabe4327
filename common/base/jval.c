/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jval.h"

#include "base/json-source.h"
#include "base/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#define LIST_MIN 64 /* entries: most events need no more */

void jdoc_init(struct jdoc *d)
{
	memset(d, 0, sizeof(*d));
}

void jdoc_release(struct jdoc *d)
{
	memory_free(d->list, d->cap * sizeof(*d->list));
	buf_release(&d->strings);
	buf_release(&d->last);
	jdoc_init(d);
}

/* --- reading ------------------------------------------------------------- */

struct reading {
	struct jdoc *d;
	struct err *e;
	const char *begin, *p, *end;
	size_t n;                  /* entries so far */
	uint32_t open[JDOC_DEPTH]; /* containers whose end has not come */
	unsigned depth;
};

static int bad(struct reading *r, const char *what)
{
	return err_set(r->e, ERR_BAD_REQUEST, "not JSON at byte %zu: %s",
		       (size_t)(r->p - r->begin), what);
}

static int grow(struct reading *r)
{
	struct jdoc *d = r->d;
	size_t size = sizeof(*d->list);
	size_t cap = d->cap ? d->cap * 2 : LIST_MIN;
	struct jval *list;

	if (cap > JDOC_MAX / size)
		cap = JDOC_MAX / size;
	if (cap == d->cap)
		return err_set(r->e, ERR_TOO_BIG,
			       "JSON of %zu bytes has so many values that they "
			       "would take more than %u MiB of memory, which "
			       "is the most that one text gets",
			       (size_t)(r->end - r->begin), JDOC_MAX >> 20);
	list = memory_grow(d->list, d->cap * size, cap * size);
	if (!list)
		return err_memory(r->e);
	d->list = list;
	d->cap = cap;
	return 0;
}

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

/* The code of the \u escape at the front of s; -1: there is none. */
static int unit(struct span s)
{
	int code = 0;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!isxdigit(c))
			return -1;
		code = code << 4 |
		       (isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return code;
}

size_t jval_unescape(struct span s, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int code = unit(s), low;
	unsigned char bytes[4];
	const char *hit;

	if (code < 0) {
		hit = s.n > 1 && s.p[1] ? strchr(from, s.p[1]) : NULL;
		if (!hit)
			return 0;
		buf_byte(out, to[hit - from]);
		return 2;
	}
	low = (code & 0xfc00) == 0xd800 ? unit(span_skip(s, 6)) : -1;
	if (low >= 0xdc00 && low <= 0xdfff)
		code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
	buf_add(out, bytes, utf8_put(bytes, (unsigned)code));
	return code > 0xffff ? 12 : 6;
}

/* What a string with escapes says. It is never longer than its text: there is
 * room for the rest of the text, so that nothing moves later. */
static int decode(struct reading *r, struct span *s)
{
	struct buf *out = &r->d->strings;
	struct span in = *s;
	size_t from, n;

	if (!out->n && !buf_room(out, (size_t)(r->end - s->p)))
		return err_memory(r->e);
	from = out->n;
	while (in.n) {
		const char *slash = memchr(in.p, '\\', in.n);

		n = slash ? (size_t)(slash - in.p) : in.n;
		buf_add(out, in.p, n);
		in = span_skip(in, n);
		n = in.n ? jval_unescape(in, out) : 0;
		if (in.n && !n)
			return bad(r, "unknown escape");
		in = span_skip(in, n);
	}
	*s = (struct span){ out->p + from, out->n - from };
	return 0;
}

/* The string whose opening quote is at p. */
static int string(struct reading *r, struct span *s)
{
	const char *from = r->p + 1, *p = from, *slash;

	while ((p = memchr(p, '"', (size_t)(r->end - p)))) {
		for (slash = p; slash > from && slash[-1] == '\\';)
			slash--;
		if ((p - slash) % 2 == 0)
			break;
		p++;
	}
	if (!p)
		return bad(r, "a string without an end");
	*s = (struct span){ from, (size_t)(p - from) };
	r->p = p + 1;
	return memchr(s->p, '\\', s->n) ? decode(r, s) : 0;
}

static bool word(struct reading *r, const char *what)
{
	size_t n = strlen(what);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, what, n))
		return false;
	r->p += n;
	return true;
}

static bool digits(struct reading *r)
{
	const char *from = r->p;

	while (isdigit((unsigned char)at(r)))
		r->p++;
	return r->p > from;
}

static bool number(struct reading *r)
{
	if (at(r) == '-')
		r->p++;
	if (at(r) == '0')
		r->p++;
	else if (!digits(r))
		return false;
	if (at(r) == '.') {
		r->p++;
		if (!digits(r))
			return false;
	}
	if (at(r) != 'e' && at(r) != 'E')
		return true;
	r->p++;
	if (at(r) == '+' || at(r) == '-')
		r->p++;
	return digits(r);
}

/* No numbers of JSON, but of many programs that write it. */
static bool no_number(struct reading *r)
{
	return word(r, "NaN") || word(r, "Infinity") || word(r, "-Infinity");
}

static int scalar(struct reading *r, struct jval *v)
{
	if (word(r, "null"))
		v->kind = JVAL_NULL;
	else if (word(r, "true") || word(r, "false"))
		v->kind = JVAL_BOOL;
	else if (no_number(r) || number(r))
		v->kind = JVAL_NUMBER;
	else
		return bad(r, "no value");
	v->text.n = (size_t)(r->p - v->text.p);
	return 0;
}

/* A value, of a container its beginning. */
static int value(struct reading *r, struct span key)
{
	struct jval *v;
	char c = at(r);

	if (r->depth == JDOC_DEPTH)
		return bad(r, "nested too deeply");
	if (r->n == r->d->cap && grow(r))
		return -1;
	v = &r->d->list[r->n];
	v->key = key;
	v->text = (struct span){ r->p, 0 };
	v->count = 1;
	v->names = 0;
	if (c == '"') {
		v->kind = JVAL_STRING;
		if (string(r, &v->text))
			return -1;
	} else if (c == '{' || c == '[') {
		v->kind = c == '{' ? JVAL_OBJECT : JVAL_ARRAY;
		r->open[r->depth++] = (uint32_t)r->n;
		r->p++;
	} else if (scalar(r, v)) {
		return -1;
	}
	r->n++;
	return 0;
}

static int member(struct reading *r)
{
	struct span key;

	if (at(r) != '"')
		return bad(r, "a key was expected");
	if (string(r, &key))
		return -1;
	skip_blanks(r);
	if (at(r) != ':')
		return bad(r, "a colon was expected");
	r->p++;
	skip_blanks(r);
	r->d->list[r->open[r->depth - 1]].names |= jval_name_bit(key.p, key.n);
	return value(r, key);
}

/* The next item of the innermost container, or its end. */
static int item(struct reading *r)
{
	size_t index = r->open[r->depth - 1];
	struct jval *in = &r->d->list[index];
	bool object = in->kind == JVAL_OBJECT;

	skip_blanks(r);
	if (at(r) == (object ? '}' : ']')) {
		r->p++;
		r->depth--;
		in->count = (uint32_t)(r->n - index);
		in->text.n = (size_t)(r->p - in->text.p);
		return 0;
	}
	if (r->n > index + 1) {
		if (at(r) != ',')
			return bad(r, "a comma was expected");
		r->p++;
		skip_blanks(r);
	}
	return object ? member(r) : value(r, SPAN(""));
}

const struct jval *jdoc_take(struct jdoc *d, struct span *text, struct err *e)
{
	struct reading r = { .d = d,
			     .e = e,
			     .begin = text->p,
			     .p = text->p,
			     .end = text->p + text->n };
	int rc;

	buf_reset(&d->strings);
	buf_reset(&d->last);
	d->strings.max = text->n;
	skip_blanks(&r);
	rc = value(&r, SPAN(""));
	while (rc == 0 && r.depth)
		rc = item(&r);
	*text = span_skip(*text, (size_t)(r.p - r.begin));
	return rc ? NULL : d->list;
}

const struct jval *jdoc_read(struct jdoc *d, struct span text, struct err *e)
{
	const struct jval *v = jdoc_take(d, &text, e);

	if (!v || !span_trim(text).n)
		return v;
	err_set(e, ERR_BAD_REQUEST, "not JSON: text follows the value");
	return NULL;
}

/* --- looking ------------------------------------------------------------- */

const struct jval *jval_items(const struct jval *v)
{
	return jval_is(v, JVAL_ARRAY) && v->count > 1 ? v + 1 : NULL;
}

const struct jval *jval_members(const struct jval *v)
{
	return jval_is(v, JVAL_OBJECT) && v->count > 1 ? v + 1 : NULL;
}

const struct jval *jval_next(const struct jval *in, const struct jval *v)
{
	const struct jval *next = v + v->count;

	return next < in + in->count ? next : NULL;
}

size_t jval_length(const struct jval *list)
{
	size_t n = 0;

	for (const struct jval *v = jval_items(list); v; v = jval_next(list, v))
		n++;
	return n;
}

const struct jval *jval_at(const struct jval *list, size_t i)
{
	const struct jval *v = jval_items(list);

	for (; v && i; i--)
		v = jval_next(list, v);
	return v && v->kind != JVAL_NULL ? v : NULL;
}

static bool same_key(struct span a, struct span b)
{
	return a.n == b.n &&
	       (!a.n || (*a.p == *b.p && memcmp(a.p, b.p, a.n) == 0));
}

const struct jval *jval_find(const struct jval *o, struct span key)
{
	const struct jval *found = NULL, *end;

	if (!jval_is(o, JVAL_OBJECT))
		return NULL;
	end = o + o->count;
	for (const struct jval *v = o + 1; v < end; v += v->count)
		if (same_key(v->key, key))
			found = v;
	return found && found->kind != JVAL_NULL ? found : NULL;
}

struct span jval_text(const struct jval *v)
{
	return jval_is(v, JVAL_STRING) ? v->text : SPAN("");
}

/* --- numbers ------------------------------------------------------------- */

#define WHOLE_MAX 9007199254740992.0 /* doubles are exact up to here */

/* What is too large becomes the largest. */
static int64_t to_int(struct span s)
{
	bool minus = s.n && s.p[0] == '-';
	int64_t v = 0;

	for (size_t i = minus; i < s.n; i++) {
		int digit = s.p[i] - '0';

		if (v > (INT64_MAX - digit) / 10)
			return minus ? INT64_MIN : INT64_MAX;
		v = v * 10 + digit;
	}
	return minus ? -v : v;
}

static bool is_integer(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]) && (i || s.p[i] != '-'))
			return false;
	return true;
}

/* Behind a number in a text there is what ends it. */
static double to_double(const struct jval *v)
{
	return strtod(v->text.p, NULL);
}

double jval_number_of(const struct jval *v, double otherwise)
{
	return jval_is(v, JVAL_NUMBER) ? to_double(v) : otherwise;
}

/* 12.0 is 12: some programs know one kind of number only. */
static bool whole(const struct jval *v, int64_t *to)
{
	double d;

	if (!jval_is(v, JVAL_NUMBER))
		return false;
	if (is_integer(v->text)) {
		*to = to_int(v->text);
		return true;
	}
	d = to_double(v);
	if (!(d >= -WHOLE_MAX && d <= WHOLE_MAX && trunc(d) == d))
		return false;
	*to = (int64_t)d;
	return true;
}

int64_t jval_int_of(const struct jval *v, int64_t otherwise)
{
	int64_t n;

	return whole(v, &n) ? n : otherwise;
}

static int64_t to_count(int64_t v)
{
	if (v < 0)
		return 0;
	return v < JSON_COUNT_MAX ? v : JSON_COUNT_MAX;
}

/* "12" is 12, too, where numbers are counted. */
static bool is_digits(struct span s)
{
	return s.n > 0 && s.n <= 18 && s.p[0] != '-' && is_integer(s);
}

int64_t jval_count_of(const struct jval *v, int64_t otherwise)
{
	int64_t n = otherwise;
	double d;

	if (is_digits(jval_text(v))) {
		n = to_int(v->text);
	} else if (jval_is(v, JVAL_NUMBER) && !whole(v, &n)) {
		d = to_double(v);
		if (isfinite(d) && d >= 0)
			n = d < JSON_COUNT_MAX ? (int64_t)d : JSON_COUNT_MAX;
	}
	return to_count(n);
}

/* --- as text again ------------------------------------------------------- */

static void write_scalar(struct jw *w, const struct jval *v)
{
	bool nan = v->kind == JVAL_NUMBER &&
		   !isdigit((unsigned char)v->text.p[v->text.n - 1]);

	if (v->kind == JVAL_STRING)
		jw_str(w, v->text);
	else if (nan)
		jw_null(w);
	else
		jw_raw(w, v->text);
}

void jval_write(struct jw *w, const struct jval *v)
{
	const struct jval *i;

	switch (v->kind) {
	case JVAL_NULL:
	case JVAL_BOOL:
	case JVAL_NUMBER:
	case JVAL_STRING:
		write_scalar(w, v);
		break;
	case JVAL_ARRAY:
		jw_arr(w);
		for (i = jval_items(v); i; i = jval_next(v, i))
			jval_write(w, i);
		jw_arr_end(w);
		break;
	case JVAL_OBJECT:
		jw_obj(w);
		for (i = jval_members(v); i; i = jval_next(v, i)) {
			jw_name(w, i->key);
			jval_write(w, i);
		}
		jw_obj_end(w);
		break;
	}
}

/* Half of a pair of escapes would stay what some refuse to read. */
static bool may_have_halves(struct span text)
{
	return span_has(text, SPAN("\\ud")) || span_has(text, SPAN("\\uD"));
}

struct span jval_said(struct arena *a, const struct jval *v)
{
	struct span said;
	struct buf text;
	struct jw w = jw_to(&text);

	if (!v || v->kind == JVAL_STRING)
		return jval_text(v);
	buf_init(&text, JDOC_MAX);
	if (may_have_halves(v->text))
		jval_write(&w, v);
	else
		json_dense(&text, v->text);
	if (text.full)
		a->full = true;
	said = arena_all(a, &text);
	buf_release(&text);
	return said;
}
