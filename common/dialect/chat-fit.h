/* SPDX-License-Identifier: MIT */
/*
 * chat-fit: gives a neutral request the shape that a provider's switches
 * (quirks.h) ask for, before it is written.
 *
 * All of it depends on what stands before a place, not on how much comes
 * behind it, as far as that is possible: the beginning of a conversation is
 * the same in every turn, and the provider's cache of it is of use.
 */
#ifndef DARIO_CHAT_FIT_H
#define DARIO_CHAT_FIT_H

#include "dialect/chat.h"

/* What a turn is filled with that must be there and is not. */
#define FIT_USER "Continue."
#define FIT_ASSISTANT "OK."
#define FIT_REASONING "..."

/* For every dialect: images as text, where they cannot stand; calls and their
 * results in pairs alone, where they are refused else (`paired`). */
void chat_fit(struct chat *c, const struct quirks *q, bool paired);
/* Media that the target does not take are named in a text, for `why_not` says
 * why; NULL: it takes it. After chat_fit. */
void chat_fit_media(struct chat *c,
		    const char *(*why_not)(const struct part *));
/* For Chat Completions: where system messages stand, and whose turn it is. */
void chat_fit_turns(struct chat *c, const struct quirks *q);

#endif
