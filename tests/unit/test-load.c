/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "fcgi/load.h"

#define EACH_US 100000

/* What the last of `times` measures in a row calls for; `idle` of each span, in
 * percent of a processor. */
struct course {
	struct load load;
	int64_t at, idle;
};

static enum load_call after(struct course *c, int times, int own, int helper,
			    int idle)
{
	enum load_call call = LOAD_AS_IT_IS;

	while (times-- > 0) {
		struct load_measure m = { .own = own, .helper = helper };

		assert_int_equal(call, LOAD_AS_IT_IS);
		m.at = c->at += EACH_US;
		m.idle = idle < 0 ? -1 : (c->idle += EACH_US * idle / 100);
		call = load_judge(&c->load, &m);
	}
	return call;
}

static void a_full_loop_wants_help(void **state)
{
	struct course c = { 0 };

	(void)state;
	assert_int_equal(after(&c, 50, LOAD_FULL - 1, -1, 100), LOAD_AS_IT_IS);
	assert_int_equal(after(&c, LOAD_ROW - 1, LOAD_FULL, -1, 100),
			 LOAD_AS_IT_IS);
	/* A row that is broken begins anew. */
	assert_int_equal(after(&c, 1, LOAD_FULL - 1, -1, 100), LOAD_AS_IT_IS);
	assert_int_equal(after(&c, LOAD_ROW - 1, 100, -1, 100), LOAD_AS_IT_IS);
	assert_int_equal(after(&c, 1, 100, -1, 100), LOAD_HELP);
	/* Where the system does not say what is idle, too. */
	assert_int_equal(after(&c, LOAD_ROW, 100, -1, -1), LOAD_HELP);
}

static void help_takes_a_processor(void **state)
{
	struct course c = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(after(&c, LOAD_ROW, 100, -1, LOAD_SPARE - 1),
				 LOAD_AS_IT_IS);
	assert_int_equal(after(&c, LOAD_ROW, 100, -1, LOAD_SPARE), LOAD_HELP);
}

static void one_is_enough(void **state)
{
	struct course c = { 0 };

	(void)state;
	assert_int_equal(after(&c, 50, 80, LOAD_ENOUGH - 80, 0), LOAD_AS_IT_IS);
	assert_int_equal(after(&c, LOAD_ROW - 1, 60, LOAD_ENOUGH - 61, 0),
			 LOAD_AS_IT_IS);
	assert_int_equal(after(&c, 1, 60, LOAD_ENOUGH - 61, 0), LOAD_ALONE);
	/* What was measured is forgotten. */
	assert_int_equal(after(&c, LOAD_ROW - 1, 0, 0, 0), LOAD_AS_IT_IS);
	load_reset(&c.load);
	assert_int_equal(after(&c, LOAD_ROW - 1, 0, 0, 0), LOAD_AS_IT_IS);
	assert_int_equal(after(&c, 1, 0, 0, 0), LOAD_ALONE);
}

/* To and fro costs more than what it brings. */
static void soon_again_stays_longer(void **state)
{
	struct course c = { 0 };
	int stays = LOAD_ROW;

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(after(&c, LOAD_ROW, 100, -1, 100), LOAD_HELP);
		assert_int_equal(after(&c, stays - 1, 10, 10, 100),
				 LOAD_AS_IT_IS);
		assert_int_equal(after(&c, 1, 10, 10, 100), LOAD_ALONE);
		stays = 2 * stays < LOAD_ROW_MAX ? 2 * stays : LOAD_ROW_MAX;
	}
	assert_int_equal(stays, LOAD_ROW_MAX);
	/* It was alone for long. */
	assert_int_equal(after(&c, LOAD_SOON_US / EACH_US, 10, -1, 100),
			 LOAD_AS_IT_IS);
	assert_int_equal(after(&c, LOAD_ROW, 100, -1, 100), LOAD_HELP);
	assert_int_equal(after(&c, LOAD_ROW, 10, 10, 100), LOAD_ALONE);
}

static void percent(void **state)
{
	(void)state;
	assert_int_equal(load_percent(1, 4), 25);
	assert_int_equal(load_percent(1, 0), 0);
	assert_int_equal(load_percent(INT64_C(90) << 45, INT64_C(100) << 45),
			 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_loop_wants_help),
		cmocka_unit_test(help_takes_a_processor),
		cmocka_unit_test(one_is_enough),
		cmocka_unit_test(soon_again_stays_longer),
		cmocka_unit_test(percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
