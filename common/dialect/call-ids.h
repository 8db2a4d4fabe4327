/* SPDX-License-Identifier: MIT */
/*
 * call-ids: ids of tool calls, each of its own within a conversation.
 *
 * Some providers give out the same ids again in each answer, and others refuse
 * a conversation in which one stands twice. Tell it of every turn, call and
 * result in order: the first call keeps its id, the next ones get another, and
 * a result the one of its call: the first result goes to the first call of the
 * latest turn that has such calls. A pure function of the history. Memory is
 * the arena's; begins zeroed.
 */
#ifndef DARIO_CALL_IDS_H
#define DARIO_CALL_IDS_H

#include "base/names.h"

struct call_ids {
	struct names calls, results, turns; /* by id: how many, and the last */
	int turn;
};

void call_ids_turn(struct call_ids *c); /* an assistant's turn begins */
struct span call_ids_call(struct call_ids *c, struct arena *a, struct span id);
struct span call_ids_result(struct call_ids *c, struct arena *a,
			    struct span id);
/* The id of the n-th that has it; of the first it is the same. */
struct span call_ids_numbered(struct arena *a, struct span id, int n);

#endif
