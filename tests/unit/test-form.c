/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/mask.h"
#include "dialect/form.h"
#include "dialect/peek.h"
#include "dialect/refs.h"
#include "state/shared/objects.h"

#define TYPE "multipart/form-data; boundary=B"
#define PART(head, value) "--B\r\n" head "\r\n\r\n" value "\r\n"
#define FIELD(name, value) \
	PART("Content-Disposition: form-data; name=" name, value)
#define FILE_OF(text) \
	PART("Content-Disposition: form-data; name=\"file\"; filename=\"a\"", \
	     text)
#define END "--B--\r\n"

/* The model, its value where it says, or what is wrong: whole, bytewise and at
 * every split. */
static void feed(const char *type, const char *body, size_t n, size_t cut,
		 size_t step, struct buf *out)
{
	struct err e = { 0 };
	struct form f;
	int rc = form_init(&f, type, &e);

	for (size_t at = 0; rc == 0 && at < n;) {
		size_t end = at < cut ? cut : n;
		size_t k = end - at < step ? end - at : step;
		char *copy = xmalloc(k + 1);

		memcpy(copy, body + at, k);
		rc = form_feed(&f, (struct span){ copy, k }, &e);
		free(copy);
		at += k;
	}
	buf_reset(out);
	if (rc)
		buf_fmt(out, "error: %s", e.msg);
	else if (f.has_model)
		buf_fmt(out, "%s|%.*s", f.model, (int)f.model_len,
			body + f.model_at);
	else
		buf_str(out, "none");
	if (rc == 0 && f.count)
		buf_fmt(out, " n=%ld", f.count);
}

static void check_typed(const char *type, const char *body, const char *want)
{
	size_t n = strlen(body);
	struct buf out;

	buf_init(&out, 10000);
	for (size_t cut = 0; cut <= n; cut++) {
		feed(type, body, n, cut, n, &out);
		assert_span((struct span){ out.p, strlen(want) < out.n
							  ? strlen(want)
							  : out.n },
			    want);
	}
	feed(type, body, n, 0, 1, &out);
	assert_true(span_starts(buf_get(&out), want));
	buf_release(&out);
}

static void check(const char *body, const char *want)
{
	check_typed(TYPE, body, want);
}

static void test_found(void **state)
{
	(void)state;
	check(FIELD("\"model\"", "m-1") FILE_OF("x") END, "m-1|m-1");
	check(FILE_OF("x") FIELD("\"model\"", "m-1") END, "m-1|m-1");
	check("\r\n" FIELD("\"model\"", "m") END " \r\n", "m|m");
	check(FIELD("model", "m") END, "m|m");
	check(FIELD("\"model\"; x=\"; name=y\"", "m") END, "m|m");
	check(FIELD("\"model\"", "") END, "|");
	check(FIELD("\"model\"", "a b\xc3\xa9") END, "a b\xc3\xa9|a b\xc3\xa9");
	check(PART("content-type: text/plain\r\n"
		   "CONTENT-DISPOSITION:form-data ; NAME = \"model\"",
		   "m") END,
	      "m|m");
	check(PART("Content-Transfer-Encoding: 8bit\r\n"
		   "Content-Disposition: form-data; name=model",
		   "m") END,
	      "m|m");
	check(PART("Content-Disposition: form-data;\r\n name=\"model\"", "m")
		      END,
	      "m|m");
	check("--B \t\r\nContent-Disposition: form-data; name=\"model\"\r\n"
	      "\r\nm\r\n--B--",
	      "m|m");
}

