/* SPDX-License-Identifier: MIT */
/*
 * pool: which Claude account answers a request.
 *
 * pool_look takes the accounts and what is known of their limits into one
 * view; pool_pick chooses from it: the account that the conversation is bound
 * to while it can serve, else the one with the most headroom. Pure after the
 * look: the same code serves requests, /accounts and `dario explain`. A view
 * belongs to one thread and borrows the accounts.
 */
#ifndef DARIO_POOL_H
#define DARIO_POOL_H

#include "state/account.h"
#include "state/limits.h"

struct seat {
	const struct account *account;
	struct limits limits;
	double headroom; /* of the family asked for, 0 to 1 */
	bool usable;     /* could serve now */
	bool resting;    /* not, but it may be asked when no other can */
	enum limit_cause cause;
	int64_t until; /* when it may be usable again, ms since 1970; 0: by
			 * itself never */
	char why[160]; /* it is not usable; or "" */
};

struct pool {
	struct seat *seats;
	size_t n;
	int64_t now;
};

/* Release with pool_release. */
void pool_look(struct pool *p, const char *home, const struct accounts *a,
	       enum family_kind family);
void pool_release(struct pool *p);

/* The seat to use, or -1. `bound`: alias that the conversation is bound to, or
 * "". `tried`: seats that are not to be asked again. */
int pool_pick(const struct pool *p, const char *bound, const bool *tried);

/* The earliest moment at which a seat may be usable again; 0: none will. */
int64_t pool_next(const struct pool *p);

#endif
