/* SPDX-License-Identifier: MIT */
/*
 * server: a dario proxy as the child of a command that needs a router for a
 * while: the library's router, which ends when the command does.
 *
 * It takes its settings from the environment and says nothing. Start, wait
 * until it is up, stop; stop whether it is or not.
 */
#ifndef DARIO_SERVER_H
#define DARIO_SERVER_H

#include "base/err.h"

struct dario;
struct dario_router;

struct server {
	struct dario *dario;
	struct dario_router *router; /* NULL: there is none */
};

int server_start(struct server *s, struct err *e);
int server_wait(struct server *s, long ms, struct err *e); /* until it is up */
bool server_ended(struct server *s);
void server_stop(struct server *s);

long server_free_port(void); /* on loopback; 0: there is none */

#endif
