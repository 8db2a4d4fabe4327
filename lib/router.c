/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/port.h"
#include "base/ready.h"
#include "base/run.h"
#include "base/wait.h"
#include "lib/lib.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLAGS_MAX 64
#define STEP_MS 20
#define FREE_MS 10000

struct dario_router {
	pid_t pid;
	int fd;    /* of the process, or -1 */
	int ready; /* the pipe's end, or -1 */
	bool is_ready, ended;
	int status;
};

struct starting {
	const struct dario *of;
	struct dario_router *r;
	const char *const *flags;
	int log, say; /* descriptors */
};

static int cannot_start(struct err *e, const char *what)
{
	return errno == ENOMEM ? err_memory(e) : err_sys(e, "start", what);
}

static int start(void *arg, struct err *e)
{
	struct starting *s = arg;
	const char *argv[FLAGS_MAX + 3] = { "dario", "proxy" };
	char ready[40], **env;
	struct run_home home;
	struct run_plan p = { .program = s->of->program,
			      .argv = argv,
			      .out = s->log,
			      .third = s->say,
			      .errors = RUN_ERRORS_GO_OUT,
			      .stays = true };
	size_t n = 2;
	int rc = 0;

	if (!s->of->program)
		return err_set(e, ERR_CONFIG,
			       "the program dario is missing: install it, or "
			       "name it when you open");
	if (!s->of->home)
		return err_set(e, ERR_USAGE, "this needs a folder: open one");
	for (; s->flags && *s->flags; s->flags++) {
		if (n == FLAGS_MAX + 2)
			return err_set(e, ERR_USAGE, "more than %d flags",
				       FLAGS_MAX);
		argv[n++] = *s->flags;
	}
	snprintf(ready, sizeof(ready), READY_ENV "=%d", RUN_THIRD_FD);
	env = run_environment_at(&home, s->of->home, ready, true);
	p.environment = env;
	s->r->pid = run_start(&p);
	if (s->r->pid < 0)
		rc = cannot_start(e, p.program);
	run_home_release(&home, env);
	return rc;
}

struct dario_router *dario_router_start(struct dario *d,
					const char *const flags[], int log_fd,
					struct dario_error *e)
{
	struct starting s = { .flags = flags };
	struct err err = { 0 };
	int ends[2], rc;

	if (!d) {
		lib_misuse(e, "a struct dario is needed");
		return NULL;
	}
	s.r = calloc(1, sizeof(*s.r));
	if (!s.r || port_pipe(ends)) {
		cannot_start(&err, "the router");
		lib_error(e, &err);
		free(s.r);
		return NULL;
	}
	s.of = d;
	s.r->ready = ends[0];
	s.r->fd = -1;
	s.say = ends[1];
	s.log = log_fd;
	rc = lib_call_out(d, start, &s, e);
	close(ends[1]);
	if (rc) {
		s.r->ended = true;
		dario_router_free(s.r);
		return NULL;
	}
	s.r->fd = port_process(s.r->pid);
	return s.r;
}

/* Has it ended? Nobody else's child is asked. */
static bool look(struct dario_router *r)
{
	int status;
	pid_t pid;

	if (r->ended)
		return true;
	do
		pid = waitpid(r->pid, &status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	r->ended = true;
	r->status = pid < 0           ? -1 /* the host has fetched it */
		  : WIFEXITED(status) ? WEXITSTATUS(status)
				      : 128 + WTERMSIG(status);
	return true;
}

/* Until `fd` can be read, or a step is over where there is none. */
static void step(int fd, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left = until < 0 ? STEP_MS * 50 : until - clock_ms();
	int64_t most = fd < 0 ? STEP_MS : STEP_MS * 50;

	poll(&p, 1, (int)(left < 0 ? 0 : left < most ? left : most));
}

int dario_router_ready(struct dario_router *r, long ms, struct dario_error *e)
{
	int64_t until = ms < 0 ? -1 : clock_ms() + ms;
	struct pollfd p = { .events = POLLIN };
	struct err err = { 0 };
	char byte;

	if (!r)
		return lib_misuse(e, "a router is needed");
	p.fd = r->ready;
	while (!r->is_ready && !look(r)) {
		if (poll(&p, 1, 0) > 0 && read(r->ready, &byte, 1) == 1)
			r->is_ready = true;
		else if (until >= 0 && clock_ms() >= until)
			return 0;
		else if (p.revents)
			step(r->fd, until); /* it is about to end */
		else
			step(r->ready, until);
	}
	if (!look(r))
		return 1;
	err_set(&err, ERR_SHUTDOWN,
		"the router has ended with status %d: what it wrote says why",
		r->status);
	lib_error(e, &err);
	return -1;
}

int dario_router_wait(struct dario_router *r, long ms, int *status)
{
	int64_t until = ms < 0 ? -1 : clock_ms() + ms;

	while (r && !look(r)) {
		if (until >= 0 && clock_ms() >= until)
			return 0;
		step(r->fd, until);
	}
	if (status)
		*status = r ? r->status : -1;
	return 1;
}

static void tell(const struct dario_router *r, int signal_number)
{
	port_kill(r->fd, r->pid, signal_number);
}

int dario_router_stop(struct dario_router *r, long ms)
{
	long half = ms < 0 ? -1 : ms / 2;
	int status = -1;

	/* The second time it means: at once. */
	for (int i = 0; i < 2 && r && !look(r); i++) {
		tell(r, SIGTERM);
		if (dario_router_wait(r, half, &status))
			return status;
	}
	if (!dario_router_wait(r, 0, &status)) {
		tell(r, SIGKILL);
		dario_router_wait(r, -1, &status);
	}
	return status;
}

void dario_router_free(struct dario_router *r)
{
	if (!r)
		return;
	if (!r->ended)
		dario_router_stop(r, FREE_MS);
	if (r->fd >= 0)
		close(r->fd);
	if (r->ready >= 0)
		close(r->ready);
	free(r);
}
