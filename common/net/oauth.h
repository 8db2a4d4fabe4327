/* SPDX-License-Identifier: MIT */
/*
 * oauth: the authorization server's side of a subscription log-in (RFC 6749,
 * RFC 7636 with S256).
 *
 * oauth_begin makes the secrets of one log-in and the address that the person
 * opens; the code that comes back is exchanged for tokens. Nothing is stored
 * here. A refresh token is good for one use: see refresh.h for the only caller
 * of oauth_refresh. Blocking; thread-safe.
 */
#ifndef DARIO_OAUTH_H
#define DARIO_OAUTH_H

#include "base/digest.h"
#include "net/http.h"
#include "state/config/account.h"
#include "state/config/oauth-config.h"

#define OAUTH_MANUAL_REDIRECT "https://platform.claude.com/oauth/code/callback"

struct oauth_login {
	char state[DIGEST_URL_BYTES], verifier[DIGEST_URL_BYTES];
	char redirect[256];
};

/* The address to open for a log-in whose members are there. */
void oauth_address(const struct oauth_login *l, const struct oauth_config *g,
		   struct buf *url);
/* `url` gets the address to open. */
void oauth_begin(struct oauth_login *l, const struct oauth_config *g,
		 const char *redirect, struct buf *url);
int oauth_exchange(struct http *h, const struct oauth_config *g,
		   const struct oauth_login *l, const char *code,
		   struct tokens *out, struct err *e);

/* *final: the refresh token is void, asking again is of no use. */
int oauth_refresh(struct http *h, const struct oauth_config *g,
		  const char *refresh_token, struct tokens *out, bool *final,
		  struct err *e);

#endif
