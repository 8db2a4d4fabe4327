/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/delta-chars.h"

#include <string.h>

#define KEYS_MAX 5

/* With quotes. Responses repeats in its last events, under other keys, what
 * the deltas have said. */
static const char *const keys[DIALECTS][KEYS_MAX] = {
	[DIALECT_ANTHROPIC] = { "\"text\"", "\"thinking\"",
				"\"partial_json\"" },
	[DIALECT_OPENAI] = { "\"content\"", "\"reasoning_content\"",
			     "\"reasoning\"", "\"arguments\"", "\"refusal\"" },
	[DIALECT_RESPONSES] = { "\"delta\"" },
};

/* Bytes that do not go on with a character. */
size_t delta_chars_of(struct span text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

/* Of the string that begins behind its quote. */
static size_t chars_of_string(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && s.p[i] != '"'; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n && s.p[++i] == 'u')
			i += 4;
		n += ((unsigned char)s.p[i < s.n ? i : s.n - 1] & 0xc0) != 0x80;
	}
	return n;
}

static size_t chars_behind(const char *key, struct span rest)
{
	size_t n = 0, len = strlen(key);
	const char *at;

	while ((at = memmem(rest.p, rest.n, key, len))) {
		rest = span_skip(rest, (size_t)(at - rest.p) + len);
		while (rest.n && strchr(" \t:", *rest.p))
			rest = span_skip(rest, 1);
		if (rest.n && *rest.p == '"')
			n += chars_of_string(span_skip(rest, 1));
	}
	return n;
}

size_t delta_chars(enum dialect_id d, struct span data)
{
	size_t n = 0;

	for (size_t i = 0; i < KEYS_MAX && keys[d][i]; i++)
		n += chars_behind(keys[d][i], data);
	return n;
}
