/* SPDX-License-Identifier: MIT */
/*
 * buf: borrowed and owned bytes.
 *
 * A span borrows bytes: it never frees, and it dies with whatever it points
 * into. A buf owns bytes and is born with a hard maximum: an append that would
 * pass it is dropped whole and sets `full`, so a writer appends freely and
 * tests the flag once at the end. A large one that finds no memory is full as
 * well, and `starved`: err_full tells the two apart. Neither is thread-safe.
 */
#ifndef DARIO_BUF_H
#define DARIO_BUF_H

#include "base/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *p;
	size_t n;
};

#define SPAN_INIT(lit) \
	{ \
		"" lit, sizeof(lit) - 1 \
	} /* in constant tables */
#define SPAN(lit) ((struct span)SPAN_INIT(lit))
/* For "%.*s": spans from outside are capped long before INT_MAX. */
#define SPAN_FMT(s) (int)(s).n, (s).p

/* What is asked for or added is mostly a constant, whose length is known where
 * it stands: so the small ones are here. NULL gives an empty span. */
static inline struct span span_of(const char *s)
{
	return (struct span){ s ? s : "", s ? strlen(s) : 0 };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
	size_t n = strlen(s);

	return a.n == n && (n == 0 || memcmp(a.p, s, n) == 0);
}

static inline bool span_starts(struct span a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.n >= n && (n == 0 || memcmp(a.p, prefix, n) == 0);
}

/* ASCII case is ignored. */
static inline bool span_ieq(struct span a, const char *s)
{
	size_t n = strlen(s);

	return a.n == n && (n == 0 || strncasecmp(a.p, s, n) == 0);
}

bool span_has(struct span a, struct span part);
struct span span_trim(struct span a); /* blanks at both ends */

/* Without the first n bytes. */
static inline struct span span_skip(struct span a, size_t n)
{
	if (!a.n)
		return a; /* a.p may be NULL */
	n = n < a.n ? n : a.n;
	return (struct span){ a.p + n, a.n - n };
}

/* As text in C, into `size` bytes: what fits, up to a NUL. */
void span_text(char *out, size_t size, struct span s);
/* What stands before the first `sep`, or all; *rest goes on behind it. */
struct span span_cut(struct span *rest, char sep);
/* Is `name` one of the names in a list with commas? */
bool span_listed(struct span list, struct span name);
/* Only VCHAR (RFC 5234): what a header field or a query takes as it is. */
bool span_visible(struct span a);

struct buf {
	char *p; /* always NUL-terminated once something was added */
	size_t n;
	size_t cap;
	size_t max;   /* bytes, the terminator not counted */
	bool full;    /* something was dropped */
	bool starved; /* because memory was short */
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
void buf_fit(struct buf *b);    /* give up what is not needed, if it is much */
void buf_starve(struct buf *b); /* what should be added is not to be had */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_int(struct buf *b, int64_t v); /* in decimal */
void buf_fmt(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Empty again, memory kept. */
static inline void buf_reset(struct buf *b)
{
	b->n = 0;
	b->full = b->starved = false;
	if (b->p)
		b->p[0] = '\0';
}

static inline void buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

static inline void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline struct span buf_get(const struct buf *b)
{
	return (struct span){ b->p ? b->p : "", b->n };
}

static inline const char *buf_cstr(const struct buf *b)
{
	return b->p ? b->p : "";
}

#define BUF_SURE (16u << 10) /* bytes that are there (memory.h) */

/* Room for `want` more bytes to be written at the end by hand, then buf_took.
 * NULL (and `full`) when the maximum or memory does not allow it. */
char *buf_more(struct buf *b, size_t want); /* when memory has to grow */
static inline char *buf_room(struct buf *b, size_t want)
{
	if (want < b->cap - b->n && want <= b->max - b->n)
		return b->p + b->n;
	return buf_more(b, want);
}

static inline void buf_took(struct buf *b, size_t n)
{
	assert(b->n + n < b->cap);
	b->n += n;
	b->p[b->n] = '\0';
}

static inline void buf_byte(struct buf *b, char c)
{
	char *to = buf_room(b, 1);

	if (!to)
		return;
	*to = c;
	buf_took(b, 1);
}

/* Replace the `del` bytes at `at` by `ins`, which must not point into b. */
void buf_splice(struct buf *b, size_t at, size_t del, struct span ins);

#endif
