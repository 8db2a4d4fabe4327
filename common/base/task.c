/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/task.h"

#include "base/clock.h"
#include "base/coro.h"
#include "base/embed.h"
#include "base/memory.h"
#include "base/wait.h"

#include <pthread.h>
#include <stdlib.h>

#define IDLE_STACKS_MAX 256 /* kept by a loop */
#define HELPERS_MAX 4       /* threads of the process */

struct task {
	struct tasks *of;
	struct coro *coro;
	void (*fn)(void *arg);
	void *arg;
	struct timer timer;
	bool running, ready; /* ready: in the queue, or to be once it waits */
	int64_t waited;
	struct task *next;
};

/* Of one loop. */
struct tasks {
	struct loop_rounds rounds; /* first: found again from it */
	struct loop *loop;
	struct task *ready, **ready_end;
	struct task *idle; /* ended: their stacks are used again */
	size_t n_idle;
	size_t n_jobs; /* that helper threads have of its tasks */
};

static _Thread_local struct task *self;

/* --- waiting ------------------------------------------------------------- */

static void enqueue(struct task *t)
{
	struct tasks *s = t->of;

	t->next = NULL;
	*s->ready_end = t;
	s->ready_end = &t->next;
}

void task_wake(struct task *t)
{
	if (!t || t->ready)
		return;
	t->ready = true;
	if (!t->running)
		enqueue(t);
}

static void on_time(struct timer *timer)
{
	task_wake(OWNER(timer, struct task, timer));
}

struct task *task_self(void)
{
	return self;
}

struct loop *task_loop(void)
{
	return self->of->loop;
}

int64_t *task_waited(void)
{
	return &self->waited;
}

void task_rested(int64_t ms)
{
	if (self)
		self->waited = self->waited > ms ? self->waited - ms : 0;
}

void task_wait(int64_t until)
{
	struct task *t = self;

	/* One that is set too early wakes for nothing; that is rare, and
	 * cheaper than to set it each time. */
	if (!t->timer.place || t->timer.at > until)
		loop_time(t->of->loop, &t->timer, until);
	if (!t->ready)
		coro_yield();
	t->ready = false;
}

static void sleep_in_task(long ms)
{
	int64_t until = clock_ms() + ms;

	do
		task_wait(until);
	while (clock_ms() < until);
	task_rested(ms);
}

/* --- helper threads ------------------------------------------------------ */

struct job {
	struct loop_post done; /* first: found again from it */
	void (*fn)(void *arg);
	void *arg;
	struct task *task;
	bool over;
	struct job *next;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct job *jobs, **end;
	int threads, idle;
} helpers = { .lock = PTHREAD_MUTEX_INITIALIZER,
	      .some = PTHREAD_COND_INITIALIZER };

static void job_over(struct loop_post *p)
{
	struct job *j = (struct job *)p;

	j->over = true;
	j->task->of->n_jobs--;
	task_wake(j->task);
}

static void *help(void *arg)
{
	pthread_mutex_lock(&helpers.lock);
	for (;;) {
		struct job *j = helpers.jobs;

		if (!j) {
			helpers.idle++;
			pthread_cond_wait(&helpers.some, &helpers.lock);
			helpers.idle--;
			continue;
		}
		helpers.jobs = j->next;
		pthread_mutex_unlock(&helpers.lock);
		j->fn(j->arg);
		loop_post(j->task->of->loop, &j->done);
		pthread_mutex_lock(&helpers.lock);
	}
	return arg;
}

/* Under the lock; false when nobody would do the work. */
static bool have_helper(void)
{
	pthread_attr_t attr;
	pthread_t id;

	if (helpers.idle || helpers.threads == HELPERS_MAX)
		return true;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, CORO_STACK_BYTES);
	if (pthread_create(&id, &attr, help, NULL) == 0)
		helpers.threads++;
	pthread_attr_destroy(&attr);
	return helpers.threads > 0;
}

