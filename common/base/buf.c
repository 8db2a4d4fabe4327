/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool span_has(struct span a, struct span part)
{
	return part.n && a.n >= part.n && memmem(a.p, a.n, part.p, part.n);
}

void span_text(char *out, size_t size, struct span s)
{
	size_t n = s.n < size ? s.n : size - 1;

	if (n)
		n = strnlen(s.p, n);
	if (n)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

struct span span_cut(struct span *rest, char sep)
{
	const char *end = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
	struct span piece = *rest;

	if (end)
		piece.n = (size_t)(end - rest->p);
	*rest = span_skip(*rest, piece.n + 1);
	return piece;
}

bool span_listed(struct span list, struct span name)
{
	while (list.n)
		if (span_eq(span_trim(span_cut(&list, ',')), name))
			return true;
	return false;
}

bool span_visible(struct span a)
{
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] <= ' ' || a.p[i] > '~')
			return false;
	return true;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span a)
{
	while (a.n && blank(a.p[0])) {
		a.p++;
		a.n--;
	}
	while (a.n && blank(a.p[a.n - 1]))
		a.n--;
	return a;
}

void buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void buf_release(struct buf *b)
{
	memory_free(b->p, b->cap);
	buf_init(b, b->max);
}

/* A little that follows does not have it all copied once more. */
#define SLACK(n) (128 + (n) / 8)

static bool grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap * 2 : 128;
	char *p;

	if (cap < need)
		cap = need + SLACK(need);
	if (need <= BUF_SURE)
		p = memory_grow_sure(b->p, b->cap, cap);
	else if (!(p = memory_grow(b->p, b->cap, cap)))
		p = memory_grow(b->p, b->cap, cap = need);
	if (!p)
		return false;
	b->p = p;
	b->cap = cap;
	return true;
}

void buf_fit(struct buf *b)
{
	if (b->cap < b->n + 1 + MEMORY_SMALL)
		return;
	b->p = memory_grow_sure(b->p, b->cap, b->n + 1);
	b->cap = b->n + 1;
}

void buf_starve(struct buf *b)
{
	b->full = b->starved = true;
}

char *buf_more(struct buf *b, size_t want)
{
	size_t need;

	if (want > b->max || b->n > b->max - want) {
		b->full = true;
		return NULL;
	}
	need = b->n + want + 1;
	if (need > b->cap && !grow(b, need)) {
		buf_starve(b);
		return NULL;
	}
	return b->p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	char *to = buf_room(b, n);

	if (!to)
		return;
	if (n)
		memcpy(to, p, n);
	buf_took(b, n);
}

void buf_int(struct buf *b, int64_t v)
{
	uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char text[20], *p = text + sizeof(text); /* 2^63 has 19 digits */

	do
		*--p = (char)('0' + rest % 10);
	while (rest /= 10);
	if (v < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !(to = buf_room(b, (size_t)n)))
		return;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_took(b, (size_t)n);
}

void buf_splice(struct buf *b, size_t at, size_t del, struct span ins)
{
	assert(at <= b->n && del <= b->n - at);
	if (ins.n > del && !buf_room(b, ins.n - del))
		return;
	if (!b->p)
		return;
	memmove(b->p + at + ins.n, b->p + at + del, b->n - at - del);
	if (ins.n)
		memcpy(b->p + at, ins.p, ins.n);
	b->n = b->n - del + ins.n;
	b->p[b->n] = '\0';
}
