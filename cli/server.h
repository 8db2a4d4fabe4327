/* SPDX-License-Identifier: MIT */
/*
 * server: a dario proxy as the child of a command that needs a router for a
 * while.
 *
 * It takes its settings from the environment, says nothing, and ends when the
 * command does. Start, wait until it is up, stop; stop whether it is or not.
 */
#ifndef DARIO_SERVER_H
#define DARIO_SERVER_H

#include "base/err.h"

#include <sys/types.h>

struct server {
	pid_t pid; /* 0: there is none */
	int ready; /* a pipe, see base/ready.h */
};

int server_start(struct server *s, struct err *e);
int server_wait(struct server *s, long ms, struct err *e); /* until it is up */
bool server_ended(struct server *s);
void server_stop(struct server *s);

long server_free_port(void); /* on loopback; 0: there is none */

#endif
