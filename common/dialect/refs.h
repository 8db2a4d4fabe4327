/* SPDX-License-Identifier: MIT */
/*
 * refs: ids of stored objects in a request's body: what it answers
 * (previous_response_id, conversation), the files that it names.
 *
 * For text that is known to be JSON (jwalk.h). Pure.
 */
#ifndef DARIO_REFS_H
#define DARIO_REFS_H

#include "base/jwalk.h"

struct refs {
	struct span id; /* the one found, as it is written */
	/* private */
	struct span body, list;
	struct jwalk members;
	size_t key, at;
};

/* Start with { .body = ... }; false when there are no more. */
bool refs_next(struct refs *r);

#endif
