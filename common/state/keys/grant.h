/* SPDX-License-Identifier: MIT */
/*
 * grant: what a person's program has been given in a sign-in: a token for
 * requests, good for an hour, and one to get the next pair with (RFC 6749).
 *
 * A grant is of one key, as it was then: it ends when that is rotated or
 * removed, and rests while it is disabled. Both tokens name their grant, and
 * are kept as hashes alone, in the texts grants-XX of shared.h; whoever brings
 * a token to refresh that is not the last one ends the grant, for one of two
 * has stolen it. The token before stays good until its hour is over, for
 * programs that run beside the one that refreshed. A grant that is not
 * refreshed for GRANT_IDLE_MS is over. Thread-safe; every call but grant_is
 * may park the coroutine.
 */
#ifndef DARIO_GRANT_H
#define DARIO_GRANT_H

#include "state/keys/key.h"

#define GRANT_ACCESS_MS (60 * 60 * 1000LL)
#define GRANT_IDLE_MS (30 * 24 * 60 * 60 * 1000LL)
#define GRANT_TOKEN_BYTES 96

struct grant_tokens {
	char access[GRANT_TOKEN_BYTES], refresh[GRANT_TOKEN_BYTES];
};

/* Which key it is that a name stands for, so that another one under the name
 * is not taken for it. */
#define GRANT_SIGN_BYTES 33
void grant_sign(const struct key *k, char out[GRANT_SIGN_BYTES]);
/* The key of that name and sign, if it may be used now; or NULL. */
const struct key *grant_key(const struct keys *all, const char *name,
			    const char *sign);

int grant_make(const char *home, const struct key *k, struct grant_tokens *out,
	       struct err *e);
/* 0; 1: the token is not good, or not any more; -1. */
int grant_refresh(const char *home, const struct keys *all, struct span token,
		  struct grant_tokens *out, struct err *e);
/* Is there a grant that the token to refresh with names, good or old? */
bool grant_is_known(const char *home, struct span token);
/* With either token; one that is not known is revoked already. */
int grant_revoke(const char *home, struct span token, struct err *e);

/* Does it look like one of ours, for requests? */
bool grant_is(struct span token);
/* Whose it is in *out; NULL: nobody's, or not any more. A key that is refused
 * is found. -1: the machine has too little of something to know. */
int grant_find(const char *home, const struct keys *all, struct span token,
	       const struct key **out, struct err *e);

#endif
