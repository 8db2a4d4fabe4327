/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/listen.h"

#include "base/port.h"

#include <fcgiapp.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FD 0
#define PASSED_FD 3 /* the first that systemd passes */
#define BACKLOG 4096

/* The socket that we have made ourselves; its path is "" when there is none.
 * Written before there are threads. */
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
	int fd = port_socket(AF_UNIX, SOCK_STREAM, 0, true);
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

int listen_own(const char *path, mode_t mode, struct err *e)
{
	int fd;

	own.addr.sun_family = AF_UNIX;
	if (!*path || strlen(path) >= sizeof(own.addr.sun_path))
		return err_set(e, ERR_CONFIG,
			       "--listen wants a path of 1 to %zu bytes",
			       sizeof(own.addr.sun_path) - 1);
	strcpy(own.addr.sun_path, path);
	fd = port_socket(AF_UNIX, SOCK_STREAM, 0, false);
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
int listen_inherit(struct err *e)
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

bool listen_is_cgi(void)
{
	bool cgi;

	FCGX_Init();
	cgi = FCGX_IsCGI();
	/* libfcgi has set handlers of its own. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	return cgi;
}

int listen_fd(void)
{
	int flags = fcntl(LISTEN_FD, F_GETFL);

	/* Others who accept on it may have taken what woke us. */
	if (flags >= 0)
		fcntl(LISTEN_FD, F_SETFL, flags | O_NONBLOCK);
	return LISTEN_FD;
}

void listen_end(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	remove_own();
	/* From now on the web server shall not connect to us any more. */
	if (null >= 0) {
		dup2(null, LISTEN_FD);
		close(null);
	}
}
