/* SPDX-License-Identifier: MIT */
/*
 * row-lock: a byte of a file that a process holds while it lives.
 *
 * The kernel's lock goes with the descriptor, however the process ends: whoever
 * gets it knows that the last holder is gone. It belongs to all who inherit the
 * descriptor, and excludes other descriptors of the same process too. The byte
 * need not exist.
 *
 * Where the system has only locks of processes (no F_OFD_SETLK) this module
 * keeps account of them: a forked child has none of them then, and a descriptor
 * of such a file must be closed by row_close, for to close it by itself gives
 * up all locks of the process on that file.
 */
#ifndef DARIO_ROW_LOCK_H
#define DARIO_ROW_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

bool row_lock(int fd, off_t at); /* false: another one has it */
/* The same, but it waits: for what is held for a moment alone. */
bool row_lock_wait(int fd, off_t at);
void row_unlock(int fd, off_t at);
/* Closes a descriptor of a file that this process may hold rows of by another
 * one, or held rows of by this one. */
void row_close(int fd);

#endif
