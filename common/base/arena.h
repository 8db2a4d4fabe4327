/* SPDX-License-Identifier: MIT */
/*
 * arena: memory with the life of one request.
 *
 * Everything taken from an arena is freed together. Reset keeps the first
 * block, so a worker thread that reuses its arena does not meet malloc on an
 * ordinary request. Not thread-safe; out of memory aborts.
 */
#ifndef DARIO_ARENA_H
#define DARIO_ARENA_H

#include "base/buf.h"

struct arena_block;
struct arena {
	struct arena_block *first, *last;
};

void arena_init(struct arena *a);
void arena_reset(struct arena *a);
void arena_release(struct arena *a);
void *arena_take(struct arena *a, size_t n); /* zeroed, aligned for any type */
char *arena_str(struct arena *a, struct span s); /* NUL-terminated copy */
char *arena_fmt(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