static void test_count(void **state)
{
	(void)state;
	check(FIELD("n", "3") FIELD("model", "m") END, "m|m n=3");
	check(FIELD("model", "m") FIELD("\"n\"", "10") END, "m|m n=10");
	check(FIELD("n", "2") FIELD("n", "7") FIELD("n", "1") END, "none n=7");
	check(FIELD("n", "99999999999999999999") END, "none n=1000");
	check(FIELD("n", " 4\r\n--5 ") END, "none n=45");
	check(FIELD("n", "") FIELD("model", "m") END, "m|m");
	/* Some read more of it than its digits. */
	check(FIELD("n", "1e1") END, "none n=11");
	check(FIELD("n", "\xd9\xa1\xd9\xa0") END, "none n=10");
	check(FIELD("n", "+9") FIELD("n", "2") END, "none n=10");
	check(FIELD("N", "3") END, "none n=3");
	check(PART("Content-Disposition: form-data; name=n; filename=a", "9")
		      FIELD("model", "m") END,
	      "m|m");
}

static void test_not_found(void **state)
{
	(void)state;
	check(FIELD("\"models\"", "m") FIELD("\"mode\"", "m") END, "none");
	check(FIELD("\"x\"; a=\"name=model\"", "m") END, "none");
	/* In a file, however it looks. */
	check(FILE_OF("\r\n\r\nname=\"model\"\r\n\r\nm\r\n") END, "none");
	check(FILE_OF("\r\n--C\r\nContent-Disposition: form-data; "
		      "name=\"model\"\r\n\r\nm\r\n--C--") END,
	      "none");
	check(FILE_OF("--B\r\nContent-Disposition: form-data; name=\"model\""
		      "\r\n\r\nm") END,
	      "none");
	check(FIELD("\"model\"; filename=\"f\"", "m") END, "none");
	check(FIELD("\"file\"; filename=f; filename*=UTF-8''f", "m") END,
	      "none");
	check(FIELD("\"file\"; filename=\"C:\\a\"", "m") END, "none");
	/* Not yet whole, or behind the end. */
	check(FILE_OF("x") "--B\r\nContent-Disposition: form-data; "
			   "name=\"model\"\r\n\r\nm",
	      "none");
	check("", "none");
}

/* What is a model for one server and none, or another, for the next. */
static void test_two_ways(void **state)
{
	static const char *const heads[] = {
		"name=\"a\"; name=\"model\"",
		"name=model; NAME=a",
		"name*=utf-8''model",
		"name*0=mo; name*1=del",
		"name=a; name*=utf-8''model",
		"name=model; filename=\"\"",
		"name=n; filename=",
		"name=model; filename*=utf-8''f",
		"name=n; filename=a; filename=\"\"",
		"name=\"x\\\"; name=\"model",
		"name=\"m\\odel\"",
		"x=\"\\\"; name=model; y=\"",
		"name=Model",
		"name=MODEL",
		"name=model\r\nContent-Disposition: form-data; name=a",
		"name=a\r\nx: y\r\ncontent-disposition : form-data",
		"name=model\r\nContent-Transfer-Encoding: base64",
		"name=n\r\ncontent-transfer-encoding:\r\n Quoted-Printable",
		"name=model\n\nm\r\n--B\r\nx: y",
		"name=a\rContent-Disposition: form-data; name=model",
	};
	static const char *const whole[] = {
		"before\r\n" FIELD("model", "m") END,
		FIELD("a", "m") "--B--x",
		FILE_OF("x") END FIELD("model", "m"),
		"x\n" FIELD("model", "a") FIELD("model", "b") END,
	};
	char body[400];

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		snprintf(body, sizeof(body),
			 "--B\r\nContent-Disposition: form-data; %s\r\n\r\n1"
			 "\r\n--B--\r\n",
			 heads[i]);
		check(body, "error: the body is not a valid form: ");
	}
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		check(whole[i], "error: the body is not a valid form: ");
	check_typed("multipart/form-data; boundary=A; boundary=B", "",
		    "error: the content-type");
	check_typed("multipart/form-data; boundary*=utf-8''B", "",
		    "error: the content-type");
	check_typed("multipart/form-data; boundary=\"B\\B\"", "",
		    "error: the content-type");
}

