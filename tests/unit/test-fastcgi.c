/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "fcgi/fastcgi.h"

#include <fastcgi.h>

/* What is told, as text. */
struct told {
	struct buf text, params;
	char last;
};

static void say(struct told *t, char what)
{
	if (t->last != what)
		buf_fmt(&t->text, "%c", what);
	t->last = what;
}

static void on_begin(void *arg, bool keep)
{
	struct told *t = arg;

	buf_reset(&t->params);
	say(t, keep ? 'K' : 'B');
	t->last = 0;
}

static void on_params(void *arg, struct span piece)
{
	struct told *t = arg;

	buf_span(&t->params, piece);
	say(t, piece.n ? 'p' : 'P');
}

static void on_body(void *arg, struct span piece)
{
	struct told *t = arg;

	if (!piece.n) {
		say(t, '.');
		t->last = 0;
		return;
	}
	if (t->last != 's')
		buf_str(&t->text, "s:");
	t->last = 's';
	buf_span(&t->text, piece);
}

static void on_abort(void *arg)
{
	say(arg, 'A');
}

static const struct fastcgi_ops ops = {
	.begin = on_begin,
	.params = on_params,
	.body = on_body,
	.abort = on_abort,
};

static void put(struct buf *b, int type, int id, int padding, struct span s)
{
	const unsigned char head[8] = { 1,
					(unsigned char)type,
					(unsigned char)(id >> 8),
					(unsigned char)id,
					(unsigned char)(s.n >> 8),
					(unsigned char)s.n,
					(unsigned char)padding };

	buf_add(b, head, sizeof(head));
	buf_span(b, s);
	for (int i = 0; i < padding; i++)
		buf_byte(b, 'x');
}

static void put_begin(struct buf *b, int id, int role, int flags)
{
	const char body[8] = { 0, (char)role, (char)flags };

	put(b, FCGI_BEGIN_REQUEST, id, 0, (struct span){ body, 8 });
}

/* A request with a body in two records, as a web server sends it. */
static void put_request(struct buf *b, int id, int flags)
{
	put_begin(b, id, FCGI_RESPONDER, flags);
	put(b, FCGI_PARAMS, id, 3, SPAN("\001\001ab\002\000cd"));
	put(b, FCGI_PARAMS, id, 0, SPAN("\001\004xnope"));
	put(b, FCGI_PARAMS, id, 0, SPAN(""));
	put(b, FCGI_STDIN, id, 1, SPAN("hello "));
	put(b, FCGI_STDIN, id, 0, SPAN("you"));
	put(b, FCGI_STDIN, id, 0, SPAN(""));
}

static void add_var(void *arg, struct span name, const char *value)
{
	buf_fmt(arg, "[%.*s=%s]", SPAN_FMT(name), value);
}

/* Feed in steps, and say what was told; the answer is in `out`. */
static int feed(struct span in, size_t first, size_t step, struct told *t,
		struct buf *out)
{
	struct fastcgi f;
	struct err e = { 0 };
	int rc = 0;

	buf_reset(out);
	buf_reset(&t->text);
	t->last = 0;
	fastcgi_init(&f, &ops, t, out);
	for (size_t at = 0, n = first; in.n > at && rc == 0;
	     at += n, n = step) {
		n = n < in.n - at ? n : in.n - at;
		rc = fastcgi_feed(&f, (struct span){ in.p + at, n }, &e);
	}
	fastcgi_release(&f);
	return rc;
}

static void check_all_splits(struct buf *in, const char *want, struct told *t,
			     struct buf *out)
{
	for (size_t cut = 1; cut <= in->n; cut++) {
		assert_int_equal(feed(buf_get(in), cut, in->n, t, out), 0);
		assert_string_equal(buf_cstr(&t->text), want);
	}
	assert_int_equal(feed(buf_get(in), 1, 1, t, out), 0);
	assert_string_equal(buf_cstr(&t->text), want);
}

static void setup(struct told *t, struct buf *in, struct buf *out)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->text, 1000);
	buf_init(&t->params, 1000);
	buf_init(in, 400000);
	buf_init(out, 400000);
}

static void teardown(struct told *t, struct buf *in, struct buf *out)
{
	buf_release(&t->text);
	buf_release(&t->params);
	buf_release(in);
	buf_release(out);
}

static void a_request(void **state)
{
	struct buf in, out, vars;
	struct told t;

	(void)state;
	setup(&t, &in, &out);
	put_request(&in, 1, 0);
	check_all_splits(&in, "BpPs:hello you.", &t, &out);
	assert_int_equal(out.n, 0);
	buf_init(&vars, 1000);
	assert_int_equal(fastcgi_vars(&t.params, add_var, &vars), 3);
	assert_string_equal(buf_cstr(&vars), "[a=b][cd=][x=nope]");
	buf_release(&vars);
	teardown(&t, &in, &out);
}

