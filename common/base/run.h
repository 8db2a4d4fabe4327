/* SPDX-License-Identifier: MIT */
/*
 * run: another program, started without a shell.
 *
 * argv[0] is looked up in PATH. Safe in a process with threads.
 */
#ifndef DARIO_RUN_H
#define DARIO_RUN_H

#include "base/buf.h"

#include <sys/types.h>

#define RUN_THIRD_FD 3

/* How a program starts: no signal is blocked, ignored or handled, standard
 * input is /dev/null, and of our descriptors it has these alone. */
struct run_plan {
	const char *program; /* a path, or looked up in PATH */
	const char *const *argv;
	char **environment;
	int out;   /* its standard output; -1: /dev/null */
	int third; /* its RUN_THIRD_FD; -1: none */
	enum {
		RUN_ERRORS_GO_NOWHERE,
		RUN_ERRORS_GO_OUT, /* where its output goes */
		RUN_ERRORS_STAY    /* where ours go */
	} errors;
	bool stays; /* in our session, in a group of its own */
};

/* -1 with errno. Whoever starts it waits for it, by this number. */
pid_t run_start(const struct run_plan *p);

/* Is there such a program in PATH? */
bool run_exists(const char *name);

/* What it writes to standard output, up to out->max, within `ms`; its standard
 * error goes nowhere. 0 when it ended well; else it was killed or failed. */
int run_output(const char *const argv[], struct buf *out, long ms);

/* How a program ended. */
struct run_end {
	enum {
		RUN_WELL,
		RUN_NOT_STARTED, /* because of the errno `number` */
		RUN_FAILED,      /* with the exit status `number` */
		RUN_SIGNALED,    /* by the signal `number` */
		RUN_TOO_LATE,
		RUN_TOO_MUCH, /* output */
	} how;
	int number;
};

/* The same, but it waits by wait_ms (wait.h), so that others go on meanwhile;
 * and it is over when the program has ended, whoever else holds its output
 * open. What it leaves behind in its session ends with it. */
struct run_end run_aside(const char *const argv[], struct buf *out, long ms);

/* The same for a program of ours that is to use this home, and with one more
 * variable (NAME=VALUE), or NULL; a router gets its owner's key. What a host's
 * environment says of us does not count, unless the host wants it to
 * (embed.h). */
struct run_home {
	char *variable;
};
char **run_environment_at(struct run_home *h, const char *home,
			  const char *more, bool router);
void run_home_release(struct run_home *h, char **environment);

/* Start it and let it be: nothing is waited for, nothing is shown. */
int run_detached(const char *const argv[]);

#endif
