/* SPDX-License-Identifier: MIT */
/* The pool: choosing, queue, pace. */
#define UNIT_STORE
#include "unit-limits.h"

#include "base/clock.h"
#include "state/pool/pool.h"
#include "state/pool/queue.h"
#include "state/pool/sticky.h"

#include <inttypes.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void bind(struct pool_request *r, const char *alias)
{
	snprintf(r->bound->alias, sizeof(r->bound->alias), "%s", alias);
}

static struct pool_request request(const char *home, const struct accounts *a,
				   const char *bound, const bool *tried)
{
	static struct binding b;
	struct pool_request r = { .home = home,
				  .accounts = a,
				  .bound = &b,
				  .tried = tried };

	bind(&r, bound);
	asked_claude(&r.asked, "claude-x");
	return r;
}

static int pick(const char *home, const struct accounts *a, const char *bound,
		const bool *tried)
{
	struct pool_request r = request(home, a, bound, tried);

	return pool_peek(&r);
}

static bool store_share(struct limits *l, void *arg)
{
	use_window(l, "5h", *(double *)arg, clock_wall_ms() + HOUR);
	return true;
}

static void share_of(const char *home, const char *alias, double used)
{
	struct err e;

	assert_int_equal(limits_update(home, alias, store_share, &used, &e),
			 0);
}

static bool overload(struct limits *l, void *arg)
{
	(void)arg;
	limits_rest(l, CAUSE_OVERLOAD, clock_wall_ms() + HOUR, 0);
	return true;
}

static void the_most_headroom_or_the_bound_one(void **state)
{
	const char *home = *state;
	struct account list[] = { { .alias = "a", .api_key = (char *)"k" },
				  { .alias = "b", .api_key = (char *)"l" },
				  { .alias = "c", .api_key = (char *)"m" } };
	struct accounts a = { .list = list, .n = 3 };
	bool tried[3] = { false, true, false };
	struct err e;

	store_folder(home, NULL, &e);
	share_of(home, "a", 0.8);
	share_of(home, "b", 0.1);
	share_of(home, "c", 0.5);
	assert_int_equal(pick(home, &a, "", NULL), 1);
	assert_int_equal(pick(home, &a, "a", NULL), 0);
	assert_int_equal(pick(home, &a, "gone", NULL), 1);
	assert_int_equal(pick(home, &a, "", tried), 2);
	share_of(home, "a", 1);
	assert_int_equal(pick(home, &a, "a", NULL), 1);
	/* overloaded ones are better than none */
	share_of(home, "b", 1);
	limits_update(home, "c", overload, NULL, &e);
	assert_int_equal(pick(home, &a, "", NULL), 2);
	share_of(home, "c", 1);
	assert_int_equal(pick(home, &a, "", NULL), -1);
}

/* Twelve at once over three that are alike: four each, whoever chooses. */
static void what_is_in_flight_counts(void **state)
{
	const char *home = *state;
	struct account list[] = { { .alias = "a", .api_key = (char *)"k" },
				  { .alias = "b", .api_key = (char *)"l" },
				  { .alias = "c", .api_key = (char *)"m" } };
	struct accounts a = { .list = list, .n = 3 };
	struct pool_request r = request(home, &a, "", NULL);
	struct pool_choice held[12];
	int at[3] = { 0 };
	struct err e;
	struct pool p;
	int status;

	store_folder(home, NULL, &e);
	for (int i = 0; i < 12; i++) {
		pool_choose(&r, &held[i]);
		assert_in_range(held[i].at, 0, 2);
		at[held[i].at]++;
	}
	assert_int_equal(at[0], 4);
	assert_int_equal(at[1], 4);
	assert_int_equal(at[2], 4);
	/* other processes count, until they are gone */
	if (fork() == 0) {
		struct pool_choice c;

		for (int i = 0; i < 9; i++)
			pool_choose(&r, &c);
		_exit(0);
	}
	wait(&status);
	assert_int_equal(status, 0);
	for (int i = 0; i < 12; i++)
		pool_let_go(&r, &held[i]);
	unit_reap();
	pool_choose(&r, &held[0]);
	pool_let_go(&r, &held[0]);
	pool_look(&p, home, &a, NULL);
	for (size_t i = 0; i < p.n; i++)
		assert_int_equal(p.seats[i].in_flight, 0);
	pool_release(&p);
}

