/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "dialect/dialect.h"
#include "dialect/sse.h"
#include "dialect/tap.h"

static int record(void *arg, struct span name, struct span data, struct err *e)
{
	struct buf *out = arg;

	(void)e;
	buf_fmt(out, "[%.*s|%.*s]", SPAN_FMT(name), SPAN_FMT(data));
	return 0;
}

/* Feed the pieces before and behind `cut`, each in steps of `step`. */
static void run(const char *text, size_t cut, size_t step, struct buf *out)
{
	struct span parts[2] = { { text, cut },
				 { text + cut, strlen(text) - cut } };
	struct err e = { 0 };
	struct sse s;

	buf_reset(out);
	sse_init(&s, record, out);
	for (int i = 0; i < 2; i++) {
		while (parts[i].n) {
			/* A copy that dies: nothing may point into it. */
			size_t n = step < parts[i].n ? step : parts[i].n;
			char *copy = xstrndup(parts[i].p, n);

			assert_int_equal(
				sse_feed(&s, (struct span){ copy, n }, &e), 0);
			assert_true(s.edge <= n);
			memset(copy, 'X', n);
			free(copy);
			parts[i].p += n;
			parts[i].n -= n;
		}
	}
	if (sse_end(&s, &e)) {
		assert_int_equal(e.code, ERR_RESET);
		buf_str(out, "torn");
	}
	sse_release(&s);
}

static void check(const char *text, const char *want)
{
	struct buf out;

	buf_init(&out, 10000);
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		run(text, cut, 1000, &out);
		assert_span(buf_get(&out), want);
		run(text, cut, 2, &out);
		assert_span(buf_get(&out), want);
	}
	run(text, 0, 1, &out);
	assert_span(buf_get(&out), want);
	buf_release(&out);
}

static void splits_events(void **state)
{
	(void)state;
	check("data: a\n\n", "[|a]");
	check("event: x\ndata: a\n\ndata: b\n\n", "[x|a][|b]");
	check("event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", "[x|a][|b]");
	check("event: x\rdata: a\r\rdata:b\r\r", "[x|a][|b]");
	check("data: a\r\rdata: b\n\r\ndata: c\n\n", "[|a][|b][|c]");
	check("data: a\ndata:\ndata: b\n\n", "[|a\n\nb]");
	check("\xef\xbb\xbf"
	      "data: a\n\n",
	      "[|a]");
	check(": comment\n\nid: 1\nretry: 5\nnonsense\n\ndata:  a\n\n",
	      "[| a]");
	check("event: x\n\ndata: a\n\n", "[|a]"); /* no data: no event */
	check("data\n\n", "[|]");
	check("data: {\"a\":1}", "[|{\"a\":1}]");
	check("data: {}\nevent: y\n", "[y|{}]");
	check("data: [DONE]", "[|[DONE]]");
	check("data: {}\n\n: comment", "[|{}]");
	check("data: {}\n\ndata: {\"a\":", "[|{}]torn");
	check("data: {}\n\nevent: y", "[|{}]torn");
	check("data: {}\n\nevent: y\ndata: ", "[|{}]torn");
	check("data: \xf0\x9f\x98\x80\n\n", "[|\xf0\x9f\x98\x80]");
	check("\n\n\n", "");
	check("", "");
}

/* edge: where an event ends in the bytes fed last. */
static void edge_is_behind_the_last_event(void **state)
{
	static const char text[] = "data: a\n\n: c\r\n\r\ndata: b";
	struct buf out;
	struct err e;
	struct sse s;

	(void)state;
	buf_init(&out, 1000);
	sse_init(&s, record, &out);
	sse_feed(&s, span_of(text), &e);
	assert_int_equal(s.edge, strlen("data: a\n\n: c\r\n\r\n"));
	sse_feed(&s, SPAN("\n"), &e);
	assert_int_equal(s.edge, 0);
	sse_feed(&s, SPAN("\nda"), &e);
	assert_int_equal(s.edge, 1);
	assert_span(buf_get(&out), "[|a][|b]");
	sse_release(&s);
	buf_release(&out);
}

