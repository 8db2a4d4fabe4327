/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/gateway.h"

#include <fcgiapp.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FD 0
#define PASSED_FD 3 /* the first that systemd passes */
#define BACKLOG 4096
#define REST_MAX (1u << 20) /* bytes of a body that nobody wanted */

struct gw_fastcgi {
	FCGX_Request req;
	bool read_all; /* the end of the body was seen */
};

/* The socket that we have made ourselves; its path is "" when there is none.
 * Written before the threads start. */
static struct {
	struct sockaddr_un addr;
	struct stat st;
} own;

/* Where a web server's spawner leaves the socket. */
static int take_place(int fd, struct err *e)
{
	if (fd != LISTEN_FD && dup2(fd, LISTEN_FD) < 0)
		return err_sys(e, "use", "the socket");
	if (fd != LISTEN_FD)
		close(fd);
	return 0;
}

static bool somebody_listens(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = connect(fd, (struct sockaddr *)&own.addr,
			   sizeof(own.addr)) == 0 ||
		   errno != ECONNREFUSED; /* a full queue is one, too */

	close(fd);
	return yes;
}

/* Clear the path of a socket that a worker of ours left when it died. */
static int remove_stale(struct err *e)
{
	const char *path = own.addr.sun_path;
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : err_sys(e, "look at", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_CONFIG,
			       "%s is no socket: remove it, or listen "
			       "elsewhere",
			       path);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_CONFIG,
			       "%s belongs to another user: remove it, or "
			       "listen elsewhere",
			       path);
	if (somebody_listens())
		return err_set(e, ERR_CONFIG,
			       "%s is in use: stop the worker that listens "
			       "there, or listen elsewhere",
			       path);
	return unlink(path) ? err_sys(e, "remove", path) : 0;
}

static int bind_own(int fd, mode_t mode, struct err *e)
{
	const char *path = own.addr.sun_path;
	mode_t mask = umask(0777);
	int rc = bind(fd, (struct sockaddr *)&own.addr, sizeof(own.addr));

	umask(mask);
	if (rc)
		return err_sys(e, "listen on", path);
	/* Nobody can connect before listen(). */
	if (chmod(path, mode) || lstat(path, &own.st) || listen(fd, BACKLOG)) {
		err_sys(e, "listen on", path);
		unlink(path);
		return -1;
	}
	return 0;
}

int gw_fastcgi_listen(const char *path, mode_t mode, struct err *e)
{
	int fd;

	own.addr.sun_family = AF_UNIX;
	if (!*path || strlen(path) >= sizeof(own.addr.sun_path))
		return err_set(e, ERR_CONFIG,
			       "--listen wants a path of 1 to %zu bytes",
			       sizeof(own.addr.sun_path) - 1);
	strcpy(own.addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "listen on", path);
	if (remove_stale(e) || bind_own(fd, mode, e)) {
		own.addr.sun_path[0] = '\0'; /* not ours to remove */
		close(fd);
		return -1;
	}
	return take_place(fd, e);
}

/* See sd_listen_fds(3). */
int gw_fastcgi_inherit(struct err *e)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	int on = 0;
	socklen_t size = sizeof(on);

	if (!pid || !n || strtol(pid, NULL, 10) != getpid())
		return 0;
	if (strcmp(n, "1") != 0)
		return err_set(e, ERR_CONFIG,
			       "systemd passed %.20s sockets: one "
			       "ListenStream is enough",
			       n);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (getsockopt(PASSED_FD, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) || !on)
		return err_set(e, ERR_CONFIG,
			       "the socket that systemd passed does not "
			       "listen: it needs Accept=no");
	/* libfcgi wants to block in accept. */
	fcntl(PASSED_FD, F_SETFL, 0);
	return take_place(PASSED_FD, e) ? -1 : 1;
}

