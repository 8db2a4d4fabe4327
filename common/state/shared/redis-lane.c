/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-lane.h"

#include "base/clock.h"
#include "base/task.h"
#include "state/shared/redis-call.h"
#include "state/shared/redis-open.h"

#include <stdio.h>
#include <stdlib.h>

#define HANGS_MS 2000 /* what nobody waits for, before it is given up */

/* One that waits, or that nobody waits for. */
struct call {
	redis_done *done;
	void *arg;
	struct task *task;
	bool over, ok, unreadable;
	bool left;               /* nobody waits any more */
	struct redis_args *args; /* while it waits: to send them once more */
	redis_fill *fill;        /* NULL: they are there */
	struct call *next_late;
	char why[160];
};

/* Of a thread that runs a loop. */
static _Thread_local struct lane {
	struct watch watch; /* first: found again from it */
	struct loop *loop;
	redisAsyncContext *ac;
	struct timer hangs;
	struct loop_post flush, flush_now;
	bool flushing, flush_set, now_set;
	char sha[48];
	unsigned times; /* that the store had gone when it was connected */
	unsigned want, calls;          /* calls: not answered yet */
	struct call *late, **late_end; /* to be sent when the round ends */
	uint64_t answers;              /* so far, and when there were so many */
	uint64_t seen;
} lane;

static void set_want(struct lane *l, unsigned want)
{
	l->want = want;
	loop_watch(l->loop, &l->watch, want);
}

static void add_read(void *arg)
{
	struct lane *l = arg;

	set_want(l, l->want | LOOP_READ);
}

static void del_read(void *arg)
{
	struct lane *l = arg;

	set_want(l, l->want & ~(unsigned)LOOP_READ);
}

/* Several requests of one round are one system call. */
static void add_write(void *arg)
{
	struct lane *l = arg;

	if (l->flushing || !(l->ac->c.flags & REDIS_CONNECTED)) {
		set_want(l, l->want | LOOP_WRITE);
	} else if (!l->flush_set) {
		l->flush_set = true;
		loop_when_idle(l->loop, &l->flush);
	}
}

static void del_write(void *arg)
{
	struct lane *l = arg;

	if (l->want & LOOP_WRITE)
		set_want(l, l->want & ~(unsigned)LOOP_WRITE);
}

static void clean_up(void *arg)
{
	struct lane *l = arg;

	loop_unwatch(l->loop, &l->watch);
	loop_untime(l->loop, &l->hangs);
	l->want = 0;
	l->ac = NULL;
}

static void write_now(struct lane *l)
{
	l->flushing = true;
	redisAsyncHandleWrite(l->ac);
	l->flushing = false;
}

static void write_out(struct lane *l)
{
	if (l->ac && l->ac->c.flags & REDIS_CONNECTED)
		write_now(l);
}

static void on_flush(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, flush);

	l->flush_set = false;
	write_out(l);
}

static void send_late(struct lane *l);

static void on_flush_now(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, flush_now);

	l->now_set = false;
	send_late(l);
	write_out(l);
}

/* With what else this round asks for. */
static void flush_soon(struct lane *l)
{
	if (!l->now_set)
		loop_after_round(l->loop, &l->flush_now);
	l->now_set = true;
}

/* All that is under way comes to nothing, which says nothing of the store. */
static void drop(struct lane *l)
{
	redisAsyncContext *ac = l->ac;

	l->ac = NULL;
	if (ac)
		redisAsyncFree(ac);
}

static void on_event(struct watch *w, unsigned events)
{
	struct lane *l = OWNER(w, struct lane, watch);

	if (l->want & LOOP_WRITE && events & (LOOP_WRITE | LOOP_GONE))
		write_now(l);
	if (l->ac && events & (LOOP_READ | LOOP_GONE))
		redisAsyncHandleRead(l->ac);
	if (l->ac && redis_is_too_long(l->ac->c.reader)) {
		redis_link_lost("its answer is too long");
		drop(l);
	}
}

static void on_hangs(struct timer *t)
{
	struct lane *l = OWNER(t, struct lane, hangs);

	if (l->calls && l->answers == l->seen) {
		redis_link_lost("it does not answer in time");
		drop(l);
	}
	l->seen = l->answers;
	if (l->ac && l->calls)
		loop_time(l->loop, t, clock_ms() + HANGS_MS);
}

static void on_answer(redisAsyncContext *ac, void *reply, void *arg);

/* False: nobody waits for it, or it has been already. */
static bool send_again(redisAsyncContext *ac, struct call *c)
{
	struct redis_args *a = c->left ? NULL : c->args;

	c->args = NULL;
	if (!a || redisAsyncCommandArgv(ac, on_answer, c, a->argc, a->v, a->n))
		return false;
	lane.calls++;
	flush_soon(&lane);
	return true;
}

static void failed(const struct call *c)
{
	if (c->unreadable)
		redis_link_unreadable(c->why);
	else
		redis_link_lost(c->why);
}

static void on_answer(redisAsyncContext *ac, void *reply, void *arg)
{
	struct call *c = arg;
	bool unloaded = false;

	lane.calls--;
	lane.answers++;
	if (redis_lacks_script(reply)) {
		redis_load_script(ac);
		if (send_again(ac, c))
			return;
		unloaded = true;
	}
	c->ok = redis_is_answer(reply);
	c->unreadable = redis_is_unreadable(reply);
	c->over = true;
	if (c->ok)
		redis_link_config()->heard(reply);
	else if (reply)
		redis_fault(reply, c->why, sizeof(c->why));
	else
		snprintf(c->why, sizeof(c->why), "%s",
			 ac->err && *ac->errstr ? redis_why(&ac->c)
						: "it hung up");
	if (!c->left)
		c->done(c->arg, c->ok ? reply : NULL);
	if (c->task && !c->left) {
		task_wake(c->task);
		return;
	}
	if (!c->ok && !c->left && !unloaded && lane.ac)
		failed(c);
	free(c);
}

