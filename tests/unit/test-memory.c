/* SPDX-License-Identifier: MIT */
/*
 * What things cost in memory, and what happens when there is none: malloc is
 * ours here, counts what is held and fails when it is told to. Needs glibc's
 * malloc below it.
 */
#include "unit.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/jw.h"
#include "dialect/chat.h"
#include "dialect/reader.h"

#if defined(__GLIBC__) && !defined(SANITIZED)
#include <errno.h>
#include <malloc.h>

#define CHUNK_HEAD 8 /* bytes of glibc's own before each */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static size_t held;     /* bytes */
static long fail_at;    /* this allocation fails, once; 0: none */
static size_t fail_min; /* bytes: smaller ones do not count for it */
static size_t fail_by;  /* all of so many bytes fail; 0: none */
static size_t limit;    /* of what is held; 0: none */

static bool fails(size_t n)
{
	if ((fail_at && n >= fail_min && --fail_at == 0) ||
	    (fail_by && n >= fail_by) || (limit && held + n > limit)) {
		errno = ENOMEM;
		return true;
	}
	return false;
}

static void *counted(void *p)
{
	held += p ? malloc_usable_size(p) + CHUNK_HEAD : 0;
	return p;
}

static void forget(void *p)
{
	held -= p ? malloc_usable_size(p) + CHUNK_HEAD : 0;
}

void *malloc(size_t n)
{
	return fails(n) ? NULL : counted(__libc_malloc(n));
}

void *calloc(size_t count, size_t size)
{
	return fails(count * size) ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *p, size_t n)
{
	void *to;

	if (fails(n))
		return NULL;
	forget(p);
	to = __libc_realloc(p, n);
	counted(to ? to : p);
	return to;
}

void free(void *p)
{
	forget(p);
	__libc_free(p);
}

/* --- what a tree costs --------------------------------------------------- */

static unsigned pick(unsigned n)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void put_string(struct buf *b)
{
	static const char *const pieces[] = {
		"a",     "0123456789", "\\\"", "\\\\", "\\u00e9",
		"{\\\"", "[,:",        "\\n",  "é",    "\\ud83d\\ude00",
	};

	buf_byte(b, '"');
	for (unsigned n = pick(6) * pick(12); n; n--)
		buf_str(b, pieces[pick(10)]);
	buf_byte(b, '"');
}

static void put_value(struct buf *b, int depth)
{
	static const char *const scalars[] = { "0",    "-17",  "1.5e-300",
					       "true", "null", "false" };
	/* Around the sizes at which a table or a list grows. */
	static const unsigned sizes[] = { 0, 1, 2, 3, 11, 12, 23, 33, 44, 90 };
	unsigned kind = pick(depth > 0 ? 8 : 4);
	bool object = kind >= 6;

	if (kind < 2) {
		buf_str(b, scalars[pick(6)]);
	} else if (kind < 4) {
		put_string(b);
	} else {
		buf_byte(b, object ? '{' : '[');
		for (unsigned n = sizes[pick(10)], i = 0; i < n; i++) {
			buf_str(b, i ? ", " : "");
			if (object) /* json-c takes both kinds of quotes */
				buf_fmt(b, pick(9) ? "\"%u\": " : "'\"%u': ",
					pick(1000));
			put_value(b, depth - (int)(1 + pick(2)));
		}
		buf_byte(b, object ? '}' : ']');
	}
}

static size_t measure(struct span text)
{
	struct json_object *o;
	struct err e;
	size_t before, cost;

	json_object_put(json_read(SPAN("{}"), &e)); /* what is kept is there */
	before = held;
	o = json_read(text, &e);
	cost = o ? held - before : 0;
	json_object_put(o);
	return cost;
}

static void a_tree_costs_no_more_than_was_counted(void **state)
{
	size_t counted_all = 0, real_all = 0;
	struct buf b;

	(void)state;
	buf_init(&b, 64u << 20);
	for (int i = 0; i < 400; i++) {
		size_t real, estimate;

		buf_reset(&b);
		put_value(&b, 4);
		real = measure(buf_get(&b));
		estimate = json_cost(buf_get(&b));
		if (estimate < real)
			fail_msg("%zu < %zu: %.2000s", estimate, real,
				 buf_cstr(&b));
		counted_all += estimate;
		real_all += real;
	}
	/* And it is not so far above that honest bodies suffer. */
	assert_true(counted_all < 2 * real_all);
	buf_release(&b);
}

static void repeat(struct buf *b, const char *before, const char *unit,
		   size_t bytes, const char *after)
{
	buf_reset(b);
	buf_str(b, before);
	while (b->n < bytes)
		buf_str(b, unit);
	b->n--; /* the last comma */
	buf_str(b, after);
}

