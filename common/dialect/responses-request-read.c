/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat-read.h"
#include "dialect/item-ids.h"
#include "dialect/responses-calls.h"
#include "dialect/responses-tools.h"

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
	if (json_get(body, "background") &&
	    !json_object_is_type(json_get(body, "background"),
				 json_type_boolean))
		return read_bad(e, "background",
				"background must be true or false");
	if (json_flag(body, "background", false))
		return read_bad(e, "background",
				"this backend does not "
				"answer in the background");
	return 0;
}

static int put_file(struct chat *c, struct msg *m, struct json_object *o,
		    struct err *e)
{
	struct span data = chat_str(c, o, "file_data");
	struct span url = chat_str(c, o, "file_url");
	struct part *p;

	if (!data.n && !url.n)
		return read_bad(e, "input",
				"a file by file_id cannot be sent "
				"to another provider: send file_data");
	p = chat_part(c, m, PART_DOCUMENT);
	p->name = chat_str(c, o, "filename");
	return chat_media(c, p, data.n ? data : url, e);
}

static int put_part(struct chat *c, struct msg *m, struct json_object *o,
		    struct err *e)
{
	struct span type = chat_str(c, o, "type");

	c->citations += (int)json_length(json_get(o, "annotations"));
	if (span_is(type, "input_text") || span_is(type, "output_text") ||
	    span_is(type, "text"))
		return read_text(c, m, o, "text", e) ? 0 : -1;
	if (span_is(type, "refusal"))
		return read_text(c, m, o, "refusal", e) ? 0 : -1;
	if (span_is(type, "image_url"))
		return read_image_url(c, m, o, e);
	if (span_is(type, "input_image")) {
		struct span url = chat_str(c, o, "image_url");
		struct part *p;

		if (!url.n)
			return read_bad(e, "input",
					"an image by file_id "
					"cannot be sent to another provider: "
					"send image_url");
		p = chat_part(c, m, PART_IMAGE);
		p->detail = chat_str(c, o, "detail");
		return chat_media(c, p, url, e);
	}
	if (span_is(type, "input_file"))
		return put_file(c, m, o, e);
	if (span_is(type, "input_audio"))
		return read_bad(e, "input", "this backend takes no audio");
	chat_dropped(c, arena_fmt(c->arena, "content.%.40s", type.p));
	return 0;
}

static int put_content(struct chat *c, struct msg *m, struct json_object *o,
		       struct err *e)
{
	return read_content(c, m, o, put_part, e);
}

static int put_message(struct chat *c, struct json_object *o, struct err *e)
{
	struct span role = chat_str(c, o, "role");
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
	if (json_length(json_get(o, "tool_calls")))
		chat_dropped(c, "input.tool_calls");
	return put_content(c, m, json_get(o, "content"), e);
}

/* What is not sealed by us is of a Responses provider, and none is here. */
static void put_reasoning(struct chat *c, struct json_object *o)
{
	struct span sealed = chat_str(c, o, "encrypted_content");
	struct json_object *summary = chat_list(c, o, "summary");
	struct msg *m = chat_msg(c, ROLE_ASSISTANT);
	struct part *p = chat_part(c, m, PART_THINKING);
	enum seal_kind kind = seal_open(c->arena, sealed).kind;

	p->text = read_joined(
		c, json_length(summary) ? summary : json_get(o, "content"),
		"\n\n");
	if (kind == SEAL_REDACTED || kind == SEAL_GOOGLE || kind == SEAL_ID ||
	    kind == SEAL_SEARCH || kind == SEAL_ITEMS)
		p->kind = PART_REDACTED;
	chat_sealed(c, p, kind == SEAL_NONE ? SPAN("") : sealed);
	/* Text is named by who leaves it out. */
	if (kind == SEAL_NONE && sealed.n && !p->text.n)
		chat_dropped(c, "reasoning.encrypted_content");
}

