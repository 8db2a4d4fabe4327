/* SPDX-License-Identifier: MIT */
/*
 * supervise: dario proxy at work: a web server and the workers it reaches.
 *
 * The sockets are ours (listen.h) and outlive every process, so whoever asks
 * while a worker is replaced waits for an instant and is not refused.
 *
 *	STARTING  until all workers take requests and the web server answers
 *	SERVING   a worker that ends or takes no more requests is replaced, at
 *	          once, and after a while when that happens again and again
 *	DRAINING  the workers end what they have; who asks is refused (refuse.h)
 *	CLOSING   the web server sends what it has, and ends
 *	LEAVING   who still waits in a queue is refused
 *
 * SIGINT and SIGTERM lead from the first two to DRAINING; the same signal again
 * ends everything at once. SIGHUP starts workers from the program that is on
 * the disk now, and when they take requests the earlier ones drain. A phase
 * other than SERVING has a time by which it is over.
 */
#ifndef DARIO_SUPERVISE_H
#define DARIO_SUPERVISE_H

#include "cli/server-conf.h"

struct supervise_plan {
	const char *home;
	const struct server_conf *conf;
	const struct settings *settings;
	int http, workers; /* the sockets, which are closed at the end */
};

/* Call it early: from then on a signal that asks for the end, or for another
 * generation, waits until supervise looks. */
void supervise_signals(void);

/* 0 when it was asked to end; -1 when it had to. */
int supervise(const struct supervise_plan *plan, struct err *e);

#endif
