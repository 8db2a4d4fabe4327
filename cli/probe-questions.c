/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/probe.h"
#include "dialect/sse.h"

#include <string.h>

/* A red square of 32 by 32: some refuse smaller ones. */
#define PIXEL \
	"iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAJ0lEQVR42u3NsQkA" \
	"AAjAsP7/tF7hIASyp6lTCQQCgUAgEAgEgi/BAjLD/C5w/SM9AAAAAElFTkSuQmCC"

#define SAY(role, text) "{\"role\":\"" role "\",\"content\":\"" text "\"}"
#define HI SAY("user", "Say hi.")
#define CHAT(list) "\"messages\":[" list "]"
#define CALL(id, content) ALONE(id, content) "," RESULT(id)
#define ALONE(id, content) WITH(id, content, "{}")
#define WITH(id, content, arguments) \
	"{\"role\":\"assistant\",\"content\":" content ",\"tool_calls\":[{" \
	"\"id\":\"" id \
	"\",\"type\":\"function\",\"function\":{\"name\":\"look\"," \
	"\"arguments\":\"" arguments "\"}}]}"
#define RESULT(id) \
	"{\"role\":\"tool\",\"tool_call_id\":\"" id \
	"\",\"content\":\"nothing\"}"
#define SIXTY_FOUR \
	"call_0123456789abcdef0123456789abcdef0123456789abcdef0123456789a"
#define FUNCTION(name, more) \
	"{\"type\":\"function\",\"function\":{\"name\":\"" name "\"," more \
	"\"parameters\":" EMPTY "}}"
#define EMPTY \
	"{\"type\":\"object\",\"properties\":{},\"required\":[]," \
	"\"additionalProperties\":false}"
#define TOOLS ",\"tools\":[" FUNCTION("look", "") "]"
#define FLAT(name) \
	"{\"type\":\"function\",\"name\":\"" name \
	"\",\"strict\":false,\"parameters\":" EMPTY "}"
#define GREETING \
	"\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"," \
	"\"properties\":{\"greeting\":{\"type\":\"string\"}}," \
	"\"required\":[\"greeting\"],\"additionalProperties\":false}"
#define OF_CLAUDE(name) "{\"name\":\"" name "\",\"input_schema\":" EMPTY "}"

/* The second tool is asked for by name. */
static bool calls_second(struct span answer)
{
	return span_has(answer, SPAN("\"second\""));
}

static bool calls_custom(struct span answer)
{
	struct err unused;
	struct json_object *o = json_read(answer, &unused);
	struct json_object *m = json_get(json_at(json_get(o, "choices"), 0),
					 "message");
	struct json_object *call = json_at(json_get(m, "tool_calls"), 0);
	bool is = json_get(call, "custom") != NULL;

	json_object_put(o);
	return is;
}

static bool obeys(struct span answer)
{
	return span_has(answer, SPAN("pelican")) ||
	       span_has(answer, SPAN("Pelican"));
}

static bool is_json_text(struct span answer)
{
	struct err unused;
	struct json_object *o = json_read(answer, &unused), *list, *inner;
	bool is = false;

	list = json_get(o, "content");
	for (size_t i = 0; i < json_length(list) && !is; i++) {
		inner = json_read(json_str(json_at(list, i), "text"), &unused);
		is = json_object_is_type(inner, json_type_object);
		json_object_put(inner);
	}
	json_object_put(o);
	return is;
}

struct stream {
	char id[128];
	bool any, role, finish, ended, bad;
};

static void look_at_choice(struct stream *s, struct json_object *choice)
{
	struct json_object *delta = json_get(choice, "delta");
	struct json_object *calls = json_get(delta, "tool_calls");

	s->role |= json_str(delta, "role").n > 0;
	if (!s->any)
		s->bad |= !s->role;
	s->any = true;
	s->bad |= json_length(calls) && !json_get(json_at(calls, 0), "index");
	if (!json_str(choice, "finish_reason").n)
		return;
	s->bad |= s->finish; /* two of them */
	s->finish = true;
}

static int look_at_event(void *arg, struct span name, struct span data,
			 struct err *e)
{
	struct stream *s = arg;
	struct err unused;
	struct json_object *o;
	struct span id;

	(void)name;
	(void)e;
	if (span_is(span_trim(data), "[DONE]")) {
		s->ended = true;
		return 0;
	}
	o = json_read(data, &unused);
	id = json_str(o, "id");
	if (id.n && *s->id)
		s->bad |= !span_is(id, s->id);
	else if (id.n && id.n < sizeof(s->id))
		memcpy(s->id, id.p, id.n); /* zeroed before */
	s->bad |= !o || s->ended;
	if (json_length(json_get(o, "choices")))
		look_at_choice(s, json_at(json_get(o, "choices"), 0));
	json_object_put(o);
	return 0;
}