/* One after the other, with nothing in flight. */
static void those_alike_take_turns(void **state)
{
	static const enum pool_strategy all[] = { POOL_HEADROOM,
						  POOL_SOONEST_RESET };
	const char *home = *state;
	struct account list[] = { { .alias = "a", .api_key = (char *)"k" },
				  { .alias = "b", .api_key = (char *)"l" },
				  { .alias = "c", .api_key = (char *)"m" } };
	struct accounts a = { .list = list, .n = 3 };
	struct pool_request r = request(home, &a, "", NULL);
	struct pool_choice c;
	struct err e;

	store_folder(home, NULL, &e);
	for (size_t k = 0; k < 2; k++) {
		r.strategy = all[k];
		for (int i = 0; i < 9; i++) {
			assert_int_equal(pool_peek(&r), i % 3); /* no turn */
			pool_choose(&r, &c);
			pool_let_go(&r, &c);
			assert_int_equal(c.at, i % 3);
		}
	}
	r.strategy = POOL_HEADROOM;
	bind(&r, "a");
	for (int i = 0; i < 3; i++) {
		pool_choose(&r, &c);
		pool_let_go(&r, &c);
		assert_int_equal(c.at, 0);
	}
	bind(&r, "");
	assert_int_equal(pool_peek(&r), 1);
	share_of(home, "c", 0.1);
	share_of(home, "b", 0.2);
	list[0].paused = true;
	assert_int_equal(pool_peek(&r), 2); /* more left goes before */
	list[0].paused = false;
	r.strategy = POOL_FILL_FIRST;
	for (int i = 0; i < 3; i++) {
		pool_choose(&r, &c);
		pool_let_go(&r, &c);
		assert_int_equal(c.at, 0);
	}
}

static bool store_near(struct limits *l, void *arg)
{
	(void)arg;
	use_window(l, "5h", 0.98, clock_wall_ms() + HOUR);
	limits_spent(l, 0.01);
	return true;
}

/* What is left of one is for those who are there already. */
static void the_last_of_it_is_left_to_those_before(void **state)
{
	const char *home = *state;
	struct account list[] = { { .alias = "a",
				    .access_token = (char *)"t",
				    .priority = ACCOUNT_PRIORITY_PLAN },
				  { .alias = "b",
				    .api_key = (char *)"l",
				    .priority = ACCOUNT_PRIORITY_KEY } };
	struct accounts a = { .list = list, .n = 2 };
	struct pool_request r = request(home, &a, "a", NULL);
	struct pool_choice c[3];
	struct err e;

	store_folder(home, NULL, &e);
	assert_int_equal(limits_update(home, "a", store_near, NULL, &e), 0);
	for (int i = 0; i < 3; i++)
		pool_choose(&r, &c[i]);
	assert_int_equal(c[0].at, 0);
	assert_int_equal(c[1].at, 0);
	assert_int_equal(c[2].at, 1); /* two are there, for two hundredths */
	list[1].paused = true;
	assert_int_equal(pool_peek(&r), 0); /* but there is no other */
	list[1].paused = false;
	for (int i = 0; i < 3; i++)
		pool_let_go(&r, &c[i]);
	assert_int_equal(pool_peek(&r), 0);
}

static void what_is_paid_goes_first(void **state)
{
	const char *home = *state;
	struct account list[] = {
		{ .alias = "key",
		  .api_key = (char *)"k",
		  .priority = ACCOUNT_PRIORITY_KEY },
		{ .alias = "plan",
		  .access_token = (char *)"t",
		  .priority = ACCOUNT_PRIORITY_PLAN },
		{ .alias = "late",
		  .access_token = (char *)"u",
		  .priority = ACCOUNT_PRIORITY_PLAN },
	};
	struct accounts a = { .list = list, .n = 3 };
	struct pool_request r = request(home, &a, "", NULL);
	struct pool_choice c, d;
	struct err e;

	store_folder(home, NULL, &e);
	share_of(home, "plan", 0.9);
	share_of(home, "late", 0.95);
	assert_int_equal(pool_peek(&r), 1);
	/* one in flight weighs as much as half of what is left */
	pool_choose(&r, &c);
	pool_choose(&r, &d);
	assert_int_not_equal(d.at, 0);
	pool_let_go(&r, &c);
	pool_let_go(&r, &d);
	/* nobody waits for a pace while another idles */
	r.interval = 1000;
	pool_choose(&r, &c);
	pool_let_go(&r, &c);
	assert_int_equal(c.at, 1);
	assert_int_equal(pool_peek(&r), 2);
	list[1].paused = list[2].paused = true;
	assert_int_equal(pool_peek(&r), 0);
}

