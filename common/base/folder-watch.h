/* SPDX-License-Identifier: MIT */
/*
 * folder-watch: which names in one folder have got another file, or a changed
 * one: by inotify. Where there is none nothing is ever told, and
 * folder_watch_works is false: look at the files themselves.
 *
 * Each call of folder_watch_read takes in what has happened since the last one,
 * and tells a name, or NULL where any may have changed: the folder is another
 * one than before, or events were lost. Not thread-safe. After a fork the child
 * opens its own.
 */
#ifndef DARIO_FOLDER_WATCH_H
#define DARIO_FOLDER_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

typedef void folder_watch_fn(void *arg, const char *name);

struct folder_watch {
	char *path; /* NULL: not open */
	int fd, folder;
	ino_t ino; /* of the folder that is watched */
	dev_t dev;
};

void folder_watch_open(struct folder_watch *w, const char *path);
void folder_watch_close(struct folder_watch *w);
void folder_watch_read(struct folder_watch *w, folder_watch_fn *fn, void *arg);
bool folder_watch_works(const struct folder_watch *w);

#endif
