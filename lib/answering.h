/* SPDX-License-Identifier: MIT */
/*
 * answering: what a provider answers, read and written anew for the client.
 *
 * The one way of the worker and of dario.h, behind a conversion whose `anew`
 * is set. After answering_init either bytes of a stream, in pieces of any size,
 * by answering_feed, and answering_end; or answering_whole with a body. What
 * the client is to have by then is lent by answering_take, after a failure as
 * well; it lies there until the next piece is fed. A client that wants no
 * stream gets all of it at the end. At last answering_release, also after a
 * failure. Memory is the chat's arena, which outlives it. Not thread-safe.
 */
#ifndef DARIO_ANSWERING_H
#define DARIO_ANSWERING_H

#include "dialect/name-back.h"
#include "dialect/translation.h"

struct answering_of {
	const struct chat *chat; /* of the request */
	enum dialect_id upstream;
	const struct dialect *client;
	const char *model; /* where the answer names none */
	size_t max;        /* bytes that are made and not yet taken */
	/* NULL, or where events go first, which hands them on to
	 * translation_event with the answering's `t`; and who is told at the
	 * end, or when it is cut off: what is still held there goes on. */
	sse_fn *first;
	int (*last)(void *arg, struct err *e);
	void *arg;
};

struct answering {
	struct translation t; /* t.seen may be set */
	/* private */
	struct sse *sse;
	int (*last)(void *arg, struct err *e);
	void *arg;
	bool taken; /* what lies in t.out */
};

/* `sse` is the owner's, who may look at what lies in it; it is set up here. */
void answering_init(struct answering *a, const struct answering_of *of,
		    struct sse *sse);
void answering_release(struct answering *a);

int answering_feed(struct answering *a, struct span in, struct err *e);
/* The stream is over: an error when it was not complete. */
int answering_end(struct answering *a, struct err *e);
int answering_whole(struct answering *a, struct span body, struct err *e);
/* The stream is cut off: 0 when what was still held can be taken. */
int answering_cut(struct answering *a, struct err *e);

/* A stream: what the client is to have now, nothing before there is content.
 * Else all, behind answering_end or answering_whole. */
struct span answering_take(struct answering *a);
/* Inside the stream, into *out: it has ended with this error. */
void answering_error(struct answering *a, const struct err *error,
		     struct buf *out);

/* Has the stream said its last word? */
static inline bool answering_is_over(const struct answering *a)
{
	return a->t.reader.finished;
}

/* Names of what the client's dialect has no place for, so far. */
static inline struct span answering_dropped(const struct answering *a)
{
	return buf_get(&a->t.reader.dropped);
}

/* Behind those of the request, which may be NULL, into *out. */
void answering_all_dropped(const struct answering *a, const char *asked,
			   struct buf *out);

/* An event of a stream that passes in its own dialect, into *out, with the
 * client's names of tools; `names` may be NULL. */
int answering_pass(const struct name_back *names, struct span name,
		   struct span data, struct buf *out, struct err *e);
/* A stream that passes in its own dialect, at its end; `seen`: enum tap of all
 * its events. Several Chat providers send a finish reason and no [DONE]. */
bool answering_may_end(enum dialect_id d, unsigned seen);
/* Always -1: it has ended without that. */
int answering_ended_early(struct err *e);

#endif
