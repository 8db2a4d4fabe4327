/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/child.h"

#include "base/clock.h"
#include "base/port.h"
#include "base/ready.h"
#include "cli/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THIRD 3
#define STEP_MS 5
#define KILL_MS 1000 /* after SIGKILL: the system may be slow */
#define ABOVE 10     /* the places that have a meaning */

static void set_signals(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Each goes to its place, wherever it was, and there it survives exec. */
static int place(const struct child_plan *p)
{
	int input = fcntl(p->input, F_DUPFD_CLOEXEC, ABOVE);
	int third = fcntl(p->third, F_DUPFD_CLOEXEC, ABOVE);
	int said = p->said > 0 ? fcntl(p->said, F_DUPFD_CLOEXEC, ABOVE) : -1;

	if ((p->input >= 0 && dup2(input, STDIN_FILENO) < 0) ||
	    (p->third >= 0 && dup2(third, THIRD) < 0) ||
	    (p->said > 0 &&
	     (dup2(said, STDOUT_FILENO) < 0 || dup2(said, STDERR_FILENO) < 0)))
		return -1;
	return 0;
}

static void set_environment(const struct child_plan *p)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	unsetenv("NOTIFY_SOCKET"); /* systemd's with us alone */
	unsetenv(READY_ENV);
	if (p->third >= 0 && p->third_is == CHILD_READY_PIPE) {
		setenv(READY_ENV, "3", 1);
	} else if (p->third >= 0) {
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
	}
	if (p->with_parent)
		setenv("DARIO_EXIT_WITH_PARENT", "1", 1);
}

static void become(const struct child_plan *p, pid_t parent)
{
	setpgid(0, 0);
	set_signals();
	port_end_with_parent();
	if (getppid() != parent)
		_exit(1);
	set_environment(p);
	if (place(p) || (p->quiet && !freopen("/dev/null", "w", stderr)))
		_exit(1);
	execv(p->argv[0], p->argv);
	say_message("cannot run %s: %s", p->argv[0], strerror(errno));
	_exit(127);
}

pid_t child_start(const struct child_plan *p, struct err *e)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become(p, parent);
	if (pid < 0)
		err_sys(e, "start", p->argv[0]);
	else
		setpgid(pid, pid); /* whoever comes first */
	return pid;
}

bool child_ends(pid_t pid, long ms, int *status)
{
	int64_t end = clock_ms() + ms;

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (clock_ms() >= end)
			return false;
		poll(NULL, 0, STEP_MS);
	}
	return true;
}

void child_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	child_ends(pid, KILL_MS, &status);
}

const char *child_ending(int status, char *out, size_t n)
{
	if (WIFSIGNALED(status))
		snprintf(out, n, "signal %d", WTERMSIG(status));
	else
		snprintf(out, n, "status %d", WEXITSTATUS(status));
	return out;
}
