/* SPDX-License-Identifier: MIT */
/* Limits: what the fields of an answer say of them, in odd forms too; headroom,
 * causes and costs. */
#include "unit-limits.h"

#include "base/http-date.h"
#include "state/pool/refusal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define OFTEN 3 /* answers */

static const struct asked opus = { "opus", "claude-opus-5" };

static void take(struct limits *l, const char *text)
{
	limits_take(l, &opus, field, text, &said);
}

static int64_t seconds(void)
{
	return clock_wall_ms() / 1000;
}

/* As many as there may come, those that matter behind all others. */
static void more_windows_than_are_kept(void **state)
{
	struct limits l = { 0 }, was;
	char text[8192];
	int n = 0;

	(void)state;
	for (int i = 0; i < 30; i++)
		n += sprintf(text + n,
			     U "new%d-utilization: 0.1\n" U
			       "new%d-reset: %" PRId64 "\n",
			     i, i, seconds() + 600 + i);
	sprintf(text + n,
		U "7d_opus-status: rejected\n" U "7d_opus-reset: %" PRId64
		  "\n" U "5h-utilization: 0.25\n" U "5h-reset: %" PRId64 "\n" U
		  "7d-utilization: 0.5\n" U "7d-reset: %" PRId64 "\n",
		seconds() + 9, seconds() + 300, seconds() + 300);
	take(&l, text);
	assert_float_equal(used(&l, "5h"), 0.25, 1e-9);
	assert_float_equal(used(&l, "7d"), 0.5, 1e-9);
	assert_float_equal(used(&l, "7d_opus"), 1, 1e-9);
	assert_int_equal(said.n_full, 1);
	assert_string_equal(said.full[0], "7d_opus");
	/* The same once more is no news. */
	for (int i = 0; i < OFTEN; i++) {
		was = l;
		take(&l, text);
		assert_false(limits_is_turn(&was, &l));
	}
	/* One that counts for a family is not lost to those for nobody, nor is
	 * the place of one whose reset is past. */
	limits_link(&l, "7d_opus", "opus");
	for (int i = 0; i < 30; i++) {
		sprintf(text,
			U "later%d-utilization: 0.1\n" U
			  "later%d-reset: %" PRId64 "\n",
			i, i, seconds() + 9000);
		take(&l, text);
	}
	assert_float_equal(used(&l, "7d_opus"), 1, 1e-9);
	assert_float_equal(used(&l, "later0"), -1, 1e-9);
	l.updated_at = clock_wall_ms() + HOUR;
	take(&l, text);
	assert_float_equal(used(&l, "later29"), 0.1, 1e-9);
}

static void letters_of_any_case(void **state)
{
	struct limits l = { 0 };

	(void)state;
	take(&l, "Anthropic-RateLimit-Unified-Status: Rejected\n"
		 "ANTHROPIC-RATELIMIT-UNIFIED-7D_OPUS-STATUS: REJECTED\n"
		 "anthropic-ratelimit-unified-7D_Opus-Utilization: 1.02\n"
		 "anthropic-ratelimit-unified-7d_sonnet-status: Allowed\n"
		 "anthropic-ratelimit-unified-7d_sonnet-utilization: 1\n");
	assert_true(said.rejected);
	assert_float_equal(used(&l, "7d_opus"), 1.02, 1e-9);
	assert_int_equal(said.n_full, 1);
	assert_string_equal(said.full[0], "7d_opus");
	assert_string_equal(l.status, "rejected");
}

/* A reset that is not said is the one that was, or hours away. */
static void resets_in_odd_forms(void **state)
{
	struct limits l = { 0 };
	char text[512];
	int64_t then = seconds() + 5000;

	(void)state;
	sprintf(text, U "7d-utilization: 0.5\n" U "7d-reset: %" PRId64 "\n",
		then);
	take(&l, text);
	take(&l, U "7d-utilization: 0.6\n");
	assert_int_equal(limits_window_reset(&l, "7d"), then * 1000);
	assert_float_equal(used(&l, "7d"), 0.6, 1e-9);
	take(&l, U "7d-status: rejected\n");
	assert_int_equal(limits_window_reset(&l, "7d"), then * 1000);
	take(&l, U "5h-utilization: 7.5\n");
	assert_true(limits_window_reset(&l, "5h") > clock_wall_ms() + 4 * HOUR);
	assert_float_equal(limits_headroom(&l, &opus, clock_wall_ms()), 0,
			   1e-9);
	/* in the past: whole again */
	sprintf(text,
		U "5h-utilization: 1\n" U "5h-reset: %" PRId64 "\n" U
		  "7d-utilization: 0.2\n" U "7d-reset: 2020-01-01T00:00:00Z\n",
		seconds() - 5);
	take(&l, text);
	assert_false(said.shared);
	assert_float_equal(limits_headroom(&l, &opus, clock_wall_ms()), 1,
			   1e-9);
}

