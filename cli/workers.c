/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/workers.h"

#include "base/clock.h"
#include "base/port.h"
#include "cli/child.h"
#include "cli/say.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS 10000  /* until it takes requests */
#define STEADY_MS 2000  /* who lived for so long had no bad start */
#define AGAIN_MS 100    /* before the second start in a row; then doubled */
#define AGAIN_MAX 5000  /* up to this */
#define LOST_MAX 1000   /* up to this, after one that took requests */
#define UNSTARTED_MAX 6 /* for each that is wanted: more will not help */
#define CUT_MS 3000     /* for a worker to break off what is left */
#define WANTED_MAX 64   /* of --workers */
#define REAP_MS 1000    /* from its end, or SIGKILL, to be seen dead */

void workers_init(struct workers *w, char *program, int socket)
{
	memset(w, 0, sizeof(*w));
	w->program = program;
	w->socket = socket;
}

static void forget(struct workers *w, struct worker *k)
{
	if (k->pipe >= 0)
		close(k->pipe);
	*k = w->all[--w->n];
}

void workers_release(struct workers *w)
{
	while (w->n)
		forget(w, &w->all[w->n - 1]);
	free(w->program);
}

/* Of a generation, and in that state; DRAINING: in both others. */
static int count(const struct workers *w, unsigned generation,
		 enum worker_state state)
{
	int n = 0;

	for (int i = 0; i < w->n; i++) {
		const struct worker *k = &w->all[i];

		n += k->generation == generation &&
		     (state == WORKER_DRAINING ? k->state != state
					       : k->state == state);
	}
	return n;
}

int workers_ready(const struct workers *w)
{
	int n = 0;

	for (int i = 0; i < w->n; i++)
		n += w->all[i].state == WORKER_READY;
	return n;
}

bool workers_hopeless(const struct workers *w)
{
	return w->unstarted >= UNSTARTED_MAX * w->wanted && !workers_ready(w);
}

bool workers_away(const struct workers *w)
{
	return w->again > clock_ms() + LOST_MAX && !workers_ready(w) &&
	       !count(w, w->newest, WORKER_STARTING);
}

/* --- starting ------------------------------------------------------------ */

/* One that began at that time, or could not, was of no use. Those that began
 * before the last failure fail for the same reason. The next one waits for so
 * long, at most. */
static void failed(struct workers *w, int64_t began, long most)
{
	int64_t now = clock_ms();
	long wait = AGAIN_MS;

	if (began < w->failed_at)
		return;
	w->failed_at = now;
	w->failures++;
	for (int i = 2; i < w->failures && wait < most; i++)
		wait *= 2;
	if (wait > most)
		wait = most;
	w->again = now + (w->failures > 1 ? wait : 0);
}

static int start(struct workers *w, struct err *e)
{
	char *argv[] = { w->program, NULL };
	struct child_plan plan = { .argv = argv,
				   .input = w->socket,
				   .third_is = CHILD_READY_PIPE,
				   .with_parent = true };
	int64_t now = clock_ms();
	int ends[2];
	pid_t pid;

	if (port_pipe(ends))
		return err_sys(e, "start", w->program);
	plan.third = ends[1];
	pid = child_start(&plan, e);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -1;
	}
	w->all[w->n++] = (struct worker){ .pid = pid,
					  .pipe = ends[0],
					  .generation = w->newest,
					  .began = now,
					  .end = now + START_MS };
	return 0;
}

static void fill(struct workers *w)
{
	struct err e;

	while (w->n < WORKERS_MAX && clock_ms() >= w->again &&
	       count(w, w->newest, WORKER_DRAINING) < w->wanted) {
		if (start(w, &e) == 0)
			continue;
		failed(w, clock_ms(), AGAIN_MAX);
		say_message("%s", e.msg);
	}
}

/* --- ending -------------------------------------------------------------- */

/* Its answers may go on for `ms`. */
static void tell(struct worker *k, long ms)
{
	if (!k->told)
		kill(k->pid, SIGTERM);
	k->told = true;
	k->state = WORKER_DRAINING;
	k->end = clock_ms() + ms + CUT_MS;
}

void workers_drain(struct workers *w, long ms)
{
	w->wanted = 0;
	w->newest = w->serving;
	for (int i = 0; i < w->n; i++)
		tell(&w->all[i], ms);
}

