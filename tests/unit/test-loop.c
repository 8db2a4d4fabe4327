/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/clock.h"
#include "base/coro.h"
#include "base/store.h"
#include "base/task.h"
#include "base/wait.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>

/* --- coroutines ---------------------------------------------------------- */

static void count_up(void *arg)
{
	int *n = arg;

	for (int i = 0; i < 3; i++) {
		++*n;
		coro_yield();
	}
}

static void coroutines(void **state)
{
	struct coro *a = coro_new(), *b = coro_new();
	int na = 0, nb = 0;

	(void)state;
	/* One stack serves one function after the other. */
	for (int round = 1; round <= 2; round++) {
		coro_set(a, count_up, &na);
		coro_set(b, count_up, &nb);
		for (int i = 0; i < 3; i++) {
			assert_true(coro_enter(a));
			assert_true(coro_enter(b));
			assert_int_equal(na, 3 * (round - 1) + i + 1);
			assert_int_equal(nb, na);
		}
		assert_false(coro_enter(a));
		assert_false(coro_enter(b));
	}
	coro_free(a);
	coro_free(b);
	coro_free(NULL);
}

/* --- the loop ------------------------------------------------------------ */

struct pair {
	struct watch watch; /* first */
	struct loop *loop;
	int other;
	unsigned seen;
	int times;
	bool done;
};

static void on_pair(struct watch *w, unsigned events)
{
	struct pair *p = (struct pair *)w;
	char c;

	p->seen = events;
	p->times++;
	if (events & LOOP_READ && read(w->fd, &c, 1) == 0)
		loop_unwatch(p->loop, w);
	p->done = true;
}

static void pair_open(struct pair *p, struct loop *l)
{
	int fds[2];

	memset(p, 0, sizeof(*p));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	p->loop = l;
	p->watch.fn = on_pair;
	p->watch.fd = fds[0];
	p->other = fds[1];
}

static void descriptors(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);
	struct pair p;

	(void)state;
	pair_open(&p, l);
	assert_int_equal(loop_watch(l, &p.watch, LOOP_WRITE), 0);
	loop_run(l, &p.done);
	assert_int_equal(p.seen, LOOP_WRITE);

	p.done = false;
	assert_int_equal(loop_watch(l, &p.watch, LOOP_READ), 0);
	assert_int_equal(write(p.other, "x", 1), 1);
	loop_run(l, &p.done);
	assert_int_equal(p.seen, LOOP_READ);

	/* It is told of the end though it is watched for nothing. */
	p.done = false;
	assert_int_equal(loop_watch(l, &p.watch, 0), 0);
	close(p.other);
	loop_run(l, &p.done);
	assert_int_equal(p.seen, LOOP_GONE);
	loop_unwatch(l, &p.watch);
	close(p.watch.fd);
	loop_free(l);
}

/* Two have an event in one round; the first one's function ends the second
 * and begins a third with its number. */
struct two {
	struct pair a, b, c;
};

static struct two two;

static void end_other(struct watch *w, unsigned events)
{
	struct pair *other = w == &two.a.watch ? &two.b : &two.a;
	int fd = other->watch.fd;

	(void)events;
	loop_forget(two.a.loop, &other->watch);
	close(fd);
	pair_open(&two.c, two.a.loop);
	assert_int_equal(two.c.watch.fd, fd);
	assert_int_equal(loop_watch(two.a.loop, &two.c.watch, LOOP_READ), 0);
	loop_unwatch(two.a.loop, w);
	((struct pair *)w)->times++;
	two.a.done = true;
}

static void stale_events(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);

	(void)state;
	pair_open(&two.a, l);
	pair_open(&two.b, l);
	two.a.watch.fn = two.b.watch.fn = end_other;
	assert_int_equal(write(two.a.other, "x", 1), 1);
	assert_int_equal(write(two.b.other, "x", 1), 1);
	loop_watch(l, &two.a.watch, LOOP_READ);
	loop_watch(l, &two.b.watch, LOOP_READ);
	loop_run(l, &two.a.done);
	assert_int_equal(two.a.times + two.b.times, 1);
	assert_int_equal(two.c.times, 0);
	loop_free(l);
}

