/* SPDX-License-Identifier: MIT */
/*
 * device: sign-ins of programs without a browser (RFC 8628).
 *
 * A program begins one and shows its user code; a person types that into the
 * page and says who they are; the program, which asks again and again with its
 * device code, is told so once. Who has no key at hand brings an invitation:
 * good once, for one key. All codes are kept as their hashes, in the text
 * sign-ins of shared.h. Thread-safe; every call may park the coroutine.
 */
#ifndef DARIO_DEVICE_H
#define DARIO_DEVICE_H

#include "state/keys/key.h"

#define DEVICE_MS (10 * 60 * 1000LL) /* until it is approved and fetched */
#define DEVICE_INTERVAL 5            /* seconds between questions, at first */
#define DEVICE_WAITING_MAX 1000
#define DEVICE_INVITATIONS_MAX 1000

struct device_codes {
	char device[DIGEST_URL_BYTES];
	char user[10]; /* WDJB-MJHT */
};

/* ERR_BUSY when too many wait already. */
int device_begin(const char *home, struct device_codes *out, struct err *e);

enum device_state {
	DEVICE_PENDING,
	DEVICE_SLOW_DOWN, /* pending, and asked too soon */
	DEVICE_DENIED,
	DEVICE_EXPIRED,
	DEVICE_UNKNOWN, /* or it was fetched already */
	DEVICE_APPROVED
};

/* The program asks; once it is approved *key is who it is, if that key may
 * still be used. */
int device_ask(const char *home, const struct keys *all, struct span code,
	       enum device_state *state, const struct key **key, struct err *e);

/* The person's answer. 0; 1: no such sign-in waits; -1. */
int device_approve(const char *home, struct span user_code, const struct key *k,
		   struct err *e);
int device_deny(const char *home, struct span user_code, struct err *e);
/* 2: the invitation is not good (any more); else the same. */
int device_accept(const char *home, const struct keys *all,
		  struct span user_code, struct span invitation,
		  const struct key **key, struct err *e);

#define DEVICE_INVITATION_BYTES 30 /* BCDF-GHJK-LMNP-QRST-VWXZ */
int device_invite(const char *home, const struct key *k, int64_t until,
		  char out[DEVICE_INVITATION_BYTES], struct err *e);

/* Is the code of a program that waits, or an invitation that is open? Nothing
 * is taken or changed. */
bool device_waits(const char *home, struct span code);
bool device_is_invited(const char *home, const struct keys *all,
		       struct span invitation);

/* May one from there try once more? What went wrong is counted: some in a row
 * pass, then one a while. Who comes by a proxy of this machine is told apart by
 * what that says of them, and they all together have ten times as much. */
enum device_try {
	DEVICE_TRY_BEGIN,
	DEVICE_TRY_CODE,  /* of a person, on the page */
	DEVICE_TRY_TOKEN, /* a device code, or one to refresh with */
	DEVICE_TRY_KEY,   /* codes of who has shown a key; not an address */
	DEVICE_TRIES
};
struct device_from {
	const char *name;  /* address or key, or NULL */
	const char *proxy; /* the address of the proxy, or NULL */
};
bool device_may_try(const char *home, enum device_try what,
		    struct device_from from);
void device_tried(const char *home, enum device_try what,
		  struct device_from from);

#endif
