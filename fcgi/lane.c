/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/lane.h"

#include "base/clock.h"
#include "base/cores.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/task.h"
#include "fcgi/listen.h"
#include "fcgi/load.h"
#include "fcgi/presence.h"
#include "fcgi/routes.h"
#include "state/shared/shared-choose.h"
#include "state/usage/history.h"

#include <pthread.h>
#include <stdlib.h>

#define STACK_BYTES (512u << 10)
#define TRIM_MS 2000 /* after the last request */
#define MEASURE_MS 100
#define IDLE_PERCENT 10 /* of a processor: it need not be looked at often */

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
	uint64_t round; /* whose edits of the configuration are known */

	struct lane *before, *next; /* or NULL */
	struct timer measure;
	int64_t since, used; /* of what is measured, in microseconds */
	bool worked;         /* since then */
	struct load load;
	atomic_int percent; /* of the last measure */
	struct loop_post help;
	atomic_bool helps, told;

	struct loop_post stop, cut, end;
	_Atomic(enum lane_state) state;
	bool done;
};

/* --- what is done when there is less to do ------------------------------- */

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

/* --- how many loops work ------------------------------------------------- */

/* Until it is told otherwise. */
static void give(struct lane *l, struct lane *to, bool all)
{
	gw_fastcgi_give(l->gw, to ? to->gw : NULL, all);
}

/* What is on its way already will see the new value. */
static bool let_help(struct lane *l, bool on)
{
	if (!l || atomic_exchange(&l->helps, on) == on)
		return false;
	if (!atomic_exchange(&l->told, true))
		loop_post(l->loop, &l->help);
	return true;
}

static void on_help(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, help);
	bool helps;

	atomic_store(&l->told, false);
	helps = atomic_load(&l->helps);
	gw_fastcgi_accept(l->gw, helps);
	give(l, helps ? NULL : l->before, true);
	if (!helps)
		let_help(l->next, false);
}

static void judge(struct lane *l, const struct load_measure *m)
{
	enum load_call call = load_judge(&l->load, m);

	if (call == LOAD_HELP && let_help(l->next, true))
		give(l, l->next, false);
	else if (call == LOAD_ALONE && let_help(l->next, false))
		give(l, NULL, false);
}

static void on_measure(struct timer *t)
{
	struct lane *l = OWNER(t, struct lane, measure);
	int64_t used = clock_thread_us();
	struct load_measure m = { .at = clock_us(), .helper = -1 };
	bool helped = l->next && atomic_load(&l->next->helps);

	m.own = load_percent(used - l->used, m.at - l->since);
	if (l->worked || helped || m.own >= IDLE_PERCENT)
		loop_time(l->loop, t, clock_ms() + MEASURE_MS);
	else if (gw_fastcgi_busy(l->gw)) /* with what waits for most of it */
		loop_time(l->loop, t, clock_ms() + 10 * MEASURE_MS);
	else
		m.own = 0;
	l->since = m.at;
	l->used = used;
	l->worked = false;
	atomic_store(&l->percent, m.own);
	/* One that does not help gives away what it has. */
	if (!l->next || !atomic_load(&l->helps)) {
		load_reset(&l->load);
		return;
	}
	if (helped)
		m.helper = atomic_load(&l->next->percent);
	else if (m.own >= LOAD_FULL)
		m.idle = cores_idle_us();
	judge(l, &m);
}

static void note_work(struct lane *l)
{
	l->worked = true;
	if (l->measure.place || (!l->next && !l->before))
		return;
	l->since = clock_us();
	l->used = clock_thread_us();
	loop_time(l->loop, &l->measure, clock_ms() + MEASURE_MS);
}

/* --- a loop -------------------------------------------------------------- */

static void serve(void *arg, struct gateway *g, struct arena *a)
{
	struct lane *l = arg;

	if (l->round != loop_round(l->loop))
		snapshot_poll(l->app->config);
	l->round = loop_round(l->loop);
	note_work(l);
	presence_watch_wake(&l->presence);
	routes_serve(l->app, l->http, g, a);
	if (!l->flush_set)
		loop_when_idle(l->loop, &l->flush);
	l->flush_set = true;
	if (!l->idle.place)
		loop_time(l->loop, &l->idle, clock_ms() + TRIM_MS);
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

/* --- orders -------------------------------------------------------------- */

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

void lane_accept(struct lane *l)
{
	let_help(l, true);
}

void lane_stop(struct lane *l)
{
	loop_post(l->loop, &l->stop);
}

void lane_cut(struct lane *l)
{
	loop_post(l->loop, &l->cut);
}

void lane_end(struct lane *l)
{
	loop_post(l->loop, &l->end);
}

enum lane_state lane_state(const struct lane *l)
{
	return atomic_load(&l->state);
}

/* --- start and end ------------------------------------------------------- */

static void release(struct lane *l)
{
	gw_fastcgi_free(l->gw);
	presence_watch_release(&l->presence);
	http_free(l->http);
	if (l->loop) {
		loop_untime(l->loop, &l->idle);
		loop_untime(l->loop, &l->measure);
	}
	loop_free(l->loop);
	free(l);
}

static int start_thread(struct lane *l, struct err *e)
{
	pthread_attr_t attr;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	rc = pthread_create(&l->thread, &attr, lane_main, l);
	pthread_attr_destroy(&attr);
	return rc ? err_set(e, ERR_INTERNAL,
			    "no thread can be had: let its user run more "
			    "processes (ulimit -u)")
		  : 0;
}

struct lane *lane_new(struct app *app, struct gw_limit *limit, long kept,
		      struct lane *next, bool watch, struct err *e)
{
	struct lane *l = xcalloc(1, sizeof(*l));

	l->app = app;
	l->limit = limit;
	l->stop.fn = on_stop;
	l->cut.fn = on_cut;
	l->end.fn = on_end;
	l->help.fn = on_help;
	l->idle.fn = on_idle;
	l->measure.fn = on_measure;
	l->flush.fn = on_flush;
	l->next = next;
	l->loop = loop_new(e);
	if (l->loop) {
		l->http = http_new(l->loop, kept);
		l->gw = gw_fastcgi_new(l->loop, listen_fd(), limit, serve, l);
		presence_watch_init(&l->presence, l->loop, app->departure,
				    watch);
	}
	if (!l->loop || start_thread(l, e)) {
		release(l);
		return NULL;
	}
	/* Its thread looks there when it is told to help, by ours. */
	if (next)
		next->before = l;
	return l;
}

void lane_free(struct lane *l)
{
	pthread_join(l->thread, NULL);
	release(l);
}
