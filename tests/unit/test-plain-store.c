/* SPDX-License-Identifier: MIT */
/* A build without hiredis: what is said of a store other than files. */
#include "unit.h"

#undef HAVE_HIREDIS
#include "../../common/state/shared-choose.c"

static int choose(const char *store, struct err *e)
{
	struct settings s;
	int rc;

	memset(e, 0, sizeof(*e));
	settings_init(&s);
	free(s.store);
	s.store = xstrdup(store);
	rc = shared_choose("/nowhere", &s, e);
	settings_release(&s);
	return rc;
}

static void files_need_nothing(void **state)
{
	struct shared_state s;
	struct err e;

	(void)state;
	assert_int_equal(choose("", &e), 0);
	shared_look(&s);
	assert_false(s.remote);
	assert_int_equal(shared_ask(&e), 0);
}

static void another_is_refused_with_the_package(void **state)
{
	static const char *const stores[] = {
		"redis://10.0.0.5:6379/0",
		"unix:/run/redis.sock",
		"redis+sentinel://10.0.0.5:26379/shop",
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(choose(stores[i], &e), -1);
		assert_int_equal(e.code, ERR_CONFIG);
		assert_non_null(strstr(e.msg, "libhiredis-dev"));
	}
	assert_int_equal(choose("redis://", &e), -1);
	assert_null(strstr(e.msg, "libhiredis-dev"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_need_nothing),
		cmocka_unit_test(another_is_refused_with_the_package),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
