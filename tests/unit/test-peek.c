/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/json.h"
#include "dialect/peek.h"

static int peek_all(struct peek *k, struct span text, size_t step,
		    struct err *e)
{
	struct peek_seen seen;

	peek_init(k, &seen);
	while (text.n) {
		struct span piece = { text.p, step < text.n ? step : text.n };

		if (peek_feed(k, piece, e))
			return -1;
		text.p += piece.n;
		text.n -= piece.n;
	}
	return peek_end(k, e);
}

/* Whole, byte by byte and cut in two at every place: always the same. */
static void check(const char *text, const char *model, bool stream)
{
	struct span all = span_of(text);
	struct err e = { 0 };

	for (size_t cut = 0; cut <= all.n; cut++) {
		struct span value = { 0 };
		struct peek_seen seen;
		struct peek k;

		peek_init(&k, &seen);
		assert_int_equal(peek_feed(&k, (struct span){ text, cut }, &e),
				 0);
		assert_int_equal(
			peek_feed(&k, (struct span){ text + cut, all.n - cut },
				  &e),
			0);
		assert_int_equal(peek_end(&k, &e), 0);
		assert_string_equal(k.model, model);
		assert_int_equal(k.stream, stream);
		value = (struct span){ text + k.model_at, k.model_len };
		assert_int_equal(value.p[0], '"');
		assert_int_equal(value.p[value.n - 1], '"');
		assert_int_equal(peek_all(&k, all, 1, &e), 0);
		assert_int_equal(k.model_at, value.p - text);
		assert_int_equal(k.model_len, value.n);
	}
}

static void finds_model_and_stream(void **state)
{
	(void)state;
	check("{\"model\":\"m\"}", "m", false);
	check(" { \"stream\" : true , \"model\" : \"a/b:c\" } \n", "a/b:c",
	      true);
	check("{\"x\":{\"model\":\"no\",\"stream\":true},\"model\":\"m\"}", "m",
	      false);
	check("{\"x\":[\"model\",{\"model\":1}],\"model\":\"m\","
	      "\"stream\":false}",
	      "m", false);
	check("{\"m\\u006fdel\":\"\\u0061\\\"\\/\",\"stream\":null}", "a\"/",
	      false);
	check("{\"modelx\":1,\"mode\":2,\"models\":[],\"model\":\"\"}", "",
	      false);
	check("{\"n\":[0,-0.5e+10,1E9,-12],\"s\":\"\xc3\xa9\xf0\x9f\x98\x80"
	      "\",\"model\":\"m\",\"z\":[true,false,null,[],{}]}",
	      "m", false);
	check("{\"a\":\"\\ud83d\\ude00 \\n\",\"model\":\"m\"}", "m", false);
}

/* At every place stands the value that json-c has under that key. */
static void check_places(const struct peek *k, struct span text)
{
	static const char *const keys[] = { "system",   "instructions",
					    "messages", "input",
					    "user",     "metadata" };
	struct err e = { 0 };
	struct json_object *body = json_read(text, &e);

	for (int i = 0; i < PEEK_PLACES; i++) {
		struct span rest = span_skip(text, k->places[i]);
		struct json_object *is = json_get(body, keys[i]);
		struct json_object *at = NULL;

		assert_int_equal(
			k->places[i] != 0,
			json_object_object_get_ex(body, keys[i], NULL));
		if (k->places[i]) {
			at = json_take(&rest, &e);
			assert_true(json_object_equal(at, is));
			assert_true(strchr(" ,}", *rest.p) != NULL);
		}
		json_object_put(at);
	}
	json_object_put(body);
}

static void finds_the_beginning(void **state)
{
	static const char *const texts[] = {
		"{\"model\":\"m\"}",
		"{\"system\":[{\"system\":1}] , \"model\":\"m\","
		"\"messages\": [{\"messages\":{}},2]}",
		"{\"input\":\"input\",\"model\":\"m\",\"x\":{\"input\":1},"
		"\"instr\\u0075ctions\":null,\"instructionsx\":1}",
		"{\"messages\":1,\"model\":\"m\",\"messages\":[ ]}",
		"{\"model\":\"m\",\"input\":12}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct span text = span_of(texts[i]);

		for (size_t step = 1; step <= text.n; step++) {
			struct err e = { 0 };
			struct peek k;

			assert_int_equal(peek_all(&k, text, step, &e), 0);
			check_places(&k, text);
		}
	}
}

