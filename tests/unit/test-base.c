/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/aead.h"
#include "base/arena.h"
#include "base/cores.h"
#include "base/digest.h"
#include "base/glob.h"
#include "base/host.h"
#include "base/json.h"
#include "base/jw.h"
#include "base/mask.h"
#include "base/nearest.h"
#include "base/utf8.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>

static void buf_keeps_its_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_str(&b, "abc");
	buf_str(&b, "def"); /* dropped whole */
	assert_true(b.full);
	assert_span(buf_get(&b), "abc");
	buf_reset(&b);
	buf_fmt(&b, "%d-%d", 12, 34);
	assert_false(b.full);
	assert_string_equal(buf_cstr(&b), "12-34");
	buf_byte(&b, 'x');
	assert_true(b.full);
	buf_release(&b);
}

static void splice(const char *text, size_t at, size_t del, const char *ins,
		   const char *want)
{
	struct buf b;

	buf_init(&b, 100);
	buf_str(&b, text);
	buf_splice(&b, at, del, span_of(ins));
	assert_span(buf_get(&b), want);
	buf_release(&b);
}

static void buf_writes_numbers(void **state)
{
	struct buf ours, libs;
	uint64_t bits = 0;

	(void)state;
	buf_init(&ours, 100);
	buf_init(&libs, 100);
	for (int i = 0; i < 20000; i++) {
		/* Both ends of the range, then every length and sign. */
		int64_t v = i == 0 ? INT64_MIN
			  : i == 1 ? INT64_MAX
				   : (int64_t)bits >> i % 64;

		buf_reset(&ours);
		buf_reset(&libs);
		buf_int(&ours, v);
		buf_fmt(&libs, "%" PRId64, v);
		assert_string_equal(buf_cstr(&ours), buf_cstr(&libs));
		bits = bits * 6364136223846793005u + 1442695040888963407u;
	}
	buf_release(&ours);
	buf_release(&libs);
}

