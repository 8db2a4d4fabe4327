/* SPDX-License-Identifier: MIT */
/*
 * refresh: a new token for a subscription, asked for by one process at a time.
 *
 * A refresh token is good for one use, so the whole host takes turns under the
 * lock of the account's file: whoever comes second finds the new token there
 * and asks nobody. The asking is done by a process of its own
 * ("dario.fcgi --refresh=ALIAS"), so that a worker that is killed meanwhile
 * does not take the only copy of the new token along. That process makes room
 * on the disk first, then asks, then stores, then lets the lock go.
 *
 * An account that hosts share (credential.h) is asked for by one host at a time
 * as well: the others go on with the old token while it is good, and wait
 * where it is not; while the store is away nobody asks.
 *
 * A transient failure is not repeated for REFRESH_PAUSE_MS; a void refresh
 * token is remembered (limits.h, CAUSE_AUTH) until there is another log-in.
 */
#ifndef DARIO_REFRESH_H
#define DARIO_REFRESH_H

#include "base/run.h"
#include "net/http.h"
#include "state/config/account.h"

#define REFRESH_PAUSE_MS 60000

struct refresh {
	const char *home;
	const char *worker; /* path of dario.fcgi */
	bool insist;        /* also soon after a failure */
	bool needed;        /* the old token is of no use any more */
	/* Let some time pass; -1 when it is not worth it any more. */
	int (*wait)(void *arg, long ms, struct err *e);
	void *arg;
};

/* `old` is what the caller has. *out is the account as it stands now, with
 * another access token than `old`: account_release it. */
int refresh_account(const struct refresh *r, const struct account *old,
		    struct account *out, struct err *e);

/* Is another token to be asked for, before this one ends? */
bool refresh_is_due(const struct account *a);
/* The same for who can go on without: unless it is `needed`, or over, the old
 * token serves on when it cannot be renewed yet. */
int refresh_or_keep(const struct refresh *r, const struct account *old,
		    struct account *out, struct err *e);

/* The asking process: the lock on the account's file is descriptor
 * REFRESH_LOCK_FD. Exit status. */
#define REFRESH_LOCK_FD RUN_THIRD_FD
int refresh_main(const char *file);

#endif
