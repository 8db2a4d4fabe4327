/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/row-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#if defined(POSIX_FALLBACKS)
#undef F_OFD_SETLK
#endif

static struct flock byte_of(off_t at, short type)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1
	};
}

#ifdef F_OFD_SETLK
bool row_lock(int fd, off_t at)
{
	struct flock l = byte_of(at, F_WRLCK);

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

bool row_lock_wait(int fd, off_t at)
{
	struct flock l = byte_of(at, F_WRLCK);

	while (fcntl(fd, F_OFD_SETLKW, &l))
		if (errno != EINTR)
			return false;
	return true;
}

void row_unlock(int fd, off_t at)
{
	struct flock l = byte_of(at, F_UNLCK);

	fcntl(fd, F_OFD_SETLK, &l);
}

void row_close(int fd)
{
	close(fd);
}

#else /* locks of the process: we keep account of who has which */

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define AGAIN_NS 1000000

/* A lock, or (at < 0) a descriptor that waits to be closed. */
struct held {
	struct held *next;
	dev_t dev;
	ino_t ino;
	int fd;
	off_t at;
};

static struct {
	pthread_mutex_t lock;
	struct held *list;
	pid_t pid; /* whose they are */
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* With the lock: a forked child has none. */
static void know_self(void)
{
	if (all.pid == getpid())
		return;
	all.pid = getpid();
	while (all.list) {
		struct held *h = all.list;

		all.list = h->next;
		if (h->at < 0)
			close(h->fd);
		free(h);
	}
}

static struct held **find(const struct stat *st, off_t at)
{
	struct held **p = &all.list;

	while (*p && ((*p)->ino != st->st_ino || (*p)->dev != st->st_dev ||
		      (*p)->at != at))
		p = &(*p)->next;
	return p;
}

static void note(const struct stat *st, int fd, off_t at)
{
	struct held *h = xcalloc(1, sizeof(*h));

	*h = (struct held){ all.list, st->st_dev, st->st_ino, fd, at };
	all.list = h;
}

static bool any_lock(const struct stat *st)
{
	for (const struct held *h = all.list; h; h = h->next)
		if (h->at >= 0 && h->ino == st->st_ino && h->dev == st->st_dev)
			return true;
	return false;
}

/* With the lock: those that waited, when nothing is held any more. */
static void close_waiting(const struct stat *st)
{
	struct held **p;

	while (!any_lock(st) && *(p = find(st, -1))) {
		struct held *h = *p;

		*p = h->next;
		close(h->fd);
		free(h);
	}
}

bool row_lock(int fd, off_t at)
{
	struct flock l = byte_of(at, F_WRLCK);
	const struct held *h;
	struct stat st;
	bool got = false;

	if (fstat(fd, &st))
		return false;
	pthread_mutex_lock(&all.lock);
	know_self();
	h = *find(&st, at);
	if (h) {
		got = h->fd == fd;
	} else if (fcntl(fd, F_SETLK, &l) == 0) {
		note(&st, fd, at);
		got = true;
	}
	pthread_mutex_unlock(&all.lock);
	return got;
}

/* A thread of ours may have it, which the kernel would not wait for. */
bool row_lock_wait(int fd, off_t at)
{
	const struct timespec step = { 0, AGAIN_NS };

	while (!row_lock(fd, at)) {
		if (fcntl(fd, F_GETFD) < 0)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

/* With the lock. */
static void give_up(struct held **p)
{
	struct held *h = *p;
	struct flock l = byte_of(h->at, F_UNLCK);

	fcntl(h->fd, F_SETLK, &l);
	*p = h->next;
	free(h);
}

void row_unlock(int fd, off_t at)
{
	struct held **p;
	struct stat st;

	if (fstat(fd, &st))
		return;
	pthread_mutex_lock(&all.lock);
	know_self();
	p = find(&st, at);
	if (*p && (*p)->fd == fd)
		give_up(p);
	close_waiting(&st);
	pthread_mutex_unlock(&all.lock);
}

void row_close(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return;
	pthread_mutex_lock(&all.lock);
	know_self();
	for (struct held **p = &all.list; *p;)
		if ((*p)->fd == fd && (*p)->at >= 0)
			give_up(p);
		else
			p = &(*p)->next;
	note(&st, fd, -1);
	close_waiting(&st);
	pthread_mutex_unlock(&all.lock);
}
#endif
