/* SPDX-License-Identifier: MIT */
/*
 * words: a command line as words, without a shell.
 *
 * Blanks separate; single and double quotes and a backslash keep what they
 * keep in a shell. What only a shell understands (pipes, variables, several
 * commands) is refused when it is not quoted, for it would be handed over as it
 * stands. Pure.
 */
#ifndef DARIO_WORDS_H
#define DARIO_WORDS_H

#include "base/err.h"

#define WORDS_MAX 64

/* A list that ends with NULL, in one piece of memory: free it. NULL with an
 * error. */
char **words_split(const char *line, struct err *e);

#endif
