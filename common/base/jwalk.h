/* SPDX-License-Identifier: MIT */
/*
 * jwalk: goes through JSON text in place, without a tree.
 *
 * For text that is known to be JSON (peek has checked a request's body): of
 * other text it says something or other, but reads nothing behind its end. A
 * value is the span of its text, quotes and brackets included; all spans
 * borrow from the text. Long strings cost next to nothing.
 *
 *	struct jwalk w = jwalk_in(messages);
 *	while (jwalk_next(&w))
 *		look_at(w.value);
 */
#ifndef DARIO_JWALK_H
#define DARIO_JWALK_H

#include "base/arena.h"

struct jwalk {
	struct span key;   /* of a member, as written, without its quotes */
	struct span value; /* where the walk stands */
	struct span item;  /* the value, of a member with its key */
	/* private */
	const char *at, *end;
	bool object;
	/* for mend.h: */
	const char *before; /* end of the item before this; NULL: the first */
	bool kept;          /* an item before this one stays */
	bool gone;          /* this one does not */
};

/* Of an array or object; of anything else there are no items. */
struct jwalk jwalk_in(struct span container);
bool jwalk_next(struct jwalk *w);
/* Where the next item begins, or NULL. */
const char *jwalk_peek(const struct jwalk *w);

/* Behind the value that begins at p, or the string whose quote is there. */
const char *jwalk_end(const char *p, const char *end);
const char *jwalk_string_end(const char *p, const char *end);

bool jwalk_key_is(const struct jwalk *w, const char *name);
/* The value of a member, the last of that name; empty when there is none. */
struct span jwalk_get(struct span object, const char *key);

/* What a string says; empty for anything else. From the arena when it has
 * escapes. */
struct span jwalk_text(struct arena *a, struct span value);
bool jwalk_is(struct span value, const char *text); /* the string `text`? */
bool jwalk_is_array(struct span value);
bool jwalk_is_object(struct span value);
bool jwalk_is_string(struct span value);

#endif
