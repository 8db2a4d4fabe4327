/* SPDX-License-Identifier: MIT */
/* What keys have used: limits, time, several processes, and those killed. */
#define UNIT_STORE
#include "unit.h"

#include "base/clock.h"
#include "base/store.h"
#include "state/keys/meter-table.h"
#include "state/keys/meter.h"
#include "state/usage/price.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* The test's own clock, in the place of the real one. */
static int64_t wall = 1798000000000; /* 2026-12-23T04:26:40Z, a Wednesday */
static int64_t passed; /* ms that have gone by without a wait */

int64_t clock_wall_ms(void)
{
	return wall;
}

int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + passed;
}

void clock_stamp(char *out, size_t n)
{
	snprintf(out, n, "now");
}

/* It is not the store's, which goes by its own. */
void clock_set_ahead(int64_t ms)
{
	(void)ms;
}

int64_t clock_ahead(void)
{
	return 0;
}

static int64_t at(const char *date)
{
	struct err e;
	int64_t ms;

	assert_int_equal(quota_read_date(date, &ms, &e), 0);
	return ms;
}

static struct quota limits(const char *spend, const char *rate,
			   const char *tokens, int parallel)
{
	struct quota q;
	struct err e;

	quota_init(&q);
	if (spend)
		assert_int_equal(quota_read_spend(&q, spend, &e), 0);
	if (rate)
		assert_int_equal(quota_read_window(&q.rate, rate, &e), 0);
	if (tokens)
		assert_int_equal(quota_read_window(&q.tokens, tokens, &e), 0);
	q.parallel = parallel;
	return q;
}

#define CENT (QUOTA_DOLLAR / 100)

static struct meter_answer answer;

static enum meter_verdict take(const char *home, const struct quota *q,
			       struct meter_ask ask, struct meter_lease *l)
{
	struct err e;

