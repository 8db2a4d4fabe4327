/* SPDX-License-Identifier: MIT */
/*
 * session: a log-in to the page, as a signed cookie.
 *
 *	EXPIRES.NONCE.NAME.CREDENTIAL.MAC
 *
 * NAME is that of a person's key, or empty for the owner; CREDENTIAL and MAC
 * are HMAC-SHA256 with the secret of this router, of what was logged in with
 * and of all that stands before. So a key that is removed, disabled, expired or
 * made anew ends its sessions, and so does another key of the router. The
 * secret is made once (session-secret, below the home); without it no session
 * is good. Nothing is kept of a session but those that were ended before their
 * time (sessions-ended, beside it), each until it would have expired. When
 * those become too many, all that expire first are over; when they cannot be
 * read, none is good. Compared in constant time. Thread-safe; it may wait.
 *
 * A browser sends a cookie to every port of a host, so another program there
 * can come to have it. It is good with its token only, which the page got when
 * it logged in, and which the browser keeps for the page's own origin.
 */
#ifndef DARIO_SESSION_H
#define DARIO_SESSION_H

#include "base/digest.h"
#include "state/config/snapshot.h"

#define SESSION_COOKIE_MAX 400
#define SESSION_SECONDS (7 * 86400)
#define SESSION_NAME "dario-session-" /* the cookie's, before its end */
#define SESSION_NAME_MAX 32

/* Who it is; both false: nobody. */
struct session {
	bool owner;
	const struct key *key; /* of a person */
};

/* Who has this key? */
struct session session_login(const struct snapshot *c, struct span key);
/* The cookie's value, for who has logged in. */
int session_make(const char *home, const struct snapshot *c, struct session who,
		 char out[SESSION_COOKIE_MAX], struct err *e);
struct session session_find(const char *home, const struct snapshot *c,
			    struct span cookie);
/* A log-out: the cookie is good for nothing more. */
int session_end(const char *home, struct span cookie, struct err *e);

/* What the page brings beside the cookie. */
int session_token(const char *home, struct span cookie,
		  char out[DIGEST_URL_BYTES], struct err *e);
/* The cookie's name: of two routers of a host each has its own. */
int session_name(const char *home, char out[SESSION_NAME_MAX], struct err *e);

#endif
