/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/store.h"

#include "base/embed.h"
#include "base/io.h"
#include "base/port.h"
#include "base/wait.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW ".new" /* behind the name of a file that is being written */
#define LOCK_STEP_MAX_MS 16L /* between looks at a lock that another has */

char *store_home(struct err *e)
{
	const char *dir = embed_getenv("DARIO_HOME");
	const char *user = embed_getenv("HOME");
	char path[PATH_MAX];
	struct passwd *pw;

	if (dir && *dir) {
		if (*dir == '/')
			return xstrdup(dir);
		err_set(e, ERR_CONFIG, "DARIO_HOME must be an absolute path");
		return NULL;
	}
	if (!user || *user != '/') {
		pw = getpwuid(geteuid());
		user = pw ? pw->pw_dir : NULL;
	}
	if (!user || *user != '/') {
		err_set(e, ERR_CONFIG, "no home folder known: set DARIO_HOME");
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/.dario", user);
	return xstrdup(path);
}

static int path_of(char out[PATH_MAX], const char *home, const char *name,
		   struct err *e)
{
	struct buf b = { .p = out, .cap = PATH_MAX, .max = PATH_MAX - 1 };

	buf_str(&b, home);
	if (name) {
		buf_byte(&b, '/');
		buf_str(&b, name);
	}
	return b.full ? err_set(e, ERR_CONFIG, "path too long: %.60s...", home)
		      : 0;
}

/* Ours, and closed to everyone else? */
static int check_owner(const struct stat *st, const char *path,
		       const char *mode, struct err *e)
{
	if (st->st_uid != geteuid())
		return err_set(e, ERR_CONFIG,
			       "%s belongs to another user: "
			       "chown it or set DARIO_HOME",
			       path);
	if (st->st_mode & 077)
		return err_set(e, ERR_CONFIG,
			       "%s is open to other users: "
			       "chmod %s %s",
			       path, mode, path);
	return 0;
}

int store_folder(const char *home, const char *name, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (path_of(path, home, name, e))
		return -1;
	if (mkdir(path, 0700) && errno != EEXIST)
		return err_sys(e, "make folder", path);
	if (stat(path, &st))
		return err_sys(e, "open folder", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFIG, "%s is not a folder", path);
	return check_owner(&st, path, "700", e);
}

static int check_file(const struct stat *st, const char *path, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_CONFIG, "%s is not a plain file", path);
	return check_owner(st, path, "600", e);
}

static int check_size(const struct stat *st, const char *path, struct err *e)
{
	if (st->st_size > STORE_FILE_MAX)
		return err_set(e, ERR_CONFIG, "%s is larger than %u bytes",
			       path, STORE_FILE_MAX);
	return 0;
}

/* A lock that others could open could be held by them; it holds nothing, and
 * has to stay the file that it is. */
static int check_lock(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(e, "look at", path);
	if (st.st_uid == geteuid() && st.st_mode & 077 && fchmod(fd, 0600) == 0)
		st.st_mode &= ~(mode_t)077;
	return check_file(&st, path, e);
}

/* 0 with *out, 1 there is no such file, -1 refused or failed. */
static int open_checked(const char *path, bool large, int *out, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
				    O_NOCTTY);

	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 1;
		if (errno == ELOOP)
			return err_set(e, ERR_CONFIG,
				       "%s is a symbolic link: "
				       "put the file itself there",
				       path);
		return err_sys(e, "open", path);
	}
	if (fstat(fd, &st))
		err_sys(e, "look at", path);
	else if (check_file(&st, path, e) == 0 &&
		 (large || check_size(&st, path, e) == 0)) {
		*out = fd;
		return 0;
	}
	close(fd);
	return -1;
}

static int read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	char chunk[8192];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
	} while (n == (ssize_t)sizeof(chunk)); /* less is the end of a file */
	if (n < 0)
		return err_sys(e, "read", path);
	if (out->full)
		return err_full(e, out, ERR_CONFIG, "%s is too large", path);
	return 0;
}

static bool is_lock(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".lock") == 0;
}

int store_check(const char *home, const char *name, struct err *e)
{
	char path[PATH_MAX];
	int fd, rc;

	if (path_of(path, home, name, e))
		return -1;
	fd = is_lock(path)
		   ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
		   : -1;
	if (fd >= 0) {
		rc = check_lock(fd, path, e);
		close(fd);
		return rc;
	}
	rc = open_checked(path, true, &fd, e);
	if (rc == 0)
		close(fd);
	return rc;
}