static bool store_full(struct limits *l, void *arg)
{
	*l = *(struct limits *)arg;
	return true;
}

static void strategies(void **state)
{
	const char *home = *state;
	struct account list[] = { { .alias = "a", .api_key = (char *)"k" },
				  { .alias = "b", .api_key = (char *)"l" },
				  { .alias = "c", .api_key = (char *)"m" } };
	struct accounts a = { .list = list, .n = 3 };
	struct pool_request r = request(home, &a, "", NULL);
	struct limits soon = { 0 };
	struct err e;

	store_folder(home, NULL, &e);
	share_of(home, "a", 0.8);
	share_of(home, "b", 0.1);
	use_window(&soon, "5h", 0.6, clock_wall_ms() + MINUTE);
	assert_int_equal(limits_update(home, "c", store_full, &soon, &e), 0);
	assert_int_equal(pool_peek(&r), 1);
	r.strategy = POOL_FILL_FIRST;
	assert_int_equal(pool_peek(&r), 0);
	r.strategy = POOL_SOONEST_RESET;
	assert_int_equal(pool_peek(&r), 2);
}

/* What may have been raised meanwhile is asked once in a while. */
static void a_way_back(void **state)
{
	const char *home = *state;
	struct account one = { .alias = "a", .api_key = (char *)"k" };
	struct accounts a = { .list = &one, .n = 1 };
	struct pool_request r = request(home, &a, "", NULL);
	struct pool_choice c;
	struct limits l;
	struct err e;

	store_folder(home, NULL, &e);
	share_of(home, "a", 1);
	assert_int_equal(pool_peek(&r), -1);
	assert_int_equal(pool_peek_full(&r), 0);
	assert_int_equal(pool_peek_full(&r), 0); /* no turn */
	pool_try_full(&r, &c);
	assert_int_equal(c.at, 0);
	assert_int_equal(pool_peek_full(&r), -1);
	pool_let_go(&r, &c);
	pool_try_full(&r, &c);
	assert_int_equal(c.at, -1); /* not again */
	assert_int_equal(limits_forget(home, "a", &e), 0);
	limits_read(home, "a", &l);
	assert_null(limits_known_window(&l, "5h"));
	assert_int_equal(pool_peek(&r), 0);
}

static void the_view_tells_why_not(void **state)
{
	const char *home = *state;
	int64_t now = clock_wall_ms(), s = now / 1000;
	struct account list[] = {
		{ .alias = "full", .api_key = (char *)"k1" },
		{ .alias = "floor", .api_key = (char *)"k2", .reserve = 60 },
		{ .alias = "broken", .problem = (char *)"x.json: no" },
		{ .alias = "late",
		  .access_token = (char *)"t",
		  .expires_at = now - 1 },
		{ .alias = "good", .api_key = (char *)"k3" },
	};
	struct accounts a = { .list = list, .n = 5 };
	struct limits l = taken(
		U "5h-utilization: 1\n" U "5h-reset: %" PRId64 "\n", s + 60);
	struct limits half = taken(
		U "5h-utilization: 0.5\n" U "5h-reset: %" PRId64 "\n", s + 90);
	struct pool_request r;
	struct err e;
	struct pool p;

	store_folder(home, NULL, &e);
	assert_int_equal(limits_update(home, "full", store_full, &l, &e), 0);
	assert_int_equal(limits_update(home, "floor", store_full, &half, &e),
			 0);
	pool_look(&p, home, &a, NULL);
	assert_false(p.seats[0].usable);
	assert_int_equal(p.seats[0].cause, CAUSE_WINDOW);
	assert_false(p.seats[1].usable);
	assert_string_equal(p.seats[1].why, "what is left is its reserve");
	assert_string_equal(p.seats[2].why, "x.json: no");
	assert_false(p.seats[3].usable);
	assert_int_equal(pick(home, &a, "", NULL), 4);
	r = request(home, &a, "", NULL);
	assert_int_equal(pool_next(&r), (s + 60) * 1000);
	pool_release(&p);
}

