/* SPDX-License-Identifier: MIT */
/*
 * unread: bodies that stream, and what of them is still to be read.
 *
 * What their providers do not take as fast as it comes lies on the web
 * server's disk: at most UNREAD_MAX bytes of all together, and of one caller
 * UNREAD_EACH, so that nobody keeps the others' bodies out. The first body of a
 * caller may be larger than that, but counts for no more to the others: how
 * large is for the web server to say (doc/webservers.md). From unread_begin to
 * unread_end a body counts; any thread may call.
 */
#ifndef DARIO_UNREAD_H
#define DARIO_UNREAD_H

#include "base/err.h"

#include <pthread.h>
#include <stdint.h>

#define UNREAD_MAX (1LL << 30)
#define UNREAD_EACH (UNREAD_MAX / 2)

struct unread_caller;

struct unread {
	pthread_mutex_t lock;
	struct unread_caller *callers; /* who has one under way */
};

void unread_init(struct unread *u);
void unread_release(struct unread *u); /* no body is under way */

/* `who`: a hash of the caller. NULL with an error: not now. */
struct unread_caller *unread_begin(struct unread *u, uint64_t who, int64_t n,
				   struct err *e);
void unread_took(struct unread_caller *c, int64_t n);
void unread_end(struct unread *u, struct unread_caller *c, int64_t left);

#endif
