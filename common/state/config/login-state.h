/* SPDX-License-Identifier: MIT */
/*
 * login-state: log-ins that wait for the browser to come back.
 *
 * `dario login` begins one under its state (RFC 6749, section 10.12); the
 * worker that gets the browser's call writes what it brought; the command
 * reads it. Kept as state/login-HASH.json, for LOGIN_STATE_MS.
 */
#ifndef DARIO_LOGIN_STATE_H
#define DARIO_LOGIN_STATE_H

#include "base/buf.h"
#include "base/err.h"

#define LOGIN_STATE_MS (5 * 60 * 1000)

int login_state_begin(const char *home, const char *state, struct err *e);
void login_state_end(const char *home, const char *state);

/* 0; 1 when there is no such log-in (any more); -1. `code` or `error` is "". */
int login_state_answer(const char *home, const char *state, const char *code,
		       const char *error, struct err *e);
/* 0 and one of both filled; 1 not yet; -1. */
int login_state_look(const char *home, const char *state, struct buf *code,
		     struct buf *error, struct err *e);

#endif
