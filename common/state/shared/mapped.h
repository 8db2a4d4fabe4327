/* SPDX-License-Identifier: MIT */
/*
 * mapped: a file under state/ of a fixed size that processes map together.
 *
 * It is ours and closed to others, or it is not used; and all of it is on the
 * disk, for a page that is not must not be missed later. It only ever grows:
 * others may have it mapped.
 */
#ifndef DARIO_MAPPED_H
#define DARIO_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A descriptor of the file `name`, below the home, with `bytes`; or -1. */
int mapped_open(const char *home, const char *name, size_t bytes);
/* Is the file that was opened still the one of that name, and long enough? For
 * who asks many times a request: `looked`, 0 at first, is when it was looked at
 * last, and some milliseconds that is enough. NULL: now. */
bool mapped_is_current(int fd, size_t bytes, int64_t *looked);

#endif
