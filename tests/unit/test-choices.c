/* SPDX-License-Identifier: MIT */
/* Choices in a shared store: those that the tasks of a loop make in one round,
 * and the news that they are made by. */
#define UNIT_STORE
#include "unit.h"

#include "base/clock.h"
#include "base/task.h"
#include "state/shared/redis-lane.h"
#include "state/shared/redis-mirror.h"

#include <inttypes.h>
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

/* What is given back is told a little later, and what is chosen before that is
 * as many as the store knows: it has had its turn all the same. */
struct turns {
	struct shared_entry *a, *b;
};

static bool is_behind(struct shared_entry *a, struct shared_entry *b)
{
	int64_t until = clock_ms() + 10000;

	while (!shared_is_older(b, a) && clock_ms() < until)
		task_wait(clock_ms() + 5);
	return shared_is_older(b, a);
}

static void take_one(struct shared_entry *x)
{
	int64_t wait;

	assert_true(shared_take(x, shared_count(x), 0, 0, &wait));
}

static void take_again(void *arg)
{
	struct turns *t = arg;

	take_one(t->a);
	assert_true(is_behind(t->a, t->b));
	take_one(t->b);
	assert_true(is_behind(t->b, t->a));
	shared_sub(t->a);
	take_one(t->a);
	assert_true(is_behind(t->a, t->b));
}

static void one_that_is_chosen_again_has_had_its_turn(void **state)
{
	struct turns t;
	struct loop *l;
	struct err e;

	if (!unit_has_store())
		skip();
	t.a = shared_entry(*state, "limits-a");
	t.b = shared_entry(*state, "limits-b");
	l = loop_new(&e);
	assert_int_equal(task_call(l, take_again, &t, &e), 0);
	shared_detach();
	loop_free(l);
}

/* The keeper's beat may be the first to tell of a choice. */
static void what_a_beat_tells_is_held_by_us(void **state)
{
	struct shared_entry *x;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-beat");
	shared_sync(*state);
	atomic_store(&redis_mirror.holds, false);
	atomic_store(&x->held, 1);
	x->serial = atomic_fetch_add(&redis_mirror.serial, 1) + 1;
	shared_redis_beat();
	assert_int_equal(atomic_load(&x->all), 1);
	assert_int_equal(atomic_load(&x->own), 1);
	shared_sub(x);
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

/* An answer of the store whose last change is that number, with one of the
 * news, in the words of its protocol. */
static void hear(int64_t last, const char *news)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;
	char text[400];

	snprintf(text, sizeof(text),
		 "*8\r\n:%" PRId64 "\r\n$%zu\r\n%s\r\n:%" PRId64
		 "\r\n:0\r\n:0\r\n:0\r\n*0\r\n*1\r\n%s",
		 clock_wall_ms(), strlen(redis_mirror.data), redis_mirror.data,
		 last, news);
	assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	redis_link_config()->heard(reply);
	freeReplyObject(reply);
	redisReaderFree(reader);
}

#define COUNT(n, last, own) \
	"*5\r\n$12\r\nclimits-over\r\n:" n "\r\n:" last "\r\n:0\r\n:" own "\r\n"
#define TEXT(version, text) \
	"*3\r\n$12\r\ntlimits-over\r\n:" version "\r\n$3\r\n" text "\r\n"

/* Threads ask on connections of their own: what was answered later may be
 * heard first, and then it is what holds. */
static void an_overtaken_answer_is_no_news(void **state)
{
	struct shared_entry *x;
	struct buf text;
	struct err e;
	int64_t since;

	if (!unit_has_store())
		skip();
	x = shared_entry(*state, "limits-over");
	shared_sync(*state);
	since = atomic_load(&redis_mirror.since);
	hear(since + 2, COUNT("2", "9", "0"));
	assert_int_equal(shared_count(x), 2);
	hear(since + 1, COUNT("7", "8", "0"));
	assert_int_equal(shared_count(x), 2);
	hear(since + 3, COUNT("1", "9", "0"));
	assert_int_equal(shared_count(x), 1);

	hear(since + 5, TEXT("5", "new"));
	hear(since + 4, TEXT("4", "old"));
	buf_init(&text, 100);
	assert_int_equal(shared_read(x, &text, &e), 0);
	assert_string_equal(buf_cstr(&text), "new");
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(an_overtaken_answer_is_no_news),
		WITH_HOME(what_a_beat_tells_is_held_by_us),
		WITH_HOME(one_that_is_chosen_again_has_had_its_turn),
		WITH_HOME(one_round_is_one_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
