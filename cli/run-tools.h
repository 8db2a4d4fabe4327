/* SPDX-License-Identifier: MIT */
/*
 * run-tools: how programs are told where the router is.
 *
 * Rows of variables and arguments. What every program gets covers whoever
 * reads the usual names; a program of its own ways has rows of its own.
 * doc/tools/ says the same for people.
 */
#ifndef DARIO_RUN_TOOLS_H
#define DARIO_RUN_TOOLS_H

#include "base/buf.h"

struct run_tool {
	const char *url;    /* of the router, without a slash at its end */
	const char *key;    /* what it wants to be shown; never "" */
	const char *model;  /* or NULL: what the program is set to */
	const char *models; /* what the router has: a JSON object by name */
};

/* Set our environment for the program of that name. */
void run_tool_environment(const struct run_tool *t, const char *program);
/* The arguments that it needs before the user's go into `out`, which has room
 * for `max`; how many. `texts` holds them. */
size_t run_tool_arguments(const struct run_tool *t, const char *program,
			  const char **out, size_t max, struct buf *texts);
/* The programs with rows of their own, NULL behind them. */
#define RUN_TOOLS_MAX 32
void run_tool_names(const char *out[RUN_TOOLS_MAX]);
/* Does it have to be told the models' names? */
bool run_tool_wants_models(const char *program);

#endif
