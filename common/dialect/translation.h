/* SPDX-License-Identifier: MIT */
/*
 * translation: one request in another dialect, and its answer on the way back.
 *
 * translate_request writes what a client sent for an upstream of another
 * dialect. Then translation_init for the answer, with the chat that came of the
 * request, and either the events of a stream, by translation_event as an
 * sse_fn, and translation_end; or translation_body with a whole answer. What
 * comes of it lies in `out`: the owner takes it and empties it (buf_reset). A
 * client that wants no stream gets all of it at the end. Memory is the arena's,
 * which outlives the translation as the chat does. Not thread-safe.
 *
 *	upstream's events -> reader -> restore -> seal -> writer
 *						       -> fold -> whole answer
 */
#ifndef DARIO_TRANSLATION_H
#define DARIO_TRANSLATION_H

#include "dialect/answer-restore.h"
#include "dialect/answer-seal.h"
#include "dialect/reader.h"
#include "dialect/sse.h"

/* The body, read as `from`, written as `to` into *out; c is set up, with the
 * target's origin. Afterwards c holds what the answer needs, *dropped (which
 * may be NULL) what has no place there, in c's arena. */
int translate_request(struct chat *c, const struct dialect *from,
		      const struct dialect *to, const struct upstream_model *t,
		      struct span body, struct buf *out, const char **dropped,
		      struct err *e);

struct translation {
	struct reader reader;
	struct answer_restore restore;
	struct answer_seal seal;
	struct writer writer; /* `model` is the owner's to set at first */
	struct fold fold;
	struct buf out; /* what was made and nobody has taken */
	bool stream;    /* wanted by the client */
	bool begun;     /* the client has bytes: set by the owner */
	bool content;   /* there is something of the answer itself */
	struct usage usage;
	bool has_usage;
	/* NULL, or told of each event before it is written. */
	void (*seen)(void *arg, const struct ev *v);
	void *arg;
};

/* `max`: bytes of `out`. `upstream` is what the answer comes in. */
void translation_init(struct translation *t, const struct chat *c,
		      enum dialect_id upstream, const struct dialect *client,
		      size_t max);
void translation_release(struct translation *t);

sse_fn translation_event; /* arg is the struct translation */
int translation_end(struct translation *t, struct err *e);
int translation_body(struct translation *t, struct span body, struct err *e);

#endif
