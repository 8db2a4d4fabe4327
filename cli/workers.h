/* SPDX-License-Identifier: MIT */
/*
 * workers: the worker processes of dario proxy, on one listening socket.
 *
 * Each says through a pipe when it takes requests, and by closing it that it
 * takes no more (base/ready.h); only what was not told to stop is replaced: at
 * once, and after a while when it ends again and again. Two generations live at
 * the same time while the earlier one is replaced. Nothing blocks: poll, then
 * workers_heard, workers_reaped for what has ended, workers_tick.
 */
#ifndef DARIO_WORKERS_H
#define DARIO_WORKERS_H

#include "base/err.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WORKERS_MAX 192 /* of all generations; --workers is at most 64 */

enum worker_state {
	WORKER_STARTING,
	WORKER_READY,
	WORKER_DRAINING, /* takes no more requests, ends what it has */
};

struct worker {
	pid_t pid;
	int pipe; /* -1: its end was seen */
	enum worker_state state;
	unsigned generation;
	bool told;   /* to end, by us */
	bool killed; /* for it did not */
	int64_t began;
	int64_t end; /* by then it is what it is about to be; 0: no limit */
};

struct workers {
	char *program;
	int socket;
	long wanted, drain_ms;
	struct worker all[WORKERS_MAX];
	int n;
	unsigned serving, newest; /* generations: not the same: replacing */
	int unstarted;            /* in a row: never took a request */
	int failures;             /* in a row: that, or soon ended */
	int64_t failed_at;
	int64_t again; /* no start before */
};

/* `program` is malloced and taken over. */
void workers_init(struct workers *w, char *program, int socket);
void workers_release(struct workers *w);

/* Start what is missing, kill what is late; as often as you like. */
void workers_tick(struct workers *w);
/* When that is due at the latest, or `other` if that is sooner. */
int64_t workers_when(const struct workers *w, int64_t other);
int workers_polls(const struct workers *w, struct pollfd *p);
void workers_heard(struct workers *w, const struct pollfd *p, int n);
/* A child has ended: false when it is none of these. */
bool workers_reaped(struct workers *w, pid_t pid, int status);

int workers_ready(const struct workers *w); /* how many take requests */
/* There is none, and none can be had. */
bool workers_hopeless(const struct workers *w);
/* There is none for longer than a request should wait. */
bool workers_away(const struct workers *w);

/* Not while one generation replaces another, or too many still end. */
bool workers_replaceable(const struct workers *w);
/* Start a new generation; when it takes requests the earlier one drains. */
void workers_replace(struct workers *w);
/* No more requests, no more starts; killed after `ms`. */
void workers_drain(struct workers *w, long ms);
void workers_kill(struct workers *w);

#endif
