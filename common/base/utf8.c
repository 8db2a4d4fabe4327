/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/utf8.h"

#include "base/vec.h"

#include <string.h>

static bool lead(struct utf8 *u, unsigned char c)
{
	u->lo = 0x80;
	u->hi = 0xbf;
	if (c < 0x80) {
		u->left = 0;
	} else if (c >= 0xc2 && c <= 0xdf) {
		u->left = 1;
	} else if (c >= 0xe0 && c <= 0xef) {
		u->left = 2;
		if (c == 0xe0)
			u->lo = 0xa0;
		else if (c == 0xed)
			u->hi = 0x9f;
	} else if (c >= 0xf0 && c <= 0xf4) {
		u->left = 3;
		if (c == 0xf0)
			u->lo = 0x90;
		else if (c == 0xf4)
			u->hi = 0x8f;
	} else {
		u->left = 0;
		return false;
	}
	return true;
}

bool utf8_take(struct utf8 *u, unsigned char c)
{
	if (u->left == 0)
		return lead(u, c);
	if (c < u->lo || c > u->hi) {
		u->left = 0;
		return false;
	}
	u->left--;
	u->lo = 0x80;
	u->hi = 0xbf;
	return true;
}

size_t utf8_put(unsigned char out[4], unsigned c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead_bits[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (unsigned char)(0x80 | (c & 0x3f));
	out[0] = (unsigned char)(lead_bits[n] | c);
	return n;
}

/* --- many bytes at a time ------------------------------------------------ */

/* The lowest top bit that is set is that of the first byte which is a control
 * character, a quote, a backslash or outside ASCII; above it may be others. */
static uint64_t odd_of(uint64_t x)
{
	uint64_t quote = x ^ VEC_ONES * '"', slash = x ^ VEC_ONES * '\\';

	return ((x - VEC_ONES * 0x20) | (quote - VEC_ONES) |
		(slash - VEC_ONES) | x) &
	       VEC_TOPS;
}

static size_t first_of(uint64_t odd)
{
	return (size_t)__builtin_ctzll(odd) / 8;
}

static vec plain_of(vec v)
{
	return (v > 0x1f) & ~((v == '"') | (v == '\\'));
}

#define BLOCK (4 * VEC_BYTES)

/* Behind the blocks from i on that are plain. */
static size_t skip_blocks(struct span s, size_t i)
{
	for (; i + BLOCK <= s.n; i += BLOCK) {
		const char *p = s.p + i;
		vec a = plain_of(vec_at(p));
		vec b = plain_of(vec_at(p + VEC_BYTES));
		vec c = plain_of(vec_at(p + 2 * VEC_BYTES));
		vec d = plain_of(vec_at(p + 3 * VEC_BYTES));

		if (!vec_all(a & b & c & d))
			break;
	}
	return i;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define FEW 32 /* bytes; most strings end before it is worth to take blocks */

size_t utf8_plain(struct span s)
{
	size_t i = 0;
	uint64_t odd;

	for (; i + 8 <= s.n; i += 8) {
		odd = odd_of(vec_eight(s.p + i));
		if (odd)
			return i + first_of(odd);
		if (i == FEW - 8)
			i = skip_blocks(s, FEW) - 8;
	}
	if (i < s.n && s.n >= 8) { /* the rest, with what is before it */
		odd = odd_of(vec_eight(s.p + s.n - 8));
		return odd ? s.n - 8 + first_of(odd) : s.n;
	}
	while (i < s.n && is_plain((unsigned char)s.p[i]))
		i++;
	return i;
}

static bool begins_char(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

#define COUNT_MAX (255 * VEC_BYTES) /* bytes that a vector can count */

size_t utf8_chars(struct span s)
{
	const char *p = s.p, *end = p + s.n;
	size_t n = 0;

	while ((size_t)(end - p) >= VEC_BYTES) {
		size_t left = (size_t)(end - p);
		const char *stop = p + (left < COUNT_MAX ? left : COUNT_MAX);
		vec_count begun = { 0 };

		for (; (size_t)(stop - p) >= VEC_BYTES; p += VEC_BYTES)
			begun -= (vec_count)(vec_at(p) >= (signed char)0xc0);
		n += vec_sum(begun);
	}
	for (; p < end; p++)
		n += begins_char(*p);
	return n;
}

/* The character at the front of s and its length; 0: there is none. `cut` when
 * the text ends in the middle of it. */
static size_t first(struct span s, unsigned *code, bool *cut)
{
	static const unsigned char bits[] = { 0x7f, 0x1f, 0x0f, 0x07 };
	struct utf8 u = { 0 };
	size_t n = 0;

	*cut = false;
	do {
		unsigned char c = (unsigned char)s.p[n];

		if (!utf8_take(&u, c))
			return 0;
		*code = n ? *code << 6 | (c & 0x3f) : c & bits[u.left];
		n++;
	} while (u.left && n < s.n);
	*cut = u.left;
	return *cut ? 0 : n;
}

static const struct {
	unsigned from, to;
	char instead;
} harmful[] = {
	{ 0, 0x1f, ' ' },          /* C0 */
	{ 0x7f, 0x9f, ' ' },       /* DEL, C1 */
	{ 0xad, 0xad, '?' },       /* soft hyphen */
	{ 0x061c, 0x061c, '?' },   /* Arabic letter mark */
	{ 0x180e, 0x180e, '?' },   /* Mongolian vowel separator */
	{ 0x200b, 0x200f, '?' },   /* without width; marks of direction */
	{ 0x2028, 0x2029, ' ' },   /* separators of lines */
	{ 0x202a, 0x202e, '?' },   /* embeddings and overrides of direction */
	{ 0x2060, 0x206f, '?' },   /* word joiner, isolates, the deprecated */
	{ 0xfeff, 0xfeff, '?' },   /* byte order mark */
	{ 0xfff9, 0xfffb, '?' },   /* interlinear notes */
	{ 0xe0000, 0xe007f, '?' }, /* tags: text that is not seen */
};

/* What a character is replaced by; 0: it may stay. */
static char instead_of(unsigned code)
{
	if (code >= 0x20 && code < 0x7f)
		return 0;
	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
		if (code >= harmful[i].from && code <= harmful[i].to)
			return harmful[i].instead;
	return 0;
}

size_t utf8_clean(char *p, size_t n)
{
	size_t to = 0, i = 0;

	while (i < n) {
		unsigned code = 0;
		bool cut;
		size_t len = first((struct span){ p + i, n - i }, &code, &cut);
		char c = len ? instead_of(code) : '?';

		if (cut)
			break;
		if (c)
			p[to++] = c;
		else
			memmove(p + to, p + i, len);
		to += c ? 0 : len;
		i += len ? len : 1;
	}
	return to;
}

void utf8_clean_str(char *s)
{
	s[utf8_clean(s, strlen(s))] = '\0';
}

void utf8_clean_buf(struct buf *b)
{
	if (!b->n)
		return;
	b->n = utf8_clean(b->p, b->n);
	b->p[b->n] = '\0';
}

static void put_escape(struct buf *out, unsigned code)
{
	if (code < 0x10000) {
		buf_fmt(out, "\\u%04x", code);
		return;
	}
	code -= 0x10000;
	buf_fmt(out, "\\u%04x\\u%04x", 0xd800 | code >> 10,
		0xdc00 | (code & 0x3ff));
}

static bool is_blank(unsigned code)
{
	return code == '\t' || code == '\n' || code == '\r';
}

void utf8_escape_json(struct buf *out, struct span json)
{
	size_t i = 0;

	while (i < json.n) {
		unsigned code = 0;
		bool cut;
		size_t len = first(span_skip(json, i), &code, &cut);

		if (!len)
			put_escape(out, 0xfffd);
		else if (instead_of(code) && !is_blank(code))
			put_escape(out, code);
		else
			buf_add(out, json.p + i, len);
		i += len ? len : 1;
	}
}

struct span utf8_fit(struct span s, size_t max)
{
	size_t end = max;

	if (s.n <= max)
		return s;
	/* Back to where a character begins, if there is one. */
	while (end && max - end < 3 && (s.p[end] & 0xc0) == 0x80)
		end--;
	s.n = (s.p[end] & 0xc0) == 0x80 ? max : end;
	return s;
}
