/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/run.h"

#include "base/clock.h"
#include "base/embed.h"
#include "base/port.h"
#include "base/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_HOME "DARIO_HOME="

extern char **environ;

bool run_exists(const char *name)
{
	const char *dirs = getenv("PATH");
	char path[PATH_MAX];

	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");

		snprintf(path, sizeof(path), "%.*s/%s", (int)n, dirs, name);
		if (n && access(path, X_OK) == 0)
			return true;
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

/* The environment without what a web server has set for a request: that is not
 * for another program, which would take itself for a CGI program. Nor is the
 * key of the router's owner, unless it is for a router. Free the list; the
 * strings are not its own. */
static char **environment(bool router)
{
	size_t n = 0, kept = 0;
	char **out;

	while (environ[n])
		n++;
	out = xcalloc(n + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "HTTP_", 5) &&
		    strncmp(environ[i], "REQUEST_", 8) &&
		    strncmp(environ[i], "QUERY_", 6) &&
		    (router || strncmp(environ[i], "DARIO_API_KEY=", 14)))
			out[kept++] = environ[i];
	return out;
}

char **run_environment_at(struct run_home *h, const char *home,
			  const char *more, bool router)
{
	const struct embed *x = embed_now();
	bool ours = !x || x->environment;
	size_t n = strlen(RUN_HOME) + strlen(home) + 1, all = 0, kept = 0;
	char **list = environment(router), **out;

	while (list[all])
		all++;
	h->variable = xmalloc(n);
	snprintf(h->variable, n, RUN_HOME "%s", home);
	out = xcalloc(all + 3, sizeof(*out));
	for (size_t i = 0; i < all; i++)
		if (strncmp(list[i], RUN_HOME, strlen(RUN_HOME)) &&
		    (ours || strncmp(list[i], "DARIO_", 6)))
			out[kept++] = list[i];
	out[kept++] = h->variable;
	if (more)
		out[kept++] = (char *)more;
	free(list);
	return out;
}

void run_home_release(struct run_home *h, char **environment)
{
	free(environment);
	free(h->variable);
}

/* 0 or an error number. */
static int set_files(posix_spawn_file_actions_t *files,
		     const struct run_plan *p, int out, int third)
{
	int to = p->errors == RUN_ERRORS_GO_OUT ? 1 : 0, rc;

	rc = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDWR, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(files, out < 0 ? 0 : out,
						      1);
	if (rc == 0 && p->errors != RUN_ERRORS_STAY)
		rc = posix_spawn_file_actions_adddup2(files, to, 2);
	if (rc == 0 && third >= 0)
		rc = posix_spawn_file_actions_adddup2(files, third,
						      RUN_THIRD_FD);
	port_close_from(files, third < 0 ? RUN_THIRD_FD : RUN_THIRD_FD + 1);
	return rc;
}

static void set_attributes(posix_spawnattr_t *attr, bool stays)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all); /* a host may ignore SIGCHLD */
	posix_spawnattr_init(attr);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETSIGDEF |
					       (stays ? POSIX_SPAWN_SETPGROUP
						      : POSIX_SPAWN_SETSID));
}

/* Away from the numbers that are given anew: a host may have no standard
 * input. */
static int aside(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, RUN_THIRD_FD + 1);
}

pid_t run_start(const struct run_plan *p)
{
	int out = aside(p->out), third = aside(p->third), error = errno;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	pid_t pid = -1;

	if ((out >= 0 || p->out < 0) && (third >= 0 || p->third < 0)) {
		posix_spawn_file_actions_init(&files);
		set_attributes(&attr, p->stays);
		error = set_files(&files, p, out, third);
		if (error == 0)
			error = posix_spawnp(&pid, p->program, &files, &attr,
					     (char *const *)p->argv,
					     p->environment);
		posix_spawn_file_actions_destroy(&files);
		posix_spawnattr_destroy(&attr);
		if (error)
			pid = -1;
	}
	if (out >= 0)
		close(out);
	if (third >= 0)
		close(third);
	errno = error;
	return pid;
}

/* Only its output is wanted, if that (-1: it is not). */
static pid_t start(const char *const argv[], int out)
{
	char **env = environment(false);
	struct run_plan p = { .program = argv[0],
			      .argv = argv,
			      .environment = env,
			      .out = out,
			      .third = -1 };
	pid_t pid = run_start(&p);
	int error = errno;

	free(env);
	errno = error;
	return pid;
}

/* Until the end of the output, or of the time. */
static bool read_all(int fd, struct buf *out, long ms)
{
	int64_t end = clock_ms() + ms;
	char chunk[4096];
	ssize_t n = -1;

	while (n) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_ms();

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return false;
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		else if (n < 0 && errno != EINTR)
			return false;
	}
	return !out->full;
}

int run_output(const char *const argv[], struct buf *out, long ms)
{
	int fds[2], status = 0; /* stays when a host has fetched it */
	pid_t pid;
	bool whole;

	if (port_pipe(fds))
		return -1;
	pid = start(argv, fds[1]);
	close(fds[1]);
	whole = pid > 0 && read_all(fds[0], out, ms);
	close(fds[0]);
	if (pid < 0)
		return -1;
	if (!whole)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return whole && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* --- aside ---------------------------------------------------------------- */

#define STEP_MS 5
#define GRACE_MS 2000 /* for the system to end what was killed */

/* What there is now. */
static void drain(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t n;

	while (!out->full && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
}

/* It stays a zombie, so that its group cannot be another's. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid == pid;
}

static struct run_end end_of(int status)
{
	if (WIFSIGNALED(status))
		return (struct run_end){ RUN_SIGNALED, WTERMSIG(status) };
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return (struct run_end){ RUN_FAILED, WEXITSTATUS(status) };
	return (struct run_end){ RUN_WELL, 0 };
}

/* With all of its group. */
static struct run_end finish(pid_t pid)
{
	int64_t end = clock_ms() + GRACE_MS;
	int status = 0;

	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, WNOHANG) == 0 && clock_ms() < end)
		wait_ms(STEP_MS);
	return end_of(status);
}

static struct run_end follow(pid_t pid, int fd, struct buf *out, long ms)
{
	int64_t end = clock_ms() + ms;
	struct run_end rc = { RUN_WELL, 0 };

	for (;;) {
		bool ended = has_ended(pid);

		drain(fd, out);
		if (out->full)
			rc.how = RUN_TOO_MUCH;
		else if (!ended && clock_ms() >= end)
			rc.how = RUN_TOO_LATE;
		if (ended || rc.how != RUN_WELL)
			break;
		wait_ms(STEP_MS);
	}
	return rc.how == RUN_WELL ? finish(pid) : (finish(pid), rc);
}

struct starting {
	const char *const *argv;
	int out;
	pid_t pid;
	int error;
};

/* The system may take its time over a new process. */
static void start_aside(void *arg)
{
	struct starting *s = arg;

	s->pid = start(s->argv, s->out);
	s->error = errno;
}

struct run_end run_aside(const char *const argv[], struct buf *out, long ms)
{
	struct run_end rc = { RUN_NOT_STARTED, 0 };
	struct starting s = { .argv = argv };
	int fds[2];

	if (port_pipe(fds)) {
		rc.number = errno;
		return rc;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	s.out = fds[1];
	wait_work(start_aside, &s);
	close(fds[1]);
	if (s.pid > 0)
		rc = follow(s.pid, fds[0], out, ms);
	else
		rc.number = s.error;
	close(fds[0]);
	return rc;
}

int run_detached(const char *const argv[])
{
	return start(argv, -1) > 0 ? 0 : -1;
}
