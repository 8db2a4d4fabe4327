/* SPDX-License-Identifier: MIT */
/*
 * meter: what each person's key has used, and whether it may use more.
 *
 * meter_take before anything is sent: all limits of the key are looked at and
 * the largest possible cost is reserved, in one step that no other request of
 * any process can come between. meter_note tells what is known so far, so that
 * no more than that is lost with a process. meter_settle puts what the answer
 * has really cost in the place of the reservation, also 0. What is reserved
 * counts as spent until then: the sums can pass a limit by one request at most
 * (which `strict` does not let in), whatever runs at the same time.
 *
 * Sums of money are by UTC day, ISO week and month. Rate and tokens are counted
 * in sliding windows of METER_SLICES parts: never more than the limit in any
 * window of that length, and what was used comes back at the latest one part
 * later. A clock that is set back, and right again later, gives nothing back.
 * meter-table.h says what survives what. A pair of calls takes about a
 * microsecond; with a store of several hosts (meter-ops.h) a round trip before
 * the request. Thread-safe; a call may park the coroutine.
 */
#ifndef DARIO_METER_H
#define DARIO_METER_H

#include "state/keys/quota.h"

enum meter_verdict {
	METER_OK,
	METER_SPENT,     /* a sum of money is used up until `reset` */
	METER_BIG,       /* the largest possible cost is more than its rest */
	METER_NO_TOKENS, /* tokens are used up until `reset` */
	METER_RATE,      /* too many requests until `reset` */
	METER_BUSY, /* too many at a time, or they have reserved the rest */
};

/* What a request may come to at most. */
struct meter_ask {
	int64_t cost, tokens;
	bool strict; /* only if that fits what is left */
};

struct meter_answer {
	enum meter_verdict verdict;
	enum quota_period period; /* of the sum that is spoken of */
	bool has_spend;           /* there is a limit of money */
	double used;              /* share of it, before this request */
	int64_t reset;            /* ms since 1970 */
};

/* Of one request; all zero: none. */
struct meter_ops;
struct meter_lease {
	const struct meter_ops *by; /* who has given it */
	struct meter_table *table;  /* of files */
	void *flight;
};

/* -1: the counters cannot be read or written. There may be a lease all the
 * same, which is counted later: end it, whatever is done. */
int meter_take(const char *home, const char *name, const struct quota *q,
	       const struct meter_ask *ask, struct meter_lease *out,
	       struct meter_answer *answer, struct err *e);
void meter_note(struct meter_lease *l, int64_t cost, int64_t tokens);
void meter_settle(struct meter_lease *l, int64_t cost, int64_t tokens);
void meter_cancel(struct meter_lease *l); /* as if it had never been */

/* What a request has cost that no limit was looked at for: it counts for those
 * that are set later, and is shown. Nothing is waited for but the lock. -1: it
 * is not counted. */
int meter_count(const char *home, const char *name, int64_t cost,
		struct err *e);

/* For people: what is used now. */
struct meter_use {
	int64_t spent[QUOTA_PERIODS];
	int64_t reserved, running;
	int64_t requests, tokens; /* in the windows of q */
};
int meter_use(const char *home, const char *name, const struct quota *q,
	      struct meter_use *out, struct err *e);

/* The key is removed: what was counted of it goes, and its slot is free when no
 * request of it is under way. */
void meter_forget(const char *home, const char *name);

#endif
