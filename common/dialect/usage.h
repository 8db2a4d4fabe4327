/* SPDX-License-Identifier: MIT */
/*
 * usage: reads the token counters of an answer, in each dialect's form.
 *
 * The row functions take a `usage` object and overwrite what it says: counters
 * in a stream are totals. usage_scan finds that object in bytes that pass
 * through unread.
 */
#ifndef DARIO_USAGE_H
#define DARIO_USAGE_H

#include "base/jval.h"
#include "dialect/event.h"

typedef void usage_fn(struct usage *u, const struct jval *o);
usage_fn usage_anthropic, usage_openai, usage_responses;

/* From the `usage` object of an event's data or a whole body, where its API has
 * it; of the end of one from the last that there is. False when there is
 * none. */
bool usage_scan(usage_fn *fn, struct span text, struct usage *u);
/* The same: 1, 0, or -1 when there was no memory to look. */
int usage_find(usage_fn *fn, struct span text, struct usage *u, struct err *e);

/* From a header field: what the answer costs, where nothing else tells it. */
void usage_cost_field(struct usage *u, struct span value);

/* Where Responses tells of an answer: in it, or in the event that has it. */
struct span usage_answer(struct span text);
/* Of Responses, what the images used that its provider has drawn, in the same
 * text (or in the end of one): 1, 0 when it is not told, or -1. */
int usage_of_images(struct span text, struct usage *u, struct err *e);

#endif
