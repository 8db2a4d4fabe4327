/* SPDX-License-Identifier: MIT */
/* Bodies that wait on the disk. */
#include "unit.h"

#include "fcgi/spool.h"

#include "base/memory.h"

static struct spool *made(const char *text)
{
	struct err e = { 0 };
	struct spool *s = spool_new("/tmp", &e);

	assert_non_null(s);
	assert_int_equal(spool_add(s, span_of(text), &e), 0);
	return s;
}

/* All of it, in reads of `step` bytes; what is told to be left must be. */
static void check_read(struct spool *s, size_t step, const char *want)
{
	struct err e = { 0 };
	char out[200];
	size_t n = 0;
	long got;

	assert_int_equal(spool_left(s), strlen(want));
	while ((got = spool_read(s, out + n, step, &e)) > 0) {
		n += (size_t)got;
		assert_true(n <= strlen(want));
		assert_int_equal(spool_left(s), strlen(want) - n);
	}
	assert_int_equal(got, 0);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(out, want, n);
	spool_free(s);
}

static void test_read(void **state)
{
	struct err e = { 0 };

	(void)state;
	for (size_t step = 1; step < 12; step++) {
		struct spool *s = made("one, ");

		assert_int_equal(spool_add(s, SPAN("two"), &e), 0);
		assert_int_equal(spool_left(s), 8);
		check_read(s, step, "one, two");
	}
	assert_int_equal(spool_left(NULL), 0);
	spool_free(NULL);
}

static void test_mark(void **state)
{
	static const struct {
		size_t at, n;
		const char *text, *want;
	} rows[] = {
		{ 0, 1, "XYZ", "XYZbcdef" }, { 0, 3, "", "def" },
		{ 2, 2, "x", "abxef" },	     { 2, 2, "longer", "ablongeref" },
		{ 5, 1, "XY", "abcdeXY" },   { 4, 2, "", "abcd" },
		{ 0, 6, "all", "all" },	     { 3, 0, "-", "abc-def" },
		{ 6, 0, "end", "abcdefend" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t step = 1; step < 12; step++) {
			struct spool *s = made("abcdef");

			/* for a target that was not there */
			spool_mark(s, rows[i].at, rows[i].n, SPAN("another"));
			spool_mark(s, rows[i].at, rows[i].n,
				   span_of(rows[i].text));
			check_read(s, step, rows[i].want);
		}
}

/* Neither one nor all of them take more of the disk; what is freed counts no
 * more. */
static void test_limits(void **state)
{
	enum { MANY = SPOOL_ALL_MAX / SPOOL_MAX };
	char *large = calloc(1, SPOOL_MAX);
	struct spool *s[MANY], *more;
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < MANY; i++) {
		s[i] = made("");
		assert_int_equal(
			spool_add(s[i], (struct span){ large, SPOOL_MAX }, &e),
			0);
	}
	assert_int_equal(spool_add(s[0], SPAN("x"), &e), -1);
	assert_int_equal(e.code, ERR_TOO_BIG);
	more = spool_new("/tmp", &e);
	assert_int_equal(spool_add(more, SPAN("x"), &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	spool_free(more);
	spool_free(s[0]);
	more = made("x");
	check_read(more, 1, "x");
	for (int i = 1; i < MANY; i++)
		spool_free(s[i]);
	free(large);
}

static void test_nowhere(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_null(spool_new("/nowhere/at/all", &e));
	assert_non_null(strstr(e.msg, "put the field model before the file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
