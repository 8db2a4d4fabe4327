/* SPDX-License-Identifier: MIT */
/* The list of values, beside json-c's tree (tests/fuzz/fuzz-jval.c): texts of
 * our own, and every event of the recordings, as it is and damaged. */
#include "unit.h"

#include "base/jval.h"
#include "dialect/sse.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void compare(struct span s)
{
	LLVMFuzzerTestOneInput((const uint8_t *)s.p, s.n);
}

/* --- one after the other --------------------------------------------------- */

static struct {
	struct jdoc d;
	char *text; /* that it was read from; the one before is gone */
	int retold;
} series;

static void same_values(const struct jval *a, const struct jval *b)
{
	assert_int_equal(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++)
		if (a[i].kind != b[i].kind || a[i].count != b[i].count ||
		    a[i].names != b[i].names || !span_eq(a[i].key, b[i].key) ||
		    !span_eq(a[i].text, b[i].text))
			fail_msg("value %u of %.*s", i, SPAN_FMT(b->text));
}

/* Read behind another text it is what it is by itself. */
static void read_next(struct span s)
{
	char *text = malloc(s.n + !s.n), *before = series.text;
	struct err e, alone = { 0 };
	const struct jval *o, *want;
	struct jdoc d;

	memcpy(text, s.p, s.n);
	jdoc_init(&d);
	want = jdoc_read(&d, s, &alone);
	series.d.strings.max = SIZE_MAX; /* reading all of it sets another */
	o = jdoc_read_next(&series.d, (struct span){ text, s.n }, &e);
	free(before);
	series.text = text;
	series.retold += series.d.strings.max == SIZE_MAX;
	if (!o != !want || (!o && e.code != alone.code))
		fail_msg("%s: %.*s", o ? "taken" : "not taken", SPAN_FMT(s));
	if (o)
		same_values(o, want);
	jdoc_release(&d);
}

static void texts_that_are_alike(void **state)
{
	static const char *const texts[] = {
		"{\"a\":\"\",\"b\":[1,\"\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\"\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\"\",{}]}",
		"{\"a\":\"xx\",\"b\":[1,\"\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\"\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\"]\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\",\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\",\",{},\",\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\"\\\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\"\\\\\",{}]}",
		"{\"a\":\"x\",\"b\":[1,\"\n\",{}]}",
		"{\"a\":\"x\",\"b\":[2,\"\n\",{}]}",
		"{\"a\":\"x\",\"c\":[2,\"\n\",{}]}",
		"{\"a\":\"x\",\"c\":[2,\"\xc3\",{}]}",
		"{\"a\":\"x\",\"c\":[2,\"\xc3\xa9\",{}]}",
		"{\"a\":\"x\",\"c\":[2,\"\",\"\",{}]}",
		"{\"a\":\"x\",\"c\":[2,\"\"]}",
		"{\"a\":\"x\",\"c\":[2,\"\"]} ",
		"{\"a\":\"x\",\"c\":[2,\"\"]}}",
		"{\"a\":\"x\",\"a\":\"x\"}",
		"{\"a\":\"x\",\"a\":\"y\"}",
		"{\"a\":\"\\u0061\",\"b\":\"y\"}",
		"{\"a\":\"\\u0061\",\"b\":\"yy\"}",
		"[\"a\"]",
		"[\"b\"]",
		"",
		"\"a\"",
	};
	size_t n = sizeof(texts) / sizeof(texts[0]);

	(void)state;
	series.retold = 0;
	for (size_t i = 0; i < n; i++)
		read_next(span_of(texts[i]));
	assert_int_equal(series.retold, 9);
	for (size_t i = 0; i < n * n; i++) {
		read_next(span_of(texts[i / n]));
		read_next(span_of(texts[i % n]));
	}
}

/* Of up to 1024 bytes, and more. */
static void long_texts_that_are_alike(void **state)
{
	char text[3000];

	(void)state;
	for (int round = 0; round < 2; round++)
		for (int n = 900; n < 1200; n++) {
			snprintf(text, sizeof(text),
				 "{\"id\":\"i\",\"text\":\"%0*d\",\"n\":[%d]}",
				 n, 0, round);
			read_next(span_of(text));
		}
}

/* --- what it takes -------------------------------------------------------- */