static bool refuse(struct limits *l, void *arg)
{
	l->cause = CAUSE_AUTH;
	account_sign(arg, l->sign, sizeof(l->sign));
	return true;
}

static void refused_until_another_log_in(void **state)
{
	const char *home = *state;
	struct account one = { .alias = "a", .api_key = (char *)"old" };
	struct accounts a = { .list = &one, .n = 1 };
	struct err e;
	struct pool p;

	store_folder(home, NULL, &e);
	limits_update(home, "a", refuse, &one, &e);
	pool_look(&p, home, &a, NULL);
	assert_false(p.seats[0].usable);
	pool_release(&p);
	one.api_key = (char *)"new";
	pool_look(&p, home, &a, NULL);
	assert_true(p.seats[0].usable);
	pool_release(&p);
}

static bool use(struct limits *l, void *arg)
{
	struct limits was = *l;

	use_window(l, "5h", *(double *)arg, clock_wall_ms() + HOUR);
	return limits_news(&was, l);
}

/* Another process writes: what has moved a little does not wait for it. */
static void small_steps_do_not_wait(void **state)
{
	const char *home = *state;
	struct limits view = { 0 }, stored;
	double share = 0.2;
	struct err e;
	int lock;

	if (unit_has_store()) /* of files alone */
		skip();
	store_folder(home, NULL, &e);
	assert_int_equal(limits_note(home, "a", &view, use, &share, &e), 0);
	limits_read(home, "a", &stored);
	assert_float_equal(used(&stored, "5h"), 0.2, 1e-9);
	lock = store_lock(home, "state/limits-a.json", &e);
	assert_true(lock >= 0);
	share = 0.3;
	assert_int_equal(limits_note(home, "a", &view, use, &share, &e), 0);
	assert_float_equal(used(&view, "5h"), 0.3, 1e-9);
	limits_read(home, "a", &stored);
	assert_float_equal(used(&stored, "5h"), 0.2, 1e-9);
	store_unlock(lock);
	view = stored; /* the next request's view: it tells again */
	assert_int_equal(limits_note(home, "a", &view, use, &share, &e), 0);
	limits_read(home, "a", &stored);
	assert_float_equal(used(&stored, "5h"), 0.3, 1e-9);
}

static void conversations_stick(void **state)
{
	const char *home = *state;
	struct binding one = { .key = "00112233445566778899aabbccddeeff" };
	struct binding two = { .key = "00ffffffffffffffffffffffffffffff" };
	struct err e;

	store_folder(home, NULL, &e);
	sticky_get(home, &one);
	assert_string_equal(one.alias, "");
	sticky_set(home, &one, "a");
	sticky_set(home, &two, "b");
	sticky_get(home, &one);
	assert_string_equal(one.alias, "a");
	sticky_set(home, &one, "c");
	sticky_get(home, &one);
	assert_string_equal(one.alias, "c");
	assert_int_equal(sticky_count(home), 2);
}

static struct accounts claude_pool;

static bool first(const char *home, const struct ticket *t)
{
	return queue_first(home, &claude_pool, "opus", t);
}

