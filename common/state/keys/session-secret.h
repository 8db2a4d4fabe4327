/* SPDX-License-Identifier: MIT */
/*
 * session-secret: what this router alone can make of a text: an HMAC-SHA256
 * with a secret that is made once, in the file session-secret below the home.
 * So is told whose a cookie is, and that who listens on a port reads that home.
 *
 * `what` names the purpose: none is good in the place of another. The file is
 * read once for each change. Thread-safe; it may wait for a lock of the file.
 */
#ifndef DARIO_SESSION_SECRET_H
#define DARIO_SESSION_SECRET_H

#include "base/digest.h"
#include "base/err.h"

#define SESSION_SECRET "session-secret"

int session_sign(const char *home, const char *what, struct span text,
		 char out[DIGEST_URL_BYTES], struct err *e);

/* What a router answers to the challenge of who wants to know if it is the one
 * of that home, and listens on that port itself. */
#define SESSION_CHALLENGE_BYTES DIGEST_URL_BYTES
int session_prove(const char *home, const char *port, const char *challenge,
		  char out[DIGEST_URL_BYTES], struct err *e);

#endif
