/* SPDX-License-Identifier: MIT */
/*
 * run: another program, started without a shell.
 *
 * argv[0] is looked up in PATH. Safe in a process with threads.
 */
#ifndef DARIO_RUN_H
#define DARIO_RUN_H

#include "base/buf.h"

#include <spawn.h>

/* Is there such a program in PATH? */
bool run_exists(const char *name);

/* What it writes to standard output, up to out->max, within `ms`; its standard
 * error goes nowhere. 0 when it ended well; else it was killed or failed. */
int run_output(const char *const argv[], struct buf *out, long ms);

/* No descriptor from `fd` on goes along, where the system can do that. */
void run_close_from(posix_spawn_file_actions_t *files, int fd);

/* Start it and let it be: nothing is waited for, nothing is shown. */
int run_detached(const char *const argv[]);

#endif