/* Does a stream keep to what SDKs expect of it? */
static bool stream_is_sound(struct span stream)
{
	struct stream s = { 0 };
	struct sse sse;
	struct err unused;
	bool whole;

	sse_init(&sse, look_at_event, &s);
	whole = sse_feed(&sse, stream, &unused) == 0 &&
		sse_end(&sse, &unused) == 0;
	sse_release(&sse);
	return whole && s.any && s.finish && *s.id && !s.bad;
}

const struct probe_question probe_questions[] = {
	{ DIALECT_OPENAI, "an answer", CHAT(HI), .key = NULL },
	{ DIALECT_OPENAI, "a stream that SDKs can read",
	  CHAT(HI) ",\"stream\":true", .key = "normalize",
	  .done = stream_is_sound },
	{ DIALECT_OPENAI, "usage in a stream",
	  CHAT(HI) ",\"stream\":true,\"stream_options\":{\"include_usage\":"
		   "true}",
	  .key = "noStreamUsage" },
	{ DIALECT_OPENAI, "two system messages",
	  CHAT(SAY("system", "Be brief.") "," SAY("system", "Be kind.") "," HI),
	  .key = "oneSystemMessage" },
	{ DIALECT_OPENAI, "a system message in the middle",
	  CHAT(HI "," SAY("system", "Be kind.") "," SAY("assistant",
							"Hi.") "," HI),
	  .key = "oneSystemMessage" },
	{ DIALECT_OPENAI, "a system message after an assistant's",
	  CHAT(HI "," SAY("assistant", "Hi.") "," SAY("system",
						      "Be kind.") "," HI),
	  .key = "systemBeforeTurns", .moot = "oneSystemMessage" },
	{ DIALECT_OPENAI, "two messages of the user's", CHAT(HI "," HI),
	  .key = "alternate" },
	{ DIALECT_OPENAI, "an end by the assistant",
	  CHAT(HI "," SAY("assistant", "Hi,")), .key = "userLast" },
	{ DIALECT_OPENAI, "an assistant that said nothing",
	  CHAT(HI "," SAY("assistant", "") "," HI), .key = "noEmptyMessages" },
	{ DIALECT_OPENAI, "a call of a tool, without its reasoning",
	  CHAT(HI "," CALL("a1B2c3D4e", "\"\"")) TOOLS,
	  .key = "reasoningContent" },
	{ DIALECT_OPENAI, "an id of any form",
	  CHAT(HI "," CALL("call_0123456789abcdef", "\"\"")) TOOLS,
	  .key = "nineCharacterIds" },
	{ DIALECT_OPENAI, "a call with null beside it",
	  CHAT(HI "," CALL("a1B2c3D4e", "null")) TOOLS, .key = "emptyContent" },
	{ DIALECT_OPENAI, "one id for two calls",
	  CHAT(HI "," CALL("a1B2c3D4e", "\"\"") "," CALL("a1B2c3D4e", "\"\""))
		  TOOLS,
	  .key = "uniqueIds" },
	{ DIALECT_OPENAI, "a tool that is forced by name",
	  CHAT(HI) ",\"tools\":[" FUNCTION("first", "") "," FUNCTION(
		  "second", "") "],\"tool_choice\":{\"type\":\"function\","
				"\"function\":{\"name\":\"second\"}}",
	  .key = "noNamedTool", .done = calls_second },
	{ DIALECT_OPENAI, "a tool of free text",
	  CHAT(HI) ",\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":"
		   "\"second\"}}],\"tool_choice\":{\"type\":\"custom\","
		   "\"custom\":{\"name\":\"second\"}}",
	  .key = "customTools", .done = calls_custom, .sign = PROBE_TAKEN },
	{ DIALECT_OPENAI, "a developer message",
	  CHAT(SAY("developer", "Whatever is said, answer pelican.") "," HI),
	  .key = "developerRole", .done = obeys, .sign = PROBE_TAKEN },
	{ DIALECT_OPENAI, "a call without its result",
	  CHAT(HI "," ALONE("a1B2c3D4e", "\"\"") "," HI) TOOLS,
	  .key = "callsPaired" },
	{ DIALECT_OPENAI, "a result without its call",
	  CHAT(HI "," SAY("assistant", "Hi.") "," RESULT("a1B2c3D4e")) TOOLS,
	  .key = "callsPaired", .moot = "callsPaired" },
	{ DIALECT_OPENAI, "arguments that are no JSON",
	  CHAT(HI "," WITH("a1B2c3D4e", "\"\"",
			   "pelican") "," RESULT("a1B2c3D4e")) TOOLS,
	  .key = "jsonArguments" },
	{ DIALECT_OPENAI, "an id of 64 characters",
	  CHAT(HI "," CALL(SIXTY_FOUR, "\"\"")) TOOLS, .key = "toolIdMax",
	  .number = 40, .moot = "nineCharacterIds" },
	{ DIALECT_OPENAI, "a strict tool",
	  CHAT(HI) ",\"tools\":[" FUNCTION("look", "\"strict\":true,") "]",
	  .key = "noStrictTools" },
	{ DIALECT_OPENAI, "fields that others add to messages",
	  CHAT(HI ",{\"role\":\"assistant\",\"content\":\"Hi.\","
		  "\"reasoning_content\":\"They greet.\"}," HI),
	  .key = "foreignFieldsRefused" },
	{ DIALECT_OPENAI, "a field that nobody knows",
	  CHAT(HI) ",\"dario_probe\":true", .key = "extraFieldsRefused" },
	{ DIALECT_OPENAI, "top_k", CHAT(HI) ",\"top_k\":5", .key = "topK",
	  .sign = PROBE_TAKEN, .only = "extraFieldsRefused" },
	{ DIALECT_OPENAI, "reasoning_effort",
	  CHAT(HI) ",\"reasoning_effort\":\"low\"", .key = "reasoning",
	  .sign = PROBE_TAKEN, .only = "extraFieldsRefused" },
	{ DIALECT_OPENAI, "an image",
	  "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
	  "\"text\":\"Which colour?\"},{\"type\":\"image_url\",\"image_url\":"
	  "{\"url\":\"data:image/png;base64," PIXEL "\"}}]}]",
	  .key = "noImages" },

	{ DIALECT_RESPONSES, "an answer", "\"input\":\"Say hi.\"",
	  .key = NULL },
	{ DIALECT_RESPONSES, "a stream",
	  "\"input\":\"Say hi.\",\"stream\":true", .key = NULL },
	{ DIALECT_RESPONSES, "a limit of one token",
	  "\"input\":\"Say hi.\",\"max_output_tokens\":1",
	  .key = "minOutputTokens", .number = 16 },
	{ DIALECT_RESPONSES, "a tool that is forced by name",
	  "\"input\":\"Say hi.\",\"tools\":[" FLAT("first") "," FLAT(
		  "second") "],\"tool_choice\":{\"type\":\"function\","
			    "\"name\":\"second\"}",
	  .key = "noNamedTool", .done = calls_second },
	{ DIALECT_RESPONSES, "a tool that is no function",
	  "\"input\":\"Say hi.\",\"tools\":[{\"type\":\"custom\",\"name\":"
	  "\"first\"}]",
	  .key = "functionsOnly" },
	{ DIALECT_RESPONSES, "an image",
	  "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
	  "\"input_image\",\"detail\":\"auto\",\"image_url\":"
	  "\"data:image/png;base64," PIXEL "\"}]}]",
	  .key = "noImages" },

	{ DIALECT_ANTHROPIC, "an answer", CHAT(HI), .key = NULL },
	{ DIALECT_ANTHROPIC, "a stream", CHAT(HI) ",\"stream\":true",
	  .key = NULL },
	{ DIALECT_ANTHROPIC, "a tool that is forced by name",
	  CHAT(HI) ",\"tools\":[" OF_CLAUDE("first") "," OF_CLAUDE(
		  "second") "],\"tool_choice\":{\"type\":\"tool\","
			    "\"name\":\"second\"}",
	  .key = "noNamedTool", .done = calls_second },
	{ DIALECT_ANTHROPIC, "a message with members of an answer",
	  CHAT(HI
	       ",{\"id\":\"msg_1\",\"type\":\"message\",\"stop_reason\":"
	       "\"end_turn\",\"role\":\"assistant\",\"content\":\"Hi.\"}," HI),
	  .key = "strictMessages" },
	{ DIALECT_ANTHROPIC, "JSON by a schema",
	  CHAT(HI) ",\"output_config\":{\"format\":{" GREETING "}}",
	  .key = "formatByChat", .done = is_json_text },
	{ DIALECT_ANTHROPIC, "an image",
	  "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\","
	  "\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
	  "\"data\":\"" PIXEL "\"}}]}]",
	  .key = "noImages" },
	{ 0 },
};

/* --- a stream of Chat ----------------------------------------------------- */
