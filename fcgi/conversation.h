/* SPDX-License-Identifier: MIT */
/* conversation: recognises the turns of one conversation. */
#ifndef DARIO_CONVERSATION_H
#define DARIO_CONVERSATION_H

#include "dialect/peek.h"
#include "fcgi/request.h"
#include "state/pool/sticky.h"

/* A hash of what stays the same from turn to turn: the pool, the model's
 * family, the system text and the first user message (but for cache marks,
 * which move from turn to turn). False when there is no such message. `k` is of
 * r->body. */
bool conversation_key(const struct request *r, const struct peek *k,
		      const char *pool, const char *family,
		      char key[STICKY_KEY_BYTES]);

#endif
