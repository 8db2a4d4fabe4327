/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/worker.h"

#include "base/clock.h"
#include "base/cores.h"
#include "base/log.h"
#include "base/ready.h"
#include "base/task.h"
#include "base/wait.h"
#include "fcgi/discovery.h"
#include "fcgi/lane.h"
#include "fcgi/listen.h"
#include "fcgi/presence.h"
#include "fcgi/routes.h"
#include "state/shared/shared-choose.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define FDS_PER_REQUEST 3 /* client, upstream, a file now and then */
#define FDS_SPARE 128     /* above all for the configuration's files */
#define FDS_WANTED 512    /* the same, where they are to be had */
#define PROBES 128        /* connections beyond the capacity */
#define KEPT_MAX 256      /* idle connections to upstreams, of a loop */
#define CUT_MS 1000       /* for what was told to end */
#define END_MS 3000       /* for what helper threads have begun */
#define LOOK_MS 10        /* between looks whether all has ended */

struct worker {
	struct app *app;
	struct gw_limit limit;
	struct lane *lanes[CORES_LOOPS_MAX]; /* the last one accepts */
	int n;
};

/* --- capacity ------------------------------------------------------------ */

static rlim_t raise_fd_limit(int capacity)
{
	rlim_t need = (rlim_t)capacity * FDS_PER_REQUEST + FDS_WANTED;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return FDS_WANTED;
	if (r.rlim_cur < need) {
		r.rlim_cur = need < r.rlim_max ? need : r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
		getrlimit(RLIMIT_NOFILE, &r);
	}
	return r.rlim_cur < need ? r.rlim_cur : need;
}

/* As many requests as there are descriptors for. How many connections a loop
 * may keep: mostly one is at work, and has them all. */
static long fit(struct worker *w)
{
	struct app *app = w->app;
	long fds = (long)raise_fd_limit(app->capacity);
	long kept = fds / 8 < KEPT_MAX ? fds / 8 : KEPT_MAX;
	long fit = (fds - FDS_SPARE - kept) / FDS_PER_REQUEST;
	long each;

	if (fit < 1)
		fit = 1;
	if (fit < app->capacity) {
		log_msg("%ld requests are served at a time, not %d: this "
			"process may open %ld files (ulimit -n)",
			fit, app->capacity, fds);
		app->capacity = (int)fit;
	}
	w->limit.max = app->capacity + PROBES;
	if (w->limit.max > fds / 2)
		w->limit.max = (int)(fds / 2);
	/* Each loop may have as many, also when it has nothing more to do. */
	each = (fds - FDS_SPARE - w->limit.max - app->capacity) / app->loops;
	return kept < each ? kept : each > 1 ? each : 1;
}

/* One is enough. */
static int start(struct worker *w)
{
	int wanted = w->app->loops;
	long kept = fit(w);
	struct err e = { 0 };

	while (w->n < wanted) {
		struct lane *next = w->n ? w->lanes[w->n - 1] : NULL;
		struct lane *l = lane_new(w->app, &w->limit, kept, next, !w->n,
					  &e);

		if (!l) {
			log_msg("%d of %d event loops run: %s", w->n, wanted,
				e.msg);
			break;
		}
		w->lanes[w->n++] = l;
	}
	if (w->n)
		lane_accept(w->lanes[w->n - 1]);
	return w->n ? 0 : -1;
}

/* --- the main thread ----------------------------------------------------- */

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1); /* how FastCGI managers ask for an end */
}

void worker_block_signals(void)
{
	sigset_t set;

	stop_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Have all connections ended within `ms`? */
static bool ended(struct worker *w, int64_t ms, pid_t parent)
{
	int64_t end = clock_ms() + ms;

	while (atomic_load(&w->limit.open) || atomic_load(&w->app->asking)) {
		bool orphan = parent && getppid() != parent;

		if (clock_ms() >= end || orphan)
			return false;
		wait_ms(LOOK_MS);
	}
	return true;
}

/* All loops, within `ms`? */
static bool reached(struct worker *w, enum lane_state state, int64_t ms)
{
	int64_t end = clock_ms() + ms;

	for (int i = 0; i < w->n; i++)
		while (lane_state(w->lanes[i]) < state) {
			if (clock_ms() >= end)
				return false;
			wait_ms(1);
		}
	return true;
}

/* 0 when every request came to its own end, or to one that we gave it. */
static int drain(struct worker *w, pid_t parent)
{
	atomic_store(&w->app->stopping, true);
	for (int i = 0; i < w->n; i++)
		lane_stop(w->lanes[i]);
	/* What another process holds open too stays in an epoll set when the
	 * descriptor is closed, and takes what should wake others. */
	reached(w, LANE_STOPPED, CUT_MS);
	listen_end();
	if (ended(w, w->app->drain_ms, parent))
		return 0;
	atomic_store(&w->app->cut, true);
	for (int i = 0; i < w->n; i++)
		lane_cut(w->lanes[i]);
	return ended(w, CUT_MS, 0) ? 0 : -1;
}

int worker_run(struct app *app, pid_t parent)
{
	struct worker w = { .app = app };
	struct ready ready;
	sigset_t stop;
	int sig;

	ready_init(&ready);
	if (start(&w))
		return 1;
	ready_begin(&ready);
	stop_signals(&stop);
	sigwait(&stop, &sig);
	ready_end(&ready);
	if (drain(&w, parent))
		_exit(1); /* a task is stuck: it must not keep us alive */
	for (int i = 0; i < w.n; i++)
		lane_end(w.lanes[i]);
	if (!reached(&w, LANE_ENDED, END_MS))
		_exit(0); /* every request has ended; a name server sleeps */
	for (int i = 0; i < w.n; i++)
		lane_free(w.lanes[i]);
	return 0;
}

/* --- plain CGI ----------------------------------------------------------- */

struct once {
	struct app *app;
	struct loop *loop;
	struct presence_watch presence;
	struct http *http;
	int status;
};

static void serve_once(void *arg)
{
	struct once *o = arg;
	struct gateway g;
	struct arena a;

	arena_init(&a);
	gw_cgi_init(&g, o->loop, &a);
	presence_watch_init(&o->presence, o->loop, o->app->departure, true);
	presence_watch_wake(&o->presence);
	snapshot_poll(o->app->config);
	routes_serve(o->app, o->http, &g, &a);
	o->status = g.broken;
	discovery_finish(o->app);
	presence_watch_release(&o->presence);
	gw_cgi_release(&g);
	arena_release(&a);
}

int worker_run_once(struct app *app)
{
	struct once o = { .app = app, .status = 1 };
	struct err e = { 0 };

	o.loop = loop_new(&e);
	if (o.loop)
		o.http = http_new(o.loop, KEPT_MAX);
	if (!o.loop || task_call(o.loop, serve_once, &o, &e))
		log_msg("%s", e.msg);
	http_free(o.http);
	shared_detach();
	loop_free(o.loop);
	return o.status;
}
