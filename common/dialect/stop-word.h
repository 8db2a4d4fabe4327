/* SPDX-License-Identifier: MIT */
/*
 * stop-word: why an answer has ended, in the words of any API.
 *
 * Servers that speak one API over another's model keep words of the other: a
 * `max_tokens` in finish_reason, a `length` in stop_reason, Gemini's capitals.
 */
#ifndef DARIO_STOP_WORD_H
#define DARIO_STOP_WORD_H

#include "dialect/event.h"

/* A word that is not known is STOP_END. */
enum stop_kind stop_word(struct span word);
/* Does the word say that the answer failed? */
bool stop_word_fails(struct span word);

#endif
