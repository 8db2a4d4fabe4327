/* SPDX-License-Identifier: MIT */
/*
 * names: a number for each of many names, found without a walk.
 *
 * For names whose number comes from outside: declared tools, ids of calls. All
 * memory is the arena's; the names are borrowed. Not thread-safe.
 */
#ifndef DARIO_NAMES_H
#define DARIO_NAMES_H

#include "base/arena.h"

struct names {
	struct name **slots; /* chains */
	size_t n, cap;
};

/* The number that stands with `name`; one that is new has 0. It stays where it
 * is. *m begins zeroed, and stays with one arena. */
int *names_at(struct names *m, struct arena *a, struct span name);

#endif
