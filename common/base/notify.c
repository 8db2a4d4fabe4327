/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/notify.h"

#include "base/memory.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SYS_INOTIFY_H
#include <sys/inotify.h>
#include <sys/vfs.h>

#define LINKS_MAX 40  /* as the kernel: more are a circle */
#define READS_MAX 256 /* of 4 KiB; with more to come, all may have changed */
#define WATCHES_MAX 4096
#define EVENT_MAX (sizeof(struct inotify_event) + NAME_MAX + 1)

/* Who takes a name in a folder, or gives it up; and what is done to a file. The
 * folders on the way need not tell what is written to others' files in them. */
#define NAMES \
	(IN_ATTRIB | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | \
	 IN_MOVED_FROM | IN_MOVED_TO)
#define CONTENT (IN_CLOSE_WRITE | IN_MODIFY)

/* One watch of the kernel, and one name in it that counts. */
struct row {
	int wd;
	char *name; /* NULL: all names */
	unsigned round;
};

struct notify {
	int fd; /* or -1 */
	_Atomic uint64_t state;
	pthread_mutex_t lock; /* of what follows, and of reading fd */
	struct row *rows;
	size_t n, cap;
	unsigned round;
	bool whole; /* this round has got all that it asked for */
};

struct notify *notify_new(void)
{
	struct notify *n = xcalloc(1, sizeof(*n));

	n->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	atomic_init(&n->state, 1);
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void notify_free(struct notify *n)
{
	if (!n)
		return;
	if (n->fd >= 0)
		close(n->fd);
	for (size_t i = 0; i < n->n; i++)
		free(n->rows[i].name);
	free(n->rows);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

uint64_t notify_state(const struct notify *n)
{
	return atomic_load(&n->state);
}

int notify_fd(const struct notify *n)
{
	return n->fd;
}

/* --- what is watched ----------------------------------------------------- */

/* File systems that only this kernel changes. */
static bool tells_all(const char *path)
{
	static const unsigned long local[] = {
		0xef53,     /* ext2, ext3, ext4 */
		0x58465342, /* xfs */
		0x9123683e, /* btrfs */
		0x01021994, /* tmpfs */
		0x858458f6, /* ramfs */
		0xf2f52010, /* f2fs */
		0x2fc12fc1, /* zfs */
		0xca451a4e, /* bcachefs */
		0x3153464a, /* jfs */
		0x52654973, /* reiserfs */
		0x794c7630, /* overlayfs */
	};
	struct statfs fs;

	if (statfs(path, &fs))
		return errno == ENOENT || errno == ENOTDIR;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (local[i] == (unsigned long)(fs.f_type & 0xffffffff))
			return true;
	return false;
}

static bool same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void keep_row(struct notify *n, int wd, const char *name)
{
	for (size_t i = 0; i < n->n; i++) {
		struct row *r = &n->rows[i];

		if (r->wd == wd && same_name(r->name, name)) {
			r->round = n->round;
			return;
		}
	}
	if (n->n == n->cap) {
		n->cap = n->cap ? 2 * n->cap : 32;
		n->rows = xrealloc(n->rows, n->cap * sizeof(*n->rows));
	}
	n->rows[n->n++] = (struct row){ wd, xstrdup(name), n->round };
}

/* What came of an attempt to watch. */
enum got {
	WATCHED,
	ABSENT,
	DENIED,
	FAILED
};

/* Under the lock, so that a watch has its row before its events are read. */
static enum got watch(struct notify *n, const char *path, const char *name)
{
	uint32_t mask = NAMES | (name ? 0 : CONTENT);
	int wd, why;

	if (n->n >= WATCHES_MAX)
		return FAILED;
	pthread_mutex_lock(&n->lock);
	wd = inotify_add_watch(n->fd, path,
			       mask | IN_DONT_FOLLOW | IN_MASK_ADD);
	why = errno;
	if (wd >= 0)
		keep_row(n, wd, name);
	pthread_mutex_unlock(&n->lock);
	if (wd >= 0)
		return WATCHED;
	if (why == ENOENT || why == ENOTDIR)
		return ABSENT;
	return why == EACCES ? DENIED : FAILED;
}

/* A way along a path, as the kernel goes it. */
struct walk {
	char at[PATH_MAX];   /* the folder that was reached; "" is the root */
	char rest[PATH_MAX]; /* what is left from there */
	int links;
};

static void drop_front(char *s, size_t n)
{
	memmove(s, s + n, strlen(s + n) + 1);
}

static void go_up(struct walk *w)
{
	char *slash = strrchr(w->at, '/');

	if (slash)
		*slash = '\0';
}

/* Put `head` and a slash in front. */
static int prepend(char *to, const char *head)
{
	char whole[PATH_MAX];
	int len = snprintf(whole, sizeof(whole), "%s/%s", head, to);

	if (len < 0 || len >= (int)sizeof(whole))
		return -1;
	memcpy(to, whole, (size_t)len + 1);
	return 0;
}

/* The way goes on at a link's target: 1; 0 it is no link, -1. */
static int take_link(struct walk *w, const char *path)
{
	char target[PATH_MAX];
	ssize_t got = readlink(path, target, sizeof(target) - 1);

	if (got < 0)
		return 0;
	target[got] = '\0';
	if (++w->links > LINKS_MAX || prepend(w->rest, target))
		return -1;
	if (*target == '/')
		*w->at = '\0';
	return 1;
}

/* Watch `name` in the folder that was reached: who takes the name later is
 * seen there. A folder that may not be read tells nothing; then what has the
 * name must tell that it is moved. 1 there it is, 0 it is not, -1. */
static int watch_name(struct notify *n, const struct walk *w, const char *name,
		      const char *path, bool last)
{
	const char *folder = *w->at ? w->at : "/";
	enum got in, self;

	in = watch(n, folder, name);
	if (in == ABSENT)
		return 0; /* meanwhile: that was seen */
	self = watch(n, path, last ? NULL : "");
	if (in == FAILED || self == FAILED || !tells_all(folder))
		return -1;
	if (self == ABSENT)
		return in == WATCHED ? 0 : -1;
	return in == WATCHED || self == WATCHED ? 1 : -1;
}

/* One name further: 1, 0 the path ends, or there is nothing, -1. */
static int step(struct notify *n, struct walk *w)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	size_t len;
	int rc;

	drop_front(w->rest, strspn(w->rest, "/"));
	len = strcspn(w->rest, "/");
	if (!len || len > NAME_MAX)
		return 0;
	memcpy(name, w->rest, len);
	name[len] = '\0';
	drop_front(w->rest, len);
	if (!strcmp(name, ".") || !strcmp(name, "..")) {
		if (name[1])
			go_up(w);
		return 1;
	}
	if (snprintf(path, sizeof(path), "%s/%s", w->at, name) >=
	    (int)sizeof(path))
		return -1;
	rc = watch_name(n, w, name, path, !w->rest[strspn(w->rest, "/")]);
	if (rc > 0 && (rc = take_link(w, path)) == 0) {
		memcpy(w->at, path, strlen(path) + 1);
		rc = 1;
	}
	return rc;
}

void notify_begin(struct notify *n)
{
	n->round++;
	n->whole = n->fd >= 0;
}

static int start(struct walk *w, const char *path)
{
	char here[PATH_MAX];

	*w->at = '\0';
	w->links = 0;
	if (strlen(path) >= sizeof(w->rest))
		return -1;
	memcpy(w->rest, path, strlen(path) + 1);
	if (*path == '/')
		return 0;
	return getcwd(here, sizeof(here)) ? prepend(w->rest, here) : -1;
}

void notify_add(struct notify *n, const char *path)
{
	struct walk w;
	int rc;

	if (!n->whole)
		return; /* the files are looked at anyway */
	rc = start(&w, path);
	if (rc == 0)
		while ((rc = step(n, &w)) > 0)
			;
	if (rc < 0 || !tells_all(path))
		n->whole = false;
}

static bool is_watched(const struct notify *n, int wd)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->rows[i].wd == wd)
			return true;
	return false;
}

