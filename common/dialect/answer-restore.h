/* SPDX-License-Identifier: MIT */
/*
 * answer-restore: gives the answer back the shape that the client's request
 * had.
 *
 * On the way to another dialect some things had to change: long tool names
 * were shortened, free-text tools became functions, a schema became a tool.
 * This stage, between a reader and a writer, undoes that by looking at the
 * request. Not thread-safe.
 */
#ifndef DARIO_ANSWER_RESTORE_H
#define DARIO_ANSWER_RESTORE_H

#include "dialect/chat.h"

struct answer_restore {
	const struct chat *chat;
	size_t name_max; /* bytes of a name in the upstream's dialect */
	ev_fn *sink;
	void *arg;
	struct buf input;  /* of the free-text call that is open */
	struct buf prose;  /* text while JSON is awaited */
	bool custom, json; /* what is open */
	bool free;         /* a custom call whose input comes as free text */
	bool was_json;
	bool again; /* the tool that gives JSON is called once more */
	unsigned calls;
};

void answer_restore_init(struct answer_restore *r, const struct chat *c,
			 enum dialect_id upstream, ev_fn *sink, void *arg);
void answer_restore_release(struct answer_restore *r);
ev_fn answer_restore_event; /* arg is the struct answer_restore */

#endif
