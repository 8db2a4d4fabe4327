/* SPDX-License-Identifier: MIT */
/* What the fields of an answer say of limits, in odd forms. */
#include "config.h"

#include "base/clock.h"
#include "state/pool/limits-read.h"
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define U "anthropic-ratelimit-unified-"
#define HOUR (3600 * 1000)
#define OFTEN 3 /* answers */

static struct limits_told said; /* by the last one */

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

static const struct asked opus = { "opus", "claude-opus-5" };

static void take(struct limits *l, const char *text)
{
	limits_take(l, &opus, field, text, &said);
}

static double used(const struct limits *l, const char *name)
{
	const struct window *w = limits_known_window(l, name);

	return w ? w->used : -1;
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
		  "\n" U "5h-utilization: 0.25\n" U "5h-reset: %" PRId64
		  "\n" U "7d-utilization: 0.5\n" U "7d-reset: %" PRId64 "\n",
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
			U "later%d-utilization: 0.1\n" U "later%d-reset: %"
			  PRId64 "\n",
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
	sprintf(text,
		U "7d-utilization: 0.5\n" U "7d-reset: %" PRId64 "\n", then);
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
		{ "1s", 1000 },		{ "6m0s", 360000 },
		{ "20ms", 20 },		{ "1h2m3.5s", 3723500 },
		{ "2m59.56s", 179560 }, { "1d", 86400000 },
		{ "12", 12000 },	{ "0.5", 500 },
		{ "250us", 0 },		{ "1s500\u00b5s", 1001 },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_windows_than_are_kept),
		cmocka_unit_test(letters_of_any_case),
		cmocka_unit_test(resets_in_odd_forms),
		cmocka_unit_test(durations_of_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