static const char *const hostile[] = {
	"{},",       "[],",       "{\"\":{}},", "[[]],",
	"1,",        "0.5,",      "\"\",",      "{\"a\":\"\"},",
	"null,",     "[{}],",     "{'\"':{}},", "true,",
	"\"\\\\\",", "\"\\\"\",", "[1,1,1],",   "{\"a\":[]},",
};

/* Whatever passes holds no more than the cap; what does not is refused before
 * it costs anything. */
static void what_would_cost_too_much_is_refused(void **state)
{
	struct buf b;
	int refused = 0;

	(void)state;
	buf_init(&b, 64u << 20);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		for (size_t n = 256u << 10; n <= 4u << 20; n *= 4) {
			struct err e = { 0 };
			size_t before = held;
			struct json_object *o;

			repeat(&b, "[", hostile[i], n, "]");
			before = held;
			o = json_read(buf_get(&b), &e);
			assert_true(held - before <= JSON_COST_MAX);
			if (!o) {
				assert_int_equal(e.code, ERR_TOO_BIG);
				assert_int_equal(held, before);
				refused++;
			}
			json_object_put(o);
		}
	}
	assert_true(refused > 10);
	/* The cap is not reached by what is let through uncounted. */
	repeat(&b, "[", "{},", JSON_COST_MAX / JSON_COST_RATIO - 8, "]");
	assert_true(measure(buf_get(&b)) <= JSON_COST_MAX);
	buf_release(&b);
}

static void keys_of_one_object_are_counted(void **state)
{
	struct buf b;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 64u << 20);
	for (unsigned n = 10; n < 100000; n += n / 2) {
		buf_reset(&b);
		for (unsigned i = 0; i < n; i++)
			buf_fmt(&b, "%c\"%u\":null", i ? ',' : '{', i);
		buf_byte(&b, '}');
		assert_true(json_cost(buf_get(&b)) >= measure(buf_get(&b)));
	}
	buf_reset(&b);
	for (unsigned i = 0; i < 1000000; i++)
		buf_fmt(&b, "%c\"%u\":0", i ? ',' : '{', i);
	buf_byte(&b, '}');
	assert_null(json_read(buf_get(&b), &e));
	assert_int_equal(e.code, ERR_TOO_BIG);
	buf_release(&b);
}

static void large_honest_texts_pass(void **state)
{
	struct json_object *o;
	struct err e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 80u << 20);
	/* An image that fills the largest body. */
	buf_str(&b, "{\"data\":\"");
	memset(buf_room(&b, 63u << 20), 'A', 63u << 20);
	buf_took(&b, 63u << 20);
	buf_str(&b, "\"}");
	o = json_read(buf_get(&b), &e);
	assert_non_null(o);
	json_object_put(o);
	/* 5000 turns of 4 KB with a call each; code has many brackets. */
	buf_reset(&b);
	for (int i = 0; i < 5000; i++) {
		buf_fmt(&b,
			"%c{\"role\":\"user\",\"content\":[{\"type\":"
			"\"tool_use\",\"id\":\"toolu_%d\",\"name\":\"Read\","
			"\"input\":{\"path\":\"a\",\"from\":1,\"to\":2}},"
			"{\"type\":\"text\",\"text\":\"",
			i ? ',' : '[', i);
		for (int k = 0; k < 200; k++)
			buf_str(&b, "if (a[i]) { b(c, d); }");
		buf_str(&b, "\"}]}");
	}
	buf_byte(&b, ']');
	o = json_read(buf_get(&b), &e);
	assert_non_null(o);
	json_object_put(o);
	buf_release(&b);
}

static void any_bytes_can_be_counted(void **state)
{
	static const char bytes[] = "{}[]\",:\\a1 \n\0\xff";
	char text[64];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t n = pick(sizeof(text));
		char *exact = xmalloc(n); /* for valgrind */

		for (size_t k = 0; k < n; k++)
			exact[k] = bytes[pick(sizeof(bytes) - 1)];
		assert_true(json_cost((struct span){ exact, n }) <= n * 1000);
		free(exact);
	}
	/* The value at the front ends where it ends. */
	assert_int_equal(json_cost(SPAN("\"a\\\\\" {}{}{}")),
			 json_cost(SPAN("\"a\\\\\"")));
	assert_true(json_cost(SPAN("\"a\\\" {}{}\"")) < json_cost(SPAN("{}")));
}

/* --- when there is none -------------------------------------------------- */

