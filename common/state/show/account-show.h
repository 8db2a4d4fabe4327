/* SPDX-License-Identifier: MIT */
/*
 * account-show: accounts as JSON, for /status, /accounts, and the commands
 * that show the same. No secret is in it.
 */
#ifndef DARIO_ACCOUNT_SHOW_H
#define DARIO_ACCOUNT_SHOW_H

#include "base/jw.h"
#include "state/config/snapshot.h"
#include "state/pool/pool.h"

/* {"authenticated":true,"status":"healthy","expiresAt":...,"expiresIn":"3h 2m",
 *  "accounts":[...]}; the first usable account speaks for all at the top. */
void show_status(struct jw *w, const struct snapshot *c, const char *home);

/* {"mode":"pool","accounts":[{"alias":...,"headroom":...}],...} */
void show_accounts(struct jw *w, const struct snapshot *c, const char *home);

/* healthy, expiring, expired, needs-login, unusable */
const char *show_token_state(const struct seat *s);

/* "3h 12m", "12m", "40s" */
void show_duration(char *out, size_t n, int64_t ms);

#endif
