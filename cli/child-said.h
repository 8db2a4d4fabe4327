/* SPDX-License-Identifier: MIT */
/*
 * child-said: what a program of others says, line by line as messages of ours,
 * where the log is JSON: each line of it is JSON then. Elsewhere nothing is
 * done, and it writes where we do.
 */
#ifndef DARIO_CHILD_SAID_H
#define DARIO_CHILD_SAID_H

#include "cli/child.h"

#include <stddef.h>

struct child_said {
	const char *name;
	int fd;  /* readable when it has said something; -1 */
	int end; /* private: the child's */
	char line[1024];
	size_t n;
};

/* Into the plan, before the child is started. */
int child_said_open(struct child_said *s, const char *name,
		    struct child_plan *p, struct err *e);
void child_said_read(struct child_said *s); /* what is there by now */
/* With the rest of it, when the child has ended. */
void child_said_close(struct child_said *s);

#endif