static void texts_are_read(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		" [ ] ",
		"null",
		"true",
		"\"\"",
		"0",
		"-0",
		"1.5e-3",
		"[1,[2,[3,{}]],{\"a\":{\"b\":[]}}]",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"a\":null}",
		"{\"a\":null,\"a\":1}",
		"{'a':'b\"c'}",
		"[NaN,Infinity,-Infinity]",
		"\"a\tb\nc\"",
		"\"\\u00e9\\n\\/\"",
		"\"\\ud83d\\ude00\"",
		"\"\\ud83d\"",
		"\"\\ude00x\"",
		"\"\\ud83d\\u0041\"",
		"\"\\ud83dx\"",
		"[1e400,-1e400]",
		"{\"\":1,\"\\u0061\":2,\"a\":3}",
		"[12.0,12.5,-1.5,\"12\"]",
		"{\"n\":9223372036854775807,\"m\":-9223372036854775808}",
		"{\"n\":18446744073709551615}",
		"{\"n\":12.0,\"m\":-3.0}",
		"{\"n\":\"12\",\"m\":\"-12\",\"k\":\"1x\",\"l\":\"\"}",
		"{\"n\":1e15,\"m\":1e16,\"k\":1e300,\"l\":1e-300}",
		/* and what it does not */
		"",
		" ",
		"{",
		"[",
		"[1,]",
		"{\"a\":1,}",
		"{a:1}",
		"[1 2]",
		"{1:2}",
		"\"a",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\'\"",
		"tru",
		"truex",
		"nul",
		"-",
		"+1",
		".5",
		"1e",
		"1e+",
		"0x1",
		"1 2",
		"{}x",
		"]",
		"[}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\" 1}",
		"[,1]",
		"/**/1",
		"[1}",
		"{\"a\":1]",
		"nan",
		"infinity",
		"NULL",
		"True",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		compare(span_of(texts[i]));
}

/* As deep as the tree goes, and no deeper. */
static void depth_is_the_same(void **state)
{
	struct buf b;

	(void)state;
	for (int depth = 120; depth < 135; depth++) {
		buf_init(&b, 1000);
		for (int i = 0; i < depth; i++)
			buf_byte(&b, '[');
		for (int i = 0; i < depth; i++)
			buf_byte(&b, ']');
		compare(buf_get(&b));
		buf_splice(&b, (size_t)depth, 0, SPAN("1"));
		compare(buf_get(&b));
		buf_release(&b);
	}
}

/* Nothing that was read moves while the rest is read, and a second text is not
 * mixed with the first. */
static void strings_stay(void **state)
{
	const struct jval *o;
	struct jdoc d;
	struct err e;
	struct buf b;

	(void)state;
	jdoc_init(&d);
	buf_init(&b, 1u << 20);
	buf_str(&b, "[");
	for (int i = 0; i < 5000; i++) {
		buf_str(&b, i ? ",\"" : "\"");
		buf_int(&b, i);
		buf_str(&b, "\\n\"");
	}
	buf_str(&b, "]");
	for (int round = 0; round < 2; round++) {
		int i = 0;

		o = jdoc_read(&d, buf_get(&b), &e);
		assert_int_equal(jval_length(o), 5000);
		for (const struct jval *v = jval_items(o); v;
		     v = jval_next(o, v), i++) {
			char want[20];

			snprintf(want, sizeof(want), "%d\n", i);
			assert_span(jval_text(v), want);
		}
		o = jdoc_read(&d, SPAN("{\"a\":\"\\u0062\"}"), &e);
		assert_span(jval_str(o, "a"), "b");
	}
	buf_release(&b);
	jdoc_release(&d);
}

static void values_are_counted(void **state)
{
	const struct jval *o;
	struct jdoc d;
	struct err e = { 0 };
	struct buf b;

	(void)state;
	jdoc_init(&d);
	buf_init(&b, 16u << 20);
	buf_str(&b, "[0");
	while (b.n < 10u << 20)
		buf_str(&b, ",0");
	buf_str(&b, "]");
	o = jdoc_read(&d, buf_get(&b), &e);
	assert_null(o);
	assert_int_equal(e.code, ERR_TOO_BIG);
	assert_true(d.cap * sizeof(*d.list) <= JDOC_MAX);
	buf_release(&b);
	jdoc_release(&d);
}

static void getters_take_what_is_not_there(void **state)
{
	const struct jval *o;
	struct jdoc d;
	struct err e;

	(void)state;
	jdoc_init(&d);
	o = jdoc_read(&d, SPAN("{\"a\":[],\"o\":{},\"n\":null,\"s\":\"x\"}"),
		      &e);
	assert_null(jval_get(NULL, "a"));
	assert_null(jval_get(o, "n"));
	assert_null(jval_get(o, "x"));
	assert_null(jval_get(jval_get(o, "a"), "a"));
	assert_null(jval_items(jval_get(o, "a")));
	assert_null(jval_items(jval_get(o, "o")));
	assert_null(jval_members(jval_get(o, "a")));
	assert_null(jval_items(NULL));
	assert_null(jval_at(jval_get(o, "a"), 0));
	assert_span(jval_str(o, "a"), "");
	assert_int_equal(jval_length(o), 0);
	jdoc_release(&d);
}

