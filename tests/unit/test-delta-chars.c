/* SPDX-License-Identifier: MIT */
/* What a stream has said so far, event by event. */
#include "unit.h"

#include "dialect/delta-chars.h"
#include "dialect/dialect.h"

static void characters_of_deltas(void **state)
{
	static const struct {
		enum dialect_id d;
		const char *data;
		size_t n;
	} rows[] = {
		{ DIALECT_ANTHROPIC,
		  "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
		  "{\"type\":\"text_delta\",\"text\":\"Hello\"}}",
		  5 },
		{ DIALECT_ANTHROPIC, "{\"text\": \"a\\n\\\"b\\u00e9\"}", 5 },
		{ DIALECT_ANTHROPIC, "{\"thinking\":\"\xc3\xa9\xe2\x82\xac\"}",
		  2 },
		{ DIALECT_ANTHROPIC, "{\"partial_json\":\"{\\\"a\\\":1}\"}",
		  7 },
		{ DIALECT_ANTHROPIC, "{\"type\":\"ping\"}", 0 },
		{ DIALECT_ANTHROPIC, "{\"signature\":\"abc\"}", 0 },
		{ DIALECT_ANTHROPIC, "{\"text\":\"torn", 4 },
		{ DIALECT_ANTHROPIC, "{\"text\":\"torn\\", 5 },
		{ DIALECT_ANTHROPIC, "{\"text\":\"torn\\u0", 5 },
		{ DIALECT_ANTHROPIC, "{\"text\"", 0 },
		{ DIALECT_OPENAI,
		  "{\"choices\":[{\"delta\":{\"content\":\"ab\","
		  "\"reasoning_content\":\"cde\"}}]}",
		  5 },
		{ DIALECT_OPENAI, "{\"delta\":{\"content\":null}}", 0 },
		{ DIALECT_RESPONSES,
		  "{\"type\":\"response.output_text.delta\",\"delta\":\"abc\"}",
		  3 },
		{ DIALECT_RESPONSES,
		  "{\"type\":\"response.output_text.done\",\"text\":\"abc\"}",
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = delta_chars(rows[i].d, span_of(rows[i].data));

		if (n != rows[i].n)
			fail_msg("%s: %zu", rows[i].data, n);
	}
}

/* Wherever a text ends, and a character of two bytes stands in it. */
static void texts_of_any_length_are_counted(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++)
		for (size_t at = 0; at + 2 <= n; at++) {
			char data[64] = "{\"text\":\"", *text = strchr(data, 0);
			size_t got;

			memset(text, 'a', n);
			memcpy(text + at, "\xc3\xa9", 2);
			strcpy(text + n, "\"}");
			got = delta_chars(DIALECT_ANTHROPIC, span_of(data));
			if (got != n - 1)
				fail_msg("%s: %zu", data, got);
			text[at] = 'a';
			text[at + 1] = '\\';
			if (at + 2 == n)
				continue; /* it would take the quote */
			text[at + 2] = '"';
			got = delta_chars(DIALECT_ANTHROPIC, span_of(data));
			if (got != n - 1)
				fail_msg("%s: %zu", data, got);
		}
}