static void follows_a_new_name(void **state)
{
	static const char *const names[] = { "m", "much-longer/than:before" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err e = { 0 };
		struct peek k;
		struct buf text;
		char value[40];

		buf_init(&text, 1000);
		buf_str(&text, "{\"system\":\"s\",\"model\":\"middle\","
			       "\"messages\":[1],\"input\":{}}");
		assert_int_equal(peek_all(&k, buf_get(&text), 9, &e), 0);
		snprintf(value, sizeof(value), "\"%s\"", names[i]);
		buf_splice(&text, k.model_at, k.model_len, span_of(value));
		peek_renamed(&k, names[i], strlen(value));
		assert_string_equal(k.model, names[i]);
		assert_int_equal(k.model_len, strlen(value));
		check_places(&k, buf_get(&text));
		buf_release(&text);
	}
}

/* Escapes of every kind, also in halves, as json-c reads them. */
static void decodes_names(void **state)
{
	static const char *const names[] = {
		"caf\\u00e9",      "\\u20ac\\u0800",
		"\\ud83d\\ude00!", "\\ud83d",
		"\\ud83dx",        "\\ude00",
		"\\ud83d\\n",      "\\ud83d\\u0041",
		"x\\uFFFF\\u007e", "\\ud83d\\ud83d\\ude00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err e = { 0 };
		struct json_object *body;
		struct peek k;
		char text[100];

		snprintf(text, sizeof(text),
			 "{\"x\":\"\\ud83d\",\"model\":\"%s\"}", names[i]);
		if (strstr(names[i], "\\n")) {
			assert_int_equal(peek_all(&k, span_of(text), 3, &e),
					 -1); /* a name is printable */
			continue;
		}
		assert_int_equal(peek_all(&k, span_of(text), 3, &e), 0);
		body = json_read(span_of(text), &e);
		assert_string_equal(k.model, json_cstr(body, "model"));
		json_object_put(body);
	}
}

static void refuse(const char *text, const char *message)
{
	struct span all = span_of(text);

	for (size_t step = 1; step <= all.n + 1; step++) {
		struct err e = { 0 };
		struct peek k;

		assert_int_equal(peek_all(&k, all, step, &e), -1);
		assert_int_equal(e.code, ERR_BAD_REQUEST);
		if (!strstr(e.msg, message))
			fail_msg("%s: got \"%s\", wanted \"%s\"", text, e.msg,
				 message);
	}
}

static void names_the_byte_at_fault(void **state)
{
	(void)state;
	refuse("{\"model\":\"m\",}", "expected a key at byte 13");
	refuse("{\"model\":\"m\"} x", "text after the end at byte 14");
	refuse("{\"model\":\"m\"", "ends too early at byte 12");
	refuse("{\"a\":01}", "bad number at byte 6");
	refuse("{\"a\":1.}", "bad number at byte 7");
	refuse("{\"a\":+1}", "unexpected character at byte 5");
	refuse("{\"a\":nul}", "unknown word at byte 8");
	refuse("{\"a\":NaN}", "unexpected character at byte 5");
	refuse("{\"a\":'x'}", "unexpected character at byte 5");
	refuse("{\"a\":\"\\x\"}", "unknown escape at byte 7");
	refuse("{\"a\":\"\\u12g4\"}", "bad \\u escape at byte 10");
	refuse("{\"a\":\"\t\"}", "control character in a string at byte 6");
	refuse("{\"a\":\"\xff\"}", "invalid UTF-8 at byte 6");
	refuse("{\"a\":\"\xc3\"}", "invalid UTF-8 at byte 7");
	refuse("{\"a\":[1}", "unexpected } at byte 7");
	refuse("{\"a\":{1:2}}", "expected a key at byte 6");
	refuse("{\"a\" 1}", "expected : at byte 5");
	refuse("{\"a\":1 \"b\":2}", "expected , or the end");
	refuse("\xef\xbb\xbf{\"model\":\"m\"}", "must be a JSON object");
	refuse("[]", "must be a JSON object (byte 0)");
	refuse("{}", "model is missing");
	refuse("{\"model\":m}", "unexpected character at byte 9");
	refuse("{\"model\":1}", "model must be a string (byte 9)");
	refuse("{\"model\":\"a\",\"model\":\"b\"}",
	       "second \"model\" key at byte 21");
	refuse("{\"model\":\"a\",\"mod\\u0065l\":\"b\"}",
	       "second \"model\" key");
	/* for who does not mind capital letters */
	refuse("{\"model\":\"a\",\"Model\":\"b\"}", "second \"model\" key");
	refuse("{\"MODEL\":1,\"model\":\"b\"}", "second \"model\" key");
	refuse("{\"stream\":true,\"stream\":false,\"model\":\"a\"}",
	       "second \"stream\" key");
	refuse("{\"model\":\"a\\nb\"}", "printable bytes");
}

