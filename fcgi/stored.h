/* SPDX-License-Identifier: MIT */
/*
 * stored: requests about what a provider keeps, and answers that tell of it.
 *
 * A response, a file or a batch can be had from the backend, and the account of
 * its pool, that made it; nobody else knows it. The id of each is noted as the
 * answer passes (state/shared/objects.h), and a request that names one goes
 * there, wherever its model would lead.
 */
#ifndef DARIO_STORED_H
#define DARIO_STORED_H

#include "dialect/peek.h"
#include "fcgi/request.h"
#include "state/config/route.h"

/* Note what this answer, or its beginning, is and tells of. */
void stored_note(struct request *r, struct span json);
/* The same of a response, or a message, as the dialogue's own API has it. */
void stored_note_response(struct request *r, struct span json);
/* The container of a message of Anthropic's, of the event that ends one, or of
 * an item of Responses. */
void stored_note_message(struct request *r, struct span json);
void stored_note_item(struct request *r, struct span json);

/* The same of one that is written anew, by its id. */
void stored_note_id(struct request *r, struct span id);

/* Does the path, decoded, name one that is known? Then the plan, empty so far,
 * leads there. *account: the one of the pool that has it. */
int stored_by_path(struct request *r, const char *path, struct plan *plan,
		   const char **account, struct err *e);
/* The same for the ids in r->body, which is JSON and has passed `k`; a plan
 * that the model has made is bent. -1: that cannot be, and why. */
int stored_by_body(struct request *r, const struct peek *k, struct plan *plan,
		   const char **account, struct err *e);

#endif
