/* SPDX-License-Identifier: MIT */
/* What json-plain takes, json-c takes, and makes the same of it. */
#include "unit.h"

#include "base/json-plain.h"
#include "base/json-source.h"
#include "base/json.h"

#include <stdlib.h>

#define ROUNDS 20000

static struct json_object *by_json_c(struct span text, size_t *end)
{
	struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *o;

	json_tokener_set_flags(t, JSON_TOKENER_STRICT |
					  JSON_TOKENER_VALIDATE_UTF8 |
					  JSON_TOKENER_ALLOW_TRAILING_CHARS);
	o = json_tokener_parse_ex(t, text.p, (int)text.n);
	*end = json_tokener_get_parse_end(t);
	json_tokener_free(t);
	return o;
}

/* Of a copy that ends where the text does: false when it is not taken. Blanks
 * behind a value belong to nobody. */
static bool same(struct span text)
{
	char *copy = malloc(text.n ? text.n : 1);
	struct json_object *ours, *theirs;
	struct span in = { copy, text.n };
	size_t end, theirs_end;

	memcpy(copy, text.p, text.n);
	ours = json_plain(in, true, &end);
	if (ours) {
		theirs = by_json_c(in, &theirs_end);
		if (!theirs ||
		    span_trim(span_skip(in, end)).n !=
			    span_trim(span_skip(in, theirs_end)).n ||
		    strcmp(json_object_to_json_string(ours),
			   json_object_to_json_string(theirs)))
			fail_msg("%.*s", SPAN_FMT(text));
		json_object_put(theirs);
	}
	json_object_put(ours);
	free(copy);
	return ours;
}

static const struct span plain[] = {
	SPAN_INIT("{}"),
	SPAN_INIT(" [ ] "),
	SPAN_INIT("{\"a\":1,\"b\":[true,false,null,-1,0,123456789012345678],"
		  "\"c\":{\"d\":\"text\"},\"\":\"\"} and more"),
	SPAN_INIT("[0.5,-0.5,1e5,1E-3,12.50e+2,0.7]"),
	SPAN_INIT("[\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\",\"\\u00e9\\u20ac\\ud83d"
		  "\\ude00\",\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]"),
	SPAN_INIT("{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
		  "\"content\":[{\"type\":\"text\",\"text\":\"a question of "
		  "many words, and of many more of them than thirty-two\"}]}],"
		  "\"max_tokens\":99,\"temperature\":0.7,\"stream\":false}"),
	SPAN_INIT("{\"a\":1,\"b\":2,\"a\":3}"),
	SPAN_INIT("{\"a\":{\"n\":1.5},\"b\":[2],\"a\":{\"m\":[],\"n\":7},"
		  "\"b\":[{\"c\":3},4]}"),
	SPAN_INIT("{\r\n\t\"a\" : [ 1 , 2 ] \n}"),
	SPAN_INIT("[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]"),
};

/* What json-c may judge. */
static const struct span others[] = {
	SPAN_INIT(""),
	SPAN_INIT("1"),
	SPAN_INIT("null"),
	SPAN_INIT("\"a\""),
	SPAN_INIT("["),
	SPAN_INIT("[1"),
	SPAN_INIT("[1.5"),
	SPAN_INIT("[\"a"),
	SPAN_INIT("[\"a\\"),
	SPAN_INIT("[1,]"),
	SPAN_INIT("{\"a\":1,}"),
	SPAN_INIT("{\"a\"}"),
	SPAN_INIT("{'a':1}"),
	SPAN_INIT("[01]"),
	SPAN_INIT("[-0]"),
	SPAN_INIT("[1.]"),
	SPAN_INIT("[.5]"),
	SPAN_INIT("[1e]"),
	SPAN_INIT("[+1]"),
	SPAN_INIT("[NaN]"),
	SPAN_INIT("[Infinity]"),
	SPAN_INIT("[12345678901234567890]"),
	SPAN_INIT("[\"\\ud83d\"]"),
	SPAN_INIT("[\"\\ude00\"]"),
	SPAN_INIT("[\"\\u0000\"]"),
	SPAN_INIT("[\"\\x\"]"),
	SPAN_INIT("[\"\xff\"]"),
	SPAN_INIT("[\"\xc3\"]"),
	SPAN_INIT("[\"\xed\xa0\x80\"]"),
	SPAN_INIT("[\"a\nb\"]"),
	SPAN_INIT("{\"\\u0061\":1}"),
	SPAN_INIT("\f[1]"),
	SPAN_INIT("[True]"),
	SPAN_INIT("[truee]"),
};

static void usual_json_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (!same(plain[i]))
			fail_msg("not taken: %s", plain[i].p);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (same(others[i]))
			fail_msg("taken: %s", others[i].p);
}

