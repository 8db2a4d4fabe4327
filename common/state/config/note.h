/* SPDX-License-Identifier: MIT */
/*
 * note: what is wrong in the files of the home that could be loaded all the
 * same: a key that nobody reads, an account that cannot be used.
 *
 * Each note names the file and the key. A grave one is a mistake in a file of
 * ours; the others may be meant for another program. Names that begin with "_"
 * or "$" are remarks of people and editors. The texts hold no values and no
 * control characters. There are NOTES_MAX at most: the last says that there are
 * more.
 */
#ifndef DARIO_NOTE_H
#define DARIO_NOTE_H

#include "base/json.h"

#define NOTES_MAX 32

struct note {
	char *text;
	bool grave;
	bool key; /* about an unknown key, not about a whole file */
};

struct notes {
	struct note list[NOTES_MAX];
	size_t n;
};

void notes_add(struct notes *n, bool grave, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A note for each member of `o` that is not among `keys` (NULL at the end),
 * with the one that is probably meant. `where`: "routes.json: rules[2]". */
void notes_unknown(struct notes *n, bool grave, const char *where,
		   struct json_object *o, const char *const *keys);
void notes_release(struct notes *n);
size_t notes_grave(const struct notes *n); /* how many are */

#endif
