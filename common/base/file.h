/* SPDX-License-Identifier: MIT */
/*
 * file: opens files whose paths come from people: flags, settings, files.
 *
 * Only a plain file is read. A FIFO, a device, a socket or a folder is an error
 * that names it, and never makes us wait.
 */
#ifndef DARIO_FILE_H
#define DARIO_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* A descriptor, or -1. */
int file_open(const char *path, struct err *e);
/* Is there a plain file, as far as can be told without opening it? */
int file_check(const char *path, struct err *e);
/* All of it; ERR_CONFIG when it is larger than *out may become. */
int file_read(const char *path, struct buf *out, struct err *e);
/* The same, and a pipe too, for what is named on the command line, such as
 * /dev/stdin or <(command): until its end, for FILE_PIPE_MS at most. Errors say
 * `name` for the path, which may be a secret in the wrong place. */
#define FILE_PIPE_MS 10000
int file_read_pipe(const char *path, const char *name, struct buf *out,
		   struct err *e);

#endif