/* What stands around a text in real streams, and what does in bad ones. */
static const struct {
	enum dialect_id d;
	const char *form; /* #: a number of its own, @: the text */
} frames[] = {
	{ DIALECT_OPENAI,
	  "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
	  "\"@\"},\"finish_reason\":null}]}" },
	{ DIALECT_OPENAI, "{\"delta\":{\"reasoning_content\":\"@\"}}" },
	{ DIALECT_OPENAI,
	  "{\"delta\":{\"content\":\"@\"},\"obfuscation\":\"#\"}" },
	{ DIALECT_OPENAI,
	  "{\"delta\":{\"content\":\"@\",\"reasoning\":\"#\"}}" },
	{ DIALECT_ANTHROPIC,
	  "{\"type\":\"content_block_delta\",\"index\":#,\"delta\":"
	  "{\"type\":\"text_delta\",\"text\":\"@\"}}" },
	{ DIALECT_ANTHROPIC, "{\"delta\":{\"partial_json\":\"@\"}}" },
	{ DIALECT_ANTHROPIC, "{\"text\":\"@" }, /* torn */
	{ DIALECT_RESPONSES,
	  "{\"type\":\"response.output_text.delta\",\"sequence_number\":#,"
	  "\"item_id\":\"m\",\"delta\":\"@\",\"logprobs\":[]}" },
	{ DIALECT_RESPONSES, "{\"delta\":\"@\",\"sequence_number\":#}" },
	{ DIALECT_RESPONSES, "{\"sequence_number\":#,\"text\":\"@\"}" },
	{ DIALECT_OPENAI, "{\"choices\":[{\"delta\":{\"content\":\"@\"},"
			  "\"finish_reason\":\"stop\"}],\"usage\":{\"n\":#}}" },
	{ DIALECT_OPENAI,
	  "{\"error\":{\"message\":\"no\"},\"content\":\"@\"}" },
	{ DIALECT_ANTHROPIC, "{\"type\":\"message_stop\",\"text\":\"@\"}" },
	{ DIALECT_ANTHROPIC, "{\"type\":\"ping\",\"text\":\"@\"}" },
	{ DIALECT_RESPONSES, "{\"type\":\"response.failed\",\"delta\":\"@\"}" },
};

/* Texts that end, or do not, where it seems. */
static const char *const inside[] = {
	"",
	"a",
	"a few words",
	"\\n",
	"\\\"",
	"\\\\",
	"\\\\\\\"",
	"\\u00e9",
	"\xc3\xa9\xe2\x82\xac",
	"\"",
	"\",\"content\":\"more",
	"\",\"text\":\"b",
	"\",\"delta\":\"c",
	"\\",
	"x\\",
	"sequence_number\\\":5",
	"}",
	"\"}",
	"error",
	"\\\"error\\\":{",
	"\",\"usage\":{},\"a\":\"",
	"\\\"finish_reason\\\":\\\"stop",
};

static void put_event(struct buf *out, const char *form, int number,
		      const char *text)
{
	buf_reset(out);
	for (; *form; form++)
		if (*form == '#')
			buf_fmt(out, "%d", number);
		else if (*form == '@')
			buf_str(out, text);
		else
			buf_byte(out, *form);
}

/* Without the word "error", which may be all of a text. */
static unsigned tapped(enum dialect_id d, struct span data)
{
	return dialects[d].tap(SPAN(""), data) & ~(unsigned)TAP_WORD;
}

/* With what it remembers of other events, in any order, as without: the count,
 * and that there is nothing but a text. */
static void frames_change_nothing(void **state)
{
	struct delta_frame f[DIALECTS] = { 0 };
	unsigned learnt[DIALECTS] = { 0 }, alike = 0;
	unsigned seed = 7;
	struct buf data;
	size_t k = 0;

	(void)state;
	buf_init(&data, 1000);
	for (int i = 0; i < 200000; i++) {
		size_t t = (size_t)rand_r(&seed) %
			   (sizeof(inside) / sizeof(inside[0]));
		enum delta_like like;
		enum dialect_id d;
		size_t n, want;

		if (rand_r(&seed) % 4 == 0) /* mostly the same goes on */
			k = (size_t)rand_r(&seed) %
			    (sizeof(frames) / sizeof(frames[0]));
		d = frames[k].d;

		put_event(&data, frames[k].form,
			  rand_r(&seed) % 3 ? i / 4 : rand_r(&seed) % 9,
			  inside[t]);
		want = delta_chars(d, buf_get(&data));
		n = delta_chars_framed(&f[d], d, buf_get(&data), &like);
		if (n != want)
			fail_msg("%s: %zu, not %zu", buf_cstr(&data), n, want);
		if (like == DELTA_LEARNT)
			learnt[d] = tapped(d, buf_get(&data));
		if (like == DELTA_ALIKE && learnt[d] == TAP_BEGUN) {
			assert_int_equal(tapped(d, buf_get(&data)), TAP_BEGUN);
			alike++;
		}
		if (i % 5000 == 0) /* begin anew */
			memset(f, 0, sizeof(f));
	}
	assert_true(alike > 10000);
	buf_release(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_of_deltas),
		cmocka_unit_test(texts_of_any_length_are_counted),
		cmocka_unit_test(frames_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
