/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/json.h"
#include "dialect/retext.h"

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

static const char body[] =
	"{ \"a\" : 123456789012345678901234567890 ,\"b\":[ -0, 1.50,1e400"
	",\"\\u00e9\\/\" ],\"b\":[ -0 , 1.5 ],\n\"c\":{\"x\":1,\"x\":2,\"y\":"
	"{ } },\"d\":[{\"k\":0.10},{\"k\":-0.0},{\"k\":3}] , \"e\":\"\\t\" }";

static char *rewritten(void (*change)(struct json_object *o))
{
	struct err e = { 0 };
	struct json_object *o = json_read(span_of(body), &e);
	struct buf out;
	char *text;

	assert_non_null(o);
	if (change)
		change(o);
	buf_init(&out, 1 << 16);
	retext(&out, &arena, span_of(body), o);
	assert_false(out.full);
	json_object_put(o);
	text = xstrdup(buf_cstr(&out));
	buf_release(&out);
	return text;
}

static void change_one(struct json_object *o)
{
	json_object_object_add(json_object_array_get_idx(json_get(o, "d"), 1),
			       "k", json_object_new_string("new"));
}

static void add_and_drop(struct json_object *o)
{
	json_object_object_del(o, "c");
	json_object_object_add(o, "f", json_object_new_int(7));
	json_object_array_del_idx(json_get(o, "d"), 0, 1);
	json_object_array_add(json_get(o, "d"), json_object_new_int(9));
	json_object_array_add(json_get(o, "d"), NULL);
}

static void only_what_changed_is_new(void **state)
{
	char *text = rewritten(NULL), want[sizeof(body) + 8];
	ptrdiff_t at;

	(void)state;
	assert_string_equal(text, body);
	free(text);
	text = rewritten(change_one);
	at = strstr(body, "-0.0}") - body;
	snprintf(want, sizeof(want), "%.*s\"new\"%s", (int)at, body,
		 body + at + 4);
	assert_string_equal(text, want);
	free(text);
	text = rewritten(add_and_drop);
	assert_string_equal(
		text, "{\"a\" : 123456789012345678901234567890,\"b\":[ -0, "
		      "1.50,1e400,\"\\u00e9\\/\" ],\"b\":[ -0 , 1.5 ],\"d\":"
		      "[{\"k\":-0.0},{\"k\":3},9,null],\"e\":\"\\t\",\"f\":7}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_changed_is_new),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
