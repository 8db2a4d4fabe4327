/* SPDX-License-Identifier: MIT */
/*
 * arena: memory with the life of one request.
 *
 * Everything taken from an arena is freed together. Reset keeps the first
 * block, so a worker thread that reuses its arena does not meet malloc on an
 * ordinary request. Not thread-safe.
 *
 * What has a size or a number from outside can fail, once the request has
 * taken more than ARENA_SURE bytes: it sets `full`, which is looked at once,
 * when the request or the answer is made. arena_take is for small things of
 * our own: like xmalloc, it ends the process rather than fail.
 */
#ifndef DARIO_ARENA_H
#define DARIO_ARENA_H

#include "base/buf.h"

struct arena_block;
struct arena {
	struct arena_block *first, *last;
	size_t size; /* bytes of all blocks */
	bool full;   /* something was not to be had: memory is short */
};

#define ARENA_SURE (256u << 10) /* bytes */

void arena_init(struct arena *a);
void arena_reset(struct arena *a);
void arena_release(struct arena *a);
/* Zeroed, aligned for any type; arena_try gives NULL when it fails. */
void *arena_take(struct arena *a, size_t n);
void *arena_try(struct arena *a, size_t n);
/* Copies; empty when they fail. */
const char *arena_str(struct arena *a, struct span s); /* NUL-terminated */
struct span arena_span(struct arena *a, struct span s);
struct span arena_all(struct arena *a, const struct buf *b); /* if not full */
const char *arena_fmt(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
