/* SPDX-License-Identifier: MIT */
/*
 * pool: which account of a backend answers a request.
 *
 * pool_choose chooses and holds a place: the account that the conversation is
 * bound to while it can serve, else the best of those that can, by priority
 * and strategy; one whose rest those that are there will use up comes last.
 * What is in flight at an account, and how soon its pace lets another request
 * go, count across all processes. What an account's limits mean is worked out
 * once per change, so that the number of accounts costs next to nothing.
 * pool_look tells people the same of all accounts. A pool borrows the accounts.
 */
#ifndef DARIO_POOL_H
#define DARIO_POOL_H

#include "state/config/account.h"
#include "state/pool/standing.h"
#include "state/pool/sticky.h"

enum pool_strategy {
	POOL_HEADROOM,      /* the most headroom for what is in flight; those
			     * that are alike take turns */
	POOL_FILL_FIRST,    /* one after the other */
	POOL_SOONEST_RESET, /* what expires first is used first */
};

/* A request that looks for an account. */
struct pool_request {
	const char *home;
	const struct accounts *accounts;
	struct asked asked;
	enum pool_strategy strategy;
	struct binding *bound; /* of its conversation; NULL: none */
	const bool *tried;     /* accounts not to be asked again; NULL: none */
	long interval;         /* of a subscription's pace, ms; 0: none */
};

/* Longer than this nobody waits for an account's pace. */
#define POOL_PACE_MAX_MS 30000

struct pool_choice {
	int at;       /* of the accounts; -1: none can serve now */
	int64_t pace; /* to wait before it is asked, ms */
	bool slow;    /* its pace is too far behind: none was taken */
	bool behind;  /* others wait before us: it is not ours yet */
	bool held;
	uint32_t beside; /* requests at it then */
};

/* The words of the setting `strategy`. */
enum pool_strategy pool_strategy_of(const char *word);

/* Choose and hold: pool_let_go follows. A binding that was guessed is known
 * then, if anybody could serve. */
void pool_choose(const struct pool_request *r, struct pool_choice *out);
void pool_let_go(const struct pool_request *r, struct pool_choice *c);
/* What would be chosen; -1: nobody. */
int pool_peek(const struct pool_request *r);
/* When nobody can serve: one whose window ends far away may be asked all the
 * same, once in a while: somebody may have raised its limits. Held. */
void pool_try_full(const struct pool_request *r, struct pool_choice *out);
/* Who that would be; -1: nobody. */
int pool_peek_full(const struct pool_request *r);
/* Its window has just been seen to be full. */
void pool_is_full(const struct pool_request *r, int at);
/* The earliest moment at which an account may serve again; 0: none will. */
int64_t pool_next(const struct pool_request *r);
/* The next turn of its pace: ms to wait, or -1. */
int64_t pool_pace(const struct pool_request *r, int at);

/* How an account stands, for people and for what was asked. */
struct seat {
	const struct account *account;
	struct limits limits;
	double headroom; /* of the family asked for, 0 to 1 */
	bool usable;     /* could serve now */
	bool resting;    /* not, but it may be asked when no other can */
	enum limit_cause cause;
	int64_t until;      /* when it may be usable again, ms since 1970; 0: by
			      * itself never */
	uint32_t in_flight; /* requests at it */
	char why[160];      /* it is not usable; or "" */
};

struct pool {
	struct seat *seats;
	size_t n;
	int64_t now;
};

/* Release with pool_release. `asked` NULL: whatever it be. */
void pool_look(struct pool *p, const char *home, const struct accounts *a,
	       const struct asked *asked);
void pool_release(struct pool *p);
/* One of them alone. */
void pool_seat(struct seat *s, const char *home, const struct account *a,
	       const struct asked *asked);

/* Was all that is known learnt of a credential that the account no longer has?
 */
bool pool_is_void(const struct account *a, const struct limits *l);
/* Until when its token is not to be refreshed, after a failure; 0: it may. */
int64_t pool_refresh_pause(const struct account *a, const struct limits *l);

#endif
