/* SPDX-License-Identifier: MIT */
/*
 * refuse: tells who asks that the router is not to be had just now.
 *
 * While no worker takes requests, theirs would wait in the socket's queue, or
 * end with the connection. Here each gets a 503 that says when to come back, in
 * words that both kinds of clients read: over FastCGI, when the web server
 * asks; over HTTP, when the web server is gone. Nothing blocks: add what is
 * waited for to a poll, then serve. Nobody is waited for longer than
 * REFUSE_CLIENT_MS; who does not fit waits in the queue.
 */
#ifndef DARIO_REFUSE_H
#define DARIO_REFUSE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#define REFUSE_MAX 128 /* clients at a time */
#define REFUSE_POLLS (REFUSE_MAX + 2)
#define REFUSE_CLIENT_MS 2000

struct refuse_client {
	int fd;
	bool http, answered;
	unsigned char head[8]; /* how the request begins */
	unsigned n;
	int64_t end;
};

struct refuse {
	int fastcgi, http; /* sockets to accept from, non-blocking; or -1 */
	bool stopping;     /* else: a worker will be back */
	long retry_after;  /* seconds, to be said */
	struct refuse_client clients[REFUSE_MAX];
	int n;
	int64_t pause; /* until then nothing can be accepted */
};

void refuse_init(struct refuse *r);
/* How many of `p`, which has REFUSE_POLLS, are used. */
int refuse_polls(const struct refuse *r, struct pollfd *p);
/* When to serve at the latest, or `other` if that is sooner. */
int64_t refuse_when(const struct refuse *r, int64_t other);
/* After the poll; `n` as refuse_polls has said. */
void refuse_serve(struct refuse *r, const struct pollfd *p, int n);
/* Who waits in the queues is taken in; false when some do not fit. */
bool refuse_rest(struct refuse *r);
void refuse_release(struct refuse *r); /* the clients, not the sockets */

#endif
