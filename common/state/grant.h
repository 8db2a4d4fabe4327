/* SPDX-License-Identifier: MIT */
/*
 * grant: the OAuth settings for subscription log-ins, and where each is from.
 *
 * Each value is taken from the environment (DARIO_OAUTH_*), else from
 * oauth-config.override.json, else from the installed Claude Code, whose file
 * is searched for the settings behind its production API address, else from
 * what is built in. What was found in Claude Code's file is kept in
 * cc-oauth-cache-v3.json together with a fingerprint of that file. URLs must
 * be https; plain http is for loopback only.
 *
 *	{"clientId":"...","authorizeUrl":"...","tokenUrl":"...",
 *	 "scopes":"a b c"}
 */
#ifndef DARIO_GRANT_H
#define DARIO_GRANT_H

#include "base/err.h"

enum grant_value {
	GRANT_CLIENT_ID,
	GRANT_AUTHORIZE_URL,
	GRANT_TOKEN_URL,
	GRANT_SCOPES,
	GRANT_VALUES
};

struct grant {
	char value[GRANT_VALUES][1024];
	const char *source[GRANT_VALUES]; /* "environment", "built in", ... */
};

/* `cc_path`: Claude Code's program, "" to look in the usual places. */
int grant_load(struct grant *g, const char *home, const char *cc_path,
	       struct err *e);
/* "clientId", "DARIO_OAUTH_CLIENT_ID" */
const char *grant_name(enum grant_value v);
const char *grant_env(enum grant_value v);

#endif
