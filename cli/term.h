/* SPDX-License-Identifier: MIT */
/*
 * term: what standard output is: a terminal of some width, or a pipe or file.
 * Main thread only.
 */
#ifndef DARIO_TERM_H
#define DARIO_TERM_H

#include <stdbool.h>
#include <stdint.h>

/* Columns of the terminal, 40 to 200; COLUMNS where it is set; 80 for what is
 * no terminal. */
int term_width(void);

/* Columns that a line may have: as many, or, where what reads it is no terminal
 * and COLUMNS is not set, as many as there are: it wants each line whole. */
int term_room(void);

/* The same of its lines: LINES, 24 where it is not known; at least 5. */
int term_height(void);

/* Whether the moving of the cursor has a meaning: a terminal that can. */
bool term_moves(void);

/* The codes that begin and end bold letters, "" without style. */
const char *term_bold(void);
const char *term_plain(void);

/* A number in at most seven columns, 1234, 56.7k, 8.9M, in
 * out[24]. */
const char *term_number(int64_t n, char *out);

/* A share as "[####......]" of so many columns, which are also there for what
 * is not known (negative). In colour where there is style: the fuller the
 * warmer. */
void term_bar(double share, int columns);

/* Print `text`, of which `used` columns stand on the line already; it goes on
 * below, `indent` columns from the left, where the width ends. */
void term_wrap(const char *text, int used, int indent);

/* A line of its own, which goes on below where it has no room. */
void term_line(const char *text, int indent);

#endif