static int connect_lane(struct lane *l, struct err *e)
{
	struct redis_place place;

	if (redis_link_place(&place, e))
		return -1;
	if (l->ac) /* somebody else has, meanwhile */
		return 0;
	l->ac = *place.path ? redisAsyncConnectUnix(place.path)
			    : redisAsyncConnect(place.host, place.port);
	if (!l->ac || l->ac->err) {
		err_set(e, ERR_INTERNAL, "%s",
			l->ac ? l->ac->errstr : "no memory");
		drop(l);
		return -1;
	}
	redis_bound(l->ac->c.reader);
	l->times = redis_link_times();
	snprintf(l->sha, sizeof(l->sha), "%s", place.sha);
	l->loop = task_loop();
	l->watch.fn = on_event;
	l->watch.fd = l->ac->c.fd;
	l->flush.fn = on_flush;
	l->flush_now.fn = on_flush_now;
	l->hangs.fn = on_hangs;
	l->ac->ev.data = l;
	l->ac->ev.addRead = add_read;
	l->ac->ev.delRead = del_read;
	l->ac->ev.addWrite = add_write;
	l->ac->ev.delWrite = del_write;
	l->ac->ev.cleanup = clean_up;
	if (redis_open_loop(l->ac, redis_link_config(), &place, e)) {
		drop(l);
		return -1;
	}
	return 0;
}

/* It may be another server by now. */
static int renew_lane(struct lane *l, struct err *e)
{
	if (l->ac && l->times != redis_link_times())
		drop(l);
	return l->ac ? 0 : connect_lane(l, e);
}

static int send(struct lane *l, struct redis_args *a, struct call *c)
{
	a->v[1] = l->sha;
	a->n[1] = strlen(l->sha);
	if (!l->ac ||
	    redisAsyncCommandArgv(l->ac, on_answer, c, a->argc, a->v, a->n))
		return -1;
	if (!l->calls++) {
		l->seen = l->answers;
		loop_time(l->loop, &l->hangs, clock_ms() + HANGS_MS);
	}
	return 0;
}

static void send_late(struct lane *l)
{
	struct call *c = l->late;

	l->late = NULL;
	while (c) {
		struct call *next = c->next_late;

		if (c->left) {
			free(c);
		} else {
			c->fill(c->args, c->arg);
			if (send(l, c->args, c)) {
				snprintf(c->why, sizeof(c->why), "it hung up");
				c->over = true;
				c->done(c->arg, NULL);
				task_wake(c->task);
			}
		}
		c = next;
	}
}

/* NULL: it was not sent, and `done` not called. */
static struct call *begin_call(struct lane *l, struct redis_args *a,
			       const struct call *what, struct err *e)
{
	struct call *c;

	if (renew_lane(l, e))
		return NULL;
	c = xcalloc(1, sizeof(*c));
	*c = *what;
	if (c->fill) {
		if (!l->late)
			l->late_end = &l->late;
		*l->late_end = c;
		l->late_end = &c->next_late;
	} else if (send(l, a, c)) {
		free(c);
		err_set(e, ERR_INTERNAL, "it has hung up");
		return NULL;
	}
	return c;
}

/* It waits no longer. The store is away when it has had all of the time, not
 * when this task had used up most of it before. */
static int give_up(struct lane *l, struct call *c, int64_t had, struct err *e)
{
	c->left = true; /* freed when its answer comes */
	c->done(c->arg, NULL);
	err_set(e, ERR_INTERNAL, "it does not answer in time");
	if (had >= redis_link_config()->answer_ms) {
		redis_link_lost(e->msg);
		drop(l);
	}
	return -1;
}

int redis_lane_ask(struct redis_args *a, redis_fill *fill, redis_done *done,
		   void *arg, struct err *e)
{
	const struct call what = { .done = done,
				   .arg = arg,
				   .task = task_self(),
				   .args = a,
				   .fill = fill };
	struct lane *l = &lane;
	int64_t begun = clock_ms(), unused = 0;
	int64_t *waited = a->waits ? &unused : task_waited();
	int64_t until = begun + redis_link_config()->answer_ms - *waited;
	struct call *c;
	int rc = -1;

	if (until <= begun) {
		done(arg, NULL);
		return err_set(e, ERR_INTERNAL,
			       "this request has waited for it long enough");
	}
	c = begin_call(l, a, &what, e);
	if (!c) {
		done(arg, NULL);
		redis_link_lost(e->msg);
		return -1;
	}
	flush_soon(l);
	while (!c->over && clock_ms() < until)
		task_wait(until);
	/* This thread may have been late, not the store. */
	if (!c->over && l->ac && l->ac->c.flags & REDIS_CONNECTED)
		redisAsyncHandleRead(l->ac);
	/* Also what took no time shows that this task has asked. */
	*waited += clock_ms() > begun ? clock_ms() - begun : 1;
	if (!c->over)
		return give_up(l, c, clock_ms() - begun, e);
	if (c->ok)
		rc = 0;
	else
		err_set(e, ERR_INTERNAL, "%s", c->why);
	if (rc)
		failed(c);
	free(c);
	return rc;
}

int redis_lane_tell(struct redis_args *a, redis_done *done, void *arg,
		    struct err *e)
{
	const struct call what = { .done = done, .arg = arg };

	return begin_call(&lane, a, &what, e) ? 0 : -1;
}

bool redis_lane_is_open(void)
{
	return lane.ac && lane.times == redis_link_times();
}

void redis_lane_leave(void)
{
	drop(&lane);
}
