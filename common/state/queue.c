/* SPDX-License-Identifier: MIT */
#include "config.h"

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
/* ns since 1970, process, ticket, family */
#define NUMBER "%020lld-%ld-%lx-%d"
#define ALL_FAMILIES -1

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

/* Is this ticket one that the family comes behind? */
static bool concerns(const char *file, int family)
{
	int of = file[strlen(file) - sizeof(ENDING)] - '0';

	return family == ALL_FAMILIES || of == family || of == FAMILY_OTHER;
}

/* Live tickets that were taken before `before` (NULL: all). */
static size_t count(const char *home, const char *before, int family)
{
	char path[PATH_MAX];
	struct dirent **list = NULL;
	size_t live = 0;
	int n;

	snprintf(path, sizeof(path), "%s/" FOLDER, home);
	n = scandir(path, &list, is_ticket, alphasort);
	for (int i = 0; i < n; i++) {
		if ((!before || strcmp(list[i]->d_name, before) < 0) &&
		    concerns(list[i]->d_name, family) &&
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
	size_t waiting = count(home, NULL, ALL_FAMILIES);

	if (waiting >= QUEUE_MAX)
		return err_set(e, ERR_BUSY,
			       "%zu requests wait for a Claude account "
			       "already",
			       waiting);
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(t->name, sizeof(t->name), FOLDER "/" NUMBER,
		 (long long)now.tv_sec * 1000000000 + now.tv_nsec,
		 (long)getpid(), (unsigned long)(size_t)t & 0xffffff,
		 (int)t->family);
	t->lock = store_lock(home, t->name, e);
	return t->lock < 0 ? -1 : 0;
}

int queue_join(const char *home, struct ticket *t, enum family_kind family,
	       struct err *e)
{
	int lock, rc;

	t->lock = -1;
	t->family = family;
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
	before = count(home, file, t->family);
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

	n = lock < 0 ? 0 : count(home, NULL, ALL_FAMILIES);
	store_unlock(lock);
	return n;
}

bool queue_is_free(const char *home, enum family_kind family)
{
	char path[PATH_MAX];
	bool any = false;
	struct err unused;
	struct dirent *d;
	size_t waiting;
	DIR *dir;
	int lock;

	snprintf(path, sizeof(path), "%s/" FOLDER, home);
	dir = opendir(path);
	if (!dir)
		return true;
	while (!any && (d = readdir(dir)))
		any = is_ticket(d) && concerns(d->d_name, (int)family);
	closedir(dir);
	if (!any)
		return true;
	lock = store_lock(home, FOLDER, &unused);
	waiting = count(home, NULL, (int)family);
	store_unlock(lock);
	return !waiting;
}