/* Names and values of any size; what is cut off is no variable. */
static void variables(void **state)
{
	static const struct {
		struct span in;
		const char *want;
	} rows[] = {
		{ SPAN_INIT(""), "" },
		{ SPAN_INIT("\001"), "" },
		{ SPAN_INIT("\001\001a"), "" },
		{ SPAN_INIT("\000\000"), "[=]" },
		{ SPAN_INIT("\001\200\000\000\002abc"), "[a=bc]" },
		{ SPAN_INIT("\001\377\377\377\377abc"), "" },
		{ SPAN_INIT("\200\000\000\001\001ab\001\001cd\200"),
		  "[a=b][c=d]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf params, out;

		buf_init(&params, 1000);
		buf_init(&out, 1000);
		buf_span(&params, rows[i].in);
		fastcgi_vars(&params, add_var, &out);
		assert_string_equal(buf_cstr(&out), rows[i].want);
		buf_release(&params);
		buf_release(&out);
	}
}

/* Two on one connection, one after the other or at once; one for another
 * role. */
static void several(void **state)
{
	struct buf in, out;
	struct told t;

	(void)state;
	setup(&t, &in, &out);
	put_begin(&in, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	put_begin(&in, 2, FCGI_RESPONDER, 0);
	put(&in, FCGI_PARAMS, 2, 0, SPAN("\001\001zz"));
	put(&in, FCGI_STDIN, 2, 0, SPAN("not mine"));
	put(&in, FCGI_PARAMS, 1, 0, SPAN(""));
	put(&in, FCGI_STDIN, 1, 0, SPAN(""));
	check_all_splits(&in, "KP.", &t, &out);
	assert_int_equal(out.n, 16);
	assert_int_equal(out.p[1], FCGI_END_REQUEST);
	assert_int_equal(out.p[3], 2);
	assert_int_equal(out.p[12], FCGI_CANT_MPX_CONN);

	buf_reset(&in);
	put_begin(&in, 1, FCGI_FILTER, 0);
	put_request(&in, 7, 0);
	check_all_splits(&in, "BpPs:hello you.", &t, &out);
	assert_int_equal(out.p[12], FCGI_UNKNOWN_ROLE);
	teardown(&t, &in, &out);
}

static void leaving(void **state)
{
	struct buf in, out;
	struct told t;

	(void)state;
	setup(&t, &in, &out);
	put_begin(&in, 1, FCGI_RESPONDER, 0);
	put(&in, FCGI_ABORT_REQUEST, 2, 0, SPAN(""));
	put(&in, FCGI_PARAMS, 1, 0, SPAN(""));
	put(&in, FCGI_ABORT_REQUEST, 1, 0, SPAN(""));
	check_all_splits(&in, "BPA", &t, &out);
	teardown(&t, &in, &out);
}

/* What a web server may ask; and what is no FastCGI. */
static void management(void **state)
{
	struct buf in, out;
	struct told t;

	(void)state;
	setup(&t, &in, &out);
	put(&in, FCGI_GET_VALUES, 0, 2,
	    SPAN("\017\000FCGI_MPXS_CONNS\004\000JUNK"));
	put(&in, 99, 0, 0, SPAN("what"));
	check_all_splits(&in, "", &t, &out);
	assert_int_equal(out.n, 8 + 2 + 16 + 16);
	assert_int_equal(out.p[1], FCGI_GET_VALUES_RESULT);
	assert_memory_equal(out.p + 8, "\017\001FCGI_MPXS_CONNS0", 18);
	assert_int_equal(out.p[26 + 1], FCGI_UNKNOWN_TYPE);
	assert_int_equal(out.p[26 + 8], 99);

	buf_reset(&in);
	buf_str(&in, "GET / HTTP/1.1\r\n\r\n");
	assert_int_equal(feed(buf_get(&in), 1, 1, &t, &out), -1);
	buf_reset(&in);
	put(&in, FCGI_BEGIN_REQUEST, 1, 0, SPAN("short"));
	assert_int_equal(feed(buf_get(&in), 1, 1, &t, &out), -1);
	teardown(&t, &in, &out);
}

/* Answers of any size are records that say what they hold. */
static void answers(void **state)
{
	static const size_t sizes[] = { 0, 1, 8, 65534, 65535, 65536, 140000 };
	struct buf out, text, got;
	struct told unused;
	struct fastcgi f;

	(void)state;
	setup(&unused, &text, &out);
	buf_init(&got, 400000);
	for (size_t i = 0; i < 140000; i++)
		buf_byte(&text, (char)(i * 31));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct span all = { text.p, sizes[i] };
		size_t at = 0, records = 0;

		buf_reset(&out);
		buf_reset(&got);
		fastcgi_init(&f, &ops, &unused, &out);
		fastcgi_put(&f, (struct span){ all.p, all.n / 3 });
		fastcgi_put(&f, span_skip(all, all.n / 3));
		fastcgi_put_end(&f);
		while (at + 8 <= out.n) {
			const unsigned char *h = (unsigned char *)out.p + at;
			size_t n = (size_t)h[4] << 8 | h[5];

			assert_true(at + 8 + n <= out.n);
			assert_int_equal(h[0], 1);
			if (h[1] == FCGI_STDOUT)
				buf_add(&got, h + 8, n);
			at += 8 + n + h[6];
			records++;
		}
		assert_int_equal(at, out.n);
		assert_int_equal(records, 2 + (sizes[i] + 65534) / 65535);
		assert_true(span_eq(buf_get(&got), all));
		fastcgi_release(&f);
	}
	buf_release(&got);
	teardown(&unused, &text, &out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request),  cmocka_unit_test(variables),
		cmocka_unit_test(several),    cmocka_unit_test(leaving),
		cmocka_unit_test(management), cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