static void work_in_helper(void (*fn)(void *arg), void *arg)
{
	struct job j = {
		.done = { .fn = job_over }, .fn = fn, .arg = arg, .task = self
	};
	bool helped;

	/* A host's thread waits anyway, and keeps no thread of ours. */
	if (embed_now()) {
		fn(arg);
		return;
	}
	pthread_mutex_lock(&helpers.lock);
	helped = have_helper();
	if (helped) {
		if (!helpers.jobs)
			helpers.end = &helpers.jobs;
		*helpers.end = &j;
		helpers.end = &j.next;
		pthread_cond_signal(&helpers.some);
	}
	pthread_mutex_unlock(&helpers.lock);
	if (!helped) {
		fn(arg);
		return;
	}
	self->of->n_jobs++;
	while (!j.over)
		task_wait(INT64_MAX);
}

static const struct wait_ops ops = {
	.sleep = sleep_in_task,
	.work = work_in_helper,
};

/* --- running ------------------------------------------------------------- */

static void run(void *arg)
{
	struct task *t = arg;

	t->fn(t->arg);
}

static void task_free(struct task *t)
{
	coro_free(t->coro);
	free(t);
}

static void ended(struct task *t)
{
	struct tasks *s = t->of;

	loop_untime(s->loop, &t->timer);
	if (s->n_idle == IDLE_STACKS_MAX) {
		task_free(t);
		return;
	}
	t->next = s->idle;
	s->idle = t;
	s->n_idle++;
}

static void enter(struct task *t)
{
	bool goes_on;

	t->ready = false;
	t->running = true;
	self = t;
	wait_use(&ops);
	goes_on = coro_enter(t->coro);
	wait_use(NULL);
	self = NULL;
	t->running = false;
	if (!goes_on)
		ended(t);
}

/* Those that are ready now: who wakes another waits for the next round. */
static void run_ready(struct loop_rounds *r)
{
	struct tasks *s = (struct tasks *)r;
	struct task *t = s->ready;

	s->ready = NULL;
	s->ready_end = &s->ready;
	while (t) {
		struct task *next = t->next;

		enter(t);
		t = next;
	}
}

static bool some_ready(const struct loop_rounds *r)
{
	return ((const struct tasks *)r)->ready;
}

static bool some_helped(const struct loop_rounds *r)
{
	return ((const struct tasks *)r)->n_jobs;
}

static void trim(struct tasks *s)
{
	while (s->idle) {
		struct task *t = s->idle;

		s->idle = t->next;
		task_free(t);
	}
	s->n_idle = 0;
}

static void release(struct loop_rounds *r)
{
	struct tasks *s = (struct tasks *)r;

	trim(s);
	free(s);
}

static struct tasks *tasks_of(struct loop *l)
{
	struct tasks *s = (struct tasks *)loop_rounds(l);

	if (s)
		return s;
	s = xcalloc(1, sizeof(*s));
	s->rounds = (struct loop_rounds){ run_ready, some_ready, some_helped,
					  release };
	s->loop = l;
	s->ready_end = &s->ready;
	loop_set_rounds(l, &s->rounds);
	return s;
}

static struct task *take_task(struct tasks *s)
{
	struct task *t = s->idle;

	if (t) {
		s->idle = t->next;
		s->n_idle--;
		return t;
	}
	t = xcalloc(1, sizeof(*t));
	t->of = s;
	t->timer.fn = on_time;
	t->coro = coro_new();
	if (t->coro)
		return t;
	free(t);
	return NULL;
}

int task_start(struct loop *l, void (*fn)(void *arg), void *arg, struct err *e)
{
	struct tasks *s = tasks_of(l);
	struct task *t = take_task(s);

	if (!t)
		return err_memory(e);
	t->fn = fn;
	t->arg = arg;
	t->ready = t->running = false;
	t->waited = 0;
	coro_set(t->coro, run, t);
	task_wake(t);
	return 0;
}

struct call {
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

static void run_call(void *arg)
{
	struct call *c = arg;

	c->fn(c->arg);
	c->done = true;
}

int task_call(struct loop *l, void (*fn)(void *arg), void *arg, struct err *e)
{
	struct call c = { .fn = fn, .arg = arg };

	if (self) {
		fn(arg);
		return 0;
	}
	if (task_start(l, run_call, &c, e))
		return -1;
	loop_run(l, &c.done);
	return 0;
}

void task_trim(struct loop *l)
{
	trim(tasks_of(l));
}