/* Give up what this round did not ask for. */
static void sweep(struct notify *n)
{
	size_t kept = 0;
	struct row *old = xcalloc(n->n, sizeof(*old));
	size_t n_old = 0;

	for (size_t i = 0; i < n->n; i++) {
		if (n->rows[i].round == n->round)
			n->rows[kept++] = n->rows[i];
		else
			old[n_old++] = n->rows[i];
	}
	n->n = kept;
	for (size_t i = 0; i < n_old; i++) {
		if (!is_watched(n, old[i].wd))
			inotify_rm_watch(n->fd, old[i].wd);
		free(old[i].name);
	}
	free(old);
}

bool notify_end(struct notify *n)
{
	if (n->fd < 0)
		return false;
	pthread_mutex_lock(&n->lock);
	sweep(n);
	pthread_mutex_unlock(&n->lock);
	return n->whole;
}

/* --- what has happened --------------------------------------------------- */

static bool counts(const struct notify *n, const struct inotify_event *ev)
{
	bool known = false;

	for (size_t i = 0; i < n->n; i++) {
		const struct row *r = &n->rows[i];

		if (r->wd != ev->wd)
			continue;
		known = true;
		if (!ev->len || !r->name || strcmp(r->name, ev->name) == 0)
			return true;
	}
	/* A watch that was given up says so, and may have had more to say. When
	 * events were lost, that belongs to none. */
	return !known && !(ev->mask & IN_IGNORED);
}

static bool any_counts(const struct notify *n, const char *p, size_t bytes)
{
	const struct inotify_event *ev;
	const char *end = p + bytes;

	for (; p < end; p += sizeof(*ev) + ev->len) {
		ev = (const struct inotify_event *)p;
		if (counts(n, ev))
			return true;
	}
	return false;
}

/* The lock is held until the state is told: who finds nothing to read may be
 * sure that nothing was read and not yet told. */
void notify_read(struct notify *n)
{
	_Alignas(struct inotify_event) char events[4096];
	bool changed = false, more = true;
	int i;

	if (n->fd < 0)
		return;
	pthread_mutex_lock(&n->lock);
	for (i = 0; more && i < READS_MAX; i++) {
		ssize_t got = read(n->fd, events, sizeof(events));

		if (got > 0)
			changed = changed || any_counts(n, events, (size_t)got);
		/* What had room and was not there came later. */
		more = got > (ssize_t)(sizeof(events) - EVENT_MAX);
	}
	if (changed || more)
		atomic_fetch_add(&n->state, 1);
	pthread_mutex_unlock(&n->lock);
}

#else /* there is none: the files are looked at */

struct notify {
	int unused;
};

struct notify *notify_new(void)
{
	return xcalloc(1, sizeof(struct notify));
}

void notify_free(struct notify *n)
{
	free(n);
}

void notify_begin(struct notify *n)
{
	(void)n;
}

void notify_add(struct notify *n, const char *path)
{
	(void)n;
	(void)path;
}

bool notify_end(struct notify *n)
{
	(void)n;
	return false;
}

void notify_read(struct notify *n)
{
	(void)n;
}

uint64_t notify_state(const struct notify *n)
{
	(void)n;
	return 1;
}

int notify_fd(const struct notify *n)
{
	(void)n;
	return -1;
}

#endif
