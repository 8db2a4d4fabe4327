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
#include "fcgi/listen.h"
#include "fcgi/presence.h"
#include "fcgi/routes.h"
#include "state/shared/shared-choose.h"
#include "state/usage/history.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK_BYTES (512u << 10)
#define FDS_PER_REQUEST 3 /* client, upstream, a file now and then */
#define FDS_SPARE 128     /* above all for the configuration's files */
#define FDS_WANTED 512    /* the same, where they are to be had */
#define PROBES 128        /* connections beyond the capacity */
#define KEPT_MAX 256      /* idle connections to upstreams, of a loop */
#define CUT_MS 1000       /* for what was told to end */
#define END_MS 3000       /* for what helper threads have begun */
#define LOOK_MS 10        /* between looks whether all has ended */
#define TRIM_MS 2000      /* after the last request */
#define BUSY_AT 8         /* requests of a loop, for the next one to help */

enum lane_state {
	LANE_RUNS,
	LANE_STOPPED,
	LANE_ENDED
};

/* One loop. One accepts, and each that is busy lets the next one help: while
 * there is little to do, the connections of one loop stay warm. */
struct lane {
	struct app *app;
	struct gw_limit *limit;
	struct loop *loop;
	struct http *http;
	struct gw_fastcgi *gw;
	struct presence_watch presence;
	struct timer idle;
	struct loop_post flush; /* of lines of log and history */
	bool flush_set;
	pthread_t thread;
	uint64_t round;        /* whose edits of the configuration are known */
	int active;            /* requests */
	struct lane *next;     /* or NULL */
	struct loop_post help; /* by the lane before */
	atomic_bool helps, told;
	struct loop_post stop, cut, end; /* orders of the main thread */
	_Atomic(enum lane_state) state;
	bool done;
};

struct worker {
	struct app *app;
	struct gw_limit limit;
	struct lane lanes[CORES_LOOPS_MAX];
	int n;
};

/* --- a loop -------------------------------------------------------------- */

static void on_idle(struct timer *t)
{
	struct lane *l = OWNER(t, struct lane, idle);

	memory_give_back();
	if (gw_fastcgi_busy(l->gw)) {
		loop_time(l->loop, t, clock_ms() + TRIM_MS);
		return;
	}
	task_trim(l->loop);
	if (http_trim(l->http))
		memory_settle();
}

/* The process does not end while one waits. */
static void flush_history(void *arg)
{
	struct gw_limit *limit = arg;

	history_flush();
	atomic_fetch_sub(&limit->open, 1);
}

static void on_flush(struct loop_post *p)
{
	struct err unused;
	struct lane *l = OWNER(p, struct lane, flush);

	l->flush_set = false;
	log_flush();
	if (!history_holds())
		return;
	atomic_fetch_add(&l->limit->open, 1);
	if (task_start(l->loop, flush_history, l->limit, &unused))
		flush_history(l->limit);
}

static void on_help(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, help);

	atomic_store(&l->told, false);
	gw_fastcgi_accept(l->gw, atomic_load(&l->helps));
}

/* What is on its way already will see the new value. */
static void let_help(struct lane *l, bool on)
{
	if (!l || atomic_exchange(&l->helps, on) == on)
		return;
	if (!atomic_exchange(&l->told, true))
		loop_post(l->loop, &l->help);
}

static void serve(void *arg, struct gateway *g, struct arena *a)
{
	struct lane *l = arg;

	if (l->round != loop_round(l->loop))
		snapshot_poll(l->app->config);
	l->round = loop_round(l->loop);
	if (++l->active == BUSY_AT)
		let_help(l->next, true);
	presence_watch_wake(&l->presence);
	routes_serve(l->app, l->http, g, a);
	if (!l->flush_set)
		loop_when_idle(l->loop, &l->flush);
	l->flush_set = true;
	if (!l->idle.place)
		loop_time(l->loop, &l->idle, clock_ms() + TRIM_MS);
	if (--l->active == 0)
		let_help(l->next, false);
}