static void the_queue_is_in_order(void **state)
{
	const char *home = *state;
	struct accounts *p = &claude_pool;
	struct ticket a = { 0 }, b = { 0 }, all[QUEUE_MAX], none = { 0 };
	struct err e = { 0 };
	int status;
	pid_t pid;

	store_folder(home, NULL, &e);
	assert_true(first(home, &none));
	assert_int_equal(queue_join(home, p, "opus", 9, &a, &e), 0);
	assert_int_equal(queue_join(home, p, "opus", 9, &b, &e), 0);
	assert_true(first(home, &a));
	assert_false(first(home, &b));
	assert_false(first(home, &none));
	queue_leave(home, &a);
	assert_true(first(home, &b));
	/* whoever is killed leaves no gap */
	pid = fork();
	if (pid == 0) {
		struct ticket c;

		_exit(queue_join(home, p, "opus", 9, &c, &e) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	queue_leave(home, &b);
	unit_reap();
	assert_int_equal(queue_length(home, p), 0);
	/* a smaller priority goes first, whoever came first */
	assert_int_equal(queue_join(home, p, "opus", 9, &a, &e), 0);
	assert_int_equal(queue_join(home, p, "opus", 0, &b, &e), 0);
	assert_true(first(home, &b));
	assert_false(first(home, &a));
	queue_leave(home, &b);
	assert_true(first(home, &a));
	queue_leave(home, &a);
	/* one family's line is not in the way of another */
	assert_int_equal(queue_join(home, p, "opus", 9, &a, &e), 0);
	assert_true(queue_first(home, p, "sonnet", &none));
	assert_false(first(home, &none));
	queue_leave(home, &a);
	/* and it is bounded */
	for (int i = 0; i < QUEUE_MAX; i++)
		assert_int_equal(queue_join(home, p, "opus", 9, &all[i], &e), 0);
	assert_int_equal(queue_join(home, p, "opus", 9, &a, &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	for (int i = 0; i < QUEUE_MAX; i++)
		queue_leave(home, &all[i]);
	assert_int_equal(queue_length(home, p), 0);
}

static int opened(int fd)
{
	_Alignas(struct inotify_event) char mem[4096];
	ssize_t n;
	int count = 0;

	while ((n = read(fd, mem, sizeof(mem))) > 0)
		for (char *p = mem; p < mem + n; count++)
			p += sizeof(struct inotify_event) +
			     ((struct inotify_event *)(void *)p)->len;
	return count;
}

/* What each who waits does again and again opens no file. */
static void whoever_waits_opens_nothing(void **state)
{
	const char *home = *state;
	struct account list[] = { { .alias = "a", .api_key = (char *)"k" },
				  { .alias = "b", .api_key = (char *)"l" } };
	struct accounts a = { .list = list, .n = 2 };
	struct pool_request r = request(home, &a, "", NULL);
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct ticket all[QUEUE_MAX];
	char path[300];
	struct err e;

	if (unit_has_store()) /* of files alone */
		skip();
	store_folder(home, NULL, &e);
	share_of(home, "a", 1);
	share_of(home, "b", 1);
	for (int i = 0; i < QUEUE_MAX; i++)
		assert_int_equal(queue_join(home, &a, "x", 9, &all[i], &e), 0);
	assert_int_equal(pool_peek(&r), -1); /* it is read once */
	assert_true(inotify_add_watch(fd, home, IN_OPEN) >= 0);
	snprintf(path, sizeof(path), "%s/state", home);
	assert_true(inotify_add_watch(fd, path, IN_OPEN) >= 0);
	for (int i = 0; i < QUEUE_MAX; i++) {
		struct pool_choice c;

		assert_int_equal(queue_first(home, &a, "x", &all[i]), i == 0);
		pool_choose(&r, &c);
		assert_int_equal(c.at, -1);
		assert_true(pool_next(&r) > 0);
	}
	assert_in_range(opened(fd), 0, 2);
	share_of(home, "a", 0.9); /* it would be seen */
	assert_in_range(opened(fd), 1, 100);
	close(fd);
	for (int i = 0; i < QUEUE_MAX; i++)
		queue_leave(home, &all[i]);
}

/* A turn is had at once or later, and is then the caller's. A busy machine has
 * ten seconds between two of them. */
static void the_pace_is_kept(void **state)
{
	const char *home = *state;
	struct shared_entry *a = shared_entry(home, "limits-a");
	struct shared_entry *b = shared_entry(home, "limits-b");
	struct err e;

	store_folder(home, NULL, &e);
	assert_int_equal(shared_turn(a, 20000, 45000), 0);
	assert_in_range(shared_turn(a, 20000, 45000), 10000, 20000);
	assert_in_range(shared_turn(a, 20000, 45000), 30000, 40000);
	assert_int_equal(shared_turn(a, 20000, 45000), -1);
	assert_in_range(shared_turn_in(a, clock_wall_ms()), 50000, 60000);
	assert_int_equal(shared_turn(b, 20000, 45000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(the_most_headroom_or_the_bound_one),
		WITH_HOME(what_is_in_flight_counts),
		WITH_HOME(those_alike_take_turns),
		WITH_HOME(the_last_of_it_is_left_to_those_before),
		WITH_HOME(what_is_paid_goes_first),
		WITH_HOME(strategies),
		WITH_HOME(a_way_back),
		WITH_HOME(the_view_tells_why_not),
		WITH_HOME(refused_until_another_log_in),
		WITH_HOME(small_steps_do_not_wait),
		WITH_HOME(conversations_stick),
		WITH_HOME(the_queue_is_in_order),
		WITH_HOME(whoever_waits_opens_nothing),
		WITH_HOME(the_pace_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