/* As snprintf with "%.*s" would, also of what has a NUL in it, or nothing. */
static void spans_as_text(void **state)
{
	static const struct span spans[] = {
		SPAN_INIT(""),
		SPAN_INIT("a"),
		SPAN_INIT("seven b"),
		SPAN_INIT("eight by"),
		SPAN_INIT("more than fits"),
		SPAN_INIT("a\0b"),
		{ NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		for (size_t size = 1; size <= 8; size++) {
			char want[9] = "########", got[9] = "########";

			snprintf(want, size, "%.*s", (int)spans[i].n,
				 spans[i].p ? spans[i].p : "");
			span_text(got, size, spans[i]);
			assert_string_equal(got, want);
			assert_int_equal(got[size], '#' * (size < 8));
		}
}

static void buf_splices(void **state)
{
	(void)state;
	splice("abcdef", 2, 2, "XYZW", "abXYZWef");
	splice("abcdef", 2, 3, "", "abf");
	splice("abcdef", 0, 0, "<", "<abcdef");
	splice("abcdef", 6, 0, ">", "abcdef>");
	splice("abcdef", 0, 6, "q", "q");
}

static void arena_gives_zeroed_memory_again(void **state)
{
	struct arena a;
	char *p;

	(void)state;
	arena_init(&a);
	for (int round = 0; round < 3; round++) {
		p = arena_take(&a, 10000);
		for (int i = 0; i < 10000; i++)
			assert_int_equal(p[i], 0);
		memset(p, 'x', 10000);
		assert_string_equal(arena_fmt(&a, "%s-%d", "n", 7), "n-7");
		assert_string_equal(arena_str(&a, SPAN("ab")), "ab");
		arena_reset(&a);
	}
	arena_release(&a);
}

/* What is told at once is what fnmatch says. */
static void globs_match_as_fnmatch_does(void **state)
{
	static const char *const patterns[] = {
		"*opus-5*", "gpt-?",  "*",     "",      "a",        "*[0-9]*",
		"*glm-[4-9]*", "[]a]b", "a\\*b", "\\a", "[!a-c]x*", "A*b",
		"*@*", "*~*", "é*", "[a",
	};
	static const char *const names[] = {
		"claude-opus-5", "gpt-4", "GPT-4", "", "a", "b", "m9", "glm-4",
		"]b", "ab", "a*b", "axb", "dx", "ax", "AXB", "x@y", "x`y", "x~",
		"x^", "élan", "[a",
	};
	struct json_object *list = json_object_new_array();

	(void)state;
	json_object_array_add(list, NULL);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct globs g;

		json_object_array_put_idx(list, 0,
					  json_object_new_string(patterns[i]));
		globs_read(&g, list);
		for (size_t k = 0; k < 2 * sizeof(names) / sizeof(names[0]);
		     k++) {
			int flags = k % 2 ? FNM_CASEFOLD : 0;
			const char *name = names[k / 2];

			assert_int_equal(
				globs_match(&g, glob_name(name), flags),
				fnmatch(patterns[i], name, flags) == 0);
		}
		globs_release(&g);
	}
	json_object_put(list);
}

static void check_double(double v)
{
	struct buf b;
	struct jw w = jw_to(&b);
	char *end;

	buf_init(&b, 100);
	jw_double(&w, v);
	if (strtod(buf_cstr(&b), &end) != v || *end)
		fail_msg("%.17g is written as %s", v, buf_cstr(&b));
	buf_release(&b);
}

/* So that it is read as the same number. */
static void jw_writes_doubles(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 0, "0" },       { 0.25, "0.25" },         { 1, "1" },
		{ 0.1, "0.1" },   { 0.000001, "0.000001" }, { 12.5, "12.5" },
		{ 3.07, "3.07" }, { 999999.5, "999999.5" }, { -0.5, "-0.5" },
	};
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b;
		struct jw w = jw_to(&b);

		buf_init(&b, 100);
		jw_double(&w, rows[i].v);
		assert_span(buf_get(&b), rows[i].text);
		buf_release(&b);
	}
	for (int i = 0; i < 20000; i++) {
		double v;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		v = (double)(seed >> 20) / 1e6;
		check_double(v);
		check_double(v / 1e7);
		check_double((double)(seed >> 40) / 1e6);
		check_double((double)(seed >> 44) / 1e5);
		check_double(-v);
		check_double(1 / (v + 1));
	}
}

/* What one text leaves unfinished is not in the next one. */
static void texts_are_read_apart(void **state)
{
	static const char *const broken[] = {
		"[\"\\ud83d\\u", "[\"\\ud83d\\ud83d\\", "{\"a", "[1.", "[-", "[nul",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct err e;
		struct json_object *o = json_read(span_of(broken[i]), &e);

		assert_null(o);
		o = json_read(SPAN("[\"\\ude00\",12,{\"b\":null}]"), &e);
		assert_non_null(o);
		assert_string_equal(json_object_to_json_string_ext(
					    o, JSON_C_TO_STRING_PLAIN),
				    "[\"\xef\xbf\xbd\",12,{\"b\":null}]");
		json_object_put(o);
	}
}

static void jw_writes_nested_values(void **state)
{
	struct buf b;
	struct jw w = jw_to(&b);

	(void)state;
	buf_init(&b, 1000);
	jw_obj(&w);
	jw_kint(&w, "a", INT64_MIN);
	jw_key(&w, "b");
	jw_arr(&w);
	jw_obj(&w);
	jw_obj_end(&w);
	jw_raw(&w, SPAN("true"));
	jw_null(&w);
	jw_arr_end(&w);
	jw_kcstr(&w, "c", NULL);
	jw_obj_end(&w);
	assert_span(buf_get(&b), "{\"a\":-9223372036854775808,"
				 "\"b\":[{},true,null],\"c\":null}");
	buf_release(&b);
}