static void a_buf_starves(void **state)
{
	size_t counted_before = memory_in_flight();
	struct err e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 16u << 20);
	buf_str(&b, "kept");
	fail_by = 1u << 20;
	assert_null(buf_room(&b, 2u << 20));
	assert_null(buf_room(&b, 15u << 20));
	fail_by = 0;
	assert_int_equal(memory_in_flight(), counted_before);
	assert_true(b.full && b.starved);
	assert_span(buf_get(&b), "kept");
	assert_int_equal(err_full(&e, &b, ERR_TOO_BIG, "too large"), -1);
	assert_int_equal(e.code, ERR_MEMORY);
	assert_int_equal(err_status(e.code), 503);
	assert_true(err_is_local(e.code));
	buf_reset(&b);
	assert_false(b.full || b.starved);
	assert_null(buf_room(&b, 17u << 20));
	assert_true(b.full && !b.starved);
	err_full(&e, &b, ERR_TOO_BIG, "larger than %d", 16);
	assert_int_equal(e.code, ERR_TOO_BIG);
	assert_string_equal(e.msg, "larger than 16");
	buf_release(&b);
}

static void a_small_allocation_tries_again(void **state)
{
	struct buf b;
	char *p;

	(void)state;
	buf_init(&b, 100);
	fail_at = 1;
	buf_str(&b, "here");
	assert_int_equal(fail_at, 0);
	assert_span(buf_get(&b), "here");
	buf_release(&b);
	fail_at = 1;
	p = xmalloc(10);
	assert_non_null(p);
	free(p);
}

static void an_arena_says_that_it_is_full(void **state)
{
	struct arena a;
	struct span s = { NULL, 1u << 20 };
	char *text = xcalloc(1, s.n);

	(void)state;
	s.p = text;
	arena_init(&a);
	fail_by = 512u << 10;
	assert_string_equal(arena_str(&a, SPAN("small")), "small");
	assert_false(a.full);
	assert_null(arena_try(&a, s.n));
	assert_true(a.full);
	assert_string_equal(arena_str(&a, s), "");
	assert_int_equal(arena_span(&a, s).n, 0);
	assert_string_equal(arena_fmt(&a, "%600000d", 1), "");
	fail_by = 0;
	assert_true(a.full); /* until the next request */
	arena_reset(&a);
	assert_false(a.full);
	assert_int_equal(arena_span(&a, s).n, s.n);
	arena_release(&a);
	free(text);
}

/* However little there is: the whole tree, or an error. */
static void a_tree_is_whole_or_none(void **state)
{
	struct json_object *o;
	struct err e = { 0 };
	struct buf b, want;
	size_t start;
	int missed = 0, whole = 0;

	(void)state;
	buf_init(&b, 1u << 20);
	buf_init(&want, 1u << 20);
	buf_byte(&b, '{');
	for (int i = 0; i < 300; i++)
		buf_fmt(&b, "\"key%d\":[\"%0*d\",{},[],1,true],", i, 4 * i, 0);
	buf_str(&b, "\"last\":1}");
	o = json_read(buf_get(&b), &e);
	assert_non_null(o);
	buf_span(&want, json_text(o));
	json_object_put(o);
	start = held;
	for (size_t more = 1; more < 2u << 20; more += 1000) {
		limit = start + MEMORY_SPARE + more;
		o = json_read(buf_get(&b), &e);
		limit = 0;
		whole += o != NULL;
		missed += !o;
		if (o)
			assert_true(span_eq(json_text(o), buf_get(&want)));
		else
			assert_int_equal(e.code, ERR_MEMORY);
		json_object_put(o);
		assert_int_equal(held, start);
	}
	assert_true(missed > 300 && whole > 300);
	buf_release(&b);
	buf_release(&want);
}

static void a_text_is_whole_or_none(void **state)
{
	struct json_object *o = json_object_new_array();
	size_t n = 0;
	int missed = 0;

	(void)state;
	for (int i = 0; i < 5000; i++)
		json_object_array_add(o, json_object_new_string("text"));
	for (size_t by = 16; by < 64u << 10; by *= 2) {
		struct json_object *copy = NULL;
		struct span text;

		json_object_deep_copy(o, &copy, NULL);
		fail_by = by;
		text = json_text(copy);
		fail_by = 0;
		missed += !text.n;
		if (text.n) {
			assert_true(n == 0 || text.n == n);
			n = text.n;
		}
		json_object_put(copy);
	}
	assert_int_equal(missed, 12);
	assert_int_equal(json_text(o).n, 5000 * strlen("\"text\",") + 1);
	json_object_put(o);
}

/* --- requests and answers ------------------------------------------------ */

/* A few turns with all kinds of parts, again and again. */
static struct json_object *request_body(void)
{
	static const char turns[] =
		"{\"role\":\"user\",\"content\":[{\"type\":\"text\","
		"\"text\":\"one\"},{\"type\":\"text\",\"text\":\"two\"},"
		"{\"type\":\"image\",\"source\":{\"type\":\"base64\","
		"\"media_type\":\"image/png\",\"data\":\"iVBORw==\"}}]},"
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
		"\"id\":\"toolu_%d\",\"name\":\"read.file\","
		"\"input\":{\"a\":1}}]},{\"role\":\"user\",\"content\":["
		"{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_%d\","
		"\"content\":\"done\"}]}";
	struct json_object *o;
	struct err e;
	struct buf b;

