/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/delta-chars.h"

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

/* Bytes that do not go on with a character. */
size_t delta_chars_of(struct span text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

/* Of a string's inside. */
static size_t chars_of_string(struct span s)
{
	size_t n = 0;

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

static bool is_counted(enum dialect_id d, struct span key)
{
	for (size_t i = 0; i < KEYS_MAX && keys[d][i].n; i++)
		if (span_eq(key, keys[d][i]))
			return true;
	return false;
}

/* From string to string, once: each event of a stream is looked at. */
size_t delta_chars(enum dialect_id d, struct span data)
{
	const char *p = data.p, *end = p + data.n;
	size_t n = 0;

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
			n += chars_of_string(
				(struct span){ p + 1, (size_t)(stop - p - 1) });
		p = stop < end ? stop + 1 : end;
	}
	return n;
}