static void cut_and_changed_text_is_read_the_same(void **state)
{
	static const char bytes[] = "\"\\{}[]:,0-.eE+u nd8\x80\xc3\xff\t\n";
	unsigned taken = 0, seed = 1;
	char mem[512];

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		for (size_t n = 0; n <= plain[i].n; n++)
			same((struct span){ plain[i].p, n });
	for (int k = 0; k < ROUNDS; k++) {
		struct span s =
			plain[(unsigned)k % (sizeof(plain) / sizeof(plain[0]))];

		memcpy(mem, s.p, s.n);
		for (int i = 0; i < 1 + k % 3; i++) {
			seed = seed * 1103515245u + 12345;
			mem[(seed >> 16) % s.n] =
				bytes[(seed >> 8) % (sizeof(bytes) - 1)];
		}
		taken += same((struct span){ mem, s.n });
	}
	assert_in_range(taken, ROUNDS / 20, ROUNDS);
}

static struct span nested(int depth, char mem[256])
{
	memset(mem, '[', (size_t)depth);
	memset(mem + depth, ']', (size_t)depth);
	return (struct span){ mem, 2 * (size_t)depth };
}

static void depth_has_an_end(void **state)
{
	struct err e;
	char mem[256], key[512];

	(void)state;
	assert_true(same(nested(20, mem)));
	assert_false(same(nested(100, mem)));
	json_object_put(json_read(nested(100, mem), &e));
	snprintf(key, sizeof(key), "{\"%0200d\":1}", 1);
	assert_false(same(span_of(key)));
}

static void stands_the_same(struct json_object *a, struct span of_a,
			    struct json_object *b, struct span of_b);

/* A key that comes twice is there once, and by its last value. */
static void members_stand_the_same(struct json_object *a, struct span of_a,
				   struct json_object *b, struct span of_b)
{
	json_object_object_foreach(a, key, v)
		stands_the_same(v, of_a, json_get(b, key), of_b);
}

static void stands_the_same(struct json_object *a, struct span of_a,
			    struct json_object *b, struct span of_b)
{
	struct span here = json_located(a, of_a);
	bool object = json_object_is_type(a, json_type_object);

	if (!span_eq(here, json_located(b, of_b)))
		fail_msg("%s in %.*s", json_object_to_json_string(a),
			 SPAN_FMT(of_a));
	if (object || json_object_is_type(a, json_type_array))
		assert_true(here.n > 0);
	if (object)
		members_stand_the_same(a, of_a, b, of_b);
	for (size_t i = 0; i < json_length(a); i++)
		stands_the_same(json_at(a, i), of_a, json_at(b, i), of_b);
}

/* What json-plain locates as it reads, json-source does for what json-c has
 * read: -0 is for json-c. */
static void values_are_located_the_same(void **state)
{
	char ours[1024], theirs[1024];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		struct json_object *a, *b;
		struct span value = plain[i];
		size_t end;

		json_object_put(json_plain(value, false, &end));
		value.n = end;
		snprintf(ours, sizeof(ours), "[%.*s, 0]", SPAN_FMT(value));
		snprintf(theirs, sizeof(theirs), "[%.*s, -0]", SPAN_FMT(value));
		a = json_read_located(span_of(ours), &e);
		b = json_read_located(span_of(theirs), &e);
		assert_non_null(a);
		assert_non_null(b);
		assert_string_equal(json_text(json_at(a, 0)).p,
				    json_text(json_at(b, 0)).p);
		stands_the_same(json_at(a, 0), span_of(ours), json_at(b, 0),
				span_of(theirs));
		json_object_put(a);
		json_object_put(b);
	}
}

static void nothing_is_not_located(void **state)
{
	struct span none = { 0 };
	struct err e;

	(void)state;
	assert_null(json_read_located(none, &e));
}

/* What a tree may cost is counted in vectors: here the same bytes of each, more
 * often than a signed one counts. */
static void long_lists_are_counted(void **state)
{
	struct json_object *o;
	struct buf text;
	struct err e;

	(void)state;
	buf_init(&text, 1u << 20);
	buf_byte(&text, '[');
	for (int i = 0; i < 3000; i++)
		buf_str(&text, "\"aaaaaaaaaaaaa\",");
	buf_str(&text, "0]");
	o = json_read(buf_get(&text), &e);
	assert_int_equal(json_length(o), 3001);
	json_object_put(o);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_json_is_taken),
		cmocka_unit_test(cut_and_changed_text_is_read_the_same),
		cmocka_unit_test(depth_has_an_end),
		cmocka_unit_test(values_are_located_the_same),
		cmocka_unit_test(nothing_is_not_located),
		cmocka_unit_test(long_lists_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