static void jw_makes_valid_text_of_any_bytes(void **state)
{
	struct buf b;
	struct jw w = jw_to(&b);
	struct err e;
	struct json_object *o;
	char all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buf_init(&b, 10000);
	jw_obj(&w);
	jw_kstr(&w, "all", (struct span){ all, sizeof(all) });
	jw_kstr(&w, "cut", SPAN("\xe2\x82"));
	jw_kstr(&w, "none", (struct span){ 0 });
	jw_kstr(&w, "good", SPAN("\xf0\x9f\x98\x80\xc3\xa9"));
	jw_name(&w, SPAN("a \"key\"\n\\"));
	jw_int(&w, 7);
	jw_name(&w, (struct span){ all, sizeof(all) });
	jw_null(&w);
	jw_obj_end(&w);
	o = json_read(buf_get(&b), &e);
	assert_non_null(o);
	assert_int_equal(json_int(o, "a \"key\"\n\\", 0), 7);
	assert_string_equal(json_cstr(o, "good"), "\xf0\x9f\x98\x80\xc3\xa9");
	assert_null(memchr(b.p, '\n', b.n));
	json_object_put(o);
	buf_release(&b);
}

static bool utf8_valid(const char *s)
{
	struct utf8 u = { 0 };

	for (; *s; s++)
		if (!utf8_take(&u, (unsigned char)*s))
			return false;
	return u.left == 0;
}

static void utf8_follows_the_rfc(void **state)
{
	(void)state;
	assert_true(utf8_valid("a\xc2\x80\xe0\xa0\x80\xf4\x8f\xbf\xbf"));
	assert_false(utf8_valid("\xc0\x80")); /* overlong */
	assert_false(utf8_valid("\xe0\x9f\xbf"));
	assert_false(utf8_valid("\xed\xa0\x80"));     /* surrogate */
	assert_false(utf8_valid("\xf4\x90\x80\x80")); /* beyond Unicode */
	assert_false(utf8_valid("\xf5\x80\x80\x80"));
	assert_false(utf8_valid("\x80"));
	assert_false(utf8_valid("\xe2\x82")); /* cut */
}

/* Of what begins at each place of a word, and ends there. */
static void utf8_plain_ends_at_the_first_odd_byte(void **state)
{
	static const unsigned char odd[] = { 0,    1,    0x1f, '"',
					     '\\', 0x80, 0xbf, 0xff };
	char mem[200];

	(void)state;
	for (size_t n = 0; n < sizeof(mem); n++) {
		char *text = malloc(n + 1); /* its end is known to ASan */

		memset(text, 0x7f, n);
		assert_int_equal(utf8_plain((struct span){ text, n }), n);
		for (size_t at = 0; at < n; at++) {
			size_t next = at + 1 + n % 9;

			text[at] = (char)odd[(n + at) % sizeof(odd)];
			if (next < n)
				text[next] = '"';
			assert_int_equal(utf8_plain((struct span){ text, n }),
					 at);
			text[at] = ' ';
			if (next < n)
				text[next] = ' ';
		}
		free(text);
	}
}

static void utf8_chars_counts_beginnings(void **state)
{
	char text[300];
	size_t want = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		assert_int_equal(utf8_chars((struct span){ text, n }), want);
		text[n] = "\xf0\x9f\x98\x80 a\xc3\xa9\x7f"[n % 9];
		want += (text[n] & 0xc0) != 0x80;
	}
}

/* More than a vector can count. */
static void utf8_chars_counts_long_texts(void **state)
{
	static const size_t sizes[] = { 2047, 2048, 4080, 4081, 9000 };
	static char text[9000];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(utf8_chars((struct span){ text, sizes[i] }),
				 sizes[i]);
}

/* By the Unicode tables, not by ours: what a terminal obeys, what moves or
 * hides other characters. */
static bool is_harmful(unsigned c)
{
	static const unsigned marks[] = {
		0x061c, 0x200b,  0x200c,  0x200d,  0x200e, 0x200f,
		0x2028, 0x2029,  0x202a,  0x202b,  0x202c, 0x202d,
		0x202e, 0x2060,  0x2066,  0x2067,  0x2068, 0x2069,
		0xfeff, 0xe0001, 0xe0020, 0xe007f,
	};

	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return true;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (c == marks[i])
			return true;
	return false;
}

