/* SPDX-License-Identifier: MIT */
/*
 * sign-in: a person logs in to a Claude subscription (OAuth with PKCE), and
 * the tokens go into a file of ours.
 *
 * The browser comes back to a listener on a free loopback port: lighttpd and
 * our worker, for as long as it takes. By hand (`manual`) the person pastes
 * the code that the page shows. Five minutes are given for it.
 */
#ifndef DARIO_SIGN_IN_H
#define DARIO_SIGN_IN_H

#include "cli/cmd.h"

#define SIGN_IN_FLAGS \
	{ "manual", NULL, \
	  "show the address and take the code by hand: no listener" }, \
	{ \
		"no-browser", NULL, "do not open a browser" \
	}

/* `c` has SIGN_IN_FLAGS; `file` as in account.h. */
int sign_in(const struct cmd *c, const char *file, struct err *e);

/* What everyone who logs in is told. */
void sign_in_terms(void);

#endif
