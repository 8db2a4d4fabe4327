/* SPDX-License-Identifier: MIT */
/*
 * delta-chars: how many characters of the answer an event of a stream carries:
 * text, thinking, arguments of calls. For answers that break off before they
 * have told their usage. It searches for byte patterns that cannot occur inside
 * a JSON string (a quote there is escaped). Pure.
 */
#ifndef DARIO_DELTA_CHARS_H
#define DARIO_DELTA_CHARS_H

#include "base/buf.h"
#include "dialect/chat.h"

size_t delta_chars(enum dialect_id d, struct span data);
size_t delta_chars_of(struct span text); /* of plain UTF-8 */

#endif
