/* SPDX-License-Identifier: MIT */
/*
 * pending: log-ins that wait for the browser to come back.
 *
 * `dario login` begins one under its state (RFC 6749, section 10.12); the
 * worker that gets the browser's call writes what it brought; the command
 * reads it. Kept as state/login-HASH.json, for PENDING_MS.
 */
#ifndef DARIO_PENDING_H
#define DARIO_PENDING_H

#include "base/buf.h"
#include "base/err.h"

#define PENDING_MS (5 * 60 * 1000)

int pending_begin(const char *home, const char *state, struct err *e);
void pending_end(const char *home, const char *state);

/* 0; 1 when there is no such log-in (any more); -1. `code` or `error` is "". */
int pending_answer(const char *home, const char *state, const char *code,
		   const char *error, struct err *e);
/* 0 and one of both filled; 1 not yet; -1. */
int pending_look(const char *home, const char *state, struct buf *code,
		 struct buf *error, struct err *e);

#endif
