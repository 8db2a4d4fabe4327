/* SPDX-License-Identifier: MIT */
/*
 * server: lighttpd as a child of a command.
 *
 * It runs with its workers in a process group of its own, so that Ctrl-C
 * reaches the command alone, which ends them: gently, then for good. They end
 * by themselves when the command is gone.
 */
#ifndef DARIO_SERVER_H
#define DARIO_SERVER_H

#include "cli/server-conf.h"

#include <sys/types.h>

/* Its process, or -1. `quiet`: what it has to say is not shown. */
pid_t server_start(const struct server_conf *sc, bool quiet, struct err *e);
long server_free_port(void); /* on loopback; 0: there is none */
/* Does it accept connections? */
bool server_up(const struct settings *s);
bool server_ended(pid_t pid, int *status);
void server_stop(pid_t pid);

#endif
