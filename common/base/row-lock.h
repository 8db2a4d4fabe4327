/* SPDX-License-Identifier: MIT */
/*
 * row-lock: a byte of a file that a process holds while it lives.
 *
 * The kernel's lock goes with the descriptor, however the process ends: whoever
 * gets it knows that the last holder is gone. It belongs to all who inherit the
 * descriptor, and excludes other descriptors of the same process too. The byte
 * need not exist.
 */
#ifndef DARIO_ROW_LOCK_H
#define DARIO_ROW_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

bool row_lock(int fd, off_t at); /* false: another one has it */
/* The same, but it waits: for what is held for a moment alone. */
bool row_lock_wait(int fd, off_t at);
void row_unlock(int fd, off_t at);

#endif
