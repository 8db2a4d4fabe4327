/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/digest.h"
#include "dialect/chat-read.h"

#include <stdio.h>
#include <string.h>

static const char *const handled[] = {
	"model",
	"messages",
	"stream",
	"stream_options",
	"tools",
	"tool_choice",
	"functions",
	"function_call",
	"parallel_tool_calls",
	"response_format",
	"max_tokens",
	"max_completion_tokens",
	"stop",
	"n",
	"temperature",
	"top_p",
	"top_k",
	"reasoning_effort",
	"reasoning",
	"thinking",
	"enable_thinking",
	"verbosity",
	"user",
	"safety_identifier",
	"service_tier",
	"modalities",
	"web_search_options",
	NULL,
};

static int put_file(struct chat *c, struct msg *m, struct json_object *part,
		    struct err *e)
{
	struct json_object *file = chat_object(c, part, "file");
	struct span data = chat_str(c, file, "file_data");
	struct part *p;

	if (!data.n)
		return read_bad(e, "messages",
				"a file by file_id cannot be "
				"sent to another provider: send file_data");
	p = chat_part(c, m, PART_DOCUMENT);
	p->name = chat_str(c, file, "filename");
	p->cache = chat_object(c, part, "cache_control");
	return chat_media(c, p, data, e);
}

/* What editors write into Chat for models that they take for Claude. */
static bool is_block(struct span type)
{
	return span_is(type, "tool_use") || span_is(type, "tool_result") ||
	       span_is(type, "image") || span_is(type, "document");
}

static int put_part(struct chat *c, struct msg *m, struct json_object *o,
		    struct err *e)
{
	struct span type = chat_str(c, o, "type");
	struct part *p;

	if (span_is(type, "text") || span_is(type, "input_text") ||
	    span_is(type, "output_text")) {
		p = read_text(c, m, o, "text", e);
		if (!p)
			return -1;
		p->cache = chat_object(c, o, "cache_control");
		return 0;
	}
	if (span_is(type, "refusal"))
		return read_text(c, m, o, "refusal", e) ? 0 : -1;
	if (span_is(type, "image_url") ||
	    (span_is(type, "input_image") && json_get(o, "image_url")))
		return read_image_url(c, m, o, e);
	if (is_block(type))
		return anthropic_block_read(c, m, o, e);
	if (span_is(type, "file"))
		return put_file(c, m, o, e);
	if (span_is(type, "input_audio"))
		return read_bad(e, "messages", "this backend takes no audio");
	chat_dropped(c, arena_fmt(c->arena, "content.%.40s", type.p));
	return 0;
}

static int put_content(struct chat *c, struct msg *m, struct json_object *o,
		       struct err *e)
{
	return read_parts(c, m, o, put_part, e);
}

/* Is any sealed by us? Then all are of our writing. */
static bool is_sealed(struct json_object *details)
{
	for (size_t i = 0; i < json_length(details); i++) {
		struct json_object *d = json_at(details, i);

		if (seal_is(json_str(d, "signature")) ||
		    seal_is(json_str(d, "data")))
			return true;
	}
	return false;
}

/* Text that comes in pieces, its signature behind the last one. */
struct details {
	struct part *open;
	struct buf text;
	struct span plain; /* the text beside them, until it is in a part */
};

static void end_text(struct chat *c, struct details *s, struct span signature)
{
	/* Some clients keep the signature and lose the pieces. */
	s->open->text = s->text.n ? arena_all(c->arena, &s->text) : s->plain;
	s->plain = SPAN("");
	if (s->text.full)
		c->arena->full = true;
	chat_sealed(c, s->open, signature);
	s->open = NULL;
	buf_reset(&s->text);
}

static void put_detail(struct chat *c, struct msg *m, struct json_object *d,
		       struct details *s)
{
	struct span type = chat_str(c, d, "type");
	struct span signature = chat_str(c, d, "signature");

	if (span_is(type, "reasoning.encrypted")) {
		chat_sealed(c, chat_part(c, m, PART_REDACTED),
			    chat_str(c, d, "data"));
		return;
	}
	if (!span_is(type, "reasoning.text"))
		return;
	if (!s->open)
		s->open = chat_part(c, m, PART_THINKING);
	buf_span(&s->text, chat_str(c, d, "text"));
	if (signature.n)
		end_text(c, s, signature);
}

/* Thinking as this router and OpenRouter send it, else plain text without a
 * signature. */
