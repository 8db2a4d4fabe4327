/* SPDX-License-Identifier: MIT */
/*
 * fold: gathers the events of an answer into one whole answer.
 *
 * A non-streamed answer is always the fold of the streamed one, so the two
 * agree by construction. Memory comes from the caller's arena and buf; the
 * answer borrows from both. Not thread-safe.
 */
#ifndef DARIO_FOLD_H
#define DARIO_FOLD_H

#include "base/arena.h"
#include "dialect/event.h"

#define FOLD_PARTS_MAX 4096
#define FOLD_TEXT_MAX (64u << 20)

struct block {
	enum part_kind kind;
	const char *id, *name;    /* of a tool call */
	const char *space;        /* of its tool, or "" */
	const char *item, *phase; /* Responses, for its own client; or "" */
	enum call_shape shape;
	bool custom;
	const char *google; /* thought signature of a call, or "" */
	struct buf text;
	const char *signature;
	struct citation *cites, **cites_tail; /* of text, in order */
	const struct web_search *search;
	struct block *next;
};

struct answer {
	const char *id, *model;
	struct block *parts; /* in order */
	enum stop_kind stop;
	const char *stop_text; /* the sequence, or NULL */
	struct usage usage;
};

struct fold {
	struct answer answer;
	struct arena *arena;
	struct block **tail, *open;
	unsigned parts;
	bool finished;
};

void fold_init(struct fold *f, struct arena *a);
void fold_release(struct fold *f);
int fold_feed(void *fold, const struct ev *v, struct err *e); /* an ev_fn */

#endif