	if (meter_take(home, "anna", q, &ask, l, &answer, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(!l->flight, answer.verdict != METER_OK);
	return answer.verdict;
}

/* One request from its beginning to its end. */
static enum meter_verdict use(const char *home, const struct quota *q,
			      int64_t cost, int64_t tokens)
{
	struct meter_ask ask = { .cost = cost, .tokens = tokens };
	struct meter_lease l;
	enum meter_verdict v = take(home, q, ask, &l);

	meter_settle(&l, cost, tokens);
	return v;
}

static struct meter_use used(const char *home, const struct quota *q)
{
	struct meter_use u;
	struct err e;

	assert_int_equal(meter_use(home, "anna", q, &u, &e), 0);
	return u;
}

static void a_sum_is_used_up(void **state)
{
	struct quota q = limits("0.10/day", NULL, NULL, 0);

	if (unit_has_store()) /* which goes by its own clock */
		skip();
	for (int i = 0; i < 10; i++) {
		assert_int_equal(use(*state, &q, CENT, 1), METER_OK);
		assert_true(answer.has_spend);
		assert_int_equal((int)(answer.used * 100 + 0.5), 10 * i);
	}
	assert_int_equal(use(*state, &q, CENT, 1), METER_SPENT);
	assert_int_equal(answer.reset, at("2026-12-24"));
	assert_int_equal(used(*state, &q).spent[QUOTA_DAY], 10 * CENT);
	wall = at("2026-12-23T23:59:59Z");
	assert_int_equal(use(*state, &q, CENT, 1), METER_SPENT);
	wall = at("2026-12-24");
	assert_int_equal(use(*state, &q, CENT, 1), METER_OK);
	assert_int_equal(used(*state, &q).spent[QUOTA_MONTH], 11 * CENT);
	assert_int_equal(used(*state, &q).spent[QUOTA_DAY], CENT);
}

static void each_period_ends_by_itself(void **state)
{
	struct quota q = limits("1/day,2/week,4/month", NULL, NULL, 0);

	if (unit_has_store()) /* which goes by its own clock */
		skip();
	wall = at("2026-11-27"); /* a Friday */
	assert_int_equal(use(*state, &q, QUOTA_DOLLAR, 1), METER_OK);
	assert_int_equal(use(*state, &q, 1, 1), METER_SPENT);
	assert_int_equal(answer.period, QUOTA_DAY);
	wall = at("2026-11-28");
	assert_int_equal(use(*state, &q, QUOTA_DOLLAR, 1), METER_OK);
	wall = at("2026-11-29");
	assert_int_equal(use(*state, &q, 1, 1), METER_SPENT);
	assert_int_equal(answer.period, QUOTA_WEEK);
	assert_int_equal(answer.reset, at("2026-11-30"));
	wall = at("2026-11-30"); /* Monday */
	assert_int_equal(use(*state, &q, QUOTA_DOLLAR * 2, 1), METER_OK);
	assert_int_equal(use(*state, &q, 1, 1), METER_SPENT);
	assert_int_equal(answer.period, QUOTA_WEEK); /* it ends last */
	assert_int_equal(answer.reset, at("2026-12-07"));
	wall = at("2026-12-01");
	assert_int_equal(used(*state, &q).spent[QUOTA_MONTH], 0);
	assert_int_equal(use(*state, &q, 1, 1), METER_SPENT); /* of the week */
}

static void a_clock_that_goes_back_gives_nothing(void **state)
{
	static const char *const wrong[] = { "2026-11-26", "2026-11-25",
					     "2026-11-26", "2026-10-01",
					     "2026-11-26", "1970-01-01" };
	struct quota q = limits("1/day,1/week,1/month", NULL, NULL, 0);

	if (unit_has_store()) /* which goes by its own clock */
		skip();
	wall = at("2026-11-27");
	assert_int_equal(use(*state, &q, QUOTA_DOLLAR, 1), METER_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		wall = at(wrong[i]);
		assert_int_equal(use(*state, &q, 1, 1), METER_SPENT);
		wall = at("2026-11-27T12:00:00Z");
		assert_int_equal(use(*state, &q, 1, 1), METER_SPENT);
	}
	for (int p = 0; p < QUOTA_PERIODS; p++)
		assert_int_equal(used(*state, &q).spent[p], QUOTA_DOLLAR);
	wall = at("2026-11-26");
	assert_int_equal(use(*state, &q, 1, 1), METER_SPENT);
	assert_int_equal(answer.reset, at("2026-12-01"));
	wall = at("2026-11-28");
	assert_int_equal(used(*state, &q).spent[QUOTA_DAY], 0);
	assert_int_equal(used(*state, &q).spent[QUOTA_WEEK], QUOTA_DOLLAR);
}

static void a_clock_that_was_ahead_is_forgotten(void **state)
{
	struct quota q = limits("1/day", NULL, NULL, 0);

	if (unit_has_store()) /* sums there go by the days' names alone */
		skip();
	wall = at("2031-01-01");
	assert_int_equal(use(*state, &q, QUOTA_DOLLAR, 1), METER_OK);
	wall = at("2026-11-27");
	assert_int_equal(use(*state, &q, 1, 1), METER_SPENT);
	assert_int_equal(answer.reset, at("2026-11-28"));
	wall = at("2026-11-28");
	assert_int_equal(use(*state, &q, QUOTA_DOLLAR, 1), METER_OK);
	assert_int_equal(use(*state, &q, 1, 1), METER_SPENT);
}

static void nor_do_windows(void **state)
{
	struct quota q = limits(NULL, "4/hour", "100/hour", 0);
	int64_t start = wall;

	if (unit_has_store()) /* sums there go by the days' names alone */
		skip();
	for (int i = 0; i < 4; i++)
		assert_int_equal(use(*state, &q, 0, 20), METER_OK);
	for (int i = 1; i < 9; i++) {
		wall = start - i * 1000LL * 3600 * (i % 2 ? 24 : 1);
		assert_int_equal(use(*state, &q, 0, 1), METER_RATE);
		wall = start + 1000;
		assert_int_equal(use(*state, &q, 0, 1), METER_RATE);
		assert_int_equal(used(*state, &q).tokens, 80);
	}
	/* Nor is it stuck: an hour is an hour on a clock that is behind. */
	wall = start - 86400000;
	assert_int_equal(use(*state, &q, 0, 1), METER_RATE);
	wall += 3600000 * 17 / 16;
	passed += 3600000 * 17 / 16;
	assert_int_equal(use(*state, &q, 0, 1), METER_OK);
}

static void what_is_reserved_counts(void **state)
{
	struct quota q = limits("1/month", NULL, NULL, 0);
	struct meter_ask most = { .cost = 60 * CENT };
	struct meter_lease a, b, c;

	assert_int_equal(take(*state, &q, most, &a), METER_OK);
	assert_int_equal(take(*state, &q, most, &b), METER_OK);
	assert_int_equal(take(*state, &q, most, &c), METER_BUSY);
	assert_int_equal(used(*state, &q).reserved, 120 * CENT);
	assert_int_equal(used(*state, &q).running, 2);
	meter_settle(&a, 10 * CENT, 5);
	assert_int_equal(take(*state, &q, most, &c), METER_OK);
	meter_settle(&b, 0, 0);
	meter_settle(&c, 20 * CENT, 5);
	assert_int_equal(used(*state, &q).reserved, 0);
	assert_int_equal(used(*state, &q).running, 0);
	assert_int_equal(used(*state, &q).spent[QUOTA_MONTH], 30 * CENT);
	meter_settle(&c, 20 * CENT, 5); /* once only */
	assert_int_equal(used(*state, &q).spent[QUOTA_MONTH], 30 * CENT);
}

static void strict_is_never_passed(void **state)
{
	struct quota q = limits("1/month", NULL, NULL, 0);
	struct meter_ask ask = { .cost = 60 * CENT, .strict = true };
	struct meter_lease a, b;

	assert_int_equal(take(*state, &q, ask, &a), METER_OK);
	assert_int_equal(take(*state, &q, ask, &b), METER_BUSY);
	meter_settle(&a, 50 * CENT, 1);
	assert_int_equal(take(*state, &q, ask, &b), METER_BIG);
	ask.cost = 50 * CENT;
	assert_int_equal(take(*state, &q, ask, &b), METER_OK);
	meter_settle(&b, 50 * CENT, 1);
	ask.cost = 0;
	assert_int_equal(take(*state, &q, ask, &b), METER_SPENT);
}

/* In no window of a minute more than the limit; all is free a sixteenth after
 * it. */
static void a_rate_slides(void **state)
{
	struct quota q = limits(NULL, "8/min", NULL, 0);
	int64_t taken[200];
	int n = 0;

	if (unit_has_store()) /* which goes by its own clock */
		skip();
	for (int i = 0; i < 600; i++, wall += 500) {
		int within = 0;

		if (use(*state, &q, 0, 0) == METER_OK)
			taken[n++] = wall;
		else
			assert_true(answer.verdict == METER_RATE &&
				    answer.reset > wall &&
				    answer.reset <= wall + 64000);
		for (int k = 0; k < n; k++)
			within += taken[k] > wall - 60000;
		if (within > 8)
			fail_msg("%d in a minute", within);
	}
	assert_true(n >= 8 * 4 && n <= 8 * 6); /* in five minutes */
	assert_int_equal(used(*state, &q).requests, n > 8 ? 8 : n);
	while (use(*state, &q, 0, 0) == METER_OK)
		;
	wall = answer.reset - 1;
	assert_int_equal(use(*state, &q, 0, 0), METER_RATE);
	wall = answer.reset;
	assert_int_equal(use(*state, &q, 0, 0), METER_OK);
}

static void tokens_slide(void **state)
{
	struct quota q = limits(NULL, NULL, "1K/hour", 0);
	struct meter_lease l, other;
	struct meter_ask ask = { .tokens = 1000 };

	if (unit_has_store()) /* which goes by its own clock */
		skip();
	assert_int_equal(use(*state, &q, 0, 600), METER_OK);
	assert_int_equal(take(*state, &q, ask, &l), METER_OK);
	assert_int_equal(take(*state, &q, ask, &other), METER_BUSY);
	meter_settle(&l, 0, 600); /* more than was left: it was let in */
	assert_int_equal(use(*state, &q, 0, 1), METER_NO_TOKENS);
	assert_int_equal(used(*state, &q).tokens, 1200);
	wall = answer.reset;
	assert_int_equal(use(*state, &q, 0, 1), METER_OK);
}

static void so_many_at_a_time(void **state)
{
	struct quota q = limits(NULL, NULL, NULL, 2);
	struct meter_ask none = { 0 };
	struct meter_lease a, b, c;

	assert_int_equal(take(*state, &q, none, &a), METER_OK);
	assert_int_equal(take(*state, &q, none, &b), METER_OK);
	assert_int_equal(take(*state, &q, none, &c), METER_BUSY);
	meter_cancel(&a);
	assert_int_equal(take(*state, &q, none, &c), METER_OK);
	meter_settle(&b, 0, 0);
	meter_settle(&c, 0, 0);
}

static void a_cancelled_one_never_was(void **state)
{
	struct quota q = limits("1/day", "1/min", "1K/min", 1);
	struct meter_ask ask = { .cost = CENT, .tokens = 9 };
	struct meter_lease l;

	for (int i = 0; i < 5; i++) {
		assert_int_equal(take(*state, &q, ask, &l), METER_OK);
		meter_note(&l, CENT, 9);
		meter_cancel(&l);
	}
	assert_int_equal(used(*state, &q).spent[QUOTA_DAY], 0);
	assert_int_equal(used(*state, &q).requests, 0);
	assert_int_equal(used(*state, &q).tokens, 0);
}

static void unusable_is_an_error(void **state)
{
	struct quota q = limits("1/day", NULL, NULL, 0);
	struct meter_ask ask = { .cost = CENT };
	struct meter_lease l;
	char path[200];
	struct err e;

	if (unit_has_store()) /* of files alone */
		skip();
	assert_int_equal(use(*state, &q, CENT, 1), METER_OK);
	snprintf(path, sizeof(path), "%s/keys/meters.bin", (char *)*state);
	chmod(path, 0644);
	assert_int_equal(meter_take(*state, "anna", &q, &ask, &l, &answer, &e),
			 -1);
	assert_non_null(strstr(e.msg, "meters.bin"));
	chmod(path, 0600);
	assert_int_equal(use(*state, &q, CENT, 1), METER_OK);
	assert_int_equal(used(*state, &q).spent[QUOTA_DAY], 2 * CENT);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(use(*state, &q, CENT, 1), METER_OK);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(meter_take(*state, "anna", &q, &ask, &l, &answer, &e),
			 -1);
	rmdir(path);
}

static void once(const char *home, const char *name, struct meter_lease *l)
{
	struct quota q = limits("1/month", NULL, NULL, 0);
	struct meter_ask none = { 0 };
	struct err e;

	if (meter_take(home, name, &q, &none, l, &answer, &e))
		fail_msg("%s: %s", name, e.msg);
	assert_non_null(l->flight);
}

static int64_t month_of(const char *home, const char *name)
{
	struct quota q = limits("1/month", NULL, NULL, 0);
	struct meter_use u;
	struct err e;

	assert_int_equal(meter_use(home, name, &q, &u, &e), 0);
	return u.spent[QUOTA_MONTH];
}

static void a_removed_key_is_forgotten(void **state)
{
	struct meter_lease l, other;

	once(*state, "anna", &l);
	meter_settle(&l, CENT, 1);
	once(*state, "bob", &other);
	meter_forget(*state, "anna");
	meter_forget(*state, "nobody");
	assert_int_equal(month_of(*state, "anna"), 0);
	meter_forget(*state, "bob"); /* a request is under way */
	meter_settle(&other, CENT, 1);
	assert_int_equal(month_of(*state, "bob"), CENT);
	once(*state, "anna", &l);
	meter_settle(&l, 2 * CENT, 1);
	assert_int_equal(month_of(*state, "anna"), 2 * CENT);
}

static void slots_come_free(void **state)
{
	char name[20];
	struct meter_lease l, runs;
	struct err e;

	assert_int_equal(store_folder(*state, "keys", &e), 0);
	assert_int_equal(store_put(*state, "keys/stays.json", SPAN("{"), &e),
			 0);
	once(*state, "stays", &l);
	meter_settle(&l, CENT, 1);
	once(*state, "runs", &runs);
	for (int i = 0; i < 9000; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		once(*state, name, &l);
		meter_settle(&l, CENT, 1);
		if (i % 3 == 0)
			meter_forget(*state, name);
		assert_int_equal(month_of(*state, name), i % 3 ? CENT : 0);
	}
	assert_int_equal(month_of(*state, "stays"), CENT);
	meter_settle(&runs, 3 * CENT, 1);
	assert_int_equal(month_of(*state, "runs"), 3 * CENT);
}

/* --- several processes, some of which are killed ------------------------- */

#define CHILDREN 4
#define KILLS 50
#define MOST (50 * CENT) /* of one request */

/* What each child says of itself, in memory that outlives it. */
struct said {
	_Atomic int64_t sure;  /* settled */
	_Atomic int64_t maybe; /* the one it is at */
	_Atomic int64_t n;
};

static _Noreturn void work(const char *home, const struct quota *q,
			   struct said *me, unsigned seed)
{
	for (;;) {
		struct meter_ask ask = { .cost = MOST, .tokens = 10 };
		int64_t cost = rand_r(&seed) % MOST;
		struct meter_lease l;
		struct err e;

		if (meter_take(home, "anna", q, &ask, &l, &answer, &e))
			_exit(3);
		if (!l.flight) {
			usleep(100);
			continue;
		}
		atomic_store(&me->maybe, cost);
		meter_note(&l, cost / 2, 1);
		meter_settle(&l, cost, 2);
		atomic_fetch_add(&me->sure, cost);
		atomic_store(&me->maybe, 0);
		atomic_fetch_add(&me->n, 1);
	}
}

static pid_t start(const char *home, const struct quota *q, struct said *me)
{
	static unsigned seed = 1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		work(home, q, me, seed);
	seed += 7;
	return pid;
}

/* Some are killed before they have begun, the others within or between their
 * requests: how many those are does not depend on the machine. */
static void let_work(struct said *me, unsigned *seed, int turn)
{
	int64_t most = unit_has_store() ? 3 : 100;
	int64_t n = 1 + rand_r(seed) % most, end = clock_ms() + 60000;

	if (turn % 5 == 4)
		return;
	while (me->n < n && clock_ms() < end)
		usleep(100);
	assert_true(me->n >= n);
	usleep((useconds_t)(rand_r(seed) % 500));
}

static void killed_at_any_point(void **state)
{
	/* What killed ones hold comes back after a while from a store. */
	struct quota q = limits("1000000/month", "1M/min", "1000M/day",
				unit_has_store() ? 100 : 3);
	struct said *said = mmap(NULL, (CHILDREN + KILLS) * sizeof(*said),
				 PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t sure = 0, maybe = 0, n = 0;
	unsigned seed = 5;
	struct said *at[CHILDREN];
	pid_t pids[CHILDREN];
	struct meter_use u;

	for (int i = 0; i < CHILDREN; i++) {
		at[i] = &said[i];
		pids[i] = start(*state, &q, at[i]);
	}
	for (int i = 0; i < KILLS; i++) {
		int k = i % CHILDREN;

		let_work(at[k], &seed, i);
		kill(pids[k], SIGKILL);
		waitpid(pids[k], NULL, 0);
		at[k] = &said[CHILDREN + i];
		pids[k] = start(*state, &q, at[k]);
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status;

		kill(pids[i], SIGKILL);
		waitpid(pids[i], &status, 0);
		assert_true(WIFSIGNALED(status)); /* it went on until then */
	}
	unit_reap();
	wall += 60000;
	assert_int_equal(use(*state, &q, 0, 0), METER_OK);
	u = used(*state, &q);
	for (int i = 0; i < CHILDREN + KILLS; i++) {
		sure += said[i].sure;
		maybe += said[i].maybe;
		n += said[i].n;
	}
	print_message("%lld requests, $%.4f sure, $%.4f in flight, $%.4f "
		      "counted\n",
		      (long long)n, (double)sure / QUOTA_DOLLAR,
		      (double)maybe / QUOTA_DOLLAR,
		      (double)u.spent[QUOTA_MONTH] / QUOTA_DOLLAR);
	assert_true(n >= KILLS * 4 / 5);
	assert_int_equal(u.running, 0);
	assert_int_equal(u.reserved, 0);
	assert_true(u.spent[QUOTA_MONTH] >= sure);
	assert_true(u.spent[QUOTA_MONTH] <= sure + maybe);
	munmap(said, (CHILDREN + KILLS) * sizeof(*said));
}

/* --- who is gone, and holds what another one needs ------------------------ */

static bool die(void *arg, struct meter_sums *s)
{
	(void)arg;
	(void)s;
	raise(SIGKILL); /* with the lock */
	return false;
}

enum part {
	HAS_A_REQUEST,
	HAS_THE_FILE,
	HAS_THE_LOCK
};

static _Noreturn void hold(const char *home, enum part part, int ready)
{
	struct quota q = limits("1/month", NULL, NULL, 0);
	struct meter_ask ask = { .cost = CENT };
	struct meter_table *t;
	struct meter_lease l;
	struct err e;
	bool done;

	if (part == HAS_A_REQUEST &&
	    (meter_take(home, "anna", &q, &ask, &l, &answer, &e) || !l.flight))
		_exit(3);
	t = meter_table(home, &e);
	if (!t || write(ready, "x", 1) != 1)
		_exit(3);
	if (part == HAS_THE_LOCK)
		meter_change(t, meter_flight(t, home, "anna", &e), METER_TAKE,
			     die, NULL, &done, &e);
	for (;;)
		pause();
}

/* Until it has what it is to have. */
static pid_t start_holder(const char *home, enum part part)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		hold(home, part, ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* One has a request at the slot that a later one died with: both are given back
 * in one look, in whatever order they are found. */
static void all_that_are_gone_at_once(void **state)
{
	struct quota q = limits("1/month", NULL, NULL, 0);
	pid_t pids[3];

	if (unit_has_store()) /* of files alone */
		skip();
	for (int i = HAS_A_REQUEST; i <= HAS_THE_LOCK; i++)
		pids[i] = start_holder(*state, (enum part)i);
	for (int i = 0; i < 3; i++) {
		if (i != HAS_THE_LOCK)
			kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	unit_reap();
	assert_int_equal(use(*state, &q, CENT, 1), METER_OK);
	assert_int_equal(used(*state, &q).running, 0);
	assert_int_equal(used(*state, &q).reserved, 0);
	assert_int_equal(used(*state, &q).spent[QUOTA_MONTH], CENT);
}

/* Together they come to the limit, and not beyond it by more than one. */
static void together_to_the_limit(void **state)
{
	struct quota q = limits("20/month", NULL, NULL, 0);
	struct said *said = mmap(NULL, CHILDREN * sizeof(*said),
				 PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t end = clock_ms() + 60000;
	pid_t pids[CHILDREN];

	for (int i = 0; i < CHILDREN; i++)
		pids[i] = start(*state, &q, &said[i]);
	while (used(*state, &q).spent[QUOTA_MONTH] < 20LL * QUOTA_DOLLAR &&
	       clock_ms() < end)
		usleep(1000);
	usleep(20000);
	for (int i = 0; i < CHILDREN; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	assert_true(used(*state, &q).spent[QUOTA_MONTH] >= 20LL * QUOTA_DOLLAR);
	assert_true(used(*state, &q).spent[QUOTA_MONTH] <
		    20LL * QUOTA_DOLLAR + MOST);
	munmap(said, CHILDREN * sizeof(*said));
}

static int reset_clock(void **state)
{
	wall = 1798000000000;
	return make_home(state);
}

#define AT_HOME(f) cmocka_unit_test_setup_teardown(f, reset_clock, drop_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_HOME(a_sum_is_used_up),
		AT_HOME(each_period_ends_by_itself),
		AT_HOME(a_clock_that_goes_back_gives_nothing),
		AT_HOME(a_clock_that_was_ahead_is_forgotten),
		AT_HOME(nor_do_windows),
		AT_HOME(what_is_reserved_counts),
		AT_HOME(strict_is_never_passed),
		AT_HOME(a_rate_slides),
		AT_HOME(tokens_slide),
		AT_HOME(so_many_at_a_time),
		AT_HOME(a_cancelled_one_never_was),
		AT_HOME(unusable_is_an_error),
		AT_HOME(a_removed_key_is_forgotten),
		AT_HOME(slots_come_free),
		AT_HOME(killed_at_any_point),
		AT_HOME(all_that_are_gone_at_once),
		AT_HOME(together_to_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
