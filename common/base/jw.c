/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct jw jw_to(struct buf *out)
{
	return (struct jw){ .out = out };
}

static void before(struct jw *w)
{
	if (w->comma)
		buf_byte(w->out, ',');
	w->comma = true;
}

static void open_with(struct jw *w, char c)
{
	before(w);
	buf_byte(w->out, c);
	w->comma = false;
}

static void close_with(struct jw *w, char c)
{
	buf_byte(w->out, c);
	w->comma = true;
}

void jw_obj(struct jw *w)
{
	open_with(w, '{');
}

void jw_obj_end(struct jw *w)
{
	close_with(w, '}');
}

void jw_arr(struct jw *w)
{
	open_with(w, '[');
}

void jw_arr_end(struct jw *w)
{
	close_with(w, ']');
}

static void escape_byte(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
		buf_str(out, "\\\"");
		return;
	case '\\':
		buf_str(out, "\\\\");
		return;
	case '\n':
		buf_str(out, "\\n");
		return;
	case '\r':
		buf_str(out, "\\r");
		return;
	case '\t':
		buf_str(out, "\\t");
		return;
	}
	buf_fmt(out, "\\u%04x", c);
}

/* Length of the valid UTF-8 sequence at p, or 0. */
static size_t sequence(const unsigned char *p, size_t n)
{
	struct utf8 u = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!utf8_take(&u, p[i]))
			return 0;
		if (u.left == 0)
			return i + 1;
	}
	return 0;
}

void jw_escape(struct buf *out, struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t from = 0, i = 0;

	if (!s.n)
		return; /* s.p may be NULL */
	while ((i += utf8_plain(span_skip(s, i))) < s.n) {
		size_t len = p[i] < 0x80 ? 0 : sequence(p + i, s.n - i);

		if (len) {
			i += len;
			continue;
		}
		buf_add(out, p + from, i - from);
		if (p[i] >= 0x80)
			buf_str(out, "\xef\xbf\xbd");
		else
			escape_byte(out, p[i]);
		from = ++i;
	}
	buf_add(out, s.p + from, s.n - from);
}

/* With its quotes and, of a name, the colon. Most are plain. */
static void put_string(struct jw *w, struct span s, bool name)
{
	struct buf *out = w->out;
	bool plain = utf8_plain(s) == s.n;
	char *to;

	before(w);
	to = plain ? buf_room(out, s.n + 2 + name) : NULL;
	if (to) {
		*to = '"';
		if (s.n) /* else s.p may be NULL */
			memcpy(to + 1, s.p, s.n);
		to[s.n + 1] = '"';
		to[s.n + 2] = ':';
		buf_took(out, s.n + 2 + name);
	} else if (!plain) {
		buf_byte(out, '"');
		jw_escape(out, s);
		buf_str(out, name ? "\":" : "\"");
	}
	w->comma = !name;
}

void jw_str(struct jw *w, struct span s)
{
	put_string(w, s, false);
}

void jw_name(struct jw *w, struct span name)
{
	put_string(w, name, true);
}

void jw_plain_key(struct jw *w, const char *key, size_t n)
{
	size_t all = w->comma + n + 3;
	char *to = buf_room(w->out, all);

	if (to) {
		if (w->comma)
			*to++ = ',';
		*to++ = '"';
		memcpy(to, key, n);
		memcpy(to + n, "\":", 2);
		buf_took(w->out, all);
	}
	w->comma = false;
}

void jw_int(struct jw *w, int64_t v)
{
	before(w);
	buf_int(w->out, v);
}

#define PLACES 6
#define PLACES_UNIT 1000000
#define DECIMAL_MAX 1000000.0

/* With a few decimals, as most are: the quotient of two whole numbers is
 * rounded as a reader rounds their decimal. */
static bool put_decimal(struct jw *w, double v)
{
	int64_t n = 0;
	char digits[PLACES];
	int last = 0;

	if (v >= 0 && v < DECIMAL_MAX)
		n = (int64_t)(v * PLACES_UNIT + 0.5);
	if (n == 0 || (double)n / PLACES_UNIT != v)
		return false;
	jw_int(w, n / PLACES_UNIT);
	n %= PLACES_UNIT;
	for (int i = PLACES; i-- > 0; n /= 10) {
		digits[i] = (char)('0' + n % 10);
		if (!last && digits[i] != '0')
			last = i + 1;
	}
	if (last) {
		buf_byte(w->out, '.');
		buf_add(w->out, digits, (size_t)last);
	}
	return true;
}

void jw_double(struct jw *w, double v)
{
	char text[40];

	if (put_decimal(w, v))
		return;
	snprintf(text, sizeof(text), "%.15g", v);
	if (strtod(text, NULL) != v)
		snprintf(text, sizeof(text), "%.17g", v);
	jw_raw(w, span_of(text));
}

void jw_raw(struct jw *w, struct span json)
{
	before(w);
	if (!json.n)
		buf_starve(w->out);
	buf_span(w->out, json);
}

void jw_bool(struct jw *w, bool v)
{
	jw_raw(w, v ? SPAN("true") : SPAN("false"));
}

void jw_null(struct jw *w)
{
	jw_raw(w, SPAN("null"));
}
