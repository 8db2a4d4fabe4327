/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat-read.h"

#include <string.h>

static const char *const handled[] = {
	"model",
	"input",
	"instructions",
	"tools",
	"tool_choice",
	"parallel_tool_calls",
	"max_output_tokens",
	"reasoning",
	"text",
	"temperature",
	"top_p",
	"top_k",
	"stream",
	"stream_options",
	"store",
	"include",
	"user",
	"safety_identifier",
	"service_tier",
	NULL,
};

/* What only a provider that keeps conversations can do. */
static int check_stateless(struct json_object *body, struct err *e)
{
	static const char *const stateful[] = {
		"previous_response_id",
		"conversation",
	};

	for (size_t i = 0; i < sizeof(stateful) / sizeof(stateful[0]); i++)
		if (json_get(body, stateful[i]))
			return read_bad(e, stateful[i],
					"%s needs a provider "
					"that keeps conversations: send the "
					"whole input",
					stateful[i]);
	if (json_flag(body, "background", false))
		return read_bad(e, "background",
				"this backend does not "
				"answer in the background");
	return 0;
}

static int put_file(struct chat *c, struct msg *m, struct json_object *o,
		    struct err *e)
{
	struct span data = json_str(o, "file_data");
	struct span url = json_str(o, "file_url");
	struct part *p;

	if (!data.n && !url.n)
		return read_bad(e, "input",
				"a file by file_id cannot be sent "
				"to another provider: send file_data");
	p = chat_part(c, m, PART_DOCUMENT);
	p->name = json_str(o, "filename");
	return chat_media(c, p, data.n ? data : url, e);
}

static int put_part(struct chat *c, struct msg *m, struct json_object *o,
		    struct err *e)
{
	struct span type = json_str(o, "type");

	if (span_is(type, "input_text") || span_is(type, "output_text") ||
	    span_is(type, "text")) {
		chat_text(c, m, json_str(o, "text"));
		return 0;
	}
	if (span_is(type, "refusal")) {
		chat_text(c, m, json_str(o, "refusal"));
		return 0;
	}
	if (span_is(type, "input_image")) {
		struct span url = json_str(o, "image_url");

		if (!url.n)
			return read_bad(e, "input",
					"an image by file_id "
					"cannot be sent to another provider: "
					"send image_url");
		return chat_media(c, chat_part(c, m, PART_IMAGE), url, e);
	}
	if (span_is(type, "input_file"))
		return put_file(c, m, o, e);
	if (span_is(type, "input_audio"))
		return read_bad(e, "input", "this backend takes no audio");
	chat_dropped(c, arena_fmt(c->arena, "content.%.40s",
				  type.n ? type.p : "untyped"));
	return 0;
}

static int put_content(struct chat *c, struct msg *m, struct json_object *o,
		       struct err *e)
{
	return read_content(c, m, o, put_part, e);
}

static int put_message(struct chat *c, struct json_object *o, struct err *e)
{
	struct span role = json_str(o, "role");
	enum role to = ROLE_USER;
	struct msg *m;

	if (span_is(role, "assistant"))
		to = ROLE_ASSISTANT;
	else if (span_is(role, "system") || span_is(role, "developer"))
		to = ROLE_SYSTEM;
	else if (!span_is(role, "user"))
		return read_bad(e, "input", "unknown role \"%.40s\"",
				role.n ? role.p : "");
	m = chat_msg(c, to);
	m->developer = span_is(role, "developer");
	return put_content(c, m, json_get(o, "content"), e);
}

/* What is not sealed by us is of a Responses provider, and none is here. */
static void put_reasoning(struct chat *c, struct json_object *o)
{
	struct span sealed = json_str(o, "encrypted_content");
	struct json_object *summary = json_get(o, "summary");
	struct msg *m = chat_msg(c, ROLE_ASSISTANT);
	struct part *p = chat_part(c, m, PART_THINKING);
	enum seal_kind kind = seal_open(c->arena, sealed).kind;

	p->text = read_joined(
		c, json_length(summary) ? summary : json_get(o, "content"),
		"\n\n");
	if (kind == SEAL_REDACTED || kind == SEAL_GOOGLE || kind == SEAL_ID)
		p->kind = PART_REDACTED;
	chat_sealed(c, p, kind == SEAL_NONE ? SPAN("") : sealed);
}

