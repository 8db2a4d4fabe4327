/* SPDX-License-Identifier: MIT */
/*
 * queue: requests that wait until an account of a pool can serve again, in the
 * order in which they came, across all processes. One that is killed leaves no
 * gap. Thread-safe, and never waits itself.
 */
#ifndef DARIO_QUEUE_H
#define DARIO_QUEUE_H

#include "base/err.h"
#include "state/config/account.h"
#include "state/shared/shared.h"

#define QUEUE_MAX 128 /* requests that wait for one pool */

/* Who waits for one family's limit is not in the way of another. */
struct ticket {
	struct shared_place place; /* zeroed: none */
};

/* -1 with ERR_BUSY when the queue is full. Those with a smaller priority go
 * first. */
int queue_join(const char *home, const struct accounts *pool,
	       const char *family, unsigned priority, struct ticket *t,
	       struct err *e);
/* Is nobody before us? Without a ticket: does nobody wait at all? */
bool queue_first(const char *home, const struct accounts *pool,
		 const char *family, const struct ticket *t);
void queue_leave(const char *home, struct ticket *t); /* without one is fine */
size_t queue_length(const char *home, const struct accounts *pool);

#endif