static void put_thinking(struct chat *c, struct msg *m, struct json_object *o)
{
	struct json_object *details = chat_objects(c, o, "reasoning_details");
	struct details s = { .plain = chat_str(c, o, "reasoning_content") };
	bool sealed = is_sealed(details);

	if (!s.plain.n)
		s.plain = chat_str(c, o, "reasoning");
	buf_init(&s.text, REQUEST_TEXT_MAX);
	for (size_t i = 0; i < json_length(details); i++) {
		struct json_object *d = json_at(details, i);

		if (sealed ||
		    span_starts(chat_str(c, d, "format"), "anthropic"))
			put_detail(c, m, d, &s);
	}
	if (s.open)
		end_text(c, &s, SPAN(""));
	buf_release(&s.text);
	if (s.plain.n)
		chat_part(c, m, PART_THINKING)->text = s.plain;
}

static void put_call(struct chat *c, struct msg *m, struct json_object *call)
{
	struct json_object *f = chat_object(c, call, "function"), *given;
	struct part *p = chat_part(c, m, PART_TOOL_USE);

	p->id = chat_str(c, call, "id");
	p->cache = chat_object(c, call, "cache_control");
	if (!f) {
		f = chat_object(c, call, "custom");
		p->custom = true;
	}
	if (!f)
		chat_fault(c, "function", "an object");
	given = json_get(f, p->custom ? "input" : "arguments");
	/* Without a name it goes on; this is something else. */
	if (f && !json_get(f, "name") && !given)
		chat_fault(c, "name", "that of the tool that was called");
	p->name = chat_str(c, f, "name");
	p->text = chat_said(c, given);
}

/* The id that the old function_call lacks: the same for call and result. */
static struct span legacy_id(struct chat *c, struct span name)
{
	return span_of(arena_fmt(c->arena, "call_fn_%.*s", SPAN_FMT(name)));
}

static int put_assistant(struct chat *c, struct json_object *o, struct err *e)
{
	struct msg *m = chat_msg(c, ROLE_ASSISTANT);
	struct json_object *calls = chat_objects(c, o, "tool_calls");
	struct json_object *legacy = chat_object(c, o, "function_call");
	struct span refusal = chat_str(c, o, "refusal");
	struct part *p;

	put_thinking(c, m, o);
	if (put_content(c, m, json_get(o, "content"), e))
		return -1;
	if (refusal.n)
		chat_text(c, m, refusal);
	if (legacy) { /* calls of tools beside it were made after it */
		p = chat_part(c, m, PART_TOOL_USE);
		p->name = chat_str(c, legacy, "name");
		p->id = legacy_id(c, p->name);
		p->text = chat_said(c, json_get(legacy, "arguments"));
	}
	for (size_t i = 0; i < json_length(calls); i++)
		put_call(c, m, json_at(calls, i));
	return 0;
}

static int put_result(struct chat *c, struct json_object *o, struct span id,
		      struct err *e)
{
	struct msg *m = chat_msg(c, ROLE_USER);
	struct part *p = chat_part(c, m, PART_TOOL_RESULT);
	struct msg inside = { .tail = &inside.parts };

	p->id = id;
	if (read_result(c, &inside, json_get(o, "content"), put_part, e))
		return -1;
	p->content = inside.parts;
	for (struct part *i = p->content; i; i = i->next)
		if (i->cache)
			p->cache = i->cache;
	return 0;
}

/* A mark on a whole message stands on its last part. */
static void mark_cache(struct chat *c, struct msg *m, struct json_object *o)
{
	struct json_object *cache = chat_object(c, o, "cache_control");
	struct part *p = m ? m->parts : NULL;

	while (p && p->next)
		p = p->next;
	if (p && cache)
		p->cache = cache;
}

/* What of a message has no place anywhere else. */
static void note_rest(struct chat *c, struct json_object *o)
{
	static const char *const known[] = {
		"role",          "content",           "refusal",
		"tool_calls",    "tool_call_id",      "function_call",
		"reasoning",     "reasoning_content", "reasoning_details",
		"cache_control", "annotations",       NULL,
	};
	struct span role = chat_str(c, o, "role");
	bool named = span_is(role, "tool") || span_is(role, "function");

	c->citations += (int)json_length(json_get(o, "annotations"));
	json_object_object_foreach(o, key, value)
	{
		if (value && !json_known(key, known) &&
		    !(named && strcmp(key, "name") == 0))
			chat_dropped(
				c, arena_fmt(c->arena, "messages.%.40s", key));
	}
}

static int put_message(struct chat *c, struct json_object *o, size_t i,
		       struct err *e)
{
	struct span role = chat_str(c, o, "role");
	struct json_object *content = json_get(o, "content");
	struct msg *m;

