/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/file.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(const struct stat *st, const char *path, bool pipe,
		 struct err *e)
{
	const char *is = S_ISDIR(st->st_mode)  ? "a folder"
		       : S_ISFIFO(st->st_mode) ? "a pipe"
		       : S_ISSOCK(st->st_mode) ? "a socket"
					       : "a device";

	if (S_ISREG(st->st_mode) || (pipe && S_ISFIFO(st->st_mode)))
		return 0;
	return err_set(e, ERR_CONFIG, "%s is %s: name a plain file", path, is);
}

/* `name` stands for the path in errors. */
static int open_checked(const char *path, const char *name, bool pipe,
			struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENXIO)
		return err_set(e, ERR_CONFIG,
			       "%s is a socket or a device: name a plain file",
			       name);
	if (fd < 0)
		return err_sys(e, "open", name);
	if (fstat(fd, &st))
		err_sys(e, "look at", name);
	else if (check(&st, name, pipe, e) == 0)
		return fd;
	close(fd);
	return -1;
}

int file_open(const char *path, struct err *e)
{
	return open_checked(path, path, false, e);
}

int file_check(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st))
		return err_sys(e, "open", path);
	return check(&st, path, false, e);
}

/* More bytes, 0 at the end, -1. */
static ssize_t next(int fd, char *p, size_t n, int64_t end, const char *path,
		    struct err *e)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int64_t left = end - clock_ms();
	ssize_t got;

	if (left <= 0 || poll(&wait, 1, (int)left) == 0)
		return err_set(e, ERR_CONFIG,
			       "%s did not come to its end within %d s", path,
			       FILE_PIPE_MS / 1000);
	do
		got = read(fd, p, n);
	while (got < 0 && (errno == EINTR || errno == EAGAIN));
	return got < 0 ? err_sys(e, "read", path) : got;
}

static int read_from(int fd, const char *path, struct buf *out, struct err *e)
{
	int64_t end = clock_ms() + FILE_PIPE_MS;
	char chunk[8192];
	ssize_t n;

	while ((n = next(fd, chunk, sizeof(chunk), end, path, e)) > 0) {
		buf_add(out, chunk, (size_t)n);
		if (out->full)
			return err_full(e, out, ERR_CONFIG,
					"%s is larger than %zu bytes", path,
					out->max);
	}
	return n < 0 ? -1 : 0;
}

static int read_path(const char *path, const char *name, bool pipe,
		     struct buf *out, struct err *e)
{
	int fd = open_checked(path, name, pipe, e), rc;

	if (fd < 0)
		return -1;
	rc = read_from(fd, name, out, e);
	close(fd);
	return rc;
}

int file_read(const char *path, struct buf *out, struct err *e)
{
	return read_path(path, path, false, out, e);
}

int file_read_pipe(const char *path, const char *name, struct buf *out,
		   struct err *e)
{
	return read_path(path, name, true, out, e);
}
