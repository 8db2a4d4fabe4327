/* SPDX-License-Identifier: MIT */
/*
 * listen: the sockets of dario proxy: where clients come in, and where the web
 * server reaches the workers; and one that keeps others away.
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
/* The other address that "localhost" means to some clients, [::1] beside
 * 127.0.0.1 and the reverse: it is taken, so that nobody else can answer there,
 * and nobody is answered, so that they try the first. The socket; or -1, where
 * there is no such address, or with *other set, because somebody listens. */
int listen_hold(const struct settings *s, const char **other);
/* Does somebody answer there, who cannot be that router? Where, or NULL. */
const char *listen_stranger(const struct settings *s);
/* The socket will be closed soon: who is silent waits where it is seen. */
void listen_all(int http);
/* Nobody new comes into the queue; who is there stays, to be accepted. To close
 * a socket cuts off who waits in it, so this goes before. Who comes meanwhile
 * asks again by himself, after a second, and finds it closed. */
void listen_shut(int http);
/* At `path`, for this user alone. What lies there is taken away. */
int listen_workers(const char *path, struct err *e);

#endif