static void assert_clean(const char *p, size_t n)
{
	struct utf8 u = { 0 };

	for (size_t i = 0; i < n; i++) {
		assert_true(utf8_take(&u, (unsigned char)p[i]));
		assert_false((unsigned char)p[i] < 0x20 || p[i] == 0x7f);
		assert_false(i && (unsigned char)p[i - 1] == 0xc2 &&
			     (unsigned char)p[i] < 0xa0);
	}
	assert_int_equal(u.left, 0);
}

/* "ab", the character, "cd", cut at every byte: it goes, or stands whole. */
static void clean_at_every_cut(unsigned c)
{
	char text[16] = "ab", got[16];
	size_t len = utf8_put((unsigned char *)text + 2, c);

	memcpy(text + 2 + len, "cd", 2);
	for (size_t cut = 0; cut <= 4 + len; cut++) {
		size_t n;

		memcpy(got, text, sizeof(got));
		n = utf8_clean(got, cut);
		assert_clean(got, n);
		if (cut < 2 || cut >= 2 + len)
			assert_int_equal(
				n,
				cut - (is_harmful(c) && cut > 2 ? len - 1 : 0));
		else
			assert_int_equal(n, 2);
		if (is_harmful(c))
			assert_null(memmem(got, n, text + 2, len));
		else if (cut >= 2 + len)
			assert_memory_equal(got, text, cut);
		assert_true(utf8_fit((struct span){ text, 4 + len }, cut).n ==
			    (cut > 2 && cut < 2 + len ? 2 : cut));
	}
}

static void utf8_clean_knows_every_character(void **state)
{
	static const unsigned more[] = { 0xfeff,  0xe0001, 0xe0020,  0xe007f,
					 0x1f600, 0xe0100, 0x10ffff, 0x4e2d };

	(void)state;
	for (unsigned c = 0; c < 0x3000; c++) {
		/* Of these it may be the one or the other. */
		if (c != 0xad && c != 0x180e && (c < 0x2061 || c > 0x2065) &&
		    (c < 0x206a || c > 0x206f))
			clean_at_every_cut(c);
	}
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		clean_at_every_cut(more[i]);
}

static void cleaned(const char *text, const char *want)
{
	char mem[64];

	snprintf(mem, sizeof(mem), "%s", text);
	utf8_clean_str(mem);
	assert_string_equal(mem, want);
}

static void utf8_clean_takes_any_bytes(void **state)
{
	char all[256];
	size_t n;

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	n = utf8_clean(all, sizeof(all));
	assert_clean(all, n);
	cleaned("a\x1b[31mb\r\nc", "a [31mb  c");
	cleaned("a\x9b"
		"31m\xff\xc0\x80z",
		"a?31m???z");
	cleaned("\xc2\x9b"
		"31m",
		" 31m");
	cleaned("\xed\xa0\x80", "???"); /* a surrogate */
	cleaned("caf\xc3", "caf");
	cleaned("caf\xc3: more", "caf?: more");
	cleaned("caf\xc3\xa9", "caf\xc3\xa9");
	assert_int_equal(utf8_fit(SPAN("\x80\x80\x80\x80\x80"), 4).n, 4);
}

static void escape_keeps(unsigned c, struct buf *in, struct buf *out)
{
	unsigned char text[4];
	size_t n = utf8_put(text, c);
	struct jw w = jw_to(in);
	struct json_object *o;
	struct err e;

	buf_reset(in);
	buf_reset(out);
	jw_arr(&w);
	jw_str(&w, (struct span){ (char *)text, n });
	jw_arr_end(&w);
	utf8_escape_json(out, buf_get(in));
	assert_clean(out->p, out->n);
	o = json_read(buf_get(out), &e);
	assert_non_null(o);
	assert_int_equal(json_span(json_at(o, 0)).n, n);
	assert_memory_equal(json_span(json_at(o, 0)).p, text, n);
	if (is_harmful(c))
		assert_null(memmem(out->p, out->n, text, n));
	json_object_put(o);
}