static void put_call(struct chat *c, struct json_object *o, bool custom)
{
	struct part *p = chat_part(c, chat_msg(c, ROLE_ASSISTANT),
				   PART_TOOL_USE);

	p->id = chat_str(c, o, "call_id");
	p->name = responses_tool_name(c, chat_str(c, o, "namespace"),
				      chat_str(c, o, "name"));
	p->text = chat_said(c, json_get(o, custom ? "input" : "arguments"));
	p->custom = custom;
}

/* A call's id; some items of results have it as their own. */
static struct span call_id(struct chat *c, struct json_object *o)
{
	struct span id = chat_str(c, o, "call_id");

	return id.n ? id : chat_str(c, o, "id");
}

static void put_shaped_call(struct chat *c, struct json_object *o,
			    const struct call_kind *k)
{
	struct part *p = chat_part(c, chat_msg(c, ROLE_ASSISTANT),
				   PART_TOOL_USE);

	p->id = call_id(c, o);
	p->alias = chat_str(c, o, "id");
	p->name = span_of(k->tool);
	p->text = call_arguments(c, k, o);
}

/* What a shell gave has a form of its own, or that of a function's output. */
static int put_shaped_output(struct chat *c, struct json_object *o,
			     const struct call_kind *k, struct err *e)
{
	struct part *p = chat_part(c, chat_msg(c, ROLE_USER), PART_TOOL_RESULT);
	struct msg inside = { .tail = &inside.parts };
	struct json_object *output = json_get(o, "output");

	p->id = call_id(c, o);
	p->error = span_is(chat_str(c, o, "status"), "failed");
	if (k->shape != CALL_TOOL_SEARCH && json_length(output) &&
	    read_are_parts(output)) {
		if (read_content(c, &inside, output, put_part, e))
			return -1;
	} else {
		chat_text(c, &inside, call_output(c, k, o));
	}
	p->content = inside.parts;
	return 0;
}

/* A search that the provider ran: only what it found counts. */
static bool ran_there(struct chat *c, struct json_object *o)
{
	return span_is(chat_str(c, o, "execution"), "server");
}

/* What one agent tells another reads like a user's words. */
static int put_agent_message(struct chat *c, struct json_object *o,
			     struct err *e)
{
	struct msg *m = chat_msg(c, ROLE_USER);
	struct span from = chat_str(c, o, "author"),
		    to = chat_str(c, o, "recipient");

	if (from.n)
		chat_text(c, m,
			  span_of(arena_fmt(
				  c->arena,
				  "Message from %.*s%s%.*s:", SPAN_FMT(from),
				  to.n ? " to " : "", SPAN_FMT(to))));
	if (!json_get(o, "content")) { /* older ones say it in a text */
		chat_text(c, m, chat_str(c, o, "message"));
		return 0;
	}
	return put_content(c, m, json_get(o, "content"), e);
}

static int put_output(struct chat *c, struct json_object *o, struct err *e)
{
	struct part *p = chat_part(c, chat_msg(c, ROLE_USER), PART_TOOL_RESULT);
	struct msg inside = { .tail = &inside.parts };
	struct json_object *output = json_get(o, "output");

	if (!output)
		output = json_get(o, "content");
	p->id = chat_str(c, o, "call_id");
	if (read_result(c, &inside, output, put_part, e))
		return -1;
	p->content = inside.parts;
	return 0;
}