/* A successor may have taken the path already. */
static void remove_own(void)
{
	const char *path = own.addr.sun_path;
	struct stat st;

	if (*path && lstat(path, &st) == 0 && st.st_dev == own.st.st_dev &&
	    st.st_ino == own.st.st_ino)
		unlink(path);
}

bool gw_is_cgi(void)
{
	struct timeval hour = { .tv_sec = 3600 };

	FCGX_Init();
	if (FCGX_IsCGI())
		return true;
	/* With a timeout set, a signal interrupts accept even though it is
	 * installed to restart every other call: see signal(7). */
	setsockopt(LISTEN_FD, SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof(hour));
	return false;
}

static long gw_read(struct gateway *g, char *p, size_t n)
{
	struct gw_fastcgi *f = g->impl;
	int want = n > INT_MAX ? INT_MAX : (int)n;
	int got = FCGX_GetStr(p, want, f->req.in);

	/* libfcgi returns less than it was asked for at the end only. */
	f->read_all |= got < want;
	return got < 0 || FCGX_GetError(f->req.in) ? -1 : got;
}

static int gw_flush(struct gateway *g)
{
	struct gw_fastcgi *f = g->impl;

	return FCGX_FFlush(f->req.out) ? -1 : 0;
}

/* A web server that cannot send the rest of a request may drop the answer with
 * it. Apache sends even the end of an empty body by itself: a GET whose body
 * nobody read would now and then be answered 503. */
static void read_rest(struct gateway *g)
{
	struct gw_fastcgi *f = g->impl;
	char scrap[4096];
	size_t total = 0;

	if (f->read_all)
		return;
	gw_flush(g);
	while (!f->read_all && total < REST_MAX) {
		if (gw_read(g, scrap, sizeof(scrap)) < 0)
			return;
		total += sizeof(scrap);
	}
}

static int gw_write(struct gateway *g, struct span s)
{
	struct gw_fastcgi *f = g->impl;

	while (s.n) {
		int want = s.n > INT_MAX ? INT_MAX : (int)s.n;

		if (FCGX_PutStr(s.p, want, f->req.out) != want)
			return -1;
		s = span_skip(s, (size_t)want);
	}
	return 0;
}

/* The web server sends nothing after the body but an abort, and no server is
 * known to send that: the end of the connection is the sign. */
static bool gw_gone(struct gateway *g)
{
	char c;
	ssize_t n = recv(g->watch, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	(void)n; /* end, error or an abort record: all mean the same */
	return true;
}

static void gw_finish(struct gateway *g, bool whole)
{
	struct gw_fastcgi *f = g->impl;

	if (!whole) {
		FCGX_Free(&f->req, 1); /* no END_REQUEST */
		return;
	}
	read_rest(g);
	/* Everything was read, so the lingering close is not needed. */
	FCGX_Detach(&f->req);
	FCGX_Finish_r(&f->req);
}

static const struct gateway_ops ops = {
	.read = gw_read,
	.write = gw_write,
	.flush = gw_flush,
	.gone = gw_gone,
	.finish = gw_finish,
};

struct gw_fastcgi *gw_fastcgi_new(void)
{
	struct gw_fastcgi *f = xcalloc(1, sizeof(*f));

	FCGX_InitRequest(&f->req, LISTEN_FD, 0);
	return f;
}

void gw_fastcgi_free(struct gw_fastcgi *f)
{
	FCGX_Free(&f->req, 1);
	free(f);
}

int gw_fastcgi_accept(struct gw_fastcgi *f, struct gateway *g)
{
	if (FCGX_Accept_r(&f->req) < 0)
		return -1;
	g->ops = &ops;
	g->envp = f->req.envp;
	g->watch = f->req.ipcFd;
	f->read_all = false;
	g->blind = false;
	g->script = false;
	g->impl = f;
	return 0;
}

void gw_fastcgi_stop(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	FCGX_ShutdownPending();
	remove_own();
	/* From now on the web server shall not connect to us any more. */
	if (null >= 0) {
		dup2(null, LISTEN_FD);
		close(null);
	}
}