static void utf8_escape_keeps_the_meaning(void **state)
{
	struct buf in, out;

	(void)state;
	buf_init(&in, 100);
	buf_init(&out, 1000);
	for (unsigned c = 0; c < 0x3000; c++)
		escape_keeps(c, &in, &out);
	for (unsigned c = 0xfe00; c < 0x10000; c++)
		escape_keeps(c, &in, &out);
	for (unsigned c = 0xe0000; c < 0xe0100; c++)
		escape_keeps(c, &in, &out);
	buf_reset(&out);
	utf8_escape_json(&out, SPAN("{\n\t\"a\": \"\xff\"\r\n}"));
	assert_span(buf_get(&out), "{\n\t\"a\": \"\\ufffd\"\r\n}");
	buf_release(&in);
	buf_release(&out);
}

/* Whatever a format cuts off, and wherever. */
static void errors_are_clean_text(void **state)
{
	char text[2000];
	struct err e;

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'a', shift);
		for (size_t i = shift; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x98\x80", 5);
		err_set(&e, ERR_UPSTREAM, "%s", text);
		assert_clean(e.msg, strlen(e.msg));
		err_set(&e, ERR_UPSTREAM, "%.200s: more", text);
		assert_clean(e.msg, strlen(e.msg));
		err_add(&e, text);
		assert_clean(e.msg, strlen(e.msg));
	}
	err_set(&e, ERR_UPSTREAM, "%s", "a\x1b[2J\xe2\x80\xae\nb");
	assert_string_equal(e.msg, "a [2J? b");
}

static void json_refuses(const char *text)
{
	struct err e = { 0 };

	assert_null(json_read(span_of(text), &e));
	assert_int_equal(e.code, ERR_BAD_REQUEST);
}

static void json_reads_strictly(void **state)
{
	struct err e;
	struct json_object *o;

	(void)state;
	json_refuses("{\"a\":1");
	json_refuses("{\"a\":1} x");
	json_refuses("");
	json_refuses("{\"a\":\"\xff\"}");
	o = json_read(SPAN(" {\"s\":\"x\",\"n\":3,\"t\":true} \n"), &e);
	assert_non_null(o);
	assert_string_equal(json_cstr(o, "s"), "x");
	assert_null(json_cstr(o, "n"));
	assert_int_equal(json_int(o, "n", 7), 3);
	assert_int_equal(json_int(o, "s", 7), 7);
	assert_true(json_flag(o, "t", false));
	json_object_put(o);
}

static void ids_differ(void **state)
{
	char a[32], b[32];

	(void)state;
	digest_random_id(a, sizeof(a), "req_");
	digest_random_id(b, sizeof(b), "req_");
	assert_int_equal(strlen(a), 28);
	assert_memory_equal(a, "req_", 4);
	assert_string_not_equal(a, b);
}

static void secrets_compare(void **state)
{
	(void)state;
	assert_true(digest_same_secret(SPAN("abc"), SPAN("abc")));
	assert_false(digest_same_secret(SPAN("abc"), SPAN("abd")));
	assert_false(digest_same_secret(SPAN("abc"), SPAN("ab")));
	assert_false(digest_same_secret(SPAN(""), SPAN("x")));
}

