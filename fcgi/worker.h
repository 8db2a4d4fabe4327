/* SPDX-License-Identifier: MIT */
/*
 * worker: a FastCGI process: a few event loops, each in a thread of its own,
 * that accept on one socket.
 *
 * The calling thread waits for signals. On SIGTERM, SIGINT, SIGHUP or SIGUSR1
 * nothing new is accepted; what runs has DARIO_DRAIN_MS to come to its end,
 * then it is ended, streams with an error event.
 */
#ifndef DARIO_WORKER_H
#define DARIO_WORKER_H

#include "fcgi/request.h"

/* These signals, for a process that will have more than one thread. */
void worker_block_signals(void);

/* Serve until told to stop. `parent`: its end counts as that, too; or 0. 0 when
 * every request has ended, 1 when the process has to go all the same. */
int worker_run(struct app *app, pid_t parent);

/* One request of plain CGI; the exit status. */
int worker_run_once(struct app *app);

#endif
