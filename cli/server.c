/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/say.h"
#include "cli/server.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#define STOP_MS 1200 /* for the web server to end by itself */
#define POLL_MS 20

/* In the child: become the web server. */
static void become_server(char *const argv[], pid_t parent, bool quiet)
{
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
#ifdef HAVE_SYS_PRCTL_H
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	if (getppid() != parent)
		_exit(1);
	if (quiet && !freopen("/dev/null", "w", stderr))
		_exit(1);
	execv(argv[0], argv);
	say(stderr, "dario: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

pid_t server_start(const struct server_conf *sc, bool quiet, struct err *e)
{
	char *argv[] = { sc->lighttpd, (char *)"-D", (char *)"-f", sc->path,
			 NULL };
	pid_t parent = getpid(), pid;

#ifdef HAVE_SYS_PRCTL_H
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* workers whose server died */
#endif
	pid = fork();

	if (pid == 0)
		become_server(argv, parent, quiet);
	if (pid < 0)
		err_sys(e, "start", sc->lighttpd);
	else
		setpgid(pid, pid); /* whoever comes first */
	return pid;
}

long server_free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		port = ntohs(a.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}

bool server_up(const struct settings *s)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	bool any = strcmp(s->host, "0.0.0.0") == 0;
	struct addrinfo *a;
	char port[16];
	int fd;
	bool ok;

	snprintf(port, sizeof(port), "%ld", s->port);
	if (getaddrinfo(any ? "127.0.0.1" : s->host, port, &hints, &a))
		return false;
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0;
	if (fd >= 0)
		close(fd);
	freeaddrinfo(a);
	return ok;
}

bool server_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

static void nap(void)
{
	struct timespec t = { .tv_nsec = POLL_MS * 1000000L };

	nanosleep(&t, NULL);
}

/* Gently, then for good; with everything it has started. */
void server_stop(pid_t pid)
{
	int64_t end = clock_ms() + STOP_MS;
	int status;

	kill(pid, SIGTERM);
	while (!server_ended(pid, &status) && clock_ms() < end)
		nap();
	while (kill(-pid, 0) == 0 && clock_ms() < end) {
		while (waitpid(-pid, &status, WNOHANG) > 0)
			;
		nap();
	}
	kill(-pid, SIGKILL);
	while (waitpid(-pid, &status, 0) > 0)
		;
}
