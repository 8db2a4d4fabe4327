/* SPDX-License-Identifier: MIT */
/*
 * claude: a request on its way through the pool of Claude accounts.
 * serve-claude.c chooses, prepares and calls; claude-learn.c takes from each
 * answer what it says of the account, and tells what else can be done with the
 * request. Private to these two.
 */
#ifndef DARIO_CLAUDE_H
#define DARIO_CLAUDE_H

#include "fcgi/target.h"
#include "state/account-failure.h"
#include "state/pool.h"
#include "state/queue.h"
#include "state/sticky.h"

struct claude {
	struct target *target;
	struct request *r;
	const char *home;
	struct route route; /* with the model's real name */
	struct peek *peek;
	enum family_kind family;
	struct relay *relay;
	struct outgoing out;
	bool made;            /* `out` is */
	struct binding bound; /* of the conversation; key "": of none */
	const char *first;    /* choice: its alias; NULL before */
	const char *passed; /* over before the pool: see request.h, fallback */

	struct pool pool;
	bool *tried;            /* by account */
	struct account account; /* as its file has it now */
	int seat;               /* of it */
	struct ticket ticket;   /* while waiting in line */
	int64_t deadline;       /* of waiting */

	/* of the running call */
	struct limits limits;
	bool told;     /* the answer's head said something of limits */
	bool accepted; /* it was a 2xx */
	char retry_after[64];
	int64_t reset; /* of what decides, by the last head; 0: not told */
	enum failure_next next;
	enum limit_cause cause;

	bool refreshed, retried; /* once each, per account */
	int mended;              /* times, after what was refused */
	bool leave;              /* for the next target of the route */
	struct err error;        /* the last failure that is ours to tell */
};

bool claude_is_subscription(const struct claude *c);
/* Is there another account that could serve? */
bool claude_has_other(const struct claude *c);

/* Of the running call: see relay.h; arg is the struct claude. */
void claude_on_head(void *arg, const struct http_head *head);
/* What the call came to: for the account, and for the request (`next`, `cause`,
 * `leave`). */
void claude_learn(struct claude *c);

#endif