static void test_refused(void **state)
{
	char head[FORM_HEAD_MAX + 100], *body;

	(void)state;
	check(FIELD("\"model\"", "a") FIELD("\"model\"", "b") END,
	      "error: the body is not a valid form: second field");
	check(FIELD("\"model\"", "a\r\nb") END, "error: model must be");
	check("--Bx\r\n", "error: the body is not a valid form");
	check(FILE_OF("x") "--B-x", "error: the body is not a valid form");
	memset(head, 'x', sizeof(head) - 1);
	head[sizeof(head) - 1] = '\0';
	body = xmalloc(sizeof(head) + 10);
	sprintf(body, "--B\r\n%s", head);
	check(body, "error: the body is not a valid form: the header");
	memcpy(head, "model", 5);
	free(body);
	check_typed("multipart/form-data", "", "error: the content-type");
	check_typed("multipart/form-data; boundary=\"\"", "", "error: the");
}

static void test_boundary(void **state)
{
	(void)state;
	check_typed("multipart/form-data; charset=x; boundary=\"B\"",
		    FIELD("\"model\"", "m") END, "m|m");
	check_typed("multipart/form-data; BOUNDARY=B ; x=y",
		    FIELD("\"model\"", "m") END, "m|m");
	/* A delimiter begins in what looked like one. */
	check(FIELD("\"x\"", "\r\n--\r\n-\r\r\r\n--A") FIELD("model", "m") END,
	      "m|m");
	assert_true(form_is("multipart/form-data"));
	assert_true(form_is("Multipart/Form-Data; boundary=x"));
	assert_false(form_is("multipart/form-datax"));
	assert_false(form_is("application/json"));
	assert_false(form_is(NULL));
}

static void ids_of(const char *body, const char *want)
{
	struct refs r = { .body = span_of(body) };
	struct err e = { 0 };
	struct peek_seen seen;
	struct peek k;
	struct buf out;

	peek_init(&k, &seen);
	assert_int_equal(peek_feed(&k, span_of(body), &e), 0);
	buf_init(&out, 1000);
	while (refs_next(&r))
		buf_fmt(&out, "%.*s ", SPAN_FMT(r.id));
	assert_span(buf_get(&out), want);
	if (*want) /* the mark is why anybody looks */
		assert_true(k.marks & MARK_STORED);
	buf_release(&out);
}

static void test_refs(void **state)
{
	(void)state;
	ids_of("{\"previous_response_id\":\"resp_1\"}", "resp_1 ");
	ids_of("{ \"conversation\" : { \"x\":1, \"id\" : \"conv_1\" } }",
	       "conv_1 ");
	ids_of("{\"conversation\":\"conv_2\",\"file_id\":null}", "conv_2 ");
	ids_of("{\"a\":[{\"file_id\":\"file-1\"},{\"b\":{\"file_id\":"
	       "\"file-2\"}}],\"input_file_id\":\"file-3\"}",
	       "file-1 file-2 file-3 ");
	ids_of("{\"file_ids\":[ \"file-1\" , \"file-2\"],\"x\":[\"file-3\"]}",
	       "file-1 file-2 ");
	ids_of("{\"vector_store_ids\":[],\"training_file\":\"file-1\"}",
	       "file-1 ");
	ids_of("{\"x\":\"\\\"file_id\\\":\\\"file-1\\\"\"}", "");
	ids_of("{\"x\":\"file_id\",\"y\":\"file-1\"}", "");
	ids_of("{\"file_id\":7,\"conversation\":{}}", "");
	ids_of("{\"conversation\":{\"x\":\"y\"},\"id\":\"conv_1\"}", "");
	/* One of them counts: it is not told which. */
	ids_of("{\"conversation\":{\"id\":\"conv_1\",\"id\":\"conv_2\"}}",
	       "conv_1 conv_2 ");
	ids_of("{\"conversation\":{\"x\":{\"id\":\"conv_1\"},\"y\":{},"
	       "\"i\\u0064\":\"conv_2\"},\"file_id\":\"file-1\"}",
	       "conv_2 file-1 ");
}

