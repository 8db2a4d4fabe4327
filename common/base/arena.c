/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 2560           /* bytes: what most requests take */
#define BLOCK MEMORY_COUNTED /* each further one: the sum of many counts */

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	_Alignas(max_align_t) char data[];
};

void arena_init(struct arena *a)
{
	memset(a, 0, sizeof(*a));
}

static size_t bytes_of(size_t cap)
{
	return sizeof(struct arena_block) + cap;
}

static void free_from(struct arena_block *b)
{
	size_t sum = 0;

	while (b) {
		struct arena_block *next = b->next;

		sum += memory_counts(bytes_of(b->cap));
		free(b);
		b = next;
	}
	memory_let_go(sum);
}

void arena_reset(struct arena *a)
{
	a->full = false;
	if (!a->first)
		return;
	free_from(a->first->next);
	a->first->next = NULL;
	a->first->used = 0;
	a->last = a->first;
	a->size = a->first->cap;
}

void arena_release(struct arena *a)
{
	free_from(a->first);
	arena_init(a);
}

static struct arena_block *grow(struct arena *a, size_t n, bool sure)
{
	size_t least = a->first ? BLOCK : FIRST, cap = n > least ? n : least;
	size_t bytes = bytes_of(cap);
	struct arena_block *b = sure ? memory_grow_sure(NULL, 0, bytes)
				     : memory_grow(NULL, 0, bytes);

	if (!b)
		return NULL;
	b->next = NULL;
	b->used = 0;
	b->cap = cap;
	if (a->last)
		a->last->next = b;
	else
		a->first = b;
	a->last = b;
	a->size += cap;
	return b;
}

static void *take(struct arena *a, size_t n, bool sure)
{
	struct arena_block *b = a->last;
	void *p;

	n = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (!b || b->cap - b->used < n)
		b = grow(a, n, sure);
	if (!b) {
		a->full = true;
		return NULL;
	}
	p = b->data + b->used;
	b->used += n;
	return memset(p, 0, n);
}

void *arena_take(struct arena *a, size_t n)
{
	return take(a, n, true);
}

void *arena_try(struct arena *a, size_t n)
{
	return take(a, n, n <= ARENA_SURE && a->size <= ARENA_SURE - n);
}

struct span arena_span(struct arena *a, struct span s)
{
	char *p = arena_try(a, s.n + 1);

	if (!p)
		return SPAN("");
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct span){ p, s.n };
}

struct span arena_all(struct arena *a, const struct buf *b)
{
	if (b->starved)
		a->full = true;
	return b->full ? SPAN("") : arena_span(a, buf_get(b));
}

const char *arena_str(struct arena *a, struct span s)
{
	return arena_span(a, s).p;
}

const char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : arena_try(a, (size_t)n + 1);
	if (!p)
		return "";
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