/* Each way to write the secret is hidden to its end; nothing else changes. */
static void mask_hides_a_secret_however_it_is_written(void **state)
{
	static const struct {
		const char *before, *secret, *after;
	} rows[] = {
		{ "a ", "sk-Key/12345678", " b" },
		{ "", "sk-Key\\/12345678", "" },
		{ "x", "\\u0073k-Key/12345678", "9" },
		{ "x", "\\u0073\\u006B-Key/1234567\\u0038", "\\" },
		{ "", "\\\\u0073k-Key\\\\/12345678", "%" },
		{ "", "%73k-Key%2f12345678", "%7" },
		{ "sk-", "sk-Key/12345678", "sk-Key" },
		{ "Sk-Key/12345678", "", "" },
		{ "sk-Key/1234567", "", "" },
		{ "\\", "", "" },
		{ "\\u007", "", "" },
	};
	struct mask m = { 0 };

	(void)state;
	mask_add(&m, SPAN("sk-Key/12345678"));
	mask_add(&m, SPAN("short"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[100], want[100] = "";
		struct buf b;

		snprintf(text, sizeof(text), "%s%s%s short", rows[i].before,
			 rows[i].secret, rows[i].after);
		strcat(want, rows[i].before);
		memset(want + strlen(want), '*', strlen(rows[i].secret));
		strcat(want, rows[i].after);
		strcat(want, " short");
		buf_init(&b, 100);
		buf_str(&b, text);
		assert_int_equal(mask_finds(&m, buf_get(&b)),
				 *rows[i].secret != '\0');
		mask_buf(&m, &b);
		assert_string_equal(buf_cstr(&b), want);
		buf_release(&b);
	}
}

/* What a message has cut must not be guessed from its beginning. */
static void mask_hides_a_secret_that_is_cut(void **state)
{
	struct mask m = { 0 };
	struct err e;
	char pad[1100];

	(void)state;
	mask_add(&m, SPAN("sk-Key/12345678"));
	for (size_t room = 6; room < 15; room++) {
		memset(pad, 'x', sizeof(pad));
		pad[sizeof(e.msg) - 1 - room] = '\0';
		err_set(&e, ERR_UPSTREAM, "%ssk-Key/12345678", pad);
		mask_err(&m, &e);
		assert_null(strstr(e.msg, "sk-Key"));
		assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	}
}

/* What Host and Origin may hold, and what looks like this machine only. */
static void hosts_are_read_strictly(void **state)
{
	static const struct {
		const char *text;
		bool good, loopback;
		long port;
	} cases[] = {
		{ "localhost", true, true, 0 },
		{ "LocalHost:3456", true, true, 3456 },
		{ "my-app.localhost:1", true, true, 1 },
		{ "127.0.0.1:65535", true, true, 65535 },
		{ "127.255.0.9", true, true, 0 },
		{ "[::1]:80", true, true, 80 },
		{ "[0:0::1]", true, true, 0 },
		{ "[fd00::5]:80", true, false, 80 },
		{ "my_box.example", true, false, 0 },
		/* names like any other, for no resolver is asked */
		{ "0x7f.1", true, false, 0 },
		{ "0x7f000001", true, false, 0 },
		{ "2130706433", true, false, 0 },
		{ "127.1", true, false, 0 },
		{ "127.0.0.01", true, false, 0 },
		{ "1127.0.0.1", true, false, 0 },
		{ "0.0.0.0", true, false, 0 },
		{ "localhost.evil", true, false, 0 },
		{ "evillocalhost", true, false, 0 },
		{ "127.0.0.1.evil", true, false, 0 },
		{ "[::ffff:127.0.0.1]", true, false, 0 },
		/* nobody's host */
		{ "", false, false, 0 },
		{ "localhost.", false, false, 0 },
		{ "127.0.0.1.", false, false, 0 },
		{ ".localhost", false, false, 0 },
		{ "a..localhost", false, false, 0 },
		{ "localhost:", false, false, 0 },
		{ "localhost:0", false, false, 0 },
		{ "localhost:080", false, false, 0 },
		{ "localhost:80x", false, false, 0 },
		{ "localhost:+80", false, false, 0 },
		{ "localhost:65536", false, false, 0 },
		{ "localhost:80:80", false, false, 0 },
		{ "localhost:1@evil", false, false, 0 },
		{ "u@localhost", false, false, 0 },
		{ "localhost/", false, false, 0 },
		{ "localhost#", false, false, 0 },
		{ "localhost\\", false, false, 0 },
		{ " localhost", false, false, 0 },
		{ "local host", false, false, 0 },
		{ "localhost%2e", false, false, 0 },
		{ "localhost,evil", false, false, 0 },
		{ "l\xc3\xb6" "calhost", false, false, 0 },
		{ "::1", false, false, 0 },
		{ "[::1", false, false, 0 },
		{ "[::1]x", false, false, 0 },
		{ "[::1]80", false, false, 0 },
		{ "[::1%25lo]", false, false, 0 },
		{ "[localhost]", false, false, 0 },
		{ "[]", false, false, 0 },
		{ "[", false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span host;
		long port;
		bool good = host_parse(span_of(cases[i].text), &host, &port);

		if (good != cases[i].good ||
		    (good && (host_is_loopback(host) != cases[i].loopback ||
			      port != cases[i].port)))
			fail_msg("%s", cases[i].text);
	}
}

static void origins_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",
		"null",
		"*",
		"localhost",
		"//localhost",
		"://localhost",
		"http:/localhost",
		"http://",
		"http://localhost/",
		"http://localhost?",
		"http://localhost#a",
		"http://u:p@localhost",
		"http://localhost:1@evil",
		"http://localhost:80x",
		"http://[::1",
		"http://127.0.0.1.",
		"http://localhost http://evil",
		"http://http://localhost",
		"1http://localhost",
		"ht tp://localhost",
	};
	struct origin a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (origin_parse(span_of(bad[i]), &a))
			fail_msg("%s", bad[i]);
	assert_true(origin_parse(SPAN("https://App.example"), &a));
	assert_span(a.host, "App.example");
	assert_int_equal(a.port, 443);
	assert_true(origin_is_web(&a));
	assert_true(origin_parse(SPAN("HTTPS://app.EXAMPLE:443"), &b));
	assert_true(origin_same(&a, &b));
	assert_true(origin_parse(SPAN("http://app.example:443"), &b));
	assert_false(origin_same(&a, &b));
	assert_true(origin_parse(SPAN("https://app.example:444"), &b));
	assert_false(origin_same(&a, &b));
	assert_true(origin_parse(SPAN("javascript://localhost"), &b));
	assert_false(origin_is_web(&b));
}

