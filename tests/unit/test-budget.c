/* SPDX-License-Identifier: MIT */
/* All that requests hold is counted, given back, and bounded together. */
#include "unit.h"

#include "base/arena.h"
#include "base/json.h"

#include <pthread.h>
#include <stdatomic.h>

#define MIB ((size_t)1 << 20)

static size_t start;

static int begin(void **state)
{
	(void)state;
	start = memory_in_flight();
	return 0;
}

/* Whatever a test did. */
static int end(void **state)
{
	(void)state;
	memory_set_budget(0);
	return memory_in_flight() == start ? 0 : -1;
}

static size_t held(void)
{
	return memory_in_flight() - start;
}

static void one_buf_is_refused_for_the_sake_of_others(void **state)
{
	struct buf a, b;
	struct err e;

	(void)state;
	memory_set_budget(8 * MIB);
	buf_init(&a, 64 * MIB);
	buf_init(&b, 64 * MIB);
	assert_non_null(buf_room(&a, 5 * MIB));
	assert_in_range(held(), 5 * MIB, 6 * MIB);
	buf_str(&b, "kept");
	assert_null(buf_room(&b, 5 * MIB));
	assert_true(b.full && b.starved);
	assert_span(buf_get(&b), "kept");
	err_full(&e, &b, ERR_TOO_BIG, "too large");
	assert_int_equal(e.code, ERR_MEMORY);
	/* What is small does not fail. */
	buf_reset(&b);
	assert_non_null(buf_room(&b, BUF_SURE - 100));
	buf_release(&a);
	assert_non_null(buf_room(&b, 5 * MIB));
	assert_false(b.full);
	buf_release(&b);
}

/* Doubling would pass the budget, what is needed does not. */
static void a_buf_takes_what_it_needs(void **state)
{
	struct buf b;

	(void)state;
	memory_set_budget(5 * MIB);
	buf_init(&b, 64 * MIB);
	assert_non_null(buf_room(&b, 3 * MIB));
	buf_took(&b, 3 * MIB);
	assert_non_null(buf_room(&b, MIB));
	buf_took(&b, MIB);
	assert_null(buf_room(&b, 2 * MIB));
	buf_release(&b);
}

/* What was not counted when it was taken is not when it is let go. */
/* An ordinary request is not counted; many small pieces are. */
static void small_pieces_of_an_arena(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	arena_take(&a, 2000);
	assert_int_equal(held(), 0);
	for (int i = 0; i < 1000; i++)
		arena_take(&a, 100);
	assert_in_range(held(), 90 * 1000, 200 * 1000);
	arena_reset(&a);
	assert_int_equal(held(), 0);
	arena_release(&a);
}

static void an_arena_is_bounded(void **state)
{
	struct arena a;
	size_t n = 0;

	(void)state;
	memory_set_budget(2 * MIB);
	arena_init(&a);
	while (arena_try(&a, 10000))
		n += 10000;
	assert_true(a.full);
	assert_in_range(n, MIB, 2 * MIB);
	assert_non_null(arena_take(&a, 100000)); /* ours, and sure */
	arena_reset(&a);
	assert_false(a.full);
	assert_true(held() < 64 * 1024);
	assert_non_null(arena_try(&a, MIB));
	arena_release(&a);
}

static void repeat(struct buf *b, const char *first, const char *unit, size_t n,
		   const char *last)
{
	buf_reset(b);
	buf_str(b, first);
	for (size_t i = 0; i < n; i++)
		buf_str(b, unit);
	buf_str(b, last);
}

static void trees_are_bounded(void **state)
{
	struct json_object *first, *second;
	struct err e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 64 * MIB);
	repeat(&b, "[", "{\"a\":[1]},", 5000, "0]");
	memory_set_budget(12 * MIB);
	first = json_read(buf_get(&b), &e);
	assert_non_null(first);
	assert_true(held() > 5 * MIB);
	second = json_read(buf_get(&b), &e);
	assert_null(second);
	assert_int_equal(e.code, ERR_MEMORY);
	json_object_put(first);
	second = json_read(buf_get(&b), &e);
	assert_non_null(second);
	json_object_put(second);
	buf_release(&b);
}

