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

#include <stdbool.h>
#include <stddef.h>

#define QUEUE_MAX 128 /* requests that wait at a time */

struct ticket {
	int lock; /* -1: none */
	char name[96];
};

/* -1 with ERR_BUSY when the queue is full. */
int queue_join(const char *home, struct ticket *t, struct err *e);
/* Is nobody before us? */
bool queue_first(const char *home, const struct ticket *t);
void queue_leave(const char *home, struct ticket *t); /* without one is fine */
size_t queue_length(const char *home);
bool queue_is_empty(const char *home); /* the same, cheaply */

#endif