static void refuses_an_endless_event(void **state)
{
	size_t n = 1u << 20;
	char *mega = xmalloc(n);
	struct err e = { 0 };
	struct buf out;
	struct sse s;
	int rc = 0;

	(void)state;
	memset(mega, 'x', n);
	buf_init(&out, 100);
	for (int lines = 0; lines < 2; lines++) {
		int fed = 0;

		sse_init(&s, record, &out);
		for (rc = 0; rc == 0 && fed < 40; fed++) {
			rc = sse_feed(&s, (struct span){ mega, n }, &e);
			if (rc == 0 && lines)
				rc = sse_feed(&s, SPAN("\ndata: "), &e);
		}
		assert_int_equal(rc, -1);
		assert_int_equal(e.code, ERR_UPSTREAM);
		assert_true(fed <= 18);
		sse_release(&s);
	}
	free(mega);
	buf_release(&out);
}

static void taps(void **state)
{
	(void)state;
	assert_int_equal(tap_anthropic(SPAN("message_stop"), SPAN("{}")),
			 TAP_BEGUN | TAP_END);
	assert_int_equal(
		tap_anthropic(SPAN(""), SPAN("{\"type\": \"message_stop\"}")),
		TAP_BEGUN | TAP_END);
	assert_int_equal(tap_anthropic(SPAN("error"), SPAN("{}")),
			 TAP_ERROR | TAP_END);
	assert_int_equal(tap_anthropic(SPAN(""), SPAN("{\"type\":\"ping\"}")),
			 0);
	assert_int_equal(tap_openai(SPAN(""), SPAN("[DONE]")), TAP_END);
	assert_int_equal(tap_openai(SPAN(""), SPAN("{\"error\":{}}")),
			 TAP_ERROR | TAP_WORD);
	assert_int_equal(tap_openai(SPAN(""), SPAN("{\"error\":null}")),
			 TAP_BEGUN);
	assert_int_equal(tap_openai(SPAN(""), SPAN("{\"error\" :\n\"no\"}")),
			 TAP_ERROR | TAP_WORD);
	assert_int_equal(
		tap_openai(SPAN(""), SPAN("{\"object\": \"error\"}")),
		TAP_ERROR | TAP_WORD);
	/* No error of the event's own. */
	assert_int_equal(
		tap_openai(SPAN(""), SPAN("{\"choices\":[{\"error\":{}}]}")),
		TAP_BEGUN | TAP_WORD);
	assert_int_equal(
		tap_openai(SPAN(""),
			   SPAN("{\"choices\" : [],\"usage\":{\"a\":1}}")),
		TAP_BEGUN | TAP_FINISH | TAP_USAGE | TAP_APART);
	assert_int_equal(
		tap_openai(SPAN(""),
			   SPAN("{\"choices\":[{}],\"usage\": {\"a\":1}}")),
		TAP_BEGUN | TAP_USAGE);
	assert_int_equal(tap_anthropic(SPAN("message_delta"),
				       SPAN("{\"usage\":{\"a\":1}}")),
			 TAP_BEGUN | TAP_USAGE);
	assert_int_equal(tap_anthropic(SPAN("ping"), SPAN("{\"error\":1}")),
			 TAP_WORD);
	assert_int_equal(tap_responses(SPAN("response.created"),
				       SPAN("{\"error\":null,\"usage\":null}")),
			 TAP_BEGUN);
	assert_int_equal(
		tap_openai(SPAN(""), SPAN("{\"finish_reason\": \"stop\"}")),
		TAP_BEGUN | TAP_FINISH);
	/* What the model says about itself is not the protocol. */
	assert_int_equal(
		tap_openai(SPAN(""),
			   SPAN("{\"c\":\"\\\"finish_reason\\\":\\\"stop\\\"\","
				"\"finish_reason\":null,\"usage\":null}")),
		TAP_BEGUN);
	assert_int_equal(tap_responses(SPAN("response.incomplete"), SPAN("")),
			 TAP_BEGUN | TAP_END);
	assert_int_equal(tap_responses(SPAN("response.failed"), SPAN("")),
			 TAP_ERROR | TAP_END);
	/* More may follow. */
	assert_int_equal(tap_responses(SPAN("error"), SPAN("")), TAP_ERROR);
	assert_int_equal(
		tap_responses(SPAN(""),
			      SPAN("{\"type\":\"response.completed\"}")),
		TAP_BEGUN | TAP_END);
}

