/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/delta-chars.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

#define KEYS_MAX 5

/* Responses repeats in its last events, under other keys, what the deltas have
 * said. */
static const struct span keys[DIALECTS][KEYS_MAX] = {
	[DIALECT_ANTHROPIC] = { SPAN_INIT("text"), SPAN_INIT("thinking"),
				SPAN_INIT("partial_json") },
	[DIALECT_OPENAI] = { SPAN_INIT("content"),
			     SPAN_INIT("reasoning_content"),
			     SPAN_INIT("reasoning"), SPAN_INIT("arguments"),
			     SPAN_INIT("refusal") },
	[DIALECT_RESPONSES] = { SPAN_INIT("delta") },
};

/* False: there is a quote or a backslash in it. */
static bool count_plain(struct span text, size_t *chars)
{
	if (memchr(text.p, '"', text.n) || memchr(text.p, '\\', text.n))
		return false;
	*chars = utf8_chars(text);
	return true;
}

/* Of a string's inside. */
static size_t chars_of_string(struct span s)
{
	size_t n = 0;

	if (count_plain(s, &n))
		return n;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n && s.p[++i] == 'u')
			i += 4;
		n += ((unsigned char)s.p[i < s.n ? i : s.n - 1] & 0xc0) != 0x80;
	}
	return n;
}

/* The quote that ends the string which begins at p, or `end`. */
static const char *string_end(const char *p, const char *end)
{
	const char *quote = p, *back;

	while ((quote = memchr(quote, '"', (size_t)(end - quote)))) {
		for (back = quote; back > p && back[-1] == '\\'; back--)
			;
		if ((quote - back) % 2 == 0)
			return quote;
		quote++;
	}
	return end;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_counted(enum dialect_id d, struct span key)
{
	for (size_t i = 0; i < KEYS_MAX && keys[d][i].n; i++)
		if (span_eq(key, keys[d][i]))
			return true;
	return false;
}

/* --- from string to string, once ------------------------------------------ */

struct scan {
	const char *p, *end;
	size_t chars;
	const char *text; /* of the only counted string; NULL: of none */
	const char *stop; /* its quote */
	int counted;
};

static void take(struct scan *s, const char *text, const char *stop)
{
	s->chars +=
		chars_of_string((struct span){ text, (size_t)(stop - text) });
	s->text = text;
	s->stop = stop;
	s->counted++;
}

static void run(struct scan *s, enum dialect_id d)
{
	const char *p = s->p, *end = s->end;

	while (p < end && (p = memchr(p, '"', (size_t)(end - p)))) {
		struct span key = { p + 1, 0 };
		const char *stop = string_end(p + 1, end);

		key.n = (size_t)(stop - key.p);
		p = skip_blanks(stop < end ? stop + 1 : end, end);
		if (p == end || *p != ':')
			continue;
		p = skip_blanks(p + 1, end);
		if (p == end || *p != '"')
			continue;
		stop = string_end(p + 1, end);
		if (is_counted(d, key))
			take(s, p + 1, stop);
		p = stop < end ? stop + 1 : end;
	}
}

size_t delta_chars(enum dialect_id d, struct span data)
{
	struct scan s = { .p = data.p, .end = data.p + data.n };

	run(&s, d);
	return s.chars;
}

/* --- what stands around it ------------------------------------------------ */

/* Responses counts its events, mostly before the text. */
static void find_number(struct delta_frame *f)
{
	static const struct span name = SPAN_INIT("\"sequence_number\":");
	const char *at = memmem(f->bytes, f->before, name.p, name.n);

	f->number = f->behind = 0;
	if (!at)
		return;
	f->number = f->behind = (size_t)(at - f->bytes) + name.n;
	while (f->behind < f->before && is_digit(f->bytes[f->behind]))
		f->behind++;
}

static enum delta_like learn(struct delta_frame *f, struct span data,
			     const struct scan *s)
{
	size_t before, after;

	if (s->counted != 1)
		return DELTA_OTHER;
	before = (size_t)(s->text - data.p);
	after = (size_t)(s->end - s->stop);
	if (!after || before + after > DELTA_FRAME_MAX)
		return DELTA_OTHER;
	memcpy(f->bytes, data.p, before);
	memcpy(f->bytes + before, s->stop, after);
	f->before = before;
	f->after = after;
	find_number(f);
	return DELTA_LEARNT;
}

/* Where the text begins, when what stands before it is as it was; or NULL. */
static const char *text_after(const struct delta_frame *f, struct span data)
{
	const char *p = data.p + f->number, *end;
	size_t rest = f->before - f->behind;

	if (data.n < f->before + f->after ||
	    memcmp(data.p, f->bytes, f->number) != 0)
		return NULL;
	end = data.p + data.n - f->after;
	while (f->number && p < end && is_digit(*p))
		p++;
	if ((size_t)(end - p) < rest ||
	    memcmp(p, f->bytes + f->behind, rest) != 0)
		return NULL;
	return p + rest;
}

static bool ends_alike(const struct delta_frame *f, struct span data)
{
	return memcmp(data.p + data.n - f->after, f->bytes + f->before,
		      f->after) == 0;
}

/* The text is one string when no quote ends it earlier, and no backslash takes
 * away the one that does. */
size_t delta_chars_framed(struct delta_frame *f, enum dialect_id d,
			  struct span data, enum delta_like *like)
{
	const char *text = f->before ? text_after(f, data) : NULL;
	struct scan s = { .p = data.p, .end = data.p + data.n };

	*like = DELTA_ALIKE;
	if (text && ends_alike(f, data)) {
		const char *stop = s.end - f->after;
		struct span inside = { text, (size_t)(stop - text) };

		if (count_plain(inside, &s.chars))
			return s.chars;
		if (string_end(text, s.end) == stop)
			return chars_of_string(inside);
	}
	run(&s, d);
	*like = learn(f, data, &s);
	return s.chars;
}
