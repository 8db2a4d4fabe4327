/* SPDX-License-Identifier: MIT */
/* Choices that the tasks of a loop make in one round, in a shared store. */
#define UNIT_STORE
#include "unit.h"

#include "base/clock.h"
#include "base/task.h"
#include "state/shared/shared.h"

#include <sys/wait.h>

#define TASKS 16

/* Script calls that the server has had so far. */
static long calls(void)
{
	struct buf text;
	struct err e;
	const char *at;
	long n = 0;

	buf_init(&text, 1u << 20);
	assert_int_equal(shared_info("commandstats", &text, &e), 0);
	at = strstr(buf_cstr(&text), "cmdstat_evalsha:calls=");
	if (at)
		n = strtol(strchr(at, '=') + 1, NULL, 10);
	buf_release(&text);
	return n;
}

struct choosing {
	struct shared_entry *x;
	int granted, refused, left;
	struct task *waits;
};

static void choose(void *arg)
{
	struct choosing *c = arg;
	int64_t wait = -1;

	if (shared_take(c->x, shared_count(c->x), 0, 0, &wait)) {
		assert_int_equal(wait, 0);
		c->granted++;
	} else {
		c->refused++;
	}
	if (!--c->left)
		task_wake(c->waits);
}

static void choose_all(void *arg)
{
	struct choosing *c = arg;
	struct err e;

	c->waits = task_self();
	c->left = TASKS;
	for (int i = 0; i < TASKS; i++)
		assert_int_equal(task_start(task_loop(), choose, c, &e), 0);
	while (c->left)
		task_wait(clock_ms() + 10000);
}

/* Sets granted and refused; the calls that it took. */
static long round_of(struct loop *l, struct choosing *c)
{
	long before = calls();
	struct err e;

	c->granted = c->refused = 0;
	assert_int_equal(task_call(l, choose_all, c, &e), 0);
	return calls() - before;
}

static void another_process_takes_one(struct shared_entry *x)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		bool taken = false;
		int64_t wait;

		for (int i = 0; i < 10 && !taken; i++)
			taken = shared_take(x, shared_count(x), 0, 0, &wait);
		_exit(!taken);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void one_round_is_one_call(void **state)
{
	struct choosing c = { .granted = 0 };
	struct loop *l;
	struct err e;
	long first, refused;

	if (!unit_has_store())
		skip();
	c.x = shared_entry(*state, "limits-round");
	l = loop_new(&e);
	round_of(l, &c); /* connects */
	assert_int_equal(c.granted, TASKS);
	first = round_of(l, &c);
	assert_int_equal(c.granted, TASKS);
	assert_int_equal(shared_count(c.x), 2 * TASKS);
	assert_true(first >= 1 && first <= 2);

	/* One that was made of old news is refused, for all; then not. */
	another_process_takes_one(c.x);
	refused = round_of(l, &c);
	assert_int_equal(c.refused, TASKS);
	assert_true(refused >= 1 && refused <= 3);
	assert_int_equal(shared_count(c.x), 2 * TASKS + 1);
	round_of(l, &c);
	assert_int_equal(c.granted, TASKS);
	assert_int_equal(shared_count(c.x), 3 * TASKS + 1);
	shared_detach();
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(one_round_is_one_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