static void durations_of_requests(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} forms[] = {
		{ "1s", 1000 },         { "6m0s", 360000 },
		{ "20ms", 20 },         { "1h2m3.5s", 3723500 },
		{ "2m59.56s", 179560 }, { "1d", 86400000 },
		{ "12", 12000 },        { "0.5", 500 },
		{ "250us", 0 },         { "1s500\u00b5s", 1001 },
		{ "900ns", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct limits l = { 0 };
		struct asked a = { "m", "m" };
		char text[256];
		int64_t before = clock_wall_ms(), reset;

		sprintf(text,
			"X-RateLimit-Limit-Requests: 10\n"
			"X-RateLimit-Remaining-Requests: 0\n"
			"X-RateLimit-Reset-Requests: %s\n",
			forms[i].text);
		limits_take(&l, &a, field, text, &said);
		reset = l.meters[0].of[METER_REQUESTS].reset;
		assert_in_range(reset - forms[i].ms, before, clock_wall_ms());
	}
}

static void moments_in_every_form(void **state)
{
	const int64_t then = 1795341600000; /* 2026-11-22T10:00:00Z */

	(void)state;
	assert_int_equal(http_date_read(SPAN("1795341600")), then);
	assert_int_equal(http_date_read(SPAN("2026-11-22T10:00:00Z")), then);
	assert_int_equal(http_date_read(SPAN("2026-11-22T11:30:00.5+01:30")),
			 then);
	assert_int_equal(http_date_read(SPAN("Sun, 22 Nov 2026 10:00:00 GMT")),
			 then);
	assert_int_equal(http_date_read(SPAN("1795341600000")), then);
	assert_int_equal(http_date_read(SPAN("2026-11-22T12:00:00+0200")),
			 then);
	assert_int_equal(http_date_read(SPAN("Sunday, 22-Nov-26 10:00:00 GMT")),
			 then);
	assert_int_equal(http_date_read(SPAN("Sun Nov 22 10:00:00 2026")),
			 then);
	assert_int_equal(http_date_delay(SPAN("1795341640"), then), 40000);
	assert_int_equal(http_date_delay(SPAN("1795341640000"), then), 40000);
	assert_int_equal(http_date_read(SPAN("soon")), 0);
	assert_int_equal(http_date_read(SPAN("")), 0);
	assert_int_equal(http_date_read(SPAN("1e999")), 0);
	assert_int_equal(http_date_delay(SPAN("17"), then), 17000);
	assert_int_equal(http_date_delay(SPAN("0.5"), then), 500);
	assert_int_equal(
		http_date_delay(SPAN("Sun, 22 Nov 2026 10:00:07 GMT"), then),
		7000);
	assert_int_equal(
		http_date_delay(SPAN("Sun, 22 Nov 2026 09:00:00 GMT"), then),
		0);
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
	assert_float_equal(headroom(&l, "claude-x", now + 601000), 1, 1e-9);
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
	assert_float_equal(headroom(&l, "claude-x", now + 61000), 1, 1e-9);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_windows_than_are_kept),
		cmocka_unit_test(letters_of_any_case),
		cmocka_unit_test(resets_in_odd_forms),
		cmocka_unit_test(durations_of_requests),
		cmocka_unit_test(moments_in_every_form),
		cmocka_unit_test(headroom_of_a_subscription),
		cmocka_unit_test(headroom_of_a_key),
		cmocka_unit_test(hostile_fields_are_passed_over),
		cmocka_unit_test(causes_are_kept_apart),
		cmocka_unit_test(a_stronger_cause_stands),
		cmocka_unit_test(who_fails_rests_longer_and_longer),
		cmocka_unit_test(a_cost_is_learnt),
		cmocka_unit_test(small_steps_are_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
