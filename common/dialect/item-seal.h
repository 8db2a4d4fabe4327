/* SPDX-License-Identifier: MIT */
/*
 * item-seal: which items a Responses answer was made of, or blocks of Messages.
 *
 * Clients of other APIs have its texts and calls, but no ids of items, no
 * phases, no citations as they were, and in Chat one text without an order
 * among the calls. All that is noted while the answer goes by, and travels
 * sealed (SEAL_ITEMS) at its end; back at its provider the turn is made of the
 * same items again, if its text is still the same. Of Responses only turns with
 * reasoning or phases have it: with nothing that refers to them, items need no
 * ids ("store": false), and none is cached by. Of Messages only those that
 * would come home changed: with citations, or whose text goes on behind another
 * block.
 */
#ifndef DARIO_ITEM_SEAL_H
#define DARIO_ITEM_SEAL_H

#include "dialect/chat.h"

struct item_notes {
	struct buf lines;
	uint64_t said;   /* hash of all text */
	size_t text;     /* bytes of the open one */
	bool wanted;     /* it would not come home as it was */
	bool on;         /* the answer is of Responses or Messages */
	bool blocks;     /* of Messages */
	bool spoken;     /* blocks: there is text */
	bool incomplete; /* there is an item that cannot be noted */
};

void item_notes_init(struct item_notes *n);
void item_notes_release(struct item_notes *n);
/* Every event; `id` is what the client has of the open call. */
void item_notes_take(struct item_notes *n, const struct ev *v, struct span id);
/* What to seal at the end, about `said`; or empty. */
struct span item_notes_get(const struct item_notes *n);

/* The parts of a turn by what `carrier` has noted; ids are the client's. The
 * turn may hold more than that answer, before and behind it. Of texts no more
 * than *left bytes are looked at. */
#define ITEM_NOTES_TEXT_MAX (64u << 20)
void item_notes_restore(struct chat *c, struct msg *m,
			const struct part *carrier, size_t *left);

#endif