struct tick {
	struct timer timer; /* first */
	struct loop *loop;
	int order;
	bool *done;
};

static int ticks;

static void on_tick(struct timer *t)
{
	struct tick *k = (struct tick *)t;

	k->order = ++ticks;
	if (k->done)
		*k->done = true;
}

static void timers(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);
	struct tick k[200] = { 0 };
	int64_t now = clock_ms();
	bool done = false;

	(void)state;
	ticks = 0;
	for (int i = 0; i < 200; i++) {
		k[i].timer.fn = on_tick;
		loop_time(l, &k[i].timer, now + (i * 37) % 200 / 10);
	}
	for (int i = 0; i < 200; i += 3)
		loop_untime(l, &k[i].timer);
	loop_time(l, &k[1].timer, now + 30); /* moved */
	k[1].done = &done;
	loop_run(l, &done);
	assert_true(clock_ms() >= now + 30);
	assert_int_equal(ticks, 200 - 67);
	assert_int_equal(k[1].order, ticks);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(k[i].order == 0, i % 3 == 0);
		for (int j = 0; j < i; j++)
			if (k[i].order && k[j].order &&
			    k[i].timer.at < k[j].timer.at)
				assert_true(k[i].order < k[j].order);
	}
	loop_free(l);
}

struct posted {
	struct loop_post post; /* first */
	bool done;
};

static void on_post(struct loop_post *p)
{
	((struct posted *)p)->done = true;
}

static void *post_it(void *arg)
{
	struct posted **all = arg;

	for (int i = 0; i < 3; i++)
		loop_post((struct loop *)all[3], &all[i]->post);
	return NULL;
}

static void posts(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);
	struct posted p[3] = { 0 };
	void *all[4] = { &p[0], &p[1], &p[2], l };
	pthread_t id;

	(void)state;
	for (int i = 0; i < 3; i++)
		p[i].post.fn = on_post;
	assert_int_equal(pthread_create(&id, NULL, post_it, all), 0);
	loop_run(l, &p[2].done);
	assert_true(p[0].done && p[1].done);
	pthread_join(id, NULL);
	loop_free(l);
}

/* --- tasks --------------------------------------------------------------- */

static struct buf said;
static struct task *sleeper;

static void sleep_long(void *arg)
{
	sleeper = task_self();
	buf_str(&said, "a");
	task_wait(INT64_MAX);
	buf_str(&said, arg);
}

static void wake_it(void *arg)
{
	struct loop *l = task_loop();
	struct err e;

	assert_int_equal(task_start(l, sleep_long, (void *)"c", &e), 0);
	wait_ms(1);
	buf_str(&said, arg);
	task_wake(sleeper);
	task_wake(sleeper); /* as one */
	task_wake(NULL);
	wait_ms(1);
}

static void tasks_wake(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);

	(void)state;
	buf_init(&said, 100);
	assert_int_equal(task_call(l, wake_it, (void *)"b", &e), 0);
	assert_string_equal(buf_cstr(&said), "abc");
	assert_null(task_self());
	buf_release(&said);
	task_trim(l);
	loop_free(l);
}

/* A wake that comes before the wait is not lost, and time ends one, too. */
static void wait_twice(void *arg)
{
	int64_t begun = clock_ms();

	task_wake(task_self());
	task_wait(INT64_MAX);
	while (clock_ms() < begun + 20)
		task_wait(begun + 20);
	*(int64_t *)arg = clock_ms() - begun;
}

static void tasks_wait(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);
	int64_t took = 0;

	(void)state;
	assert_int_equal(task_call(l, wait_twice, &took, &e), 0);
	assert_true(took >= 20);
	loop_free(l);
}

struct work {
	pthread_t by;
	bool done;
};

static void do_work(void *arg)
{
	struct work *w = arg;

	w->by = pthread_self();
	w->done = true;
}

