/* SPDX-License-Identifier: MIT */
/*
 * notify: may one of these files have changed? Asked of the kernel (inotify),
 * at one system call for all of them.
 *
 * Order: notify_begin, notify_add for each path, notify_end; and again whenever
 * notify_state has moved, for a path may lead to another file by then. A path
 * is added before its file is looked at: what happens later moves the state.
 * Every folder and link on the way is watched as well, so that a path may begin
 * to exist, or be moved with any part of it.
 *
 * notify_end tells whether all of it is watched. It is not where the kernel has
 * no watches left, or where others change files unseen by it (NFS, FUSE and
 * every file system that is not known to be local): then look at the files
 * themselves. What no event tells is a file system that is mounted over a path,
 * and a file that is written through a mapping until that ends.
 *
 * begin to end belong to one thread at a time; the others may be called by any.
 */
#ifndef DARIO_NOTIFY_H
#define DARIO_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify;

struct notify *notify_new(void); /* never NULL */
void notify_free(struct notify *n);

void notify_begin(struct notify *n);
/* What is directly in it counts, too, when it is a folder. */
void notify_add(struct notify *n, const char *path);
bool notify_end(struct notify *n);

/* Take in what has happened; never waits. When it returns, everything that was
 * done before it was called is in notify_state, whichever thread took it in. */
void notify_read(struct notify *n);
/* Moves with each change. Before any notify_read it is 1. */
uint64_t notify_state(const struct notify *n);
int notify_fd(const struct notify *n); /* readable after a change; or -1 */

#endif