static void the_nearest_word_is_found(void **state)
{
	static const char *const words[] = { "apiKey", "port", "protocol",
					     "idleTimeoutMs", "on", NULL };
	static const char *const cases[][2] = {
		{ "apikey", "apiKey" },
		{ "API_KEY", "apiKey" },
		{ "api-key", "apiKey" },
		{ "apiKye", "apiKey" },
		{ "paiKey", "apiKey" },
		{ "apKey", "apiKey" },
		{ "apiKeyy", "apiKey" },
		{ "prot", "port" },
		{ "prt", "port" },
		{ "protcol", "protocol" },
		{ "protocols", "protocol" },
		{ "idletimeout", "idleTimeoutMs" },
		{ "key", NULL },
		{ "nonsense", NULL },
		{ "x", NULL },
		{ "", NULL },
		{ "__", NULL },
	};
	char long_word[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = nearest(cases[i][0], words);

		if (!got != !cases[i][1] || (got && strcmp(got, cases[i][1])))
			fail_msg("%s: %s", cases[i][0], got ? got : "none");
	}
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_null(nearest(long_word, words));
}

/* Too little of something here is no fault of the program, and goes by. */
static void shortage_is_told_from_faults(void **state)
{
	static const int shortages[] = { EAGAIN, EMFILE, ENFILE, ENOMEM,
					 ENOBUFS };
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(shortages) / sizeof(*shortages); i++) {
		errno = shortages[i];
		assert_int_equal(err_sys(&e, "open", "x"), -1);
		assert_int_equal(err_status(e.code), 429);
		assert_true(err_is_local(e.code));
	}
	errno = EACCES;
	err_sys(&e, "open", "x");
	assert_int_equal(err_status(e.code), 500);
}

/* All of it, since the machine began, is not more than that was, for each. */
static void idle_time_is_told(void **state)
{
	int64_t idle = cores_idle_us();
	double up = 0;
	FILE *f;

	(void)state;
	if (idle < 0) /* the system does not say */
		skip();
	f = fopen("/proc/uptime", "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lf", &up), 1);
	fclose(f);
	assert_true(idle > 0);
	assert_true((double)idle / 1e6 <=
		    up * (double)sysconf(_SC_NPROCESSORS_CONF) + 1);
}

/* No processor idles, and none has two loops but for the last of them. */
static void processors_are_shared(void **state)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	(void)state;
	for (int wanted = 0; wanted <= 64; wanted++) {
		int workers = cores_workers(wanted);
		int loops = cores_loops(wanted);

		assert_true(wanted == 0 || workers == wanted);
		assert_true(loops >= 1 && loops <= CORES_LOOPS_MAX);
		assert_true(loops * workers >= n || loops == CORES_LOOPS_MAX);
		assert_true((loops - 1) * workers < n);
	}
	assert_true(cores_loops(0) * cores_workers(0) >= n);
}

