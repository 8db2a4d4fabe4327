/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/json.h"
#include "dialect/chat.h"
#include "dialect/mend.h"

static struct arena arena;
static struct seal_origin here, there;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	seal_origin(&here, "https://one.example/v1", NULL);
	seal_origin(&there, "https://two.example/v1", NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct span sealed(enum seal_kind kind, const struct seal_origin *o,
			  uint64_t about, const char *original)
{
	struct seal s = { .kind = kind,
			  .origin = *o,
			  .about = about,
			  .original = span_of(original) };

	return seal_make(&arena, &s);
}

static void check(enum dialect_id dialect, struct quirks quirks,
		  const char *text, const char *want, const char *names)
{
	struct upstream_model t = { .model = "m",
				    .quirks = quirks,
				    .origin = &here };
	struct err e = { 0 };
	struct mend m;
	struct buf out;

	t.family.inline_system = true;
	mend_init(&m, &arena, span_of(text), &t);
	dialects[dialect].mend(&m);
	buf_init(&out, 1 << 20);
	assert_int_equal(mend_apply(&m, &out, &e), 0);
	assert_string_equal(buf_cstr(&out), want);
	assert_string_equal(buf_cstr(&m.names), names);
	buf_release(&out);
	mend_release(&m);
}

static const char *with(const char *format, struct span value)
{
	const char *at = strstr(format, "%.*s");

	return arena_fmt(&arena, "%.*s%.*s%s", (int)(at - format), format,
			 SPAN_FMT(value), at + 4);
}

static void cuts_any_neighbours(void **state)
{
	struct upstream_model t = { 0 };
	struct err e;

	(void)state;
	for (unsigned gone = 0; gone < 32; gone++) {
		struct span text = SPAN("{\"x\": [ 0,1 , 2,3 ,4 ] }");
		struct jwalk w = jwalk_in(jwalk_get(text, "x"));
		struct json_object *list;
		struct mend m;
		struct buf out;
		size_t n = 0;

		mend_init(&m, &arena, text, &t);
		for (unsigned i = 0; jwalk_next(&w); i++)
			if (gone >> i & 1)
				mend_cut(&m, &w);
		buf_init(&out, 4096);
		assert_int_equal(mend_apply(&m, &out, &e), 0);
		list = json_read(buf_get(&out), &e);
		assert_non_null(list);
		for (unsigned i = 0; i < 5; i++)
			if (!(gone >> i & 1))
				assert_int_equal(
					json_object_get_int(json_at(
						json_get(list, "x"), n++)),
					i);
		assert_int_equal(json_length(json_get(list, "x")), n);
		assert_int_equal(w.kept, gone != 31);
		json_object_put(list);
		buf_release(&out);
		mend_release(&m);
	}
}

#define A_START "{\"later\":123456789012345678901234567890,"
#define A_HEAD A_START "\"tools\":[{\"name\":\"f\"}],\"messages\":["
#define A_CALL(id) \
	"{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\"," \
	"\"id\":" id ",\"name\":\"f\",\"input\":{\"v\":-0,\"v\":1.50}}]}"
#define A_RESULT(id) \
	"{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"," \
	"\"tool_use_id\":" id ",\"content\":\"r\"}]}"

static void messages_are_mended(void **state)
{
	const struct quirks none = { 0 };
	struct span own = sealed(SEAL_CLAUDE, &here, 0, "S\"1");
	struct span other = sealed(SEAL_TEXT, &there, 0, "");
	const char *format = A_HEAD
		"{\"role\":\"assistant\",\"content\":[ {\"type\":"
		"\"thinking\",\"thinking\":\"t\",\"signature\":\"%.*s\"}"
		" , {\"type\":\"text\",\"text\":\"x\"}]}]}";

	(void)state;
	check(DIALECT_ANTHROPIC, none,
	      A_HEAD A_CALL("\"a\"") "," A_RESULT("\"a\"") "]}",
	      A_HEAD A_CALL("\"a\"") "," A_RESULT("\"a\"") "]}", "");
	check(DIALECT_ANTHROPIC, none,
	      A_HEAD A_CALL("\"f.f:0\"") " ,\n" A_RESULT("\"f.f:0\"") "]}",
	      A_HEAD A_CALL("\"f_f_0_3704e7bb\"") " ,\n" A_RESULT(
		      "\"f_f_0_3704e7bb\"") "]}",
	      "tool ids");
	check(DIALECT_ANTHROPIC, none, with(format, other),
	      A_HEAD "{\"role\":\"assistant\",\"content\":[ {\"type\":\"text\","
		     "\"text\":\"x\"}]}]}",
	      "thinking");
	check(DIALECT_ANTHROPIC, none, with(format, own),
	      with(format, SPAN("S\\\"1")), "sealed thinking");
	/* a real signature stays, "" goes, and so does a torn seal */
	check(DIALECT_ANTHROPIC, none, with(format, SPAN("EqQB")),
	      with(format, SPAN("EqQB")), "");
	check(DIALECT_ANTHROPIC, none, with(format, SPAN("")),
	      A_HEAD "{\"role\":\"assistant\",\"content\":[ {\"type\":\"text\","
		     "\"text\":\"x\"}]}]}",
	      "thinking");
	own.n -= 3; /* torn */
	check(DIALECT_ANTHROPIC, none, with(format, own),
	      A_HEAD "{\"role\":\"assistant\",\"content\":[ {\"type\":\"text\","
		     "\"text\":\"x\"}]}]}",
	      "thinking");
	check(DIALECT_ANTHROPIC, none,
	      with(format, SPAN("dario1:signature:EqQB")),
	      with(format, SPAN("EqQB")), "sealed thinking");
}

static void system_messages_are_placed(void **state)
{
	const struct quirks none = { 0 };
	const char *good = A_HEAD "{\"role\":\"user\",\"content\":\"q\"},"
				  "{\"role\":\"system\",\"content\":\"s\"},"
				  "{\"role\":\"assistant\",\"content\":\"a\"},"
				  "{\"role\":\"user\",\"content\":\"q\"}]}";

	(void)state;
	check(DIALECT_ANTHROPIC, none, good, good, "");
	/* what follows says nothing, and goes: the user's turn goes on */
	check(DIALECT_ANTHROPIC, none,
	      A_HEAD "{\"role\":\"user\",\"content\":\"q\"},"
		     "{\"role\":\"system\",\"content\":\"s\"},"
		     "{\"role\":\"assistant\",\"content\":[]},"
		     "{\"role\":\"user\",\"content\":\"q\"}]}",
	      A_HEAD "{\"role\":\"user\",\"content\":\"q\"},"
		     "{\"role\":\"user\",\"content\":\"<system>s</system>\"},"
		     "{\"role\":\"user\",\"content\":\"q\"}]}",
	      "system messages, empty messages");
}

static void a_loop_without_thinking_goes_on_without(void **state)
{
	const struct quirks none = { 0 };
	const char *on = ",\"thinking\":{\"type\":\"enabled\","
			 "\"budget_tokens\":2000},\"z\":0}";
	char text[2000];

	(void)state;
	snprintf(text, sizeof(text), "%s%s",
		 A_HEAD A_CALL("\"a\"") "," A_RESULT("\"a\"") "]", on);
	check(DIALECT_ANTHROPIC, none, text,
	      A_HEAD A_CALL("\"a\"") "," A_RESULT("\"a\"") "],\"z\":0}",
	      "thinking off");
	/* once the user has spoken, it is a new loop */
	snprintf(text, sizeof(text), "%s%s",
		 A_HEAD A_CALL("\"a\"") "," A_RESULT(
			 "\"a\"") ",{\"role\":\"assistant\",\"content\":\"x\"},"
				  "{\"role\":\"user\",\"content\":\"y\"}]",
		 on);
	check(DIALECT_ANTHROPIC, none, text, text, "");
}

#define R_OUT(id) \
	"{\"type\":\"function_call_output\",\"call_id\":\"" id \
	"\",\"output\":\"r\"}"

static void responses_are_mended(void **state)
{
	const struct quirks none = { 0 };
	struct span own = sealed(SEAL_OPENAI, &here, 0, "rs_9 gAAA");
	struct span whole = sealed(SEAL_OPENAI, &here, 0,
				   "{\"id\":\"rs_9\",\"summary\":[1,2]}");
	struct span other = sealed(SEAL_CLAUDE, &there, 0, "Eq");
	const char *format =
		"{\"store\":false,\"input\":[{\"type\":\"reasoning\",\"id\":"
		"\"rs_1\",\"summary\":[],\"encrypted_content\":\"%.*s\"},"
		"{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c\","
		"\"name\":\"f\",\"arguments\":\"{}\"}," R_OUT("c") "]}";
	const char *without =
		"{\"store\":false,\"input\":[{\"type\":\"function_call\",\"id\":"
		"\"fc_1\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":"
		"\"{}\"}," R_OUT("c") "]}";

	(void)state;
	check(DIALECT_RESPONSES, none, with(format, SPAN("gBBB")),
	      with(format, SPAN("gBBB")), "");
	check(DIALECT_RESPONSES, none, with(format, other), without,
	      "reasoning");
	check(DIALECT_RESPONSES, none, with(format, SPAN("")), without,
	      "reasoning");
	check(DIALECT_RESPONSES, none, with(format, own),
	      "{\"store\":false,\"input\":[{\"type\":\"reasoning\",\"id\":"
	      "\"rs_9\",\"summary\":[],\"encrypted_content\":\"gAAA\"},"
	      "{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c\","
	      "\"name\":\"f\",\"arguments\":\"{}\"}," R_OUT("c") "]}",
	      "sealed reasoning");
	check(DIALECT_RESPONSES, none, with(format, whole),
	      "{\"store\":false,\"input\":[{\"id\":\"rs_9\",\"summary\":[1,2]},"
	      "{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c\","
	      "\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":"
	      "\"function_call_output\",\"call_id\":\"c\",\"output\":\"r\"}"
	      "]}",
	      "sealed reasoning");
	/* what the SDK's helpers add to what they hand out */
	check(DIALECT_RESPONSES, none,
	      "{\"input\":[{\"type\":\"function_call\",\"id\":\"fc_1\","
	      "\"call_id\":\"c\",\"parsed_arguments\":{\"a\":1}}," R_OUT(
		      "c") ",{\"role\":"
			   "\"assistant\",\"content\":[{\"parsed\":null,\"text\":\"x\"}"
			   "]}]}",
	      "{\"input\":[{\"type\":\"function_call\",\"id\":\"fc_1\","
	      "\"call_id\":\"c\"}," R_OUT(
		      "c") ",{\"role\":\"assistant\",\"content\":[{"
			   "\"text\":\"x\"}]}]}",
	      "fields of items");
	/* nothing follows that it could belong to; an id of no such item */
	check(DIALECT_RESPONSES, none,
	      "{\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":"
	      "[],\"encrypted_content\":\"g\"},{\"role\":\"user\",\"content\":"
	      "\"x\"},{\"role\":\"assistant\",\"id\":\"x1\",\"content\":[]}]}",
	      "{\"input\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":"
	      "\"assistant\",\"content\":[]}]}",
	      "reasoning, item ids");
}

#define A_TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define A_OUT(id) \
	"{\"type\":\"tool_result\",\"tool_use_id\":\"" id \
	"\",\"content\":\"r\"}"
#define A_USER(blocks) "{\"role\":\"user\",\"content\":[" blocks "]}"
#define A_SAID(text) "{\"role\":\"assistant\",\"content\":\"" text "\"}"

static void results_stand_behind_their_calls(void **state)
{
	const struct quirks strict = { .strict_messages = true };

	(void)state;
	/* not first in its turn, in one message or two */
	check(DIALECT_ANTHROPIC, strict,
	      A_HEAD A_CALL("\"a\"") "," A_USER(
		      A_TEXT("x") "," A_OUT("a") "," A_TEXT("y")) "]}",
	      A_HEAD A_CALL("\"a\"") "," A_USER(
		      A_OUT("a") "," A_TEXT("x") "," A_TEXT("y")) "]}",
	      "order of results");
	check(DIALECT_ANTHROPIC, strict,
	      A_HEAD A_CALL("\"a.b\"") ",{\"role\":\"user\",\"content\":"
				       "\"x\"}," A_USER(A_OUT("a.b")) "]}",
	      A_HEAD A_CALL(
		      "\"a_b_2e7336dc\"") ",{\"role\":\"user\","
					  "\"content\":[" A_OUT(
						  "a_b_2e7336dc") "," A_TEXT("x") "]}]}",
	      "tool ids, order of results, empty messages");
	/* late: behind an answer */
	check(DIALECT_ANTHROPIC, strict,
	      A_HEAD A_CALL("\"a\"") "," A_USER(A_TEXT("x")) "," A_SAID(
		      "y") "," A_USER(A_OUT("a") "," A_TEXT("z")) "]}",
	      A_HEAD A_CALL("\"a\"") "," A_USER(A_OUT("a") "," A_TEXT(
		      "x")) "," A_SAID("y") "," A_USER(A_TEXT("z")) "]}",
	      "order of results");
	/* of two calls with one id each gets its own */
	check(DIALECT_ANTHROPIC, strict,
	      A_HEAD A_CALL("\"a\"") "," A_USER(A_TEXT("x")) "," A_CALL("\"a\"") "," A_USER(
		      A_OUT("a") "," A_TEXT("y") "," A_OUT("a")) "]}",
	      A_HEAD A_CALL("\"a\"") "," A_USER(A_OUT("a") "," A_TEXT("x")) "," A_CALL(
		      "\"a_2e5cda8\"") "," A_USER(A_OUT("a_2e5cda8") "," A_TEXT("y")) "]}",
	      "tool ids, order of results");
	/* one without the other */
	check(DIALECT_ANTHROPIC, strict,
	      A_HEAD A_CALL("\"a\"") "," A_USER(A_TEXT("x")) "]}",
	      A_HEAD A_USER(A_TEXT("x")) "]}",
	      "calls without results, empty messages");
	check(DIALECT_ANTHROPIC, strict,
	      A_HEAD A_USER(A_OUT("a") "," A_TEXT("x")) "]}",
	      A_HEAD A_USER(A_TEXT("x")) "]}", "results without calls");
	/* no tools are declared */
	check(DIALECT_ANTHROPIC, strict,
	      A_START
	      "\"messages\":[" A_CALL("\"a\"") "," A_RESULT("\"a\"") "]}",
	      "{\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":"
	      "\"object\"}}],\"later\":123456789012345678901234567890,"
	      "\"messages\":[" A_CALL("\"a\"") "," A_RESULT("\"a\"") "]}",
	      "tools");
}

static void answers_become_messages(void **state)
{
	const struct quirks strict = { .strict_messages = true };

	(void)state;
	check(DIALECT_ANTHROPIC, strict,
	      A_HEAD "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
		     "\"assistant\",\"model\":\"m\",\"content\":[" A_TEXT(
			     "x") "],\"stop_reason\":\"end_turn\","
				  "\"stop_sequence\":null,\"usage\":{}},"
				  "{\"role\":\"user\",\"content\":\"y\","
				  "\"later\":1}]}",
	      A_HEAD "{\"role\":\"assistant\",\"content\":[" A_TEXT(
		      "x") "]},{\"role\":\"user\",\"content\":\"y\","
			   "\"later\":1}]}",
	      "fields of messages");
}

#define A_MARKED(text) \
	"{\"type\":\"text\",\"text\":\"" text \
	"\",\"cache_control\":{\"type\":\"ephemeral\"}}"

static void four_cache_marks_stay(void **state)
{
	const struct quirks strict = { .strict_messages = true };
	const char *four = "{\"system\":[" A_MARKED("s") "],\"messages\":[" A_USER(
		A_MARKED("a") "," A_MARKED(
			"b")) "," A_SAID("x") "," A_USER(A_MARKED("c")) "]}";

	(void)state;
	check(DIALECT_ANTHROPIC, strict, four, four, "");
	check(DIALECT_ANTHROPIC, strict,
	      "{\"messages\":[" A_USER(A_MARKED("a") "," A_MARKED("b")) "," A_SAID("x") "," A_USER(
		      A_MARKED("c") "," A_MARKED(
			      "d")) "],\"system\":[" A_MARKED("s") "]}",
	      "{\"messages\":[" A_USER(A_MARKED("a") "," A_MARKED("b")) "," A_SAID("x") "," A_USER(
		      A_MARKED("c") "," A_MARKED(
			      "d")) "],\"system\":[" A_TEXT("s") "]}",
	      "cache_control");
}

#define R_CALL(id) \
	"{\"type\":\"function_call\",\"call_id\":\"" id \
	"\",\"name\":\"f\",\"arguments\":\"{}\"}"
#define R_SAID(role, type) \
	"{\"role\":\"" role "\",\"content\":[{\"type\":\"" type \
	"\",\"text\":\"t\"}]}"

static void items_are_paired(void **state)
{
	const struct quirks none = { 0 };
	const char *kept[] = {
		("{\"input\":[" R_CALL("a") "," R_OUT("a") "]}"),
		("{\"previous_response_id\":\"r\",\"input\":[" R_OUT("a") "]}"),
		("{\"input\":[{\"type\":\"compaction\",\"encrypted_content\":"
		 "\"g\"}," R_OUT("a") "]}"),
		("{\"input\":[{\"type\":\"local_shell_call\",\"call_id\":"
		 "\"a\"}," R_OUT("a") "]}"),
		("{\"input\":[{\"type\":\"computer_call\",\"call_id\":"
		 "\"a\"}]}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		check(DIALECT_RESPONSES, none, kept[i], kept[i], "");
	check(DIALECT_RESPONSES, none,
	      "{\"input\":[" R_CALL("a") "," R_CALL("b") "," R_OUT("b") "]}",
	      "{\"input\":[" R_CALL("b") "," R_OUT("b") "]}",
	      "calls without results");
	check(DIALECT_RESPONSES, none,
	      "{\"input\":[" R_OUT("a") "," R_SAID("user", "input_text") "]}",
	      "{\"input\":[" R_SAID("user", "input_text") "]}",
	      "results without calls");
	/* the reasoning of a call that goes has nothing to belong to */
	check(DIALECT_RESPONSES, none,
	      "{\"store\":false,\"input\":[{\"type\":\"reasoning\",\"id\":"
	      "\"rs_1\",\"summary\":[],\"encrypted_content\":\"g\"}," R_CALL(
		      "a") "," R_SAID("user", "input_text") "]}",
	      "{\"store\":false,\"input\":[" R_SAID("user", "input_text") "]}",
	      "reasoning, calls without results");
	check(DIALECT_RESPONSES, none,
	      "{\"input\":[{\"type\":\"custom_tool_call\",\"call_id\":"
	      "\"a\",\"input\":\"x\"}," R_OUT("a") "]}",
	      "{\"input\":[{\"type\":\"custom_tool_call\",\"call_id\":"
	      "\"a\",\"input\":\"x\"},{\"type\":\"custom_tool_call_output"
	      "\",\"call_id\":\"a\",\"output\":\"r\"}]}",
	      "types of outputs");
}

static void parts_are_those_of_the_role(void **state)
{
	const struct quirks none = { 0 };

	(void)state;
	check(DIALECT_RESPONSES, none,
	      "{\"input\":[" R_SAID("user", "output_text") "," R_SAID(
		      "assistant", "input_text") "," R_SAID("developer",
							    "text") "]}",
	      "{\"input\":[" R_SAID("user", "input_text") "," R_SAID(
		      "assistant", "output_text") "," R_SAID("developer",
							     "input_text") "]}",
	      "types of parts");
	check(DIALECT_RESPONSES, none,
	      "{\"input\":[{\"role\":\"user\",\"content\":[{\"refusal\":"
	      "\"no\",\"type\":\"refusal\"}]}]}",
	      "{\"input\":[{\"role\":\"user\",\"content\":[{\"text\":"
	      "\"no\",\"type\":\"input_text\"}]}]}",
	      "types of parts");
}

#define C_CALLS(calls) \
	"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" calls "]}"
#define C_CALL(id) "{\"id\":\"" id "\",\"type\":\"function\"}"
#define C_OUT(id) \
	"{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"r\"}"
#define C_SAY(text) "{\"role\":\"user\",\"content\":\"" text "\"}"

static void tool_messages_follow_their_calls(void **state)
{
	const struct quirks paired = { .paired = true };
	const struct quirks none = { 0 };
	const char *wrong =
		"{\"messages\":[" C_CALLS(C_CALL("a")) "," C_SAY("x") "]}";

	(void)state;
	check(DIALECT_OPENAI, none, wrong, wrong, "");
	check(DIALECT_OPENAI, paired, wrong, "{\"messages\":[" C_SAY("x") "]}",
	      "calls without results");
	check(DIALECT_OPENAI, paired,
	      "{\"messages\":[" C_CALLS(C_CALL("a") "," C_CALL("b")) "," C_OUT(
		      "b") "]}",
	      "{\"messages\":[" C_CALLS(C_CALL("b")) "," C_OUT("b") "]}",
	      "calls without results");
	check(DIALECT_OPENAI, paired,
	      "{\"messages\":[" C_OUT("a") "," C_SAY("x") "," C_OUT("b") "]}",
	      "{\"messages\":[" C_SAY("x") "]}", "results without calls");
	check(DIALECT_OPENAI, paired,
	      "{\"messages\":[" C_CALLS(C_CALL("a") "," C_CALL("b")) "," C_OUT(
		      "a") "," C_SAY("x") "," C_OUT("b") "," C_SAY("y") "]}",
	      "{\"messages\":[" C_CALLS(C_CALL("a") "," C_CALL("b")) "," C_OUT(
		      "a") "," C_OUT("b") "," C_SAY("x") "," C_SAY("y") "]}",
	      "order of results");
	/* something is said beside the call */
	check(DIALECT_OPENAI, paired,
	      "{\"messages\":[{\"role\":\"assistant\",\"content\":\"s\","
	      "\"tool_calls\":[" C_CALL("a") "]}," C_SAY("x") "]}",
	      "{\"messages\":[{\"role\":\"assistant\",\"content\":\"s\"}"
	      "," C_SAY("x") "]}",
	      "calls without results");
}

static void chat_is_mended(void **state)
{
	struct quirks nine = { .nine_ids = true };
	struct quirks reasons = { .reasoning_content = true };
	struct quirks google = { .thought_signatures = true };
	struct quirks both = { .thought_signatures = true, .paired = true };

	(void)state;
	check(DIALECT_OPENAI, nine,
	      "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
	      "\"call_1\"}]},{\"role\":\"tool\",\"tool_call_id\":\"call_1\"}]}",
	      "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
	      "\"sPnjkEYJU\"}]},{\"role\":\"tool\",\"tool_call_id\":"
	      "\"sPnjkEYJU\"}]}",
	      "tool ids");
	check(DIALECT_OPENAI, reasons,
	      "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{}]}]}",
	      "{\"messages\":[{\"role\":\"assistant\",\"reasoning_content\":"
	      "\"...\",\"tool_calls\":[{}]}]}",
	      "reasoning_content");
	check(DIALECT_OPENAI, google,
	      "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
	      "\"a\"},{\"id\":\"b\"}]}]}",
	      "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{"
	      "\"extra_content\":{\"google\":{\"thought_signature\":"
	      "\"skip_thought_signature_validator\"}},\"id\":\"a\"},{\"id\":"
	      "\"b\"}]}]}",
	      "thought signatures");
	/* the first one that stays */
	check(DIALECT_OPENAI, both,
	      "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
	      "\"a\"},{\"id\":\"b\"}]}," C_OUT("b") "]}",
	      "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{"
	      "\"extra_content\":{\"google\":{\"thought_signature\":"
	      "\"skip_thought_signature_validator\"}},\"id\":\"b\"}]}," C_OUT(
		      "b") "]}",
	      "calls without results, thought signatures");
}

/* What comes in front of others has a comma only where any of them stays. */
static void one_member_takes_the_place_of_all(void **state)
{
	struct quirks q = { .no_extra = true };
	struct quirks google = { .no_extra = true, .thought_signatures = true };

	(void)state;
#define CALL(function, rest) \
	"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{" function \
		rest "}]}]}"
#define UNSIGNED \
	"\"extra_content\":{\"google\":{\"thought_signature\":" \
	"\"skip_thought_signature_validator\"}}"
	check(DIALECT_OPENAI, q,
	      CALL("\"function\":", "{ \"x\" : 1 , \"y\":[] }"),
	      CALL("\"function\":", "{ \"arguments\":\"{}\" }"),
	      "arguments of calls, fields of calls");
	check(DIALECT_OPENAI, q,
	      CALL("\"function\":", "{\"x\":1,\"name\":\"f\"}"),
	      CALL("\"function\":", "{\"arguments\":\"{}\",\"name\":\"f\"}"),
	      "arguments of calls, fields of calls");
	check(DIALECT_OPENAI, google, CALL("\"x\":1, \"y\":2", ""),
	      CALL(UNSIGNED, ""), "thought signatures, fields of calls");
	check(DIALECT_OPENAI, google, CALL("\"x\":1,", "\"id\":\"a\""),
	      CALL(UNSIGNED ",", "\"id\":\"a\""),
	      "thought signatures, fields of calls");
}

static struct mend_refusal refused(enum dialect_id d, const char *text)
{
	struct quirks q = { 0 };

	return mend_refusal(d, span_of(text), &q);
}

static void a_refusal_names_a_block(void **state)
{
	struct quirks q = { 0 };
	struct mend_refusal f = mend_refusal(
		DIALECT_ANTHROPIC,
		SPAN("messages.12.content.3: Invalid `signature` in "
		     "`thinking` block"),
		&q);

	(void)state;
	assert_int_equal(f.what, REFUSED_THINKING);
	assert_int_equal(f.message, 12);
	assert_int_equal(f.block, 3);
	assert_false(f.all);
	f = refused(DIALECT_ANTHROPIC, "Invalid signature in thinking");
	assert_true(f.all);
	f = refused(DIALECT_ANTHROPIC, "Invalid `data` in `redacted_thinking`");
	assert_int_equal(f.what, REFUSED_THINKING);
	f = refused(DIALECT_ANTHROPIC, "messages.x.content.1");
	assert_int_equal(f.what, REFUSED_NOTHING);
	assert_true(f.block == MEND_NOWHERE);
	f = refused(DIALECT_ANTHROPIC,
		    "messages.99999999999999999999.content.1");
	assert_true(f.message != 0);
	f = refused(DIALECT_ANTHROPIC, "`thinking.budget_tokens`: too small");
	assert_int_equal(f.what, REFUSED_NOTHING);
}

static void a_refusal_names_an_item(void **state)
{
	struct mend_refusal f = refused(
		DIALECT_RESPONSES,
		"{\"error\":{\"message\":\"The encrypted content for item "
		"rs_0a18166 could not be verified.\",\"code\":"
		"\"invalid_encrypted_content\"}}");

	(void)state;
	assert_int_equal(f.what, REFUSED_REASONING);
	assert_span(f.item, "rs_0a18166");
	assert_false(f.all);
	f = refused(DIALECT_RESPONSES,
		    "The encrypted content gAAA...DQ== could not be verified.");
	assert_int_equal(f.what, REFUSED_REASONING);
	assert_span(f.end, "DQ==");
	assert_int_equal(f.item.n, 0);
	f = refused(DIALECT_RESPONSES, "invalid_encrypted_content");
	assert_true(f.all);
	f = refused(DIALECT_RESPONSES,
		    "Item 'fc_1' of type 'function_call' was provided without "
		    "its required 'reasoning' item: 'rs_1'.");
	assert_span(f.item, "fc_1");
	f = refused(DIALECT_RESPONSES, "Unknown parameter: 'seed'");
	assert_int_equal(f.what, REFUSED_NOTHING);
	/* the words of one dialect are none in another */
	f = refused(DIALECT_OPENAI, "invalid_encrypted_content");
	assert_int_equal(f.what, REFUSED_NOTHING);
}

static void a_refusal_sets_a_switch(void **state)
{
	struct quirks q = { .reasoning_optional = true };
	struct mend_refusal f = mend_refusal(
		DIALECT_OPENAI,
		SPAN("The `reasoning_content` in the thinking mode must be "
		     "passed back to the API."),
		&q);

	(void)state;
	assert_int_equal(f.what, REFUSED_SWITCH);
	assert_true(q.reasoning_content && !q.reasoning_optional);
	f = mend_refusal(DIALECT_OPENAI,
			 SPAN("property 'reasoning_content' is unsupported"),
			 &q);
	assert_int_equal(f.what, REFUSED_SWITCH);
	assert_true(q.no_foreign);
	f = refused(DIALECT_OPENAI, "Unsupported parameter: 'max_tokens'");
	assert_int_equal(f.what, REFUSED_NOTHING);
	f = refused(DIALECT_OPENAI, "Corrupted thought signature.");
	assert_int_equal(f.what, REFUSED_SIGNATURES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_any_neighbours),
		cmocka_unit_test(messages_are_mended),
		cmocka_unit_test(system_messages_are_placed),
		cmocka_unit_test(a_loop_without_thinking_goes_on_without),
		cmocka_unit_test(responses_are_mended),
		cmocka_unit_test(results_stand_behind_their_calls),
		cmocka_unit_test(answers_become_messages),
		cmocka_unit_test(four_cache_marks_stay),
		cmocka_unit_test(items_are_paired),
		cmocka_unit_test(parts_are_those_of_the_role),
		cmocka_unit_test(tool_messages_follow_their_calls),
		cmocka_unit_test(chat_is_mended),
		cmocka_unit_test(one_member_takes_the_place_of_all),
		cmocka_unit_test(a_refusal_names_a_block),
		cmocka_unit_test(a_refusal_names_an_item),
		cmocka_unit_test(a_refusal_sets_a_switch),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
