/* SPDX-License-Identifier: MIT */
/*
 * poller: which of many descriptors can be read or written: by epoll, or by
 * poll where there is none.
 *
 * Each descriptor has events that it is watched for (enum loop_event) and a
 * tag that comes back with them, as long as they last. Plain files are refused
 * (EPERM): they can always be read. A poller belongs to one thread. Errors are
 * -1 with errno.
 *
 * By poll every call costs time for each descriptor, LOOP_SHARED wakes all, and
 * the end of who has sent what nobody reads is told when that has been read.
 */
#ifndef DARIO_POLLER_H
#define DARIO_POLLER_H

#include <stdint.h>

struct poller;

struct poller_event {
	uint64_t tag;
	unsigned events; /* LOOP_READ, LOOP_WRITE, LOOP_GONE */
};

struct poller *poller_new(void);
void poller_free(struct poller *p); /* NULL is fine */

int poller_add(struct poller *p, int fd, uint64_t tag, unsigned events);
int poller_change(struct poller *p, int fd, uint64_t tag, unsigned events);
void poller_remove(struct poller *p, int fd, uint64_t tag);
/* The same where the descriptor is closed next, or has been. */
void poller_closing(struct poller *p, int fd, uint64_t tag);

/* How many of them, at most `max`; `ms` as for poll. */
int poller_wait(struct poller *p, struct poller_event *out, int max, int ms);

#endif