/* Test case 14 of the GCM specification (McGrew and Viega, 2005): key, nonce
 * and text are zero. */
static void aead_opens_a_known_text(void **state)
{
	static const unsigned char key[AEAD_KEY_BYTES];
	static const char sealed[] =
		"\0\0\0\0\0\0\0\0\0\0\0\0"
		"\xce\xa7\x40\x3d\x4d\x60\x6b\x6e"
		"\x07\x4e\xc5\xd3\xba\xf3\x9d\x18"
		"\xd0\xd1\xc8\xa7\x99\x99\x6b\xf0"
		"\x26\x5b\x98\xb5\xd4\x8a\xb9\x19";
	char zero[16] = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_true(aead_open(key, SPAN(""),
			      (struct span){ sealed, sizeof(sealed) - 1 },
			      &out));
	assert_int_equal(out.n, sizeof(zero));
	assert_memory_equal(out.p, zero, sizeof(zero));
	buf_release(&out);
}

static void aead_opens_nothing_else(void **state)
{
	unsigned char key[AEAD_KEY_BYTES], other[AEAD_KEY_BYTES];
	struct buf sealed, out;

	(void)state;
	aead_random_key(key);
	aead_random_key(other);
	buf_init(&sealed, 1000);
	buf_init(&out, 1000);
	assert_true(aead_seal(key, SPAN("name"), SPAN("text"), &sealed));
	assert_true(aead_open(key, SPAN("name"), buf_get(&sealed), &out));
	assert_true(span_is(buf_get(&out), "text"));
	buf_reset(&out);
	assert_false(aead_open(key, SPAN("nama"), buf_get(&sealed), &out));
	assert_false(aead_open(other, SPAN("name"), buf_get(&sealed), &out));
	for (size_t i = 0; i < sealed.n; i++) {
		sealed.p[i] ^= 1;
		assert_false(
			aead_open(key, SPAN("name"), buf_get(&sealed), &out));
		sealed.p[i] ^= 1;
		assert_false(aead_open(key, SPAN("name"),
				       (struct span){ sealed.p, i }, &out));
	}
	assert_int_equal(out.n, 0);
	buf_release(&sealed);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aead_opens_a_known_text),
		cmocka_unit_test(aead_opens_nothing_else),
		cmocka_unit_test(buf_keeps_its_maximum),
		cmocka_unit_test(spans_as_text),
		cmocka_unit_test(buf_splices),
		cmocka_unit_test(buf_writes_numbers),
		cmocka_unit_test(globs_match_as_fnmatch_does),
		cmocka_unit_test(jw_writes_doubles),
		cmocka_unit_test(texts_are_read_apart),
		cmocka_unit_test(arena_gives_zeroed_memory_again),
		cmocka_unit_test(jw_writes_nested_values),
		cmocka_unit_test(jw_makes_valid_text_of_any_bytes),
		cmocka_unit_test(utf8_follows_the_rfc),
		cmocka_unit_test(utf8_plain_ends_at_the_first_odd_byte),
		cmocka_unit_test(utf8_chars_counts_beginnings),
		cmocka_unit_test(utf8_chars_counts_long_texts),
		cmocka_unit_test(utf8_clean_knows_every_character),
		cmocka_unit_test(utf8_clean_takes_any_bytes),
		cmocka_unit_test(utf8_escape_keeps_the_meaning),
		cmocka_unit_test(errors_are_clean_text),
		cmocka_unit_test(json_reads_strictly),
		cmocka_unit_test(mask_hides_a_secret_however_it_is_written),
		cmocka_unit_test(mask_hides_a_secret_that_is_cut),
		cmocka_unit_test(ids_differ),
		cmocka_unit_test(secrets_compare),
		cmocka_unit_test(the_nearest_word_is_found),
		cmocka_unit_test(shortage_is_told_from_faults),
		cmocka_unit_test(idle_time_is_told),
		cmocka_unit_test(processors_are_shared),
		cmocka_unit_test(hosts_are_read_strictly),
		cmocka_unit_test(origins_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
