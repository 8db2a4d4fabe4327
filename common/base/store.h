/* SPDX-License-Identifier: MIT */
/*
 * store: small files under one home folder, shared by many processes.
 *
 * `name` is relative to the home, for instance "backends/groq.json". The home
 * and its folders are 0700, files 0600 and ours: anything looser, a symbolic
 * link or something that is not a plain file is refused by name. A writer
 * takes the lock, reads again, changes, replaces: readers take no lock and see
 * the old file or the new one, never a part. The lock is a flock on a separate
 * file that is never renamed or unlinked, on a descriptor of its own, so that
 * threads of one process exclude each other as well.
 */
#ifndef DARIO_STORE_H
#define DARIO_STORE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define STORE_FILE_MAX (1u << 20) /* bytes in one file */
#define STORE_PATH_MAX 4096

/* What tells one version of a file from the next without reading it: the time
 * is the change time, which a chmod moves too. */
struct store_sign {
	uint64_t dev, ino, size, links;
	int64_t sec, nsec;
};

/* DARIO_HOME, else ~/.dario; malloced, NULL with an error. */
char *store_home(struct err *e);
/* Make `home` or `home/name` if it is missing; check it. name may be NULL. */
int store_folder(const char *home, const char *name, struct err *e);

/* May the file be read? 0 yes, 1 there is no such file, -1 refused or failed.
 * A lock of ours that is open to others is closed to them. */
int store_check(const char *home, const char *name, struct err *e);
/* The same with a descriptor to read from: 0 or more, or -1 for both others. Of
 * a file that may be large. */
int store_open(const char *home, const char *name, struct err *e);
/* 0 read, 1 there is no such file, -1 refused or failed. */
int store_read(const char *home, const char *name, struct buf *out,
	       struct err *e);
/* Whole or not at all, and durable when it returns 0. An empty text is refused
 * as ERR_MEMORY: json_text and json_pretty had none. */
int store_replace(const char *home, const char *name, struct span text,
		  struct err *e);
/* The same without waiting for the disk: for state that may be lost. */
int store_put(const char *home, const char *name, struct span text,
	      struct err *e);
/* For appending to a file that many append to without a lock: a descriptor. */
int store_open_append(const char *home, const char *name, struct err *e);
int store_rename(const char *home, const char *from, const char *to,
		 struct err *e);
/* With what a writer left of it that died. The caller holds the lock. */
int store_remove(const char *home, const char *name, struct err *e);
/* What writers left that died, which may hold secrets: of one file, or of all
 * in a folder (NULL: the home) whose names begin so. What is written under the
 * lock of its own name stays while it is. */
void store_clear(const char *home, const char *name);
void store_sweep(const char *home, const char *folder, const char *prefix);

bool store_exists(const char *home, const char *name);
/* All zero when there is no such file. */
void store_sign(const char *home, const char *name, struct store_sign *out);
/* A descriptor of the file or folder that has the name now, or -1. Its sign is
 * had without a walk along the path, and changes too when another one takes the
 * name or it is removed: a link goes. */
int store_pin(const char *home, const char *name);
void store_sign_pinned(int fd, struct store_sign *out);

/* A replacement whose space on the disk is there before what it will hold
 * exists: reserve, then fill (or abandon, when it never came to exist). */
struct store_slot {
	int fd;
	bool reserved;
	char path[STORE_PATH_MAX], tmp[STORE_PATH_MAX];
};
int store_reserve(struct store_slot *s, const char *home, const char *name,
		  size_t bytes, struct err *e);
int store_fill(struct store_slot *s, struct span text, struct err *e);
void store_abandon(struct store_slot *s);

/* The exclusive lock on `name`: a descriptor, or -1. It waits. */
int store_lock(const char *home, const char *name, struct err *e);
/* The same at once or not at all: -1 with *busy when another has it. */
int store_try_lock(const char *home, const char *name, bool *busy,
		   struct err *e);
void store_unlock(int lock);

/* A name of ours: [A-Za-z0-9_-]{1,64} (alias, backend). */
bool store_good_name(struct span s);

#endif
