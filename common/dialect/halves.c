/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/halves.h"

#include "base/utf8.h"

#include <string.h>

static bool is_high(unsigned code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low(unsigned code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

/* The code of half a pair at the front of s, or 0. */
static unsigned half(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (s.n < 3 || p[0] != 0xed || p[1] < 0xa0 || p[1] > 0xbf ||
	    (p[2] & 0xc0) != 0x80)
		return 0;
	return 0xd000u | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
}

/* Do the bytes begin a character and not end it? */
static bool begins(struct span s)
{
	struct utf8 u = { 0 };

	for (size_t i = 0; i < s.n; i++)
		if (!utf8_take(&u, (unsigned char)s.p[i]))
			return false;
	return u.left;
}

size_t halves_at_end(struct span text)
{
	if (!text.n || !(text.p[text.n - 1] & 0x80))
		return 0;
	for (size_t n = 1; n <= HALF_MAX && n <= text.n; n++) {
		struct span end = span_skip(text, text.n - n);

		if ((end.p[0] & 0xc0) == 0x80)
			continue; /* not the first byte of any */
		return begins(end) || is_high(half(end)) ? n : 0;
	}
	return 0;
}

void halves_join(struct buf *out, struct span first, struct span text)
{
	unsigned high = half(first), low = half(text);
	unsigned char bytes[4];

	if (is_high(high) && is_low(low)) {
		unsigned code = 0x10000 + ((high - 0xd800) << 10) +
				(low - 0xdc00);

		buf_add(out, bytes, utf8_put(bytes, code));
		text = span_skip(text, 3);
	} else {
		buf_span(out, first);
	}
	buf_span(out, text);
}

/* The length of the character at the front of s, or 0. */
static size_t character(struct span s)
{
	struct utf8 u = { 0 };

	for (size_t i = 0; i < s.n; i++) {
		if (!utf8_take(&u, (unsigned char)s.p[i]))
			return 0;
		if (!u.left)
			return i + 1;
	}
	return 0;
}

struct span halves_mended(struct span text, struct buf *mem)
{
	size_t from = 0, i = 0;
	bool any = false;

	while ((i += utf8_plain(span_skip(text, i))) < text.n) {
		struct span rest = span_skip(text, i);
		size_t n = character(rest);

		if (n) {
			i += n;
			continue;
		}
		buf_add(mem, text.p + from, i - from);
		buf_str(mem, "\xef\xbf\xbd");
		i += half(rest) ? 3 : 1;
		from = i;
		any = true;
	}
	if (!any)
		return text;
	buf_span(mem, span_skip(text, from));
	return buf_get(mem);
}
