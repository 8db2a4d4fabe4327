/* SPDX-License-Identifier: MIT */
/* The pool: limits, failures, choosing, queue, pace. */
#define UNIT_STORE
#include "unit.h"

#include "base/clock.h"
#include "base/http-date.h"
#include "dialect/dialect.h"
#include "state/pool/pool.h"
#include "state/pool/queue.h"
#include "state/pool/sticky.h"
#include "state/pool/refusal.h"

#include <inttypes.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MINUTE (60 * 1000)
#define HOUR (60 * MINUTE)

/* Header fields as "name: value" lines. */
static bool field(const void *arg, size_t *at, struct span *name,
		  struct span *value)
{
	const char *line = (const char *)arg + *at;
	size_t n = strcspn(line, "\n"), colon = strcspn(line, ":");

	if (!*line || colon > n)
		return false;
	*name = (struct span){ line, colon };
	*value = (struct span){ line + colon + 2, n - colon - 2 };
	*at += n + (line[n] == '\n');
	return true;
}

static struct limits_told said; /* by the last `taken` */

static struct asked of(const char *model)
{
	struct asked a;

	asked_claude(&a, model);
	return a;
}

static struct limits taken(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
static struct limits taken(const char *fmt, ...)
{
	struct asked a = of("claude-x");
	struct limits l = { 0 };
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	limits_take(&l, &a, field, text, &said);
	return l;
}

static double headroom(const struct limits *l, const char *model, int64_t now)
{
	struct asked a = of(model);

	return limits_headroom(l, &a, now);
}

static enum limit_cause cause(const struct limits *l, const char *model,
			      int64_t now)
{
	struct asked a = of(model);

	return limits_cause(l, &a, now);
}

static int64_t until(const struct limits *l, const char *model, int64_t now)
{
	struct asked a = of(model);

	return limits_until(l, &a, now);
}

static void use_window(struct limits *l, const char *name, double share,
		       int64_t reset)
{
	struct window w = { .used = share, .reset = reset };

	strcpy(w.name, name);
	limits_put_window(l, &w);
}

/* As it is, but for what is used. */
static void use_more(struct limits *l, const char *name, double share)
{
	use_window(l, name, share, limits_window_reset(l, name));
}

static double used(const struct limits *l, const char *name)
{
	return limits_known_window(l, name)->used;
}

#define U "anthropic-ratelimit-unified-"

static void moments_in_every_form(void **state)
{
	const int64_t then = 1795341600000; /* 2026-11-22T10:00:00Z */

	(void)state;
	assert_int_equal(http_date_read(SPAN("1795341600")), then);
	assert_int_equal(http_date_read(SPAN("2026-11-22T10:00:00Z")), then);
	assert_int_equal(http_date_read(SPAN("2026-11-22T11:30:00.5+01:30")), then);
	assert_int_equal(http_date_read(SPAN("Sun, 22 Nov 2026 10:00:00 GMT")),
			 then);
	assert_int_equal(http_date_read(SPAN("1795341600000")), then);
	assert_int_equal(http_date_read(SPAN("2026-11-22T12:00:00+0200")), then);
	assert_int_equal(http_date_read(SPAN("Sunday, 22-Nov-26 10:00:00 GMT")),
			 then);
	assert_int_equal(http_date_read(SPAN("Sun Nov 22 10:00:00 2026")), then);
	assert_int_equal(http_date_delay(SPAN("1795341640"), then), 40000);
	assert_int_equal(http_date_delay(SPAN("1795341640000"), then), 40000);
	assert_int_equal(http_date_read(SPAN("soon")), 0);
	assert_int_equal(http_date_read(SPAN("")), 0);
	assert_int_equal(http_date_read(SPAN("1e999")), 0);
	assert_int_equal(http_date_delay(SPAN("17"), then), 17000);
	assert_int_equal(http_date_delay(SPAN("0.5"), then), 500);
	assert_int_equal(
		http_date_delay(SPAN("Sun, 22 Nov 2026 10:00:07 GMT"), then), 7000);
	assert_int_equal(
		http_date_delay(SPAN("Sun, 22 Nov 2026 09:00:00 GMT"), then), 0);
	assert_int_equal(http_date_delay(SPAN("-3"), then), -1);
}

static void headroom_of_a_subscription(void **state)
{
	int64_t now = clock_wall_ms(), s = now / 1000;
	struct limits l = taken(
		U "status: allowed\n" U "5h-utilization: 0.25\n" U
		  "5h-reset: %" PRId64 "\n" U "7d-utilization: 0.5\n" U
		  "7d-reset: %" PRId64 "\n" U "7d_opus-utilization: 0.75\n" U
		  "7d_opus-reset: %" PRId64 "\n" U
		  "representative-claim: seven_day\n",
		s + 60, s + 600, s + 600);

	(void)state;
	assert_float_equal(headroom(&l, "claude-x", now), 0.5, 1e-9);
	assert_float_equal(headroom(&l, "claude-sonnet-5", now), 0.5, 1e-9);
	/* whom another window counts for is learnt, not read from its name */
	assert_float_equal(headroom(&l, "claude-opus-5", now), 0.5, 1e-9);
	limits_link(&l, "7d_opus", "opus");
	assert_float_equal(headroom(&l, "claude-opus-5", now), 0.25, 1e-9);
	assert_float_equal(headroom(&l, "claude-sonnet-5", now), 0.5, 1e-9);
	assert_string_equal(l.claim, "seven_day");
	/* past its reset a window is unused */
	assert_float_equal(headroom(&l, "claude-x", now + 601000), 1,
			   1e-9);
	use_more(&l, "7d", 1);
	assert_int_equal(cause(&l, "claude-x", now), CAUSE_WINDOW);
	assert_int_equal(until(&l, "claude-x", now), (s + 600) * 1000);
	/* both full: the later reset counts */
	use_more(&l, "5h", 1);
	assert_int_equal(until(&l, "claude-x", now), (s + 600) * 1000);
}

static void headroom_of_a_key(void **state)
{
	int64_t now = clock_wall_ms();
	time_t then = (time_t)(now / 1000) + 60;
	char reset[40];
	struct limits l;

	(void)state;
	strftime(reset, sizeof(reset), "%Y-%m-%dT%H:%M:%SZ", gmtime(&then));
	l = taken("anthropic-ratelimit-requests-limit: 100\n"
		  "anthropic-ratelimit-requests-remaining: 40\n"
		  "anthropic-ratelimit-requests-reset: %s\n"
		  "anthropic-ratelimit-input-tokens-limit: 1000\n"
		  "anthropic-ratelimit-input-tokens-remaining: 100\n"
		  "anthropic-ratelimit-input-tokens-reset: %s\n",
		  reset, reset);
	assert_float_equal(headroom(&l, "claude-x", now), 0.1, 1e-9);
	assert_float_equal(headroom(&l, "claude-x", now + 61000), 1,
			   1e-9);
}

static void hostile_fields_are_passed_over(void **state)
{
	struct limits l = taken(U "5h-utilization: nan\n" U "5h-reset: x\n" U
				  "7d-utilization: -1\n" U "status: %0200d\n"
				  "anthropic-ratelimit-tokens-limit: 1e400\n",
				7);

	(void)state;
	assert_int_equal(l.updated_at, 0);
	assert_float_equal(headroom(&l, "claude-opus-5", clock_wall_ms()), 1,
			   1e-9);
}

static struct refusal judge(int status, const char *text, const char *after,
			    bool subscription, const struct limits *l,
			    int64_t now)
{
	struct limits none = { 0 };
	struct limits_told nothing = { 0 };
	struct asked a = of("claude-x");
	struct refused_answer answer = {
		.status = status,
		.text = span_of(text),
		.retry_after = span_of(after),
		.subscription = subscription,
		.told = l ? &said : &nothing,
	};

	return refusal_of(PROVIDER_ANTHROPIC, &answer, l ? l : &none, &a, now);
}

static void causes_are_kept_apart(void **state)
{
	int64_t now = clock_wall_ms(), s = now / 1000;
	struct limits full = taken(U "status: rejected\n" U
				     "5h-utilization: 1.0\n" U
				     "5h-reset: %" PRId64 "\n",
				   s + 600);
	struct refusal v;

	(void)state;
	v = judge(429, "", "", true, &full, now);
	assert_int_equal(v.cause, CAUSE_WINDOW);
	assert_int_equal(v.until, (s + 600) * 1000);
	v = judge(429, "", "7", true, NULL, now);
	assert_int_equal(v.cause, CAUSE_BURST);
	assert_int_equal(v.until, now + 7000);
	v = judge(429, "", "9999999", true, NULL, now);
	assert_int_equal(v.until, now + 6 * HOUR);
	v = judge(429, "", "", true, NULL, now);
	assert_int_equal(v.cause, CAUSE_NONE); /* not a bench */
	assert_int_equal(v.next, NEXT_OTHER);
	v = judge(529, "", "", true, NULL, now);
	assert_int_equal(v.cause, CAUSE_OVERLOAD);
	v = judge(400, "Your credit balance is too low to access", "", false,
		  NULL, now);
	assert_int_equal(v.cause, CAUSE_CREDIT);
	v = judge(401, "", "", true, NULL, now);
	assert_int_equal(v.next, NEXT_REFRESH);
	v = judge(401,
		  "{\"type\":\"error\",\"error\":{\"type\":"
		  "\"authentication_error\",\"message\":\"x\"}}",
		  "", false, NULL, now);
	assert_int_equal(v.next, NEXT_OTHER);
	assert_int_equal(v.cause, CAUSE_AUTH);
	/* no proof against the key */
	v = judge(401, "", "", false, NULL, now);
	assert_int_equal(v.next, NEXT_OTHER);
	assert_int_equal(v.cause, CAUSE_GATEWAY);
	assert_int_equal(v.until, now + MINUTE);
	v = judge(403, "no access to this model", "", true, NULL, now);
	assert_int_equal(v.cause, CAUSE_MODEL);
	assert_int_equal(v.scope, SCOPE_MODEL);
	assert_int_equal(v.until, now + HOUR);
	v = judge(403, "forbidden", "", true, NULL, now);
	assert_int_equal(v.cause, CAUSE_NONE);
	v = judge(500, "", "", true, NULL, now);
	assert_int_equal(v.next, NEXT_OTHER);
	assert_int_equal(v.cause, CAUSE_NONE);
	v = judge(0, "", "", true, NULL, now);
	assert_int_equal(v.next, NEXT_OTHER);
	v = judge(400, "Invalid `signature` in `thinking` block", "", true,
		  NULL, now);
	assert_int_equal(v.next, NEXT_ANSWER); /* the account is good */
	assert_int_equal(v.cause, CAUSE_NONE);
	v = judge(400, "`thinking.budget_tokens` is too small", "", true, NULL,
		  now);
	assert_int_equal(v.next, NEXT_ANSWER);
	v = judge(400, "max_tokens: required", "", true, NULL, now);
	assert_int_equal(v.next, NEXT_ANSWER);
	v = judge(404, "model: x", "", true, NULL, now);
	assert_int_equal(v.next, NEXT_OTHER);
	assert_int_equal(v.cause, CAUSE_MODEL);
	v = judge(404, "no such page", "", true, NULL, now);
	assert_int_equal(v.next, NEXT_ANSWER);
}

static void a_stronger_cause_stands(void **state)
{
	struct limits l = { 0 };

	(void)state;
	limits_rest(&l, CAUSE_OVERLOAD, 100, 50);
	assert_int_equal(l.cause, CAUSE_OVERLOAD);
	assert_false(limits_rest(&l, CAUSE_BURST, 80, 50)); /* sooner over */
	assert_int_equal(l.cause, CAUSE_OVERLOAD);
	assert_true(limits_rest(&l, CAUSE_WINDOW, 300, 50));
	assert_int_equal(l.cause, CAUSE_WINDOW);
	limits_rest(&l, CAUSE_CREDIT, 1000, 50);
	limits_rest(&l, CAUSE_OVERLOAD, 100, 60);
	assert_int_equal(l.cause, CAUSE_CREDIT);
	assert_int_equal(l.until, 1000);
	limits_rest(&l, CAUSE_OVERLOAD, 1100, 1000); /* that one is over */
	assert_int_equal(l.cause, CAUSE_OVERLOAD);
	limits_rest(&l, CAUSE_OVERAGE, 0, 1000);
	limits_rest(&l, CAUSE_BURST, 9000, 5000);
	assert_int_equal(l.cause, CAUSE_OVERAGE); /* until resumed */
	assert_int_equal(l.until, 0);
}

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

static void who_fails_rests_longer_and_longer(void **state)
{
	static const int64_t rests[] = { 0,     10000,  20000,  40000,
					 80000, 160000, 300000, 300000 };
	struct limits l = { 0 };
	int64_t now = 1000;

	(void)state;
	for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
		limits_failed(&l, 0, now);
		assert_int_equal(l.until, rests[i] ? now + rests[i] : 0);
		if (!rests[i])
			continue;
		limits_failed(&l, 0, now + 1); /* it was under way */
		assert_int_equal(l.until, now + rests[i]);
		now = l.until;
	}
	for (int i = 0; i < 1000; i++) {
		limits_failed(&l, 0, now);
		now = l.until;
	}
	limits_failed(&l, now + 3600000, now);
	assert_int_equal(l.until, now + 3600000);
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

static void a_cost_is_learnt(void **state)
{
	struct limits l = { 0 };

	(void)state;
	limits_spent(&l, -1);
	limits_spent(&l, 0);
	assert_true(l.cost == 0);
	limits_spent(&l, 0.01);
	assert_float_equal(l.cost, 0.01, 1e-9);
	limits_spent(&l, 0.02);
	assert_true(l.cost > 0.01 && l.cost < 0.02);
	for (int i = 0; i < 100; i++)
		limits_spent(&l, 1e9);
	assert_true(l.cost <= 0.25);
	limits_clear(&l);
	assert_true(l.cost == 0);
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

static void small_steps_are_no_news(void **state)
{
	int64_t s = clock_wall_ms() / 1000;
	struct limits a = taken(U "5h-utilization: 0.500\n" U
				  "5h-reset: %" PRId64 "\n",
				s + 600);
	struct limits b = a;

	(void)state;
	assert_false(limits_news(&a, &b));
	use_more(&b, "5h", 0.503);
	assert_false(limits_news(&a, &b));
	use_more(&b, "5h", 0.51);
	assert_true(limits_news(&a, &b));
	b = a;
	use_more(&a, "5h", 0.998);
	use_more(&b, "5h", 1); /* full is always news */
	assert_true(limits_news(&a, &b));
	b = a;
	b.updated_at += 31000;
	assert_true(limits_news(&a, &b));
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
		cmocka_unit_test(moments_in_every_form),
		cmocka_unit_test(headroom_of_a_subscription),
		cmocka_unit_test(headroom_of_a_key),
		cmocka_unit_test(hostile_fields_are_passed_over),
		cmocka_unit_test(causes_are_kept_apart),
		cmocka_unit_test(a_stronger_cause_stands),
		cmocka_unit_test(who_fails_rests_longer_and_longer),
		WITH_HOME(the_most_headroom_or_the_bound_one),
		WITH_HOME(what_is_in_flight_counts),
		WITH_HOME(those_alike_take_turns),
		WITH_HOME(the_last_of_it_is_left_to_those_before),
		cmocka_unit_test(a_cost_is_learnt),
		WITH_HOME(what_is_paid_goes_first),
		WITH_HOME(strategies),
		WITH_HOME(a_way_back),
		WITH_HOME(the_view_tells_why_not),
		WITH_HOME(refused_until_another_log_in),
		cmocka_unit_test(small_steps_are_no_news),
		WITH_HOME(small_steps_do_not_wait),
		WITH_HOME(conversations_stick),
		WITH_HOME(the_queue_is_in_order),
		WITH_HOME(whoever_waits_opens_nothing),
		WITH_HOME(the_pace_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