static void work_of_all(void *arg)
{
	struct work w[20] = { 0 };

	(void)arg;
	for (int i = 0; i < 20; i++) {
		wait_work(do_work, &w[i]);
		assert_true(w[i].done);
		assert_false(pthread_equal(w[i].by, pthread_self()));
	}
}

static void helpers(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);
	struct work w = { 0 };

	(void)state;
	assert_int_equal(task_call(l, work_of_all, NULL, &e), 0);
	/* Outside of a task it is done here. */
	wait_work(do_work, &w);
	assert_true(pthread_equal(w.by, pthread_self()));
	loop_free(l);
}

/* The loop is asked to end while a helper works for another of its tasks. */
struct late {
	sem_t asked;
	struct work w;
	bool back;
};

static void work_late(void *arg)
{
	struct late *t = arg;

	sem_wait(&t->asked);
	usleep(20000); /* time to fail in: nothing waits for it to be long */
	do_work(&t->w);
}

static void have_work(void *arg)
{
	struct late *t = arg;

	wait_work(work_late, t);
	t->back = true;
}

static void leave_work(void *arg)
{
	struct late *t = arg;
	struct err e;

	assert_int_equal(task_start(task_loop(), have_work, t, &e), 0);
	wait_ms(1);
	sem_post(&t->asked);
}

static void ends_after_helpers(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);
	struct late t = { 0 };

	(void)state;
	sem_init(&t.asked, 0, 0);
	assert_int_equal(task_call(l, leave_work, &t, &e), 0);
	assert_true(t.w.done);
	assert_true(t.back);
	loop_free(l);
	sem_destroy(&t.asked);
}

/* What is to run when a loop is idle waits for a task that has just woken. */
struct woken {
	struct loop_post wake, idle;
	struct task *task;
	bool awake, ran, early;
};

static void wake_woken(struct loop_post *p)
{
	task_wake(OWNER(p, struct woken, wake)->task);
}

static void is_idle(struct loop_post *p)
{
	struct woken *w = OWNER(p, struct woken, idle);

	w->ran = true;
	w->early = !w->awake;
}

static void wait_to_wake(void *arg)
{
	struct woken *w = arg;

	w->task = task_self();
	loop_when_idle(task_loop(), &w->idle);
	loop_after_round(task_loop(), &w->wake);
	task_wait(INT64_MAX);
	w->awake = true;
}

static void idle_is_last(void **state)
{
	struct woken w = { .wake.fn = wake_woken, .idle.fn = is_idle };
	struct err e;
	struct loop *l = loop_new(&e);

	(void)state;
	assert_int_equal(task_call(l, wait_to_wake, &w, &e), 0);
	assert_true(w.ran);
	assert_false(w.early);
	loop_free(l);
}

/* Many tasks want one lock; nobody blocks the loop while another has it. */
#define MANY 50

struct many {
	const char *home;
	int inside, left;
};

static void take_turn(void *arg)
{
	struct many *m = arg;
	struct err e;
	int lock = store_lock(m->home, "turn", &e);

	assert_true(lock >= 0);
	assert_int_equal(m->inside++, 0);
	wait_ms(1);
	m->inside--;
	store_unlock(lock);
	m->left--;
}

static void all_take_turns(void *arg)
{
	struct many *m = arg;
	struct err e;

	m->left = MANY;
	for (int i = 0; i < MANY; i++)
		assert_int_equal(task_start(task_loop(), take_turn, m, &e), 0);
	while (m->left)
		wait_ms(5);
}

static void locks(void **state)
{
	struct err e;
	struct loop *l = loop_new(&e);
	struct many m = { .home = *state };

	assert_int_equal(task_call(l, all_take_turns, &m, &e), 0);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coroutines),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(stale_events),
		cmocka_unit_test(timers),
		cmocka_unit_test(posts),
		cmocka_unit_test(tasks_wake),
		cmocka_unit_test(tasks_wait),
		cmocka_unit_test(helpers),
		cmocka_unit_test(ends_after_helpers),
		cmocka_unit_test(idle_is_last),
		WITH_HOME(locks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