static void put_call(struct chat *c, struct json_object *o, bool custom)
{
	struct part *p = chat_part(c, chat_msg(c, ROLE_ASSISTANT),
				   PART_TOOL_USE);

	p->id = json_str(o, "call_id");
	p->name = json_str(o, "name");
	p->text = json_str(o, custom ? "input" : "arguments");
	p->custom = custom;
}

static int put_output(struct chat *c, struct json_object *o, struct err *e)
{
	struct part *p = chat_part(c, chat_msg(c, ROLE_USER), PART_TOOL_RESULT);
	struct msg inside = { .tail = &inside.parts };

	p->id = json_str(o, "call_id");
	if (put_content(c, &inside, json_get(o, "output"), e))
		return -1;
	p->content = inside.parts;
	return 0;
}

static int put_item(struct chat *c, struct json_object *o, struct err *e)
{
	struct span type = json_str(o, "type");

	if (!type.n || span_is(type, "message"))
		return put_message(c, o, e);
	if (span_is(type, "function_call_output") ||
	    span_is(type, "custom_tool_call_output"))
		return put_output(c, o, e);
	if (span_is(type, "item_reference"))
		return read_bad(e, "input",
				"item_reference needs a provider "
				"that keeps items: send the item itself");
	if (span_is(type, "function_call"))
		put_call(c, o, false);
	else if (span_is(type, "custom_tool_call"))
		put_call(c, o, true);
	else if (span_is(type, "reasoning"))
		put_reasoning(c, o);
	else
		chat_dropped(c, arena_fmt(c->arena, "input.%.40s", type.p));
	return 0;
}

static int read_input(struct chat *c, struct json_object *body, struct err *e)
{
	struct json_object *input = json_get(body, "input");
	struct span instructions = json_str(body, "instructions");

	if (instructions.n)
		chat_text(c, chat_msg(c, ROLE_SYSTEM), instructions);
	if (json_object_is_type(input, json_type_string)) {
		chat_text(c, chat_msg(c, ROLE_USER), json_span(input));
		return 0;
	}
	if (!json_object_is_type(input, json_type_array))
		return read_bad(e, "input",
				"input must be a string or a "
				"list");
	for (size_t i = 0; i < json_length(input); i++)
		if (put_item(c, json_at(input, i), e))
			return -1;
	return 0;
}

static void read_tools(struct chat *c, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *t = json_at(list, i);
		struct span type = json_str(t, "type");

		if (span_is(type, "function") || span_is(type, "custom"))
			read_tool(c, t, t);
		else
			chat_tool(c, TOOL_HOSTED, type);
	}
}

int responses_request_read(struct chat *c, struct json_object *body,
			   struct err *e)
{
	struct json_object *parallel = json_get(body, "parallel_tool_calls");
	struct json_object *text = json_get(body, "text");

	if (check_stateless(body, e))
		return -1;
	if (read_samplers(c, body, e) ||
	    read_tokens(body, "max_output_tokens", &c->max_tokens, e))
		return -1;
	c->no_parallel = parallel && !json_object_get_boolean(parallel);
	c->effort =
		effort_find(json_str(json_get(body, "reasoning"), "effort"));
	c->thinking_off = c->effort == EFFORT_NONE;
	c->verbosity = json_str(text, "verbosity");
	c->user = json_str(body, "safety_identifier");
	if (!c->user.n)
		c->user = json_str(body, "user");
	c->tier = json_str(body, "service_tier");
	c->usage_wanted = true;
	read_tools(c, json_get(body, "tools"));
	if (read_choice(c, json_get(body, "tool_choice"), e) ||
	    read_format(c, json_get(text, "format"), false, e) ||
	    read_input(c, body, e))
		return -1;
	read_merge(c);
	chat_settle(c);
	read_dropped(c, body, handled);
	return 0;
}
