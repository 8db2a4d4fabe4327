/* SPDX-License-Identifier: MIT */
/*
 * login: what `dario login` and the page have in common: the code that the
 * provider shows, as a person pastes it, and the tokens that come of it, in a
 * file of ours. Blocking; thread-safe.
 */
#ifndef DARIO_LOGIN_H
#define DARIO_LOGIN_H

#include "net/oauth.h"

#define LOGIN_CODE_MAX 4096

/* CODE#STATE, or the address of the page, cut into two. */
struct login_pasted {
	char code[LOGIN_CODE_MAX], state[LOGIN_CODE_MAX];
};
int login_read_pasted(struct login_pasted *out, const char *text,
		      struct err *e);
/* "" is no state: an error. */
int login_is_of(const struct login_pasted *p, const char *state, struct err *e);

/* Exchanges the code and stores the tokens in `file` (account.h). *said: what
 * the person is told, in lines. */
int login_finish(const char *home, const struct oauth_config *g,
		 const struct oauth_login *l, const char *code,
		 const char *file, struct buf *said, struct err *e);

#endif
