/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/queue.h"

#include "base/store.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "state/queue"
#define ENDING ".lock"
#define NUMBER "%020lld-%ld-%lx" /* ns since 1970, process, ticket */

static int is_ticket(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > sizeof(ENDING) &&
	       strcmp(d->d_name + n - (sizeof(ENDING) - 1), ENDING) == 0;
}

/* One whose holder is gone is taken away. */
static bool alive(const char *home, const char *file)
{
	char name[NAME_MAX + sizeof(FOLDER) + 2];
	struct err unused;
	bool busy;
	int lock;

	snprintf(name, sizeof(name), FOLDER "/%.*s",
		 (int)(strlen(file) - (sizeof(ENDING) - 1)), file);
	lock = store_try_lock(home, name, &busy, &unused);
	if (lock < 0)
		return busy;
	strcat(name, ENDING);
	store_remove(home, name, &unused);
	store_unlock(lock);
	return false;
}

/* Live tickets that were taken before `before` (NULL: all). */
static size_t count(const char *home, const char *before)
{
	char path[PATH_MAX];
	struct dirent **list = NULL;
	size_t live = 0;
	int n;

	snprintf(path, sizeof(path), "%s/" FOLDER, home);
	n = scandir(path, &list, is_ticket, alphasort);
	for (int i = 0; i < n; i++) {
		if ((!before || strcmp(list[i]->d_name, before) < 0) &&
		    alive(home, list[i]->d_name))
			live++;
		free(list[i]);
	}
	free(list);
	return live;
}

/* Under the queue's own lock, so that nobody takes a new ticket for a dead
 * one before it is held. */
static int take(const char *home, struct ticket *t, struct err *e)
{
	struct timespec now;
	size_t waiting = count(home, NULL);

	if (waiting >= QUEUE_MAX)
		return err_set(e, ERR_BUSY,
			       "%zu requests wait for a Claude account "
			       "already",
			       waiting);
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(t->name, sizeof(t->name), FOLDER "/" NUMBER,
		 (long long)now.tv_sec * 1000000000 + now.tv_nsec,
		 (long)getpid(), (unsigned long)(size_t)t & 0xffffff);
	t->lock = store_lock(home, t->name, e);
	return t->lock < 0 ? -1 : 0;
}

int queue_join(const char *home, struct ticket *t, struct err *e)
{
	int lock, rc;

	t->lock = -1;
	if (store_folder(home, "state", e) || store_folder(home, FOLDER, e))
		return -1;
	lock = store_lock(home, FOLDER, e);
	if (lock < 0)
		return -1;
	rc = take(home, t, e);
	store_unlock(lock);
	return rc;
}

bool queue_first(const char *home, const struct ticket *t)
{
	char file[sizeof(t->name) + sizeof(ENDING)];
	struct err unused;
	size_t before;
	int lock = store_lock(home, FOLDER, &unused);

	snprintf(file, sizeof(file), "%s" ENDING,
		 t->name + sizeof(FOLDER "/") - 1);
	before = count(home, file);
	store_unlock(lock);
	return before == 0;
}

void queue_leave(const char *home, struct ticket *t)
{
	char file[sizeof(t->name) + sizeof(ENDING)];
	struct err unused;

	if (t->lock < 0)
		return;
	snprintf(file, sizeof(file), "%s" ENDING, t->name);
	store_remove(home, file, &unused);
	store_unlock(t->lock);
	t->lock = -1;
}

size_t queue_length(const char *home)
{
	struct err unused;
	size_t n;
	int lock = store_lock(home, FOLDER, &unused);

	n = lock < 0 ? 0 : count(home, NULL);
	store_unlock(lock);
	return n;
}

bool queue_is_empty(const char *home)
{
	char path[PATH_MAX];
	bool empty = true;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/" FOLDER, home);
	dir = opendir(path);
	if (!dir)
		return true;
	while (empty && (d = readdir(dir)))
		empty = !is_ticket(d);
	closedir(dir);
	return empty || !queue_length(home);
}
