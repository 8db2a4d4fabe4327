/* SPDX-License-Identifier: MIT */
/*
 * halves: characters that an upstream cuts in two.
 *
 * Some servers stream token by token, and a token may end inside a character:
 * between the bytes of its UTF-8, or between the two escapes of a pair, such as
 * "\ud83d" in one event and "\ude00" in the next. JSON libraries make U+FFFD of
 * a single escape. jval.h makes three bytes of it that are no UTF-8 (as WTF-8
 * writes it): here they wait for the other half; what stays alone becomes
 * U+FFFD.
 */
#ifndef DARIO_HALVES_H
#define DARIO_HALVES_H

#include "base/buf.h"

#define HALF_MAX 3 /* bytes of a character that is not complete */

/* The bytes at the end of `text` that begin a character, 0 to HALF_MAX. */
size_t halves_at_end(struct span text);

/* `half`, then `text`, the two halves of a pair made one character. */
void halves_join(struct buf *out, struct span half, struct span text);

/* The text with U+FFFD for all that is no UTF-8; in `mem` if there is such. */
struct span halves_mended(struct span text, struct buf *mem);

#endif
