/* SPDX-License-Identifier: MIT */
/*
 * oauth-config: the OAuth settings for subscription log-ins, and where each is
 * from.
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
#ifndef DARIO_OAUTH_CONFIG_H
#define DARIO_OAUTH_CONFIG_H

#include "base/err.h"
#include "state/config/note.h"

enum oauth_value {
	OAUTH_CLIENT_ID,
	OAUTH_AUTHORIZE_URL,
	OAUTH_TOKEN_URL,
	OAUTH_SCOPES,
	OAUTH_VALUES
};

struct oauth_config {
	char value[OAUTH_VALUES][1024];
	const char *source[OAUTH_VALUES]; /* "environment", "built in", ... */
	/* The way there, of the account; NULL: the usual. */
	const char *proxy, *ca_file;
};

/* `cc_path`: Claude Code's program, "" to look in the usual places. */
int oauth_config_load(struct oauth_config *g, const char *home,
		      const char *cc_path, struct err *e);
/* Can the file of one's own be read, and what keys in it are none of ours? */
int oauth_config_check(const char *home, struct notes *n, struct err *e);
/* "clientId", "DARIO_OAUTH_CLIENT_ID" */
const char *oauth_config_name(enum oauth_value v);
const char *oauth_config_env(enum oauth_value v);

#endif
