/* SPDX-License-Identifier: MIT */
/*
 * prompt: asks for something that is not to be seen.
 *
 * On a terminal the echo is off while we wait, and on again whatever ends the
 * waiting: the answer, the time, a signal that ends or stops us. Continued
 * after a stop, we ask again. Main thread only.
 */
#ifndef DARIO_PROMPT_H
#define DARIO_PROMPT_H

#include <stddef.h>

/* A line of standard input with its line end, within `ms` (-1: however long
 * it takes); 0, or -1: none came. */
int prompt_hidden(const char *question, char *out, size_t n, int ms);

#endif