	buf_init(&b, 1u << 20);
	buf_str(&b, "{\"model\":\"m\",\"max_tokens\":10,"
		    "\"system\":\"be brief\",\"tools\":[{\"name\":"
		    "\"read.file\",\"description\":\"reads\","
		    "\"input_schema\":{\"type\":\"object\","
		    "\"properties\":{}}}],\"messages\":[");
	for (int i = 0; i < 100; i++) {
		buf_str(&b, i ? "," : "");
		buf_fmt(&b, turns, i, i);
	}
	buf_str(&b, "]}");
	o = json_read(buf_get(&b), &e);
	buf_release(&b);
	assert_non_null(o);
	return o;
}

/* From when the body was read on, the allocation `fail` finds no memory. */
static int translate(enum dialect_id to, long fail, struct buf *out,
		     struct err *e)
{
	struct upstream_model t = { .model = "m" };
	struct json_object *body = request_body();
	struct arena a;
	struct chat c;
	int rc;

	arena_init(&a);
	arena_take(&a, 2 * ARENA_SURE); /* what comes now can fail */
	chat_init(&c, &a);
	fail_min = 1024; /* not what the crypto library takes */
	fail_at = fail;
	rc = dialects[DIALECT_ANTHROPIC].read(&c, body, e);
	if (rc == 0)
		rc = dialects[to].request(&t, &c, out, e);
	fail_min = 0;
	if (rc == 0 && (a.full || out->full))
		rc = err_memory(e);
	chat_release(&c);
	arena_release(&a);
	json_object_put(body);
	return rc;
}

static void a_request_is_whole_or_none(void **state)
{
	struct buf want, got;
	struct err e = { 0 };

	(void)state;
	buf_init(&want, 1u << 20);
	buf_init(&got, 1u << 20);
	for (enum dialect_id to = 0; to < DIALECTS; to++) {
		long n = 0, missed = 0;

		buf_reset(&want);
		assert_int_equal(translate(to, 0, &want, &e), 0);
		do {
			buf_reset(&got);
			if (translate(to, ++n, &got, &e))
				missed++;
			else
				assert_true(
					span_eq(buf_get(&got), buf_get(&want)));
		} while (!fail_at);
		fail_at = 0;
		assert_true(missed > 20);
	}
	buf_release(&want);
	buf_release(&got);
}

static int ignore(void *arg, const struct ev *v, struct err *e)
{
	(void)arg;
	(void)v;
	(void)e;
	return 0;
}

static int read_answer(struct span text, bool whole, struct err *e)
{
	struct reader r;
	struct arena a;
	int rc;

	arena_init(&a);
	reader_init(&r, &dialects[DIALECT_OPENAI], &a, ignore, NULL);
	rc = whole ? reader_whole(&r, text, e)
		   : reader_event(&r, SPAN(""), text, e);
	reader_release(&r);
	arena_release(&a);
	return rc;
}

/* It is the upstream's fault when it is the upstream's text. */
static void an_upstream_that_sends_too_much_is_to_blame(void **state)
{
	struct err e;
	struct buf b;

	(void)state;
	buf_init(&b, 16u << 20);
	for (int whole = 0; whole < 2; whole++) {
		repeat(&b, "{\"choices\":[", "{},", 12u << 20, "]}");
		e = (struct err){ 0 };
		assert_int_equal(read_answer(buf_get(&b), whole, &e), -1);
		assert_int_equal(e.code, ERR_UPSTREAM);
		limit = held + MEMORY_SPARE;
		b.n = 300000;
		assert_int_equal(read_answer(buf_get(&b), whole, &e), -1);
		assert_int_equal(e.code, ERR_MEMORY);
		limit = 0;
	}
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_costs_no_more_than_was_counted),
		cmocka_unit_test(what_would_cost_too_much_is_refused),
		cmocka_unit_test(keys_of_one_object_are_counted),
		cmocka_unit_test(large_honest_texts_pass),
		cmocka_unit_test(any_bytes_can_be_counted),
		cmocka_unit_test(a_buf_starves),
		cmocka_unit_test(a_small_allocation_tries_again),
		cmocka_unit_test(an_arena_says_that_it_is_full),
		cmocka_unit_test(a_tree_is_whole_or_none),
		cmocka_unit_test(a_text_is_whole_or_none),
		cmocka_unit_test(a_request_is_whole_or_none),
		cmocka_unit_test(an_upstream_that_sends_too_much_is_to_blame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	puts("1..0 # SKIP needs glibc's malloc, and no sanitizer in its place");
	return 0;
}
#endif