int store_open(const char *home, const char *name, struct err *e)
{
	char path[PATH_MAX];
	int fd;

	if (path_of(path, home, name, e) || open_checked(path, true, &fd, e))
		return -1;
	return fd;
}

int store_read(const char *home, const char *name, struct buf *out,
	       struct err *e)
{
	char path[PATH_MAX];
	int fd, rc;

	if (path_of(path, home, name, e))
		return -1;
	rc = open_checked(path, false, &fd, e);
	if (rc == 0) {
		rc = read_all(fd, path, out, e);
		close(fd);
	}
	return rc;
}

struct sync {
	int fd, rc, error;
};

static void sync_now(void *arg)
{
	struct sync *s = arg;

	s->rc = fsync(s->fd);
	s->error = errno;
}

/* fsync, which may take seconds on a busy disk. */
static int sync_file(int fd)
{
	struct sync s = { .fd = fd };

	wait_work(sync_now, &s);
	errno = s.error;
	return s.rc;
}

static int sync_folder_of(const char *path)
{
	char dir[PATH_MAX];
	int fd, rc;

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = sync_file(fd);
	close(fd);
	return rc;
}

/* The new file beside the one it will replace. */
static int slot_paths(struct store_slot *s, const char *home, const char *name,
		      struct err *e)
{
	s->fd = -1;
	if (path_of(s->path, home, name, e))
		return -1;
	if (snprintf(s->tmp, sizeof(s->tmp), "%s" NEW, s->path) >=
	    (int)sizeof(s->tmp))
		return err_set(e, ERR_CONFIG, "path too long: %.60s...",
			       s->path);
	return 0;
}

static int slot_open(struct store_slot *s, const char *home, const char *name,
		     struct err *e)
{
	if (slot_paths(s, home, name, e))
		return -1;
	/* One may be left by a writer that died; we hold the lock. It goes, for
	 * it may be open to others, or somebody may have it open. */
	unlink(s->tmp);
	s->fd = open(s->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	s->reserved = false;
	return s->fd < 0 ? err_sys(e, "create", s->tmp) : 0;
}

void store_abandon(struct store_slot *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	unlink(s->tmp);
	s->fd = -1;
}

/* Write and swap in; `durable`: it is on the disk when this returns. */
static int slot_fill(struct store_slot *s, struct span text, bool durable,
		     struct err *e)
{
	int rc = -1;

	if (!text.n) /* no file of ours is: there was no memory for it */
		err_memory(e);
	else if (io_write(s->fd, text) ||
		 (s->reserved && ftruncate(s->fd, (off_t)text.n)) ||
		 (durable && sync_file(s->fd)))
		err_sys(e, "write", s->tmp);
	else if (rename(s->tmp, s->path) ||
		 (durable && sync_folder_of(s->path)))
		err_sys(e, "replace", s->path);
	else
		rc = 0;
	if (rc) {
		store_abandon(s);
		return -1;
	}
	close(s->fd);
	s->fd = -1;
	return 0;
}

int store_reserve(struct store_slot *s, const char *home, const char *name,
		  size_t bytes, struct err *e)
{
	int rc;

	if (slot_open(s, home, name, e))
		return -1;
	s->reserved = true;
	rc = port_allocate(s->fd, 0, (off_t)bytes);
	if (rc == 0 && sync_file(s->fd) == 0)
		return 0;
	errno = rc ? rc : errno;
	err_sys(e, "reserve space for", s->path);
	store_abandon(s);
	return -1;
}

int store_fill(struct store_slot *s, struct span text, struct err *e)
{
	return slot_fill(s, text, true, e);
}

int store_replace(const char *home, const char *name, struct span text,
		  struct err *e)
{
	struct store_slot s;

	return slot_open(&s, home, name, e) ? -1 : slot_fill(&s, text, true, e);
}

int store_put(const char *home, const char *name, struct span text,
	      struct err *e)
{
	struct store_slot s;

	return slot_open(&s, home, name, e) ? -1
					    : slot_fill(&s, text, false, e);
}

int store_open_append(const char *home, const char *name, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if (path_of(path, home, name, e))
		return -1;
	fd = open(path,
		  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW |
			  O_NONBLOCK | O_NOCTTY,
		  0600);
	if (fd < 0)
		return err_sys(e, "open", path);
	if (fstat(fd, &st))
		err_sys(e, "look at", path);
	else if (check_file(&st, path, e) == 0)
		return fd;
	close(fd);
	return -1;
}

int store_rename(const char *home, const char *from, const char *to,
		 struct err *e)
{
	char old[PATH_MAX], new[PATH_MAX];