/* `n` members between two texts. */
static int read_members(const char *before, unsigned n, const char *after,
			struct err *e)
{
	struct peek k;
	struct buf b;
	int rc;

	buf_init(&b, 1 << 20);
	buf_str(&b, before);
	for (unsigned i = 0; i < n; i++)
		buf_fmt(&b, "%s\"m%u\":0", i ? "," : "", i % 7);
	buf_str(&b, after);
	rc = peek_all(&k, buf_get(&b), b.n, e);
	buf_release(&b);
	return rc;
}

/* Of the body and of each of its messages; what else it holds is free. */
static void counts_members(void **state)
{
	static const struct {
		const char *before, *after, *what;
	} rows[] = {
		{ "{\"model\":\"m\",", "}", "the body has more" },
		{ "{\"model\":\"m\",\"messages\":[{\"a\":0,", "}]}",
		  "a message, item or tool has more" },
		{ "{\"model\":\"m\",\"input\":[{\"a\":0,", "}]}",
		  "a message, item or tool has more" },
		{ "{\"model\":\"m\",\"metadata\":{", "}}", NULL },
		{ "{\"model\":\"m\",\"text\":{\"format\":{", "}}}", NULL },
		{ "{\"model\":\"m\",\"tools\":[{\"input_schema\":{", "}}]}",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		assert_int_equal(read_members(rows[i].before,
					      PEEK_MEMBERS_MAX - 1,
					      rows[i].after, &e),
				 0);
		assert_int_equal(read_members(rows[i].before, PEEK_MEMBERS_MAX,
					      rows[i].after, &e),
				 rows[i].what ? -1 : 0);
		if (!rows[i].what)
			continue;
		assert_int_equal(e.code, ERR_BAD_REQUEST);
		assert_non_null(strstr(e.msg, rows[i].what));
	}
}

/* Each message has its own. */
static void counts_anew(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(read_members("{\"model\":\"m\",\"messages\":[{},{",
				      999, "},{\"a\":0,\"b\":0,\"c\":0}]}", &e),
			 0);
}

static void empty_body(void **state)
{
	struct err e = { 0 };
	struct peek_seen seen;
	struct peek k;

	(void)state;
	peek_init(&k, &seen);
	assert_int_equal(peek_end(&k, &e), -1);
	assert_non_null(strstr(e.msg, "empty"));
}

static void limits(void **state)
{
	struct err e = { 0 };
	struct peek k;
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	buf_str(&b, "{\"a\":");
	for (int i = 0; i < 1000; i++)
		buf_byte(&b, '[');
	assert_int_equal(peek_all(&k, buf_get(&b), 7, &e), -1);
	assert_non_null(strstr(e.msg, "nested more than 128"));

	buf_reset(&b);
	buf_str(&b, "{\"a\":");
	for (int i = 0; i < PEEK_DEPTH_MAX - 1; i++)
		buf_str(&b, i % 2 ? "[" : "{\"k\":");
	buf_byte(&b, '1');
	for (int i = PEEK_DEPTH_MAX - 2; i >= 0; i--)
		buf_byte(&b, i % 2 ? ']' : '}');
	buf_str(&b, ",\"model\":\"m\"}");
	assert_int_equal(peek_all(&k, buf_get(&b), 3, &e), 0);

	buf_reset(&b);
	buf_str(&b, "{\"model\":\"");
	for (int i = 0; i <= PEEK_MODEL_MAX; i++)
		buf_byte(&b, 'm');
	buf_str(&b, "\"}");
	assert_int_equal(peek_all(&k, buf_get(&b), 5, &e), -1);
	buf_release(&b);
}

/* Everything that peek lets through, json-c must read as well. */
static void agrees_with_json_c(void **state)
{
	static const char alphabet[] = "{}[]\",:\\ntrue0-1.e model\"";
	unsigned seed = 12345;
	int accepted = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char text[64] = "{\"model\":\"m\",\"a\":";
		size_t n = strlen(text), more = 1 + round % 8;
		struct err e;
		struct peek k;

		for (size_t i = 0; i < more; i++) {
			seed = seed * 1103515245u + 12345u;
			text[n++] =
				alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		text[n++] = '}';
		if (peek_all(&k, (struct span){ text, n }, 64, &e) == 0) {
			struct json_object *o =
				json_read((struct span){ text, n }, &e);

			if (!o)
				fail_msg("only peek reads %s", text);
			accepted++;
			json_object_put(o);
		}
	}
	assert_true(accepted > 100);
}

#define A_USE "{\"type\":\"tool_use\",\"id\":\"a\",\"input\":{}}"
#define A_OUT "{\"type\":\"tool_result\",\"tool_use_id\":\"a\"}"
#define A_SAID "{\"role\":\"assistant\",\"content\":[" A_USE "]}"
#define A_USER(blocks) "{\"role\":\"user\",\"content\":[" blocks "]}"
#define C_SAID \
	"{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\"},{\"id\":" \
	"\"b\"}]}"
#define C_OUT(id)                                                              \
	"{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"\"}"
#define TEXT "{\"type\":\"text\"}"
#define CACHED "{\"cache_control\":{\"type\":\"e\"}},"
#define SCHEMA(more) "{\"input_schema\":{\"type\":\"object\"" more "}}"

/* What is looked at in a request, and what is not. */
static void marks_what_may_be_wrong(void **state)
{
	static const struct {
		const char *text;
		unsigned marks; /* of those below */
	} rows[] = {
		{ "\"tools\":[{}],\"messages\":[" A_SAID
		  "," A_USER(A_OUT "," TEXT) "]",
		  0 },
		{ "\"messages\":[" A_SAID "," A_USER(A_OUT) "]",
		  MARK_NO_TOOLS },
		{ "\"messages\":[" A_SAID "," A_USER(A_OUT) "],\"tools\":[]",
		  MARK_NO_TOOLS },
		{ "\"messages\":[" A_SAID "," A_USER(A_OUT) "],\"tools\":[{}]",
		  0 },
		{ "\"tools\":[{}],\"messages\":[" A_SAID "]", MARK_PAIRS },
		{ "\"messages\":[" A_USER(A_OUT) "]", MARK_PAIRS },
		{ "\"tools\":[{}],\"messages\":[" A_SAID
		  "," A_USER(TEXT "," A_OUT) "]",
		  MARK_PAIRS },
		{ "\"tools\":[{}],\"messages\":[" A_SAID
		  ",{\"role\":\"user\",\"content\":\"x\"}," A_USER(A_OUT) "]",
		  MARK_PAIRS },
		{ "\"tools\":[{}],\"messages\":[" C_SAID
		  "," C_OUT("b") "," C_OUT("a") "]",
		  0 },
		{ "\"tools\":[{}],\"messages\":[" C_SAID "," C_OUT("b") "]",
		  MARK_PAIRS },
		{ "\"tools\":[{}],\"messages\":[" C_SAID
		  "," C_OUT("b") ",{\"role\":\"user\",\"content\":\"\"}," C_OUT(
			  "a") "]",
		  MARK_PAIRS },
		{ "\"tools\":[{}],\"messages\":[" C_SAID
		  "," C_OUT("b") ",{\"role\":\"assistant\"}," C_OUT("a") "]",
		  MARK_PAIRS },
		{ "\"input\":[{\"call_id\":\"a\"},{\"call_id\":\"b\"},{\"output\":"
		  "[],\"call_id\":\"a\"},{\"call_id\":\"b\",\"output\":[]}]",
		  0 },
		{ "\"input\":[{\"call_id\":\"a\"},{\"call_id\":\"a\"}]",
		  MARK_PAIRS },
		{ "\"input\":[{\"call_id\":\"a\",\"output\":[]},{\"call_id\":"
		  "\"a\"}]",
		  MARK_PAIRS },
		{ "\"input\":[{\"call_id\":\"a\"}]", MARK_PAIRS },
		{ "\"messages\":[{\"role\":\"user\",\"stop_reason\":1}]",
		  MARK_ECHO },
		{ "\"messages\":[{\"role\":\"user\",\"type\":1}]", MARK_ECHO },
		{ "\"messages\":[{\"role\":\"user\",\"name\":1}]", 0 },
		{ "\"system\":[" CACHED CACHED "0],\"messages\":[" CACHED CACHED
		  "0]",
		  0 },
		{ "\"system\":[" CACHED CACHED CACHED
		  "0],\"tools\":[" CACHED CACHED "0]",
		  MARK_CACHE },
		{ "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
		  "\"input_text\"}]},{\"role\":\"assistant\",\"content\":[{"
		  "\"type\":\"output_text\"}]}]",
		  0 },
		{ "\"input\":[{\"content\":[{\"type\":\"output_text\"}],"
		  "\"role\":\"user\"}]",
		  MARK_PART },
		{ "\"input\":[{\"role\":\"assistant\",\"content\":[{\"type\":"
		  "\"input_text\"}]}]",
		  MARK_PART },
		{ "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
		  "\"text\"}]}]",
		  MARK_PART },
		{ "\"input\":[{\"output\":[{\"type\":\"output_text\"}]}]", 0 },
		{ "\"input\":[{\"output\":{}}]", MARK_INPUT },
		{ "\"input\":[{\"output\":null}]", MARK_INPUT },
		{ "\"input\":[{\"arguments\":{}},{\"arguments\":\"\"}]",
		  MARK_INPUT },
		{ "\"messages\":[{\"content\":5}]", MARK_INPUT },
		{ "\"messages\":[{\"content\":[{\"type\":\"tool_use\"}]}]",
		  MARK_INPUT | MARK_PART },
		{ "\"messages\":[{\"content\":\"5\"},{\"content\":null}]", 0 },
		{ "\"temperature\":0", MARK_SAMPLER },
		{ "\"metadata\":{\"top_p\":0,\"seed\":1}", 0 },
		{ "\"seed\":0", MARK_ECHO },
		{ "\"thinking\":{\"type\":\"adaptive\"}", MARK_FORM },
		{ "\"thinking\":{\"type\":\"disabled\"}", MARK_FORCED },
		{ "\"tool_choice\":{\"type\":\"any\"}", MARK_FORCED },
		{ "\"tool_choice\":{\"type\":\"tool\"}", MARK_FORCED },
		{ "\"tool_choice\":{\"type\":\"auto\"}", 0 },
		{ "\"tools\":[" SCHEMA("") "," CACHED "{\"strict\":false}]",
		  0 },
		{ "\"tools\":[" SCHEMA(",\"anyOf\":[]") "]", MARK_SCHEMA },
		{ "\"tools\":[{\"input_schema\":{}}]", MARK_SCHEMA },
		{ "\"tools\":[{\"strict\":true}]", MARK_SCHEMA },
		{ "\"messages\":[{\"content\":[{\"input\":\"{}\"}]}]",
		  MARK_INPUT },
		{ "\"messages\":[{\"content\":[{\"input\":{\"input\":1}}]}]",
		  0 },
		{ "\"messages\":[{\"tool_calls\":[{\"function\":{"
		  "\"arguments\":{}}}]}]",
		  MARK_INPUT },
		{ "\"messages\":[{\"tool_calls\":[{\"function\":{"
		  "\"arguments\":\"{}\"}}]}]",
		  0 },
		{ "\"input\":[{\"arguments\":{}}]", MARK_INPUT },
		{ "\"input\":[{\"input\":1}]", MARK_INPUT },
		{ "\"input\":[{\"output\":null}]", MARK_INPUT },
		{ "\"input\":[{\"arguments\":\"\",\"input\":\"\",\"output\":"
		  "\"\"},{\"action\":{\"input\":{}},\"output\":[]}]",
		  0 },
		{ "\"messages\":[{\"role\":\"tool\",\"content\":null}]",
		  MARK_PAIRS },
		{ "\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":"
		  "\"image_url\"}]}]",
		  MARK_PART },
		{ "\"messages\":[{\"content\":[{\"type\":\"file\"}],\"role\":"
		  "\"assistant\"}]",
		  MARK_PART },
		{ "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
		  "\"image_url\"},{\"type\":\"file\"}]}]",
		  0 },
		{ "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
		  "\"input_text\"}]}]",
		  MARK_PART },
		{ "\"messages\":[{\"role\":\"tool\",\"content\":[{\"type\":"
		  "\"image_url\"}]}]",
		  MARK_PAIRS },
		{ "\"messages\":[{\"role\":\"tool\",\"content\":[{\"type\":"
		  "\"text\"}]}]",
		  0 },
	};
	const unsigned all = MARK_PAIRS | MARK_NO_TOOLS | MARK_ECHO |
			     MARK_CACHE | MARK_PART | MARK_SAMPLER | MARK_FORM |
			     MARK_FORCED | MARK_SCHEMA | MARK_INPUT;
	char text[600];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct peek k;

		snprintf(text, sizeof(text),
			 "{\"model\":\"m\",\"max_tokens\":1,%s}", rows[i].text);
		for (size_t step = 1; step < 1000; step += 499) {
			assert_int_equal(peek_all(&k, span_of(text), step, &e),
					 0);
			assert_int_equal(k.marks & all, rows[i].marks);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_model_and_stream),
		cmocka_unit_test(counts_members),
		cmocka_unit_test(counts_anew),
		cmocka_unit_test(finds_the_beginning),
		cmocka_unit_test(follows_a_new_name),
		cmocka_unit_test(decodes_names),
		cmocka_unit_test(names_the_byte_at_fault),
		cmocka_unit_test(empty_body),
		cmocka_unit_test(limits),
		cmocka_unit_test(agrees_with_json_c),
		cmocka_unit_test(marks_what_may_be_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
