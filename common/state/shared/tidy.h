/* SPDX-License-Identifier: MIT */
/*
 * tidy: files of state/ that others could read or write, that are not ours, or
 * that are no plain files.
 *
 * The home's rule is to refuse them. What is in state/ may be lost, so it is
 * thrown away instead, and made anew when it is needed; locks, which hold
 * nothing and are never removed, are closed to others. The log says so. The
 * folders themselves are refused like those of the home.
 */
#ifndef DARIO_TIDY_H
#define DARIO_TIDY_H

#include "base/err.h"

/* The folders that there are. */
int tidy_folders(const char *home, struct err *e);
/* All files below state/. */
void tidy_files(const char *home);
/* One, such as "state/history.jsonl"; true when it was thrown away. */
bool tidy_file(const char *home, const char *name);

#endif
