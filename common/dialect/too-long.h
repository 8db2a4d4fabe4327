/* SPDX-License-Identifier: MIT */
/*
 * too-long: a prompt that does not fit a model, in any provider's words.
 *
 * Clients begin to compact a conversation when they read words that they know,
 * and take the numbers from them: TOO_LONG_WORDS, Anthropic's, are known best.
 * Pure.
 */
#ifndef DARIO_TOO_LONG_H
#define DARIO_TOO_LONG_H

#include "base/err.h"

#define TOO_LONG_WORDS "prompt is too long"
#define TOO_LONG_CODE "context_length_exceeded"

struct too_long {
	long got, max; /* tokens; both are above 0, or 0: not said */
	bool known;    /* the words that were found are among those */
};

/* Does the text, or the code (NULL is fine), of an error say so? */
bool too_long_read(const char *text, const char *code, struct too_long *out);
/* The error in the words that are known. */
void too_long_tell(const struct too_long *t, struct err *e);

#endif
