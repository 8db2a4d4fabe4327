/* SPDX-License-Identifier: MIT */
/*
 * queue: requests that wait until an account can serve again, in the order in
 * which they came, across all processes.
 *
 * Each waiting request holds a ticket: a lock on a file of its own in
 * state/queue/. The lock goes with the process, so one that is killed leaves
 * no gap. A ticket belongs to one thread.
 */
#ifndef DARIO_QUEUE_H
#define DARIO_QUEUE_H

#include "base/err.h"
#include "state/limits.h"

#include <stdbool.h>
#include <stddef.h>

#define QUEUE_MAX 128 /* requests that wait at a time */

/* Who waits for one family's limit is not in the way of another. */
struct ticket {
	int lock; /* -1: none */
	enum family_kind family;
	char name[96];
};

/* -1 with ERR_BUSY when the queue is full. */
int queue_join(const char *home, struct ticket *t, enum family_kind family,
	       struct err *e);
/* Is nobody before us? */
bool queue_first(const char *home, const struct ticket *t);
void queue_leave(const char *home, struct ticket *t); /* without one is fine */
size_t queue_length(const char *home);
/* Does nobody wait whom this family comes behind? Cheap. */
bool queue_is_free(const char *home, enum family_kind family);

#endif
