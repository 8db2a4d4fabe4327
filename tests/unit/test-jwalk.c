/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/arena.h"
#include "base/jwalk.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void walks_what_is_there(void **state)
{
	struct span text = SPAN("{ \"a\" : [1 , \"x\\\"]\\\\\" ,{}] ,\"b\":"
				"{\"c\":null}, \"a\":-0.0e+1 }");
	struct jwalk w = jwalk_in(text);

	(void)state;
	assert_true(jwalk_next(&w));
	assert_span(w.key, "a");
	assert_span(w.value, "[1 , \"x\\\"]\\\\\" ,{}]");
	assert_true(jwalk_next(&w));
	assert_span(w.item, "\"b\":{\"c\":null}");
	assert_true(jwalk_next(&w));
	assert_false(jwalk_next(&w));
	assert_span(jwalk_get(text, "a"), "-0.0e+1");
	assert_span(jwalk_get(text, "c"), "");
	assert_span(jwalk_text(&arena, SPAN("\"a\\u00e9\\n\"")), "a\xc3\xa9\n");
	assert_span(jwalk_text(&arena, SPAN("17")), "");
	assert_true(jwalk_is(SPAN("\"x\""), "x"));
	assert_false(jwalk_is(SPAN("x"), "x"));
}

/* Whatever the bytes, nothing behind their end is read (valgrind and ASan see
 * to that), and there is an end. */
static void walks_anything(void **state)
{
	static const char bits[] = "{}[]\",:\\ ax1-";
	char *text;

	(void)state;
	srand(7);
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)rand() % 24;
		struct jwalk w;

		text = xcalloc(1, n + 1);
		for (size_t k = 0; k < n; k++)
			text[k] = bits[(size_t)rand() % (sizeof(bits) - 1)];
		text = realloc(text, n ? n : 1);
		w = jwalk_in((struct span){ text, n });
		for (size_t k = 0; jwalk_next(&w); k++) {
			assert_true(k <= n);
			jwalk_get(w.value, "a");
			jwalk_text(&arena, w.value);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_what_is_there),
		cmocka_unit_test(walks_anything),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
