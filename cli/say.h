/* SPDX-License-Identifier: MIT */
/*
 * say: what a command prints when some of it is foreign: files, providers,
 * arguments. It comes out as clean text (utf8.h); line ends are only those at
 * the two ends of the format.
 */
#ifndef DARIO_SAY_H
#define DARIO_SAY_H

#include "base/buf.h"

#include <stdio.h>

#define SAY_MAX (256u << 10) /* bytes of one call; the rest is cut */

void say(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line on standard output, all of it clean, which goes on below after so many
 * columns where a terminal has no room for it. */
void say_line(int indent, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A message on standard error, "dario: …" with a line end; where the log is
 * JSON (log_init) it is a line of that. */
void say_message(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* JSON text as a line of standard output. */
void say_json(struct span json);

#endif
