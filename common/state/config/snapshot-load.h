/* SPDX-License-Identifier: MIT */
/*
 * snapshot-load: makes one snapshot from the files, whole or not at all. For
 * snapshot.c, which keeps the one that is right, and for commands, which load
 * one by snapshot_load.
 */
#ifndef DARIO_SNAPSHOT_LOAD_H
#define DARIO_SNAPSHOT_LOAD_H

#include "state/config/snapshot.h"

/* With one reference. What it was made of is watched by `n`, which may be
 * NULL. */
struct snapshot *snapshot_read(const char *home, struct notify *n,
			       struct err *e);
/* One number for the state of all files, however wrong they are. `template` is
 * the path of one more, or NULL. It looks at each of them. */
uint64_t snapshot_files(const char *home, const char *template);

#endif
