/* SPDX-License-Identifier: MIT */
/*
 * retext: writes a tree that was read from a text and then changed.
 *
 * What was not changed is copied from the text, byte for byte: numbers that no
 * double holds, -0, escapes, blanks, repeated keys. So a tree may be used where
 * changes are many, and still nothing else changes. `text` must be the JSON
 * object that `now` was read from; with json_read_located what was moved to
 * another place, or under another key, is as it was, too. What overflows shows
 * in the buf; a shortage of memory in out->starved or a->full.
 */
#ifndef DARIO_RETEXT_H
#define DARIO_RETEXT_H

#include "base/arena.h"
#include "base/json.h"

void retext(struct buf *out, struct arena *a, struct span text,
	    struct json_object *now);

#endif