static void on_stop(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, stop);

	gw_fastcgi_stop(l->gw);
	atomic_store(&l->state, LANE_STOPPED);
}

static void on_cut(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, cut);

	gw_fastcgi_cut(l->gw);
}

static void on_end(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, end);

	l->done = true;
}

static void *lane_main(void *arg)
{
	struct lane *l = arg;

	log_hold(true);
	history_hold(true);
	loop_run(l->loop, &l->done);
	shared_detach();
	history_hold(false);
	log_hold(false);
	atomic_store(&l->state, LANE_ENDED);
	return NULL;
}

static void lane_release(struct lane *l)
{
	gw_fastcgi_free(l->gw);
	presence_watch_release(&l->presence);
	http_free(l->http);
	if (l->loop)
		loop_untime(l->loop, &l->idle);
	loop_free(l->loop);
}

static int lane_start(struct worker *w, struct lane *l, long kept,
		      struct err *e)
{
	pthread_attr_t attr;
	int rc;

	l->app = w->app;
	l->limit = &w->limit;
	l->stop.fn = on_stop;
	l->cut.fn = on_cut;
	l->end.fn = on_end;
	l->help.fn = on_help;
	l->idle.fn = on_idle;
	l->flush.fn = on_flush;
	l->loop = loop_new(e);
	if (!l->loop)
		return -1;
	l->http = http_new(l->loop, kept);
	l->gw = gw_fastcgi_new(l->loop, listen_fd(), &w->limit, serve, l);
	l->next = w->n ? l - 1 : NULL;
	presence_watch_init(&l->presence, l->loop, w->app->departure, !w->n);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	rc = pthread_create(&l->thread, &attr, lane_main, l);
	pthread_attr_destroy(&attr);
	return rc ? err_set(e, ERR_INTERNAL,
			    "no thread can be had: let its user run more "
			    "processes (ulimit -u)")
		  : 0;
}

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

/* As many requests as there are descriptors for. */
static long fit(struct worker *w)
{
	struct app *app = w->app;
	long fds = (long)raise_fd_limit(app->capacity);
	long kept = fds / 8 < KEPT_MAX ? fds / 8 : KEPT_MAX;
	long fit = (fds - FDS_SPARE - kept) / FDS_PER_REQUEST;

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
	return kept;
}

/* One is enough. */
static int start(struct worker *w)
{
	int wanted = w->app->loops;
	long kept = fit(w) / wanted + 1;
	struct err e = { 0 };

	while (w->n < wanted) {
		struct lane *l = &w->lanes[w->n];

		if (lane_start(w, l, kept, &e)) {
			lane_release(l);
			log_msg("%d of %d event loops run: %s", w->n, wanted,
				e.msg);
			break;
		}
		w->n++;
	}
	if (w->n)
		let_help(&w->lanes[w->n - 1], true);
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
		while (atomic_load(&w->lanes[i].state) < state) {
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
		loop_post(w->lanes[i].loop, &w->lanes[i].stop);
	/* What another process holds open too stays in an epoll set when the
	 * descriptor is closed, and takes what should wake others. */
	reached(w, LANE_STOPPED, CUT_MS);
	listen_end();
	if (ended(w, w->app->drain_ms, parent))
		return 0;
	atomic_store(&w->app->cut, true);
	for (int i = 0; i < w->n; i++)
		loop_post(w->lanes[i].loop, &w->lanes[i].cut);
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
		loop_post(w.lanes[i].loop, &w.lanes[i].end);
	if (!reached(&w, LANE_ENDED, END_MS))
		_exit(0); /* every request has ended; a name server sleeps */
	for (int i = 0; i < w.n; i++) {
		pthread_join(w.lanes[i].thread, NULL);
		lane_release(&w.lanes[i]);
	}
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
