/* SPDX-License-Identifier: MIT */
/*
 * tap: reads the state of a stream that passes through unchanged.
 *
 * Each function looks at one event and returns enum tap bits. They search for
 * byte patterns that cannot occur inside a JSON string (a quote there is
 * escaped); an event is parsed only when it has no name that says what it is,
 * or when it may be an error.
 */
#ifndef DARIO_TAP_H
#define DARIO_TAP_H

#include "base/buf.h"

unsigned tap_anthropic(struct span name, struct span data);
unsigned tap_openai(struct span name, struct span data);
unsigned tap_responses(struct span name, struct span data);

/* Is there the word "error", as a key or a value, and not null behind it? Also
 * of whole answers. */
bool tap_word(struct span data);

/* Does the event carry something of the answer itself, or only what comes
 * before it? */
bool content_anthropic(struct span name, struct span data);
bool content_openai(struct span name, struct span data);
bool content_responses(struct span name, struct span data);

#endif