	if (path_of(old, home, from, e) || path_of(new, home, to, e))
		return -1;
	return rename(old, new) ? err_sys(e, "rename", old) : 0;
}

int store_remove(const char *home, const char *name, struct err *e)
{
	char path[PATH_MAX];
	struct store_slot s;

	if (path_of(path, home, name, e) || slot_paths(&s, home, name, e))
		return -1;
	unlink(s.tmp); /* what it would have become */
	if (unlink(path) || sync_folder_of(path))
		return err_sys(e, "remove", path);
	return 0;
}

static struct store_sign sign_of(const struct stat *st)
{
	return (struct store_sign){
		.dev = (uint64_t)st->st_dev,
		.ino = (uint64_t)st->st_ino,
		.size = (uint64_t)st->st_size,
		.links = (uint64_t)st->st_nlink,
		.sec = st->st_ctim.tv_sec,
		.nsec = st->st_ctim.tv_nsec,
	};
}

void store_sign(const char *home, const char *name, struct store_sign *out)
{
	char path[PATH_MAX];
	struct err unused;
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (path_of(path, home, name, &unused) == 0 && lstat(path, &st) == 0)
		*out = sign_of(&st);
}

int store_pin(const char *home, const char *name)
{
	char path[PATH_MAX];
	struct err unused;

	return path_of(path, home, name, &unused) ? -1 : port_pin(path);
}

void store_sign_pinned(int fd, struct store_sign *out)
{
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (fstat(fd, &st) == 0)
		*out = sign_of(&st);
}

bool store_exists(const char *home, const char *name)
{
	struct store_sign s;

	store_sign(home, name, &s);
	return s.ino != 0;
}

static int open_lock(const char *home, const char *name, struct err *e)
{
	char path[PATH_MAX], lock[PATH_MAX];
	int fd;

	if (path_of(path, home, name, e))
		return -1;
	if (snprintf(lock, sizeof(lock), "%s.lock", path) >= (int)sizeof(lock))
		return err_set(e, ERR_CONFIG, "path too long: %.60s...", path);
	fd = open(lock,
		  O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
			  O_NOCTTY,
		  0600);
	if (fd < 0)
		return err_sys(e, "open", lock);
	if (check_lock(fd, lock, e) == 0)
		return fd;
	close(fd);
	return -1;
}

/* With `wait` it goes on until it is had. flock itself would block a thread
 * that has others to serve. */
static int lock_with(bool wait, const char *home, const char *name, bool *busy,
		     struct err *e)
{
	int fd = open_lock(home, name, e);
	long step = 0;

	*busy = false;
	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		*busy = errno == EWOULDBLOCK;
		if (errno != EINTR && !(*busy && wait)) {
			err_sys(e, "lock", name);
			close(fd);
			return -1;
		}
		wait_ms(step);
		step = step ? step * 2 : 1;
		if (step > LOCK_STEP_MAX_MS)
			step = LOCK_STEP_MAX_MS;
	}
	return fd;
}

int store_lock(const char *home, const char *name, struct err *e)
{
	bool busy;

	return lock_with(true, home, name, &busy, e);
}

int store_try_lock(const char *home, const char *name, bool *busy,
		   struct err *e)
{
	return lock_with(false, home, name, busy, e);
}

void store_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

bool store_good_name(struct span s)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789_-";

	if (s.n == 0 || s.n > 64)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr(set, s.p[i], sizeof(set) - 1))
			return false;
	return true;
}

void store_clear(const char *home, const char *name)
{
	struct store_slot s;
	struct err unused;
	struct stat st;
	bool busy;
	int lock;

	if (slot_paths(&s, home, name, &unused) || lstat(s.tmp, &st))
		return;
	lock = store_try_lock(home, name, &busy, &unused);
	if (lock < 0)
		return; /* it is being written */
	unlink(s.tmp);
	store_unlock(lock);
}

void store_sweep(const char *home, const char *folder, const char *prefix)
{
	char path[PATH_MAX], name[PATH_MAX];
	struct err unused;
	struct dirent *d;
	DIR *dir;

	if (path_of(path, home, folder, &unused))
		return;
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		size_t n = strlen(d->d_name);

		if (n < sizeof(NEW) ||
		    strncmp(d->d_name, prefix, strlen(prefix)) ||
		    strcmp(d->d_name + n - (sizeof(NEW) - 1), NEW))
			continue;
		snprintf(name, sizeof(name), "%s%s%.*s", folder ? folder : "",
			 folder ? "/" : "", (int)(n - (sizeof(NEW) - 1)),
			 d->d_name);
		store_clear(home, name);
	}
	if (dir)
		closedir(dir);
}
