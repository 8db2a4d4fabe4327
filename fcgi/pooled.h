/* SPDX-License-Identifier: MIT */
/*
 * pooled: a request on its way through the accounts of one backend.
 * serve-pool.c chooses, prepares and calls; pool-learn.c takes from each answer
 * what it says of the account, and tells what else can be done with the
 * request. Private to these two.
 */
#ifndef DARIO_POOLED_H
#define DARIO_POOLED_H

#include "fcgi/target.h"
#include "state/pool/pool.h"
#include "state/pool/queue.h"
#include "state/pool/refusal.h"
#include "state/pool/sticky.h"

struct pooled {
	struct target *target;
	struct request *r;
	const char *home;
	struct route route; /* with the model's real name */
	struct peek *peek;
	enum provider_kind kind;
	bool claude; /* the backend is */
	struct relay *relay;
	struct outgoing out;
	bool made;            /* `out` is */
	struct binding bound; /* of the conversation; key "": of none */
	const char *first;    /* choice: its alias; NULL before */
	const char *passed; /* over before the pool: see request.h, fallback */

	struct pool_request pool; /* which account */
	struct accounts only;     /* borrowed: the pool, where one alone can */
	bool *tried;              /* by account */
	struct pool_choice choice;
	int64_t turn_at;        /* of its pace, clock_ms */
	bool trial;             /* it is known to be full: see pool_try_full */
	struct account account; /* as its file has it now */
	struct ticket ticket;   /* while waiting in line */
	int64_t deadline;       /* of waiting */

	/* of the running call */
	struct limits limits; /* as seen before it, then as it says */
	struct limits before;
	struct limits_told told;
	bool accepted; /* it was a 2xx */
	char retry_after[64], retry_after_ms[64];
	enum refusal_next next;
	enum limit_cause cause;

	bool refreshed, retried; /* once each, per account */
	bool leave;              /* for the next target of the route */
	struct err error;        /* the last failure that is ours to tell */
};

bool pooled_is_subscription(const struct pooled *c);
/* Is there another account that could serve? */
bool pooled_has_other(const struct pooled *c);

/* Of the running call: see relay.h; arg is the struct pooled. */
void pooled_on_head(void *arg, const struct http_head *head);
/* What the call came to: for the account, and for the request (`next`, `cause`,
 * `leave`). */
void pooled_learn(struct pooled *c);

#endif
