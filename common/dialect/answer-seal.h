/* SPDX-License-Identifier: MIT */
/*
 * answer-seal: seals what of a translated answer means something to its
 * provider alone (seal.h).
 *
 * A stage between a reader and a writer. Thinking always ends with a seal,
 * even if it is unsigned: when it comes back it shows who thought it. What
 * belongs to a call and has no place in another dialect (Gemini's thought
 * signature, an id that is too long) travels in a redacted part before it, or
 * behind it when it came late; so does the item of a search. Not
 * thread-safe; memory is the arena's.
 */
#ifndef DARIO_ANSWER_SEAL_H
#define DARIO_ANSWER_SEAL_H

#include "dialect/item-seal.h"

struct answer_seal {
	const struct seal_origin *origin;
	struct arena *arena;
	ev_fn *sink;
	void *arg;
	uint64_t text;      /* hash of the open thinking */
	uint64_t nonce;     /* of the answer */
	unsigned calls;     /* opened so far */
	struct span id;     /* of the open call, for the client */
	struct span sealed; /* the open redacted part */
	bool google;        /* the open call's signature has gone out */
	struct item_notes items;
};

/* `nonce` is some text that no other answer has. */
void answer_seal_init(struct answer_seal *s, const struct seal_origin *origin,
		      struct arena *a, struct span nonce, ev_fn *sink,
		      void *arg);
/* The answer is of Responses, or of Messages (`blocks`): what it is made of is
 * noted. */
void answer_seal_items(struct answer_seal *s, bool blocks);
void answer_seal_release(struct answer_seal *s);
ev_fn answer_seal_event; /* arg is the struct answer_seal */

#endif
