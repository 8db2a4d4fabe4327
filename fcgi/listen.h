/* SPDX-License-Identifier: MIT */
/*
 * listen: where requests come from: the socket that a web server's spawner or
 * `dario proxy` has left as descriptor 0, the one that systemd has passed, or
 * one of our own. Before there are threads.
 */
#ifndef DARIO_LISTEN_H
#define DARIO_LISTEN_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* A socket of our own: one that nobody listens on any more is replaced, if it
 * is ours; one process at a time may do this. */
int listen_own(const char *path, mode_t mode, struct err *e);
/* 1, or 0 when systemd has passed none. */
int listen_inherit(struct err *e);
/* Call after these two: has a web server started us for one request? */
bool listen_is_cgi(void);
/* The socket to accept on; accept does not block. */
int listen_fd(void);
/* Nobody accepts any more: the socket is closed, and removed if it is ours. */
void listen_end(void);

#endif
