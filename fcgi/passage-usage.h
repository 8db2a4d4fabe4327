/* SPDX-License-Identifier: MIT */
/*
 * passage-usage: what an answer has used that is not held: it goes literally
 * (passage.h), or is too large.
 *
 * Of what was made with one request (a dialogue, images, sound, anything below
 * /to/) the end is kept, where its usage stands; where there is none, see
 * media.h. Of the results of a batch, which come as lines of JSON from
 * Anthropic and in a file from OpenAI, each line is read, and priced as a batch
 * is; they count once, for who has made the batch, with the first download that
 * is whole. Anything else, such as an answer that is looked up again, has used
 * nothing.
 *
 * Feed the body of a good answer as it comes, end it when it was whole, settle
 * before the request is recorded. Of a line at most 4 MiB are held.
 */
#ifndef DARIO_PASSAGE_USAGE_H
#define DARIO_PASSAGE_USAGE_H

#include "fcgi/request.h"

#define BATCH_MODELS 16 /* that are kept apart; the rest are the last one's */

/* The requests of one model. */
struct batch_part {
	const char *model;
	struct usage usage;
	double cost;   /* US dollars, of those with a price */
	bool unpriced; /* for one of them none is known */
};

struct batch_usage {
	struct batch_part parts[BATCH_MODELS];
	size_t n;
	const char *who; /* has made it; "": the owner */
	bool unread;     /* a line was too large to be read */
	/* private */
	struct buf line;
	bool skip; /* to the end of a line */
	bool no;   /* it is something else */
	bool over; /* it was whole */
};

/* It counts tokens, or looks at an answer that there is, or deletes it: it
 * generates nothing. */
bool passage_counts(const struct request *r);

/* `type`: of the answer. */
void passage_usage_feed(struct request *r, int status, const char *type,
			struct span in);
void passage_usage_end(struct request *r);
void passage_usage_settle(struct request *r); /* and free what it held */

#endif
