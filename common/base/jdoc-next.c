/* SPDX-License-Identifier: MIT */
/* jdoc-next: texts that follow each other and differ in one string. */
#include "config.h"

#include "base/jval.h"
#include "base/vec.h"

#define LAST_MAX 1024 /* bytes of a text that is remembered */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Bytes at the front that are the same. */
static size_t alike_before(struct span a, struct span b)
{
	size_t n = least(a.n, b.n), i = 0;
	uint64_t x;

	for (; i + 8 <= n; i += 8) {
		x = vec_eight(a.p + i) ^ vec_eight(b.p + i);
		if (x)
			return i + (size_t)__builtin_ctzll(x) / 8;
	}
	while (i < n && a.p[i] == b.p[i])
		i++;
	return i;
}

/* The same at the end, up to `n` bytes. */
static size_t alike_behind(struct span a, struct span b, size_t n)
{
	const char *p = a.p + a.n, *q = b.p + b.n;
	size_t i = 0;
	uint64_t x;

	for (; i + 8 <= n; i += 8) {
		x = vec_eight(p - i - 8) ^ vec_eight(q - i - 8);
		if (x)
			return i + (size_t)__builtin_clzll(x) / 8;
	}
	while (i < n && p[-1 - (ptrdiff_t)i] == q[-1 - (ptrdiff_t)i])
		i++;
	return i;
}

/* Where it stood in the text that was read last, which may be gone. */
static size_t place_of(const struct jdoc *d, const char *p)
{
	return (size_t)((uintptr_t)p - (uintptr_t)d->last_at);
}

/* The string in which all lies that stood from `from` to `to`; or NULL. */
static struct jval *string_around(const struct jdoc *d, size_t from, size_t to)
{
	struct jval *end = d->list + d->list->count;

	for (struct jval *v = d->list; v < end; v++) {
		size_t at = place_of(d, v->text.p);

		if (v->kind == JVAL_STRING && at <= from &&
		    to <= at + v->text.n)
			return v;
	}
	return NULL;
}

/* All values stand in the new text, in which that string is longer by `more`,
 * and what is behind it so much further on. */
static void move(struct jdoc *d, const char *text, const struct jval *changed,
		 size_t more)
{
	size_t from = place_of(d, changed->text.p);
	size_t end = from + changed->text.n;

	for (size_t i = 0; i < d->list->count; i++) {
		struct jval *v = &d->list[i];
		size_t key = place_of(d, v->key.p);
		size_t at = place_of(d, v->text.p);

		if (v->key.n)
			v->key.p = text + (key > from ? key + more : key);
		else
			v->key = SPAN("");
		v->text.p = text + (at > from ? at + more : at);
		if (at <= from && at + v->text.n >= end)
			v->text.n += more;
	}
}

/* Is `text` as the last one but for what stands in one string? No quote and no
 * backslash in it: so it is the same string, and all others are the same. */
static bool retell(struct jdoc *d, struct span text)
{
	struct span was = buf_get(&d->last), now;
	size_t before = alike_before(was, text);
	size_t behind = alike_behind(was, text, least(was.n, text.n) - before);
	struct jval *v = string_around(d, before, was.n - behind);

	if (before == was.n && before == text.n)
		v = d->list; /* nothing is another */
	now = (struct span){ text.p + before, text.n - behind - before };
	if (!v || memchr(now.p, '"', now.n) || memchr(now.p, '\\', now.n))
		return false;
	move(d, text.p, v, text.n - was.n);
	return true;
}

static void remember(struct jdoc *d, struct span text)
{
	buf_reset(&d->last);
	d->last.max = LAST_MAX;
	if (d->list->kind != JVAL_OBJECT || d->strings.n || text.n > LAST_MAX)
		return;
	buf_span(&d->last, text);
	d->last_at = text.p;
}

const struct jval *jdoc_read_next(struct jdoc *d, struct span text,
				  struct err *e)
{
	if (!d->last.n || !retell(d, text))
		if (!jdoc_read(d, text, e))
			return NULL;
	remember(d, text);
	return d->list;
}
