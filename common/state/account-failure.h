/* SPDX-License-Identifier: MIT */
/*
 * account-failure: what a Claude account's failed answer means, for the account
 * and for the request, and whether what was learnt so still holds. Pure.
 *
 * Sources: Anthropic's error and rate limit documentation; the wording of
 * credit and signature errors as reported from the field.
 */
#ifndef DARIO_ACCOUNT_FAILURE_H
#define DARIO_ACCOUNT_FAILURE_H

#include "state/account.h"
#include "state/limits.h"

/* What to do with the request. */
enum failure_next {
	NEXT_ANSWER,  /* it is the client's: nobody else would do better */
	NEXT_REFRESH, /* the token may be old: a new one, once */
	NEXT_OTHER,   /* another account may serve */
	NEXT_STRIP,   /* without the thinking that is signed elsewhere, once */
};

struct account_failure {
	enum failure_next next;
	enum limit_cause cause; /* of the account; CAUSE_NONE: none */
	int64_t until;          /* of the cause; 0: no end by itself */
};

struct failed_answer {
	int status;              /* 0: there was none */
	struct span text;        /* its body or message */
	struct span retry_after; /* header field, or "" */
	int64_t reset;           /* of what decides, as it says; 0: unknown */
	bool subscription;
	bool told; /* its header fields said something of limits */
};

/* `l` with the answer's header fields taken over. */
struct account_failure account_failure_of(const struct failed_answer *a,
					  const struct limits *l,
					  enum family_kind f, int64_t now);

/* Was the cause learnt of a credential that the account no longer has? */
bool account_has_new_credential(const struct account *a,
				const struct limits *l);

/* Until when the account's token is not to be refreshed, after a failure; 0:
 * it may be. */
int64_t account_pause(const struct account *a, const struct limits *l);

#endif
