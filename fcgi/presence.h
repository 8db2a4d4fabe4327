/* SPDX-License-Identifier: MIT */
/*
 * presence: is the client still there, though its web server does not say that
 * it has left? net/departure.h asks the kernel; here one request waits for the
 * answer. From presence_begin to presence_end it stays where it is, in the
 * task that serves the request.
 */
#ifndef DARIO_PRESENCE_H
#define DARIO_PRESENCE_H

#include "fcgi/request.h"

struct presence {
	struct departure_client client;
	struct loop_post post;
	struct gateway *gw;
	struct loop *loop;
	struct task *task;
	bool told; /* the post has come */
};

void presence_begin(struct presence *p, struct request *r);
void presence_end(struct presence *p, struct request *r);

/* --- for a loop: somebody has to look ------------------------------------ */

struct presence_watch {
	struct watch answer; /* of the kernel */
	struct timer due;
	struct loop *loop;
	struct departure *departure;
};

/* `listens`: the kernel's answers are taken in by this loop. */
void presence_watch_init(struct presence_watch *w, struct loop *l,
			 struct departure *d, bool listens);
void presence_watch_release(struct presence_watch *w);
/* A request has begun in this loop. */
void presence_watch_wake(struct presence_watch *w);

#endif