/* What another value than a string says. */
static void said_is_json(void **state)
{
	struct arena a;
	struct jdoc d;
	struct err e;
	const struct jval *o;

	(void)state;
	arena_init(&a);
	jdoc_init(&d);
	o = jdoc_read(&d,
		      SPAN("[ {\"a\" : [ 1.50 , true,null,NaN ],\"\\u0062\\n\" "
			   ":\"\\u00e9\\/\\\"\"}, \"text\", {} ]"),
		      &e);
	assert_span(jval_said(&a, jval_at(o, 0)),
		    "{\"a\":[1.50,true,null,NaN],\"\\u0062\\n\":"
		    "\"\\u00e9\\/\\\"\"}");
	assert_span(jval_said(&a, jval_at(o, 1)), "text");
	assert_span(jval_said(&a, jval_at(o, 2)), "{}");
	assert_span(jval_said(&a, NULL), "");
	jdoc_release(&d);
	arena_release(&a);
}

/* --- the recordings ------------------------------------------------------- */

static unsigned rolled;

static unsigned roll(unsigned below)
{
	rolled = rolled * 1664525u + 1013904223u;
	return (rolled >> 8) % below;
}

/* A byte goes, comes or is another; or a piece stands in another place. */
static void damage(struct buf *b)
{
	static const char marks[] = "{}[]\",:\\0-1.e'untf \n\xc3\x80\xed";
	size_t at = roll((unsigned)b->n);
	char c = marks[roll(sizeof(marks) - 1)];
	char piece[16];
	size_t n;

	switch (roll(4)) {
	case 0:
		buf_splice(b, at, 1, SPAN(""));
		break;
	case 1:
		buf_splice(b, at, 0, (struct span){ &c, 1 });
		break;
	case 2:
		buf_splice(b, at, 1, (struct span){ &c, 1 });
		break;
	case 3:
		n = b->n - at < sizeof(piece) ? b->n - at : sizeof(piece);
		memcpy(piece, b->p + at, n);
		buf_splice(b, roll((unsigned)b->n), 0,
			   (struct span){ piece, n });
		break;
	}
}

#define DAMAGED 20 /* times each */

static int compare_event(void *arg, struct span name, struct span data,
			 struct err *e)
{
	struct buf b;

	(void)name;
	(void)e;
	++*(int *)arg;
	compare(data);
	read_next(data);
	for (int i = 0; i < DAMAGED && data.n && data.n < 20000; i++) {
		buf_init(&b, 2 * data.n + 1000);
		buf_span(&b, data);
		for (unsigned k = roll(3) + 1; k && b.n; k--)
			damage(&b);
		compare(buf_get(&b));
		read_next(data);
		read_next(buf_get(&b));
		buf_release(&b);
	}
	return 0;
}

static void compare_file(const char *path, int *events)
{
	bool whole = strstr(path, ".json") != NULL;
	static char text[4u << 20];
	FILE *f = fopen(path, "r");
	struct err e;
	struct sse s;
	size_t n;

	if (!f)
		return;
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	if (whole) {
		compare_event(events, SPAN(""), (struct span){ text, n }, &e);
		return;
	}
	sse_init(&s, compare_event, events);
	sse_feed(&s, (struct span){ text, n }, &e);
	sse_end(&s, &e);
	sse_release(&s);
}

static void compare_folder(const char *path, int *events)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	char name[1024];

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		compare_file(name, events);
	}
	if (d)
		closedir(d);
}

static void events_are_the_same(void **state)
{
	const char *src = getenv("srcdir");
	char path[900];
	int events = 0;

	(void)state;
	src = src ? src : ".";
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/events", src);
	compare_folder(path, &events);
	assert_true(events > 20);
	snprintf(path, sizeof(path), "%s/tests/golden/data", src);
	compare_folder(path, &events);
	snprintf(path, sizeof(path), "%s/../shared/fixtures", src);
	compare_folder(path, &events);
	print_message("# %d events, each damaged %d times; of %d only a string "
		      "was another\n",
		      events, DAMAGED, series.retold);
	assert_true(series.retold > events);
	jdoc_release(&series.d);
	free(series.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_alike),
		cmocka_unit_test(long_texts_that_are_alike),
		cmocka_unit_test(texts_are_read),
		cmocka_unit_test(depth_is_the_same),
		cmocka_unit_test(strings_stay),
		cmocka_unit_test(values_are_counted),
		cmocka_unit_test(getters_take_what_is_not_there),
		cmocka_unit_test(said_is_json),
		cmocka_unit_test(events_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