void workers_kill(struct workers *w)
{
	w->wanted = 0;
	for (int i = 0; i < w->n; i++)
		kill(w->all[i].pid, SIGKILL);
}

bool workers_replaceable(const struct workers *w)
{
	return w->newest == w->serving && w->n <= WORKERS_MAX - WANTED_MAX;
}

void workers_replace(struct workers *w)
{
	w->newest++;
}

/* The new ones do not start: the earlier ones stay. */
static void give_up_replacing(struct workers *w)
{
	for (int i = 0; i < w->n; i++)
		if (w->all[i].generation == w->newest)
			tell(&w->all[i], 0);
	w->newest = w->serving;
	say_message("the new workers do not start: the ones that run "
		    "go on");
}

static void take_over(struct workers *w)
{
	if (w->newest == w->serving ||
	    count(w, w->newest, WORKER_READY) < w->wanted)
		return;
	for (int i = 0; i < w->n; i++)
		if (w->all[i].generation != w->newest &&
		    w->all[i].state != WORKER_DRAINING)
			tell(&w->all[i], w->drain_ms);
	w->serving = w->newest;
	w->failures = 0;
	say_message("new workers take the requests, the earlier ones "
		    "end what they have");
}

/* It takes no requests (any more), and nobody has told it so. */
static void lost(struct workers *w, const struct worker *k)
{
	if (k->generation != w->serving && k->generation == w->newest) {
		give_up_replacing(w);
		return;
	}
	if (k->state == WORKER_READY && clock_ms() - k->began >= STEADY_MS)
		w->failures = 0;
	if (k->state == WORKER_STARTING)
		w->unstarted++;
	failed(w, k->began, k->state == WORKER_STARTING ? AGAIN_MAX : LOST_MAX);
}

/* --- what happens -------------------------------------------------------- */

int workers_polls(const struct workers *w, struct pollfd *p)
{
	for (int i = 0; i < w->n; i++)
		p[i] = (struct pollfd){ w->all[i].pipe, POLLIN, 0 };
	return w->n;
}

static void hear(struct workers *w, struct worker *k)
{
	char byte;
	ssize_t n = read(k->pipe, &byte, 1);

	if (n < 0 && errno == EINTR)
		return;
	if (n > 0 && k->state == WORKER_STARTING) {
		k->state = WORKER_READY;
		k->end = 0;
		w->unstarted = 0;
	}
	if (n > 0)
		return;
	close(k->pipe);
	k->pipe = -1;
	if (k->state == WORKER_READY) { /* it drains by itself, or has died */
		lost(w, k);
		k->state = WORKER_DRAINING;
		k->end = clock_ms() + w->drain_ms + CUT_MS;
	} else if (k->state == WORKER_STARTING) {
		k->end = clock_ms() + REAP_MS;
	}
}

void workers_heard(struct workers *w, const struct pollfd *p, int n)
{
	for (int i = 0; i < n; i++)
		if (p[i].revents)
			hear(w, &w->all[i]);
	take_over(w);
}

bool workers_reaped(struct workers *w, pid_t pid, int status)
{
	struct worker k;
	char how[40];
	int i = 0;

	while (i < w->n && w->all[i].pid != pid)
		i++;
	if (i == w->n)
		return false;
	k = w->all[i];
	forget(w, &w->all[i]);
	if (!k.told)
		say_message("a worker has ended (%s)",
			    child_ending(status, how, sizeof(how)));
	if (k.state != WORKER_DRAINING)
		lost(w, &k);
	return true;
}

int64_t workers_when(const struct workers *w, int64_t other)
{
	for (int i = 0; i < w->n; i++)
		if (w->all[i].end && w->all[i].end < other)
			other = w->all[i].end;
	if (w->again > clock_ms() && w->again < other)
		other = w->again;
	return other;
}

static void late(struct workers *w, struct worker *k)
{
	if (k->killed) { /* even that: nothing is left to be done */
		forget(w, k);
		return;
	}
	say_message(k->state == WORKER_STARTING
			    ? "a worker takes no requests: it is killed"
			    : "a worker does not end: it is killed");
	kill(k->pid, SIGKILL);
	k->killed = true;
	k->end = clock_ms() + REAP_MS;
}

void workers_tick(struct workers *w)
{
	int64_t now = clock_ms();

	for (int i = w->n - 1; i >= 0; i--)
		if (w->all[i].end && w->all[i].end <= now)
			late(w, &w->all[i]);
	fill(w);
}