/* A part that stands where an item should. */
static bool is_part(struct span type)
{
	static const char *const parts[] = { "input_text",  "output_text",
					     "text",        "refusal",
					     "input_image", "image_url",
					     "input_file",  "input_audio" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (span_is(type, parts[i]))
			return true;
	return false;
}

static int put_lone_part(struct chat *c, struct json_object *o,
			 struct span type, struct err *e)
{
	bool said = span_is(type, "output_text") || span_is(type, "refusal");

	return put_part(c, chat_msg(c, said ? ROLE_ASSISTANT : ROLE_USER), o,
			e);
}

/* A conversation that only its provider can read, or shorten. */
static bool needs_provider(struct span type)
{
	return span_is(type, "compaction") ||
	       span_is(type, "compaction_trigger") ||
	       span_is(type, "compaction_summary") ||
	       span_is(type, "context_compaction") ||
	       span_is(type, "item_reference");
}

static int put_kind(struct chat *c, struct json_object *o, struct err *e)
{
	struct span type = chat_str(c, o, "type");
	const struct call_kind *call = call_kind_of_call(type);
	const struct call_kind *output = call_kind_of_output(type);

	if (!json_object_is_type(o, json_type_object))
		return read_bad(e, "input", "an item of input is no object");
	if (needs_provider(type))
		return read_bad(e, "input",
				"%.40s needs the provider that made it: send "
				"the items themselves",
				type.p);
	if ((call || output) && ran_there(c, o)) {
		chat_dropped(c, arena_fmt(c->arena, "input.%.40s", type.p));
		return 0;
	}
	if (call)
		put_shaped_call(c, o, call);
	if (output && put_shaped_output(c, o, output, e))
		return -1;
	if (call || output || span_is(type, "additional_tools"))
		return 0;
	if (span_is(type, "agent_message"))
		return put_agent_message(c, o, e);
	if (is_part(type))
		return put_lone_part(c, o, type, e);

	if (!type.n || span_is(type, "message"))
		return put_message(c, o, e);
	if (span_is(type, "function_call_output") ||
	    span_is(type, "custom_tool_call_output"))
		return put_output(c, o, e);
	if (span_is(type, "function_call"))
		put_call(c, o, false);
	else if (span_is(type, "custom_tool_call"))
		put_call(c, o, true);
	else if (span_is(type, "reasoning"))
		put_reasoning(c, o);
	else if (span_is(type, "web_search_call"))
		c->searches++; /* its original is sealed beside it */
	else
		chat_dropped(c, arena_fmt(c->arena, "input.%.40s", type.p));
	return 0;
}

static int put_item(struct chat *c, struct json_object *o, struct err *e)
{
	struct msg **made = c->tail;

	if (put_kind(c, o, e))
		return -1;
	if (*made && (*made)->role == ROLE_ASSISTANT)
		(*made)->answer = item_ids_answer(chat_str(c, o, "id"));
	return 0;
}

static int read_input(struct chat *c, struct json_object *body, struct err *e)
{
	struct json_object *input = json_get(body, "input");
	struct json_object *instructions = json_get(body, "instructions");

	if (instructions &&
	    !json_object_is_type(instructions, json_type_string))
		return read_bad(e, "instructions",
				"instructions must be a string");
	if (json_span(instructions).n)
		chat_text(c, chat_msg(c, ROLE_SYSTEM), json_span(instructions));
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
			return read_at(e, "input", i);
	return 0;
}

static bool has_search(const struct chat *c)
{
	for (const struct tool *t = c->tools; t; t = t->next)
		if (t->shape == CALL_TOOL_SEARCH)
			return true;
	return false;
}

int responses_request_read(struct chat *c, struct json_object *body,
			   struct err *e)
{
	static const char *const known[] = { "format", "verbosity", NULL };
	struct json_object *text = chat_object(c, body, "text");

	if (check_stateless(body, e))
		return -1;
	if (read_samplers(c, body, e) ||
	    read_tokens(body, "max_output_tokens", &c->max_tokens, e))
		return -1;
	c->no_parallel = !chat_flag(c, body, "parallel_tool_calls", true);
	read_effort(c, chat_object(c, body, "reasoning"), "effort");
	c->thinking_off = c->effort == EFFORT_NONE;
	c->verbosity = chat_str(c, text, "verbosity");
	read_rest(c, text, "text", known);
	read_user(c, body);
	c->tier = chat_str(c, body, "service_tier");
	c->usage_wanted = true;
	if (responses_read_tools(c, body, e) ||
	    read_format(c, chat_object(c, text, "format"), false, e) ||
	    read_input(c, body, e) || read_faults(c, e))
		return -1;
	read_turns(c, true);
	read_deferred(c, has_search(c));
	chat_settle(c);
	if (c->citations > 0)
		chat_dropped(c, "content.annotations");
	if (c->searches > 0)
		chat_dropped(c, "input.web_search_call");
	read_dropped(c, body, handled);
	return 0;
}
