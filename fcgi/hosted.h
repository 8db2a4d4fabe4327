/* SPDX-License-Identifier: MIT */
/*
 * hosted: what a provider bills for what it does by itself, beside the tokens
 * and the searches of the web that usage.h has: a search in files, a container
 * in which code runs, an image that is drawn; with Anthropic an advisor, and
 * the models that it falls back to when one declines.
 *
 * What it was: hosted_item with each item of Responses that a stream has
 * finished, hosted_block with each of Messages that begins (these count
 * searches of the web and advice, too, for a stream that breaks off before they
 * are told),
 * then hosted_note with what tells the usage (a whole answer, the last event of
 * a stream, or the end of an answer that was not held), which replaces what the
 * items said. A container counts once for a request and gigabyte, as a whole
 * session: a bill has minutes of it, which no answer tells. An image costs the
 * tokens that are told for all of them, else what one of its size and quality
 * does. Of an end alone, what was asked for counts. Anthropic's
 * usage.iterations have the model of each: the sums beside them are those of
 * the model that has answered. hosted_settle before the request is recorded.
 *
 * What it may be: hosted_ask_* read the body, hosted_most has the cost. Where
 * nothing bounds how often the tools run (max_tool_calls, max_uses) that is a
 * guess, and `unknown` says so.
 *
 * Prices are the rows file_search, code_interpreter and the image's model; for
 * a key with limits what has none costs prices_default.
 */
#ifndef DARIO_HOSTED_H
#define DARIO_HOSTED_H

#include "base/jwalk.h"
#include "fcgi/request.h"
#include "state/usage/price.h"

#define HOSTED_MODELS 8
#define HOSTED_SEARCHES 4 /* of one answer, where nothing says how many */

struct hosted_ask {
	int64_t searches; /* of the web; of what is like it */
	int64_t files;
	int64_t gigabytes; /* of a container */
	int64_t images;
	const char *image_model;
	int64_t calls; /* of all tools, at most; 0: not said */
	struct hosted_model {
		const char *name;
		int64_t times, output; /* 0: not said */
	} models[HOSTED_MODELS];       /* that are asked by the provider */
	size_t n_models;
	bool unknown;
};

/* While the body's members are walked: before, at each, and after. */
void hosted_ask_begin(struct hosted_ask *ask);
void hosted_ask_member(const struct request *r, const struct jwalk *w,
		       struct hosted_ask *ask);
void hosted_ask_end(const struct request *r, struct hosted_ask *ask);
/* US dollars; p: of the model; where they are not said, the tokens of each
 * other model are those of the request. */
double hosted_most(const struct request *r, const struct hosted_ask *ask,
		   const struct backend *b, const struct price *p,
		   const struct usage *request);

void hosted_item(struct request *r, struct span item);
void hosted_block(struct request *r, struct span block);
void hosted_note(struct request *r, struct span answer);
void hosted_settle(struct request *r);
/* So far, in US dollars beside those of r->usage. False: not known, which never
 * happens to a key with limits. */
bool hosted_cost(const struct request *r, double *cost);
int64_t hosted_tokens(const struct request *r); /* as limits count them */

#endif