/* A long text with many brackets in it is not taken for many values. */
static void text_costs_what_it_is(void **state)
{
	struct json_object *o;
	struct err e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 64 * MIB);
	repeat(&b, "{\"code\":\"", "if (a[i]) { b(c, {d: []}); }", 300000,
	       "\"}");
	memory_set_budget(4 * b.n);
	o = json_read(buf_get(&b), &e);
	assert_non_null(o);
	json_object_put(o);
	buf_release(&b);
}

/* Roots of every kind, and what is no JSON: nothing stays behind. */
static void whatever_is_read_is_given_back(void **state)
{
	static const struct {
		const char *first, *unit, *last;
	} texts[] = {
		{ "[", "1,", "1]" },    { "{\"a\":", " ", "1}" },
		{ "\"", "text", "\"" }, { "1", "0", "" },
		{ "1.", "0", "" },      { "", " ", "null" },
		{ "", " ", "true" },    { "[", "1,", "" },
		{ "[", "1,", "]]" },    { "", "}", "" },
		{ "", "[", "" },        { "", "", "" },
		{ "1", " ", "1" },      { "{\"a\":1}", " ", "x" },
	};
	struct json_object *o;
	struct err e;
	struct buf b;
	size_t own;

	(void)state;
	buf_init(&b, 64 * MIB);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct span rest;

		repeat(&b, texts[i].first, texts[i].unit, 100000,
		       texts[i].last);
		own = held();
		json_object_put(json_read(buf_get(&b), &e));
		assert_int_equal(held(), own);
		rest = buf_get(&b);
		o = json_take(&rest, &e);
		/* As text it is still what it was. */
		if (o && json_object_is_type(o, json_type_double))
			assert_true(span_starts(json_text(o), "1.0"));
		json_object_put(o);
		assert_int_equal(held(), own);
	}
	buf_release(&b);
}

static atomic_int refused;

static void *use(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	for (int i = 0; i < 300; i++) {
		struct arena a;
		struct buf b;

		arena_init(&a);
		buf_init(&b, 64 * MIB);
		for (int k = 0; k < 8; k++) {
			size_t n = (size_t)rand_r(&seed) % 300000;

			if (!buf_room(&b, n))
				atomic_fetch_add(&refused, 1);
			else
				buf_took(&b, n);
			if (!arena_try(&a, n))
				atomic_fetch_add(&refused, 1);
		}
		buf_release(&b);
		arena_release(&a);
	}
	return NULL;
}

static void threads_share_it(void **state)
{
	pthread_t threads[4];

	(void)state;
	memory_set_budget(6 * MIB);
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, use, (void *)(i + 1));
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_true(atomic_load(&refused) > 0);
	assert_int_equal(held(), 0);
}

static void what_was_large_is_given_back_once(void **state)
{
	struct buf b;

	(void)state;
	memory_give_back();
	assert_false(memory_was_large());
	buf_init(&b, 64 * MIB);
	buf_room(&b, 8000);
	buf_release(&b);
	assert_false(memory_was_large());
	buf_room(&b, 2 * MIB);
	memory_give_back();
	buf_release(&b);
	assert_true(memory_was_large());
	memory_give_back();
	assert_false(memory_was_large());
}

#define COUNTED(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COUNTED(one_buf_is_refused_for_the_sake_of_others),
		COUNTED(a_buf_takes_what_it_needs),
		COUNTED(an_arena_is_bounded),
		COUNTED(small_pieces_of_an_arena),
		COUNTED(trees_are_bounded),
		COUNTED(text_costs_what_it_is),
		COUNTED(whatever_is_read_is_given_back),
		COUNTED(threads_share_it),
		COUNTED(what_was_large_is_given_back_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
