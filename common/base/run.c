/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/run.h"

#include "base/clock.h"

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

void run_close_from(posix_spawn_file_actions_t *files, int fd)
{
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	posix_spawn_file_actions_addclosefrom_np(files, fd);
#else
	(void)files;
	(void)fd;
#endif
}

/* Standard input and error are /dev/null; output goes to `out` (-1: there
 * too). Signals are as a program expects them. */
static pid_t start(const char *const argv[], int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	pid_t pid = -1;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETSID);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&files, out < 0 ? 0 : out, 1);
	posix_spawn_file_actions_adddup2(&files, 0, 2);
	run_close_from(&files, 3);
	errno = posix_spawnp(&pid, argv[0], &files, &attr, (char *const *)argv,
			     environ);
	if (errno)
		pid = -1;
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
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
	int fds[2], status = -1;
	pid_t pid;
	bool whole;

	if (pipe2(fds, O_CLOEXEC))
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

int run_detached(const char *const argv[])
{
	return start(argv, -1) > 0 ? 0 : -1;
}
