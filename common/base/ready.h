/* SPDX-License-Identifier: MIT */
/*
 * ready: a program tells the one that started it that it serves.
 *
 * The starter leaves the writing end of a pipe open and names its descriptor in
 * DARIO_READY_FD. A byte says: from now on requests are taken. The end of the
 * pipe says: no more are, because the program ends what it has, or is gone.
 * systemd hears the same when it asks for it (Type=notify, sd_notify(3)).
 * Without either, nothing happens.
 */
#ifndef DARIO_READY_H
#define DARIO_READY_H

#include <stdbool.h>

#define READY_ENV "DARIO_READY_FD"

struct ready {
	bool begun;
	int fd; /* -1: no pipe */
};

/* First, while there is one thread: the environment is changed, which others
 * may be reading. */
void ready_init(struct ready *r);
void ready_begin(struct ready *r);
void ready_end(struct ready *r); /* does nothing when it has not begun */

#endif
