/* SPDX-License-Identifier: MIT */
/*
 * embed: what holds while a thread of another program runs our code.
 *
 * A program of ours writes its log to standard error, reads its environment,
 * finds its files beside itself, and ends when the last small piece of memory
 * is gone. None of that is a library's to do. Whoever calls in for a host sets
 * this for the thread, and puts back what was there before it returns.
 */
#ifndef DARIO_EMBED_H
#define DARIO_EMBED_H

#include <stdbool.h>

struct embed {
	/* A line of the log, without its end; NULL: nobody wants it. */
	void (*log)(void *arg, const char *line);
	void *log_arg;
	bool environment;        /* variables of the environment count */
	const char *data;        /* folder that holds share/, or NULL */
	const char *libexec;     /* folder of the worker, or NULL */
	void (*no_memory)(void); /* in the place of abort; returns to try on */
};

/* NULL: a program of our own. */
const struct embed *embed_now(void);
/* Where that stands for this thread, to be set. */
const struct embed **embed_here(void);

/* getenv, where the environment counts. */
const char *embed_getenv(const char *name);

#endif
