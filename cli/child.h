/* SPDX-License-Identifier: MIT */
/*
 * child: a program that ends with this one.
 *
 * It has a process group of its own, so that Ctrl-C reaches the command alone,
 * which ends what it has started; and it gets SIGTERM when the command is
 * killed. Of our descriptors it has standard output and error and those named
 * here: all others are expected to be closed on exec. Only the caller's thread
 * may start children, for the parent is a thread.
 */
#ifndef DARIO_CHILD_H
#define DARIO_CHILD_H

#include "base/err.h"

#include <sys/types.h>

struct child_plan {
	char *const *argv; /* argv[0] is the path of the program */
	int input;         /* its standard input; -1: ours */
	int third;         /* its descriptor 3; -1: none */
	bool quiet;        /* what it has to say is not shown */
	int said;          /* what it says goes there; 0: to our own */
	/* What descriptor 3 is: the end of a pipe (base/ready.h), or a
	 * listening socket (sd_listen_fds(3)). */
	enum {
		CHILD_READY_PIPE,
		CHILD_SOCKET
	} third_is;
	bool with_parent; /* tell a worker to end with us */
};

pid_t child_start(const struct child_plan *p, struct err *e); /* or -1 */
/* Until it has ended, but not longer: false when it has not. For who has
 * nothing else to do. */
bool child_ends(pid_t pid, long ms, int *status);
void child_kill(pid_t pid); /* for good */
/* "status 3", "signal 9": how it ended. */
const char *child_ending(int status, char *out, size_t n);

#endif