/* Each of very many objects is looked at once. */
static void test_many_refs(void **state)
{
	const size_t n = 400000;
	struct refs r = { 0 };
	struct buf body;

	(void)state;
	buf_init(&body, 64u << 20);
	for (size_t i = 0; i < n; i++)
		buf_str(&body, "{\"conversation\":{},\"file_id\":{\"x\":");
	r.body = buf_get(&body);
	assert_false(refs_next(&r));
	buf_reset(&body);
	for (size_t i = 0; i < n; i++)
		buf_str(&body, "{\"conversation\":{\"x\":1}},");
	r = (struct refs){ .body = buf_get(&body) };
	assert_false(refs_next(&r));
	buf_release(&body);
}

static void test_mask_open(void **state)
{
	struct mask m = { .n = 0 };

	(void)state;
	mask_add(&m, SPAN("secret-0123456789"));
	assert_int_equal(mask_open(&m, SPAN("")), 0);
	assert_int_equal(mask_open(&m, SPAN("nothing\n\n")), 0);
	assert_int_equal(mask_open(&m, SPAN("xx secret-0")), 8);
	assert_int_equal(mask_open(&m, SPAN("xs")), 1);
	assert_int_equal(mask_open(&m, SPAN("x%73ecr")), 6);
	assert_int_equal(mask_open(&m, SPAN("x\\u00")), 4);
	assert_int_equal(mask_open(&m, SPAN("secret-0123456789")), 0);
	assert_int_equal(mask_open(&m, SPAN("secret-x")), 0);
}

/* However many backslashes there are, a text is looked through once. */
static void test_mask_backslashes(void **state)
{
	struct mask m = { .n = 0 };
	struct buf text;

	(void)state;
	mask_add(&m, SPAN("secret-0123456789"));
	buf_init(&text, 4u << 20);
	for (size_t i = 0; i < 2u << 20; i++)
		buf_byte(&text, '\\');
	assert_false(mask_finds(&m, buf_get(&text)));
	buf_str(&text, "secret-\\\\\\\\u0030123456789");
	assert_true(mask_finds(&m, buf_get(&text)));
	mask_buf(&m, &text);
	assert_false(memmem(text.p, text.n, "secret", 6));
	assert_false(memmem(text.p, text.n, "123456789", 9));
	buf_release(&text);
}

static void test_objects(void **state)
{
	struct object_place p;
	const char *home = *state;
	struct err e;
	char id[40];

	assert_int_equal(objects_find(home, SPAN("resp_1"), &p, &e), 1);
	objects_note(home, SPAN("resp_1"), "one", NULL, "");
	objects_note(home, SPAN("file-1"), "two", "second", "");
	objects_note(home, SPAN("other_1"), "two", NULL, "");
	assert_int_equal(objects_find(home, SPAN("resp_1"), &p, &e), 0);
	assert_string_equal(p.backend, "one");
	assert_string_equal(p.account, "");
	assert_int_equal(objects_find(home, SPAN("file-1"), &p, &e), 0);
	assert_string_equal(p.backend, "two");
	assert_string_equal(p.account, "second");
	assert_int_equal(objects_find(home, SPAN("other_1"), &p, &e), 1);
	assert_int_equal(objects_find(home, SPAN("resp_"), &p, &e), 1);
	assert_int_equal(objects_find(home, SPAN("resp_1\""), &p, &e), 1);
	assert_int_equal(objects_find(home, SPAN("resp_11"), &p, &e), 1);
	objects_note(home, SPAN("resp_1"), "three", NULL, "");
	assert_int_equal(objects_find(home, SPAN("resp_1"), &p, &e), 0);
	assert_string_equal(p.backend, "three");
	for (int i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "batch_%d", i);
		objects_note(home, span_of(id), "one", NULL, "");
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "batch_%d", i);
		assert_int_equal(objects_find(home, span_of(id), &p, &e), 0);
	}
	objects_expire(home);
	assert_int_equal(objects_find(home, SPAN("file-1"), &p, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_two_ways),
		cmocka_unit_test(test_boundary),
		cmocka_unit_test(test_refs),
		cmocka_unit_test(test_many_refs),
		cmocka_unit_test(test_mask_open),
		cmocka_unit_test(test_mask_backslashes),
		WITH_HOME(test_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