	if (span_is(role, "user"))
		return put_content(c, chat_msg(c, ROLE_USER), content, e);
	if (span_is(role, "assistant"))
		return put_assistant(c, o, e);
	if (span_is(role, "tool"))
		return put_result(c, o, chat_str(c, o, "tool_call_id"), e);
	if (span_is(role, "function"))
		return put_result(c, o, legacy_id(c, chat_str(c, o, "name")),
				  e);
	if (!span_is(role, "system") && !span_is(role, "developer"))
		return read_bad(e, "messages",
				"message %zu has the unknown "
				"role \"%.40s\"",
				i, role.n ? role.p : "");
	m = chat_msg(c, ROLE_SYSTEM);
	m->developer = span_is(role, "developer");
	return put_content(c, m, content, e);
}

static int add_message(struct chat *c, struct json_object *o, size_t i,
		       struct err *e)
{
	struct msg **made = c->tail;

	if (!json_object_is_type(o, json_type_object))
		return read_bad(e, "messages", "message %zu is no object", i);
	if (put_message(c, o, i, e))
		return -1;
	mark_cache(c, *made, o);
	note_rest(c, o);
	return 0;
}

/* Of a tool that the client runs; some write it without its inner object. */
static bool is_client_type(struct span type)
{
	return !type.n || span_is(type, "function") || span_is(type, "custom");
}

static int read_tools(struct chat *c, struct json_object *body, struct err *e)
{
	struct json_object *search = chat_object(c, body, "web_search_options");
	struct json_object *tools = json_get(body, "tools");
	struct json_object *functions = json_get(body, "functions");
	struct json_object *call = json_get(body, "function_call");

	if (read_objects(body, "tools", e) ||
	    read_objects(body, "functions", e))
		return -1;
	for (size_t i = 0; i < json_length(tools); i++) {
		struct json_object *t = json_at(tools, i);
		struct json_object *f = chat_object(c, t, "function");

		f = f ? f : chat_object(c, t, "custom");
		if (!f && !is_client_type(chat_str(c, t, "type")))
			chat_tool(c, TOOL_HOSTED, chat_str(c, t, "type"))->raw =
				t;
		else if (!read_tool(c, t, f ? f : t, e))
			return -1;
	}
	c->legacy = json_length(functions) && !json_length(tools);
	c->no_parallel |= c->legacy; /* a message has room for one call */
	for (size_t i = 0; i < json_length(functions); i++)
		if (!read_tool(c, json_at(functions, i), json_at(functions, i),
			       e))
			return -1;
	read_same_tools(c);
	if (search)
		chat_tool(c, TOOL_HOSTED, SPAN("web_search_options"))->raw =
			search;
	if (read_choice(c, json_get(body, "tool_choice"), e))
		return -1;
	if (call && c->choice == CHOICE_UNSET)
		return read_choice(c, call, e);
	return 0;
}

static int check_unsupported(struct json_object *body, struct err *e)
{
	struct json_object *modalities = json_get(body, "modalities");

	if (json_get(body, "n") && json_int(body, "n", 0) != 1)
		return read_bad(e, "n",
				"n must be 1: this backend gives one "
				"answer a request");
	if (modalities && !json_object_is_type(modalities, json_type_array))
		return read_bad(e, "modalities", "modalities must be a list");
	for (size_t i = 0; i < json_length(modalities); i++)
		if (!span_is(json_span(json_at(modalities, i)), "text"))
			return read_bad(e, "modalities",
					"this backend makes text alone");
	if (!json_object_is_type(json_get(body, "messages"), json_type_array))
		return read_bad(e, "messages", "messages must be a list");
	return 0;
}

int openai_request_read(struct chat *c, struct json_object *body, struct err *e)
{
	struct json_object *list = json_get(body, "messages");

	if (check_unsupported(body, e))
		return -1;
	if (read_samplers(c, body, e) ||
	    read_tokens(body, "max_tokens", &c->max_tokens, e) ||
	    read_tokens(body, "max_completion_tokens", &c->max_tokens, e) ||
	    read_stop(c, body, "stop", e))
		return -1;
	c->no_parallel = !chat_flag(c, body, "parallel_tool_calls", true);
	if (read_reasoning(c, body, e))
		return -1;
	c->verbosity = chat_str(c, body, "verbosity");
	read_user(c, body);
	c->tier = chat_str(c, body, "service_tier");
	c->usage_wanted = chat_flag(c, chat_object(c, body, "stream_options"),
				    "include_usage", false);
	for (size_t i = 0; i < json_length(list); i++)
		if (add_message(c, json_at(list, i), i, e))
			return read_at(e, "messages", i);
	if (read_tools(c, body, e) ||
	    read_format(c, chat_object(c, body, "response_format"), true, e) ||
	    read_faults(c, e))
		return -1;
	read_turns(c, false);
	chat_settle(c);
	if (c->citations > 0)
		chat_dropped(c, "messages.annotations");
	read_dropped(c, body, handled);
	return 0;
}
