/* SPDX-License-Identifier: MIT */
/*
 * outcome: what became of one call to an upstream.
 *
 * The relay fills it once, when the call is over. Target and pool decide from
 * it what follows; breaker, limits, log and history are told from it. A
 * request that no upstream was asked for has one as well: its error, local.
 */
#ifndef DARIO_OUTCOME_H
#define DARIO_OUTCOME_H

#include "base/buf.h"
#include "base/err.h"

struct outcome {
	/* The upstream's own, of its head or of the error in its stream; never
	 * as another dialect has it. 0: none came. */
	int status;
	struct span body; /* of a refusal; lives until the next call */
	/* ERR_NONE: the client has a whole, good answer. ERR_PASSED: the
	 * upstream has refused, with `status`. Else what broke. */
	struct err error;
	bool begun;   /* the client has seen something of the answer */
	bool content; /* the upstream has sent something of it: it is paid */
	bool worked;  /* it failed, but the upstream had the whole request */
	bool spent;   /* the request's body streamed there and is gone */
	bool local;   /* not the upstream's doing: our shortage or stop, or the
		     * client has left */
};

/* Of an error that no upstream has to do with. */
void outcome_local(struct outcome *o, const struct err *e);

/* Nothing else can be asked for this answer: it is good, or it has begun to be
 * paid or seen, or the trouble is ours, or the request is no longer there. */
bool outcome_is_final(const struct outcome *o);
/* Has the upstream itself said no? */
bool outcome_refused(const struct outcome *o);
/* The client has left before an answer, and the upstream had all of the
 * request: it may go on, and bills what it has read at least. */
bool outcome_was_left(const struct outcome *o);
/* Is something wrong with the upstream, and not with this request only? */
bool outcome_is_fault(const struct outcome *o);
/* In a word: "429", "upstream_timeout". In `mem`, or constant. */
const char *outcome_name(const struct outcome *o, char mem[16]);

#endif
