/* SPDX-License-Identifier: MIT */
/*
 * live: a picture that is drawn again and again.
 *
 * On a terminal that can, it has a screen of its own, until q or Ctrl-C; the
 * terminal is then as it was, also after a signal and while the job is stopped.
 * A change of the window's size draws it at once. Elsewhere it is printed with
 * an empty line between, until a signal, or until nobody reads it. Main thread
 * only.
 */
#ifndef DARIO_LIVE_H
#define DARIO_LIVE_H

#include "base/err.h"

struct live {
	int ms;     /* between two pictures */
	bool plain; /* nothing goes between them: they are data */
	/* Prints it on standard output; -1 ends it all. */
	int (*draw)(void *arg, struct err *e);
	void *arg;
};

int live_run(const struct live *l, struct err *e);

#endif
