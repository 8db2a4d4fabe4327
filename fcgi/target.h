/* SPDX-License-Identifier: MIT */
/*
 * target: a request at one of its targets, and the way to the next one.
 *
 * The plan names the targets; while the client knows nothing of an answer a
 * failure that the rule speaks of leads to the next. Nothing begins after the
 * rule's budget of time.
 */
#ifndef DARIO_TARGET_H
#define DARIO_TARGET_H

#include "fcgi/outgoing.h"
#include "fcgi/relay.h"
#include "state/config/route.h"

enum target_end {
	TARGET_DONE, /* the request has been answered */
	TARGET_NEXT, /* the next target is to be asked */
};

struct target {
	struct request *r;
	struct relay *relay;
	struct peek *peek;
	const struct plan *plan;
	size_t at;           /* the target asked now */
	int64_t deadline;    /* clock_ms after which nothing begins */
	const char *account; /* of its pool, the one that can; NULL: any */
	long retries_left;   /* at this target */
	long pause;          /* before the next retry, ms */
	bool renewed;        /* its key was, after a refusal */
};

const struct route *target_route(const struct target *t);
/* Is there another target that may be asked? */
bool target_has_next(const struct target *t);
/* Does what the last call came to lead there? */
bool target_moves_on(const struct target *t);
/* No account of its pool can serve: does that? */
bool target_leaves_exhausted(const struct target *t);
/* "NAME: WHY" to what x-dario-fallback and the log say. */
void target_note_fallback(struct target *t, const char *name, const char *why);

/* What the breaker is told of the last call. */
void target_note_outcome(const struct target *t);

/* To a backend without a pool: the call, and again where that helps. */
int target_to_backend(struct target *t, enum target_end *end, struct err *e);

#endif
