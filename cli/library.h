/* SPDX-License-Identifier: MIT */
/*
 * library: commands whose work is a function of dario.h call that, as any other
 * program would, with the home and the environment of the command.
 */
#ifndef DARIO_CLI_LIBRARY_H
#define DARIO_CLI_LIBRARY_H

#include "base/err.h"
#include "include/dario.h"

/* NULL with an error; dario_close it. */
struct dario *library_open(const char *home, struct err *e);
/* Always -1: the library's error as one of ours. */
int library_error(struct err *e, const struct dario_error *from);

typedef char *library_fn(struct dario *d, struct dario_error *e);
/* Prints what it tells, as a line of JSON. */
int library_show(const char *home, library_fn *fn, struct err *e);
/* The same for text that is here already; frees it. NULL: *from says why. */
int library_print(char *text, const struct dario_error *from, struct err *e);

#endif
