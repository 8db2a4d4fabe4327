/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/spool.h"

#include "base/memory.h"
#include "base/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct spool {
	int fd;
	size_t added;      /* bytes of the file */
	size_t at;         /* in it: what is read next */
	size_t mark, skip; /* where the text stands in for so many bytes */
	struct span text;  /* of it, what is not read yet */
	bool marked;
};

static atomic_size_t all; /* bytes in the files of this process */

static int no_room(int error, struct err *e)
{
	return err_set(
		e, ERR_INTERNAL,
		"cannot keep a form on the disk of the router until its "
		"model is found: %s: put the field model before the file",
		strerror(error));
}

/* A name that is there for a moment, where the file system has no other way. */
static int open_named(const char *folder)
{
	struct buf path;
	int fd = -1;

	buf_init(&path, 4096);
	buf_fmt(&path, "%s/.body.XXXXXX", folder);
	if (!path.full)
		fd = mkostemp(path.p, O_CLOEXEC);
	if (fd >= 0)
		unlink(path.p);
	buf_release(&path);
	return fd;
}

struct spool *spool_new(const char *folder, struct err *e)
{
	struct spool *s;
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = open_named(folder);
	if (fd < 0) {
		no_room(errno, e);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->fd = fd;
	return s;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	close(s->fd);
	atomic_fetch_sub(&all, s->added);
	free(s);
}

struct job {
	int fd;
	struct span piece;
	off_t at;
	int error;
};

static void write_piece(void *arg)
{
	struct job *j = arg;

	while (j->piece.n) {
		ssize_t n = pwrite(j->fd, j->piece.p, j->piece.n, j->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			j->error = n ? errno : ENOSPC;
			return;
		}
		j->piece = span_skip(j->piece, (size_t)n);
		j->at += n;
	}
}

int spool_add(struct spool *s, struct span piece, struct err *e)
{
	struct job j = { .fd = s->fd, .piece = piece, .at = (off_t)s->added };

	if (piece.n > SPOOL_MAX - s->added)
		return err_set(e, ERR_TOO_BIG,
			       "no model was found in the first %u MiB of the "
			       "form: put the field model before the file",
			       SPOOL_MAX >> 20);
	s->added += piece.n;
	if (atomic_fetch_add(&all, piece.n) + piece.n > SPOOL_ALL_MAX)
		return err_set(e, ERR_BUSY,
			       "too many forms wait for their model behind a "
			       "file: put the field model before the file, or "
			       "try again shortly");
	wait_work(write_piece, &j);
	return j.error ? no_room(j.error, e) : 0;
}

void spool_mark(struct spool *s, size_t at, size_t n, struct span text)
{
	s->marked = true;
	s->mark = at;
	s->skip = n;
	s->text = text;
}

size_t spool_left(const struct spool *s)
{
	if (!s)
		return 0;
	return s->added - s->at + (s->marked ? s->text.n : 0) -
	       (s->marked ? s->skip : 0);
}

/* Of the text. */
static long read_text(struct spool *s, char *p, size_t n)
{
	n = n < s->text.n ? n : s->text.n;
	memcpy(p, s->text.p, n);
	s->text = span_skip(s->text, n);
	return (long)n;
}

long spool_read(struct spool *s, char *p, size_t n, struct err *e)
{
	size_t end = s->added;
	ssize_t got;

	if (s->marked && s->at == s->mark && s->text.n)
		return read_text(s, p, n);
	if (s->marked && s->at == s->mark) {
		s->at += s->skip;
		s->marked = false;
	}
	if (s->marked)
		end = s->mark;
	n = n < end - s->at ? n : end - s->at;
	if (!n)
		return 0;
	do
		got = pread(s->fd, p, n, (off_t)s->at);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return err_sys(e, "read", "what was kept of a form");
	s->at += (size_t)got;
	return got;
}
