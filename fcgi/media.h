/* SPDX-License-Identifier: MIT */
/*
 * media: what images, sound, ranks and moderation cost, where their tokens do
 * not say it: before they are asked for, and when their answer does not tell
 * what it has used.
 *
 * An image costs what the price's row has for its size and quality; else the
 * tokens that OpenAI's have, by their quality. Speech costs by the characters
 * of its text, where these are billed. A transcript that is plain text costs by
 * the length of its sound, as if that had 32 kbit a second. A hundred documents
 * that are ranked are a search, where these are billed. For a key with limits
 * what was asked for counts also when its client leaves before the answer. What
 * is not known but guessed is marked as an estimate.
 */
#ifndef DARIO_MEDIA_H
#define DARIO_MEDIA_H

#include "fcgi/request.h"
#include "state/usage/price.h"

enum media {
	MEDIA_NONE, /* it is for something else */
	MEDIA_IMAGES,
	MEDIA_SPEECH,
	MEDIA_TRANSCRIPT,
	MEDIA_RANKS,   /* of documents, for a question */
	MEDIA_VERDICT, /* on a text: moderation */
};

enum media media_of(const struct request *r);
/* The most that it can use, and cost in US dollars; p: NULL for nothing. */
double media_largest(const struct request *r, const struct price *p,
		     struct usage *u);
/* In US dollars, one image that a tool has drawn; and the dearest. */
double media_image(const struct price *p, struct span size,
		   struct span quality);
double media_dearest_image(const struct price *p);
/* Once, at the end: into r->usage or r->billed. */
void media_settle(struct request *r);

#endif
