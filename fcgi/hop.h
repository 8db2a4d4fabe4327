/* SPDX-License-Identifier: MIT */
/*
 * hop: a request at one of its targets, and the way to the next one.
 *
 * The plan names the targets; while the client knows nothing of an answer a
 * failure that the rule speaks of leads to the next. Nothing begins after the
 * rule's budget of time.
 */
#ifndef DARIO_HOP_H
#define DARIO_HOP_H

#include "fcgi/outgoing.h"
#include "fcgi/relay.h"
#include "state/route.h"

enum hop_end {
	HOP_DONE, /* the request has been answered */
	HOP_NEXT, /* the next target is to be asked */
};

struct hop {
	struct request *r;
	struct relay *relay;
	struct peek *peek;
	const struct plan *plan;
	size_t at;         /* the target asked now */
	int64_t deadline;  /* clock_ms after which nothing begins */
	long retries_left; /* at this target */
	long pause;        /* before the next retry, ms */
	bool retry;        /* decided by hop_again: the same once more */
};

const struct route *hop_route(const struct hop *h);
/* Is there another target that may be asked? */
bool hop_has_next(const struct hop *h);
/* Does this failure lead there? */
bool hop_moves_on(const struct hop *h, const struct failure *f);
/* No Claude account can serve: does that? */
bool hop_leaves_exhausted(const struct hop *h);
/* "NAME: WHY" to what x-dario-fallback and the log say. */
void hop_note_fallback(struct hop *h, const char *name, const char *why);
/* A failure in a few words: "429", "timeout". */
const char *hop_why(struct hop *h, const struct failure *f);

/* To a backend that is not the pool: the call, and again where that helps. */
int hop_to_backend(struct hop *h, enum hop_end *end, struct err *e);

#endif
