/* SPDX-License-Identifier: MIT */
/*
 * listen: the two sockets of dario proxy: where clients come in, and where the
 * web server reaches the workers.
 *
 * They are made here and handed on, so that neither a worker's end nor the web
 * server's refuses anybody who asks meanwhile.
 */
#ifndef DARIO_LISTEN_H
#define DARIO_LISTEN_H

#include "base/err.h"
#include "state/config/option.h"

/* Descriptors that do not go over exec and do not block, or -1. */
int listen_http(const struct settings *s, struct err *e);
/* The socket will be closed soon: who is silent waits where it is seen. */
void listen_all(int http);
/* Nobody new comes into the queue; who is there stays, to be accepted. To close
 * a socket cuts off who waits in it, so this goes before. Who comes meanwhile
 * asks again by himself, after a second, and finds it closed. */
void listen_shut(int http);
/* At `path`, for this user alone. What lies there is taken away. */
int listen_workers(const char *path, struct err *e);

#endif
