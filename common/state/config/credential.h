/* SPDX-License-Identifier: MIT */
/*
 * credential: an account's tokens, in the places that keep them.
 *
 * The first place is a file of this host, which requests are served from
 * (account.h). Where hosts have a store and a key (vault.h), a sealed copy
 * there may be the second; such an account is shared, and its file says so:
 *
 *	"storeVersion"  of what both places had in common last
 *	"storeToken"    the hash of its refresh token
 *
 * A file whose refresh token has another hash has what the store lacks: it was
 * refreshed while the store was away, or its process slept. It is put there
 * when that still has the token that was consumed for it. A log-in takes
 * storeToken out, and goes before whatever the store has. Else the newer
 * version goes before the older: of what others have put a host takes the
 * tokens, all other members of its file are its own.
 *
 * All calls down to credential_is_shared are made with the lock of the
 * account's file held. They may park.
 */
#ifndef DARIO_CREDENTIAL_H
#define DARIO_CREDENTIAL_H

#include "state/config/account.h"

/* Longer than the longest refresh: whoever asks within it is the only one. */
#define CREDENTIAL_TURN_MS 120000

enum credential_turn {
	CREDENTIAL_OURS,    /* nobody else asks for new tokens */
	CREDENTIAL_RENEWED, /* the file has new ones already */
	CREDENTIAL_THEIRS   /* another host asks at this moment */
};

/* Bring both places together. 0: they have the same; -1: they have not. */
int credential_sync(const char *home, const char *file, struct err *e);
/* The same, then: whose turn is it to ask for new tokens? -1: that cannot be
 * told, so nobody may ask. */
int credential_look(const char *home, const char *file,
		    enum credential_turn *turn, struct err *e);
/* And take the turn when it is ours. *doubt: a host has not come back from its
 * turn, and may yet bring new tokens. */
int credential_take(const char *home, const char *file,
		    enum credential_turn *turn, bool *doubt, struct err *e);
/* The turn is over; new tokens, if any, are in the file. */
int credential_give(const char *home, const char *file, struct err *e);

/* From now on it is shared, and all of the file is there; with `force` also in
 * the place of another log-in. Or it is not any more: then nobody else may use
 * it. */
int credential_share(const char *home, const char *file, bool force,
		     struct err *e);
int credential_leave(const char *home, const char *file, struct err *e);
bool credential_is_shared(struct json_object *file);
/* The tokens in the file are of a new log-in, not of a refresh. */
void credential_new_login(struct json_object *file);

/* Its storeVersion, or 0; *ahead: it has what the store lacks. */
int64_t credential_version(const char *home, const char *file, bool *ahead);
/* Each account with tokens that has a file here; without a lock. */
typedef void credential_fn(void *arg, const char *file);
void credential_each(const char *home, credential_fn *fn, void *arg);

/* Where a host has no file of that name yet: as the store has it. */
int credential_fetch(const char *home, const char *file, struct err *e);

#endif