/* What a client would show, and what only comes before it. */
static void content(void **state)
{
	static const struct {
		enum dialect_id dialect;
		const char *data; /* ' stands for the quotation mark */
		bool content;
	} rows[] = {
#define A(data, content) { DIALECT_ANTHROPIC, data, content }
#define O(data, content) { DIALECT_OPENAI, data, content }
#define R(data, content) { DIALECT_RESPONSES, data, content }
#define BLOCK "{'type':'content_block_start','index':0,'content_block':"
#define DELTA "{'type':'content_block_delta','index':0,'delta':"
		A("{'type':'message_start','message':{}}", false),
		A("{'type':'ping'}", false),
		A(BLOCK "{'type':'text','text':''}}", false),
		A(BLOCK "{'text': '' , 'type': 'text'}}", false),
		A(BLOCK "{'type':'text','text':'a'}}", true),
		A(BLOCK "{'type':'thinking','thinking':'','signature':''}}",
		  false),
		A(BLOCK "{'type':'redacted_thinking','data':'x'}}", true),
		A(BLOCK "{'type':'tool_use','id':'t','name':'f','input':{}}}",
		  false),
		A(BLOCK "{'type':'tool_use','name':'f','input':{'a':1}}}",
		  true),
		A(BLOCK "{'type':'web_search_tool_result','content':[]}}",
		  true),
		A(DELTA "{'type':'text_delta','text':''}}", false),
		A(DELTA "{'type':'text_delta','text':'text'}}", true),
		A(DELTA "{'type':'input_json_delta','partial_json':''}}",
		  false),
		A(DELTA "{'type':'input_json_delta','partial_json':'{'}}",
		  true),
		A(DELTA "{'type':'signature_delta','signature':'s'}}", true),
		A(DELTA "{'type':'citations_delta','citation':{}}}", true),
		A("{'type':'content_block_stop','index':0}", false),
		A("{'type':'message_delta','delta':{}}", true),
		O("{'choices':[{'delta':{'role':'assistant','content':''}}]}",
		  false),
		O("{'choices':[{'delta':{'content':null}}]}", false),
		O("{'choices':[{'delta':{'content':'a'}}]}", true),
		O("{'choices':[{'delta':{'reasoning':'a'}}]}", true),
		O("{'choices':[{'delta':{'tool_calls':[]}}]}", false),
		O("{'choices':[{'delta':{'tool_calls':[{'function':{'name':'f',"
		  "'arguments':''}}]}}]}",
		  false),
		O("{'choices':[{'delta':{'tool_calls':[{'function':{"
		  "'arguments':'{'}}]}}]}",
		  true),
		R("{'type':'response.created','response':{}}", false),
		R("{'type':'response.output_item.added','item':{}}", false),
		R("{'type':'response.content_part.added','part':{}}", false),
		R("{'type':'response.web_search_call.in_progress'}", false),
		R("{'type':'response.output_text.delta','delta':''}", false),
		R("{'type':'response.output_text.delta','delta':'a'}", true),
		R("{'type':'response.image_generation_call.partial_image'}",
		  true),
		R("{'type':'response.output_item.done','item':{}}", true),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char data[200];

		snprintf(data, sizeof(data), "%s", rows[i].data);
		for (char *p = data; *p; p++)
			*p = *p == '\'' ? '"' : *p;
		if (dialects[rows[i].dialect].content(
			    SPAN(""), span_of(data)) != rows[i].content)
			fail_msg("%s", rows[i].data);
	}
}

static void writes_events(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	dialect_event(&out, "error", SPAN("{\r\n}\n"));
	dialect_event(&out, NULL, SPAN("x"));
	assert_span(buf_get(&out),
		    "event: error\ndata: {\ndata: }\n\ndata: x\n\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_events),
		cmocka_unit_test(edge_is_behind_the_last_event),
		cmocka_unit_test(refuses_an_endless_event),
		cmocka_unit_test(taps),
		cmocka_unit_test(content),
		cmocka_unit_test(writes_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
