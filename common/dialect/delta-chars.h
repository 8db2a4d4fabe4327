/* SPDX-License-Identifier: MIT */
/*
 * delta-chars: how many characters of the answer an event of a stream carries:
 * text, thinking, arguments of calls. For answers that break off before they
 * have told their usage, or never do. It searches for byte patterns that cannot
 * occur inside a JSON string (a quote there is escaped). Pure.
 *
 * The events of a stream are mostly alike but for their text: with a frame,
 * which remembers what stood around the last one, most cost two comparisons.
 * The result is the same.
 */
#ifndef DARIO_DELTA_CHARS_H
#define DARIO_DELTA_CHARS_H

#include "base/buf.h"
#include "dialect/chat.h"

#define DELTA_FRAME_MAX 512 /* bytes around a text that are remembered */

/* What an event is to those before it. */
enum delta_like {
	DELTA_OTHER,  /* it has no text, several, or much around it */
	DELTA_LEARNT, /* what stands around its text is remembered now */
	DELTA_ALIKE,  /* as the last that was learnt, but for its one text and
		       * the number that counts the events */
};

/* All zero: nothing is known yet. */
struct delta_frame {
	size_t before, after;
	/* A number in the first part that counts the events; or both 0. */
	size_t number, behind;
	char bytes[DELTA_FRAME_MAX];
};

size_t delta_chars(enum dialect_id d, struct span data);
size_t delta_chars_framed(struct delta_frame *f, enum dialect_id d,
			  struct span data, enum delta_like *like);

#endif
