/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/anthropic-write.h"
#include "dialect/chat-read.h"
#include "dialect/served.h"

#include <string.h>

#define BILLING_HEADER "x-anthropic-billing-header"

static const char *const handled[] = {
	"model",
	"max_tokens",
	"messages",
	"system",
	"stop_sequences",
	"stream",
	"tools",
	"tool_choice",
	"thinking",
	"output_config",
	"output_format",
	"metadata",
	"service_tier",
	"temperature",
	"top_p",
	"top_k",
	NULL,
};

static int media(struct chat *c, struct part *p, struct json_object *source,
		 struct err *e)
{
	p->mime = chat_str(c, source, "media_type");
	p->data = chat_str(c, source, "data");
	p->url = chat_str(c, source, "url");
	if (span_starts(p->data, "data:") || span_starts(p->url, "data:"))
		return chat_media(c, p, p->data.n ? p->data : p->url, e);
	if (p->data.n)
		p->mime = chat_media_type(c->arena, p->mime, p->data);
	return p->data.n || p->url.n || *c->fault
		     ? 0
		     : read_bad(e, "content",
				"a source has no data and no url");
}

static int put_image(struct chat *c, struct msg *m, struct json_object *b,
		     struct err *e)
{
	struct json_object *source = chat_object(c, b, "source");
	struct part *p;

	if (span_is(chat_str(c, source, "type"), "file"))
		return read_bad(e, "messages",
				"an image by file_id cannot be "
				"sent to another provider: send its data");
	p = chat_part(c, m, PART_IMAGE);
	p->cache = chat_object(c, b, "cache_control");
	return media(c, p, source, e);
}

/* A document in blocks, with pictures between its texts: each of them in its
 * place, behind the title. */
static int put_document_parts(struct chat *c, struct msg *m,
			      struct json_object *b, struct json_object *list,
			      struct err *e)
{
	if (chat_str(c, b, "title").n)
		chat_text(c, m, chat_str(c, b, "title"));
	return read_content(c, m, list, anthropic_block_read, e);
}

static bool only_text(struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (!span_is(json_str(json_at(list, i), "type"), "text"))
			return false;
	return true;
}

static int put_document(struct chat *c, struct msg *m, struct json_object *b,
			struct err *e)
{
	struct json_object *source = chat_object(c, b, "source");
	struct json_object *content = json_get(source, "content");
	struct span type = chat_str(c, source, "type");
	struct span about = chat_str(c, b, "context");
	struct part *p;

	if (about.n)
		chat_text(c, m, about);
	if (span_is(type, "content") && !only_text(content))
		return put_document_parts(c, m, b, content, e);
	if (span_is(type, "file"))
		return read_bad(e, "messages",
				"a document by file_id cannot "
				"be sent to another provider: send its data");
	p = chat_part(c, m, PART_DOCUMENT);
	p->name = chat_str(c, b, "title");
	p->cache = chat_object(c, b, "cache_control");
	if (span_is(type, "text")) {
		p->mime = chat_str(c, source, "media_type");
		p->text = chat_str(c, source, "data");
		return 0;
	}
	if (!span_is(type, "content"))
		return media(c, p, source, e);
	p->mime = SPAN("text/plain");
	if (json_object_is_type(content, json_type_string))
		p->text = json_span(content);
	else
		p->text = read_joined(c, chat_objects(c, source, "content"),
				      "\n");
	return 0;
}

static int put_result(struct chat *c, struct msg *m, struct json_object *b,
		      struct err *e)
{
	struct json_object *content = json_get(b, "content");
	struct part *p = chat_part(c, m, PART_TOOL_RESULT);
	struct msg inside = { .tail = &inside.parts };

	p->id = chat_str(c, b, "tool_use_id");
	p->cache = chat_object(c, b, "cache_control");
	p->error = chat_flag(c, b, "is_error", false);
	if (read_result(c, &inside, content, anthropic_block_read, e))
		return -1;
	p->content = inside.parts;
	return 0;
}

static void put_call(struct chat *c, struct msg *m, struct json_object *b)
{
	struct json_object *input = json_get(b, "input");
	struct part *p = chat_part(c, m, PART_TOOL_USE);

	p->id = chat_str(c, b, "id");
	p->name = chat_str(c, b, "name");
	p->cache = chat_object(c, b, "cache_control");
	/* Some clients send what they have gathered as text. */
	p->text = input ? chat_said(c, input) : SPAN("{}");
}

static void put_search_result(struct chat *c, struct msg *m,
			      struct json_object *b)
{
	struct span text = read_joined(c, chat_objects(c, b, "content"), "\n");
	struct span title = chat_str(c, b, "title");
	struct span source = chat_str(c, b, "source");

	if (title.n)
		chat_text(c, m, title);
	if (source.n)
		chat_text(c, m, source);
	chat_text(c, m, text);
}

/* What a search has found: the tool is offered from here on. */
static void put_reference(struct chat *c, struct msg *m, struct json_object *b)
{
	struct span name = chat_str(c, b, "tool_name");

	*names_at(&c->found, c->arena, name) = 1;
	chat_text(
		c, m,
		span_of(arena_fmt(c->arena, "The tool %.*s can be called now.",
				  SPAN_FMT(name))));
}

/* What else can be said of a block or a tool, and only Anthropic reads. */
static void note_rest(struct chat *c, struct json_object *o, const char *where)
{
	static const char *const only[] = {
		"citations",
		"input_examples",
		"allowed_callers",
		"eager_input_streaming",
	};

	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++) {
		struct json_object *v = json_get(o, only[i]);

		if (v && !(json_object_is_type(v, json_type_array) &&
			   !json_length(v)))
			chat_dropped(c, arena_fmt(c->arena, "%s.%s", where,
						  only[i]));
	}
}

/* A search of another provider, as we have told it: the original is sealed
 * beside it. */
static bool is_told(struct json_object *b)
{
	return span_starts(json_str(b, "id"), ANTHROPIC_SEARCH_ID) ||
	       span_starts(json_str(b, "tool_use_id"), ANTHROPIC_SEARCH_ID);
}

/* What is not in words is named; a search of the web is all opaque. */
static void put_served(struct chat *c, struct msg *m, struct json_object *b,
		       struct span type)
{
	bool search = span_is(json_str(b, "name"), "web_search") ||
		      span_is(type, "web_search_tool_result");
	struct span text = search ? SPAN("") : served_text(c->arena, type, b);

	if (text.n)
		chat_text(c, m, text);
	else
		chat_dropped(c, arena_fmt(c->arena, "content.%.40s", type.p));
}

int anthropic_block_read(struct chat *c, struct msg *m, struct json_object *b,
			 struct err *e)
{
	struct span type = chat_str(c, b, "type");
	struct part *p;

	note_rest(c, b, "content");
	if (span_is(type, "text")) {
		p = read_text(c, m, b, "text", e);
		if (!p)
			return -1;
		p->cache = chat_object(c, b, "cache_control");
	} else if (span_is(type, "image")) {
		return put_image(c, m, b, e);
	} else if (span_is(type, "image_url")) {
		return read_image_url(c, m, b, e);
	} else if (span_is(type, "document")) {
		return put_document(c, m, b, e);
	} else if (span_is(type, "tool_use")) {
		put_call(c, m, b);
	} else if (span_is(type, "tool_result")) {
		return put_result(c, m, b, e);
	} else if (span_is(type, "thinking")) {
		p = chat_part(c, m, PART_THINKING);
		p->text = chat_str(c, b, "thinking");
		chat_sealed(c, p, chat_str(c, b, "signature"));
	} else if (span_is(type, "redacted_thinking")) {
		p = chat_part(c, m, PART_REDACTED);
		chat_sealed(c, p, chat_str(c, b, "data"));
	} else if (span_is(type, "search_result")) {
		put_search_result(c, m, b);
	} else if (span_is(type, "tool_reference")) {
		put_reference(c, m, b);
	} else if (!is_told(b)) {
		put_served(c, m, b, type);
	}
	return 0;
}

static int put_blocks(struct chat *c, struct msg *m, struct json_object *list,
		      struct err *e)
{
	return read_parts(c, m, list, anthropic_block_read, e);
}

/* System text; Claude Code's first block is a header for Anthropic's billing
 * and says nothing to another provider. */
static int put_system(struct chat *c, struct json_object *system, struct err *e)
{
	struct msg *m = chat_msg(c, ROLE_SYSTEM);

	if (json_object_is_type(system, json_type_string))
		return put_blocks(c, m, system, e);
	if (!json_object_is_type(system, json_type_array))
		return read_bad(e, "system",
				"system must be text or a list of blocks");
	for (size_t i = 0; i < json_length(system); i++) {
		struct json_object *b = json_at(system, i);

		if (!chat_str(c, b, "type").n)
			return read_bad(e, "system",
					"system must be text or a list of "
					"blocks");
		if (span_starts(chat_str(c, b, "text"), BILLING_HEADER))
			chat_dropped(c, "system." BILLING_HEADER);
		else if (anthropic_block_read(c, m, b, e))
			return -1;
	}
	return 0;
}

static int read_messages(struct chat *c, struct json_object *body,
			 struct err *e)
{
	struct json_object *list = json_get(body, "messages");
	struct json_object *system = json_get(body, "system");

	if (!json_object_is_type(list, json_type_array))
		return read_bad(e, "messages", "messages must be a list");
	if (system && put_system(c, system, e))
		return -1;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *m = json_at(list, i);
		struct span role = chat_str(c, m, "role");
		enum role to = ROLE_USER;

		if (span_is(role, "assistant"))
			to = ROLE_ASSISTANT;
		else if (span_is(role, "system"))
			to = ROLE_SYSTEM;
		else if (!span_is(role, "user"))
			return read_bad(e, "messages",
					"message %zu has the "
					"unknown role \"%.40s\"",
					i, role.n ? role.p : "");
		if (json_length(json_get(m, "tool_calls")))
			chat_dropped(c, "messages.tool_calls");
		if (put_blocks(c, chat_msg(c, to), json_get(m, "content"), e))
			return read_at(e, "messages", i);
	}
	return 0;
}

/* Anthropic runs these searches itself; nobody does elsewhere. */
static bool is_search(struct span type)
{
	return span_starts(type, "tool_search_tool_");
}

/* Is there a tool of the client's to find what is deferred? */
static bool searchable(struct json_object *tools)
{
	for (size_t i = 0; i < json_length(tools); i++)
		if (is_search(json_str(json_at(tools, i), "type")))
			return false;
	return true;
}

static int read_tools(struct chat *c, struct json_object *list, struct err *e)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_at(list, i);
		struct span type = chat_str(c, o, "type");
		struct tool *t;

		if (span_is(type, "function")) { /* as OpenAI has it */
			struct json_object *f = chat_object(c, o, "function");

			if (!read_tool(c, o, f ? f : o, e))
				return -1;
			continue;
		}
		if (type.n && !span_is(type, "custom")) {
			t = chat_tool(c, TOOL_HOSTED, type);
			t->description = chat_str(c, o, "name");
			t->raw = o;
			continue;
		}
		if (!chat_str(c, o, "name").n)
			return read_bad(e, "tools", "a tool has no name");
		t = chat_tool(c, TOOL_FUNCTION, chat_str(c, o, "name"));
		t->description = chat_str(c, o, "description");
		t->schema = read_schema(c, o, "input_schema");
		if (!t->schema)
			t->schema = read_schema(c, o, "parameters");
		t->cache = chat_object(c, o, "cache_control");
		t->deferred = chat_flag(c, o, "defer_loading", false);
		note_rest(c, o, "tools");
		t->strict = chat_choice(c, o, "strict");
		t->optional = true;
	}
	read_same_tools(c);
	return 0;
}

static int read_tool_choice(struct chat *c, struct json_object *o,
			    struct err *e)
{
	struct span type = chat_str(c, o, "type");

	c->no_parallel = chat_flag(c, o, "disable_parallel_tool_use", false);
	if (span_is(type, "auto"))
		c->choice = CHOICE_AUTO;
	else if (span_is(type, "any"))
		c->choice = CHOICE_ANY;
	else if (span_is(type, "none"))
		c->choice = CHOICE_NONE;
	else if (span_is(type, "tool"))
		c->choice = CHOICE_NAMED;
	else if (o)
		return read_bad(e, "tool_choice", "unknown tool_choice");
	c->choice_name = chat_str(c, o, "name");
	return 0;
}

static int read_thinking(struct chat *c, struct json_object *body,
			 struct err *e)
{
	read_effort(c, chat_object(c, body, "output_config"), "effort");
	return read_budget(c, chat_object(c, body, "thinking"), e);
}

static int read_output(struct chat *c, struct json_object *body, struct err *e)
{
	static const char *const known[] = { "effort", "format", NULL };
	struct json_object *config = json_get(body, "output_config");
	struct json_object *format = chat_object(c, config, "format");

	read_rest(c, config, "output_config", known);
	if (!format)
		format = chat_object(c, body, "output_format");
	if (!format)
		return 0;
	return read_format(c, format, false, e);
}

int anthropic_request_read(struct chat *c, struct json_object *body,
			   struct err *e)
{
	struct json_object *thread = json_get(body, "thread");

	if (thread) {
		err_set(e, ERR_THREAD,
			"threads are kept by the provider: "
			"this backend needs the whole conversation");
		if (span_is(chat_str(c, thread, "type"), "continue"))
			e->code = ERR_THREAD_GONE;
		memcpy(e->param, "thread", sizeof("thread"));
		return -1;
	}
	/* Claude Code then asks again without them. */
	if (json_get(body, "safeguards"))
		return read_bad(e, "safeguards",
				"safeguards need Anthropic's API, and this "
				"backend speaks another: leave them out");
	if (read_samplers(c, body, e) ||
	    read_tokens(body, "max_tokens", &c->max_tokens, e) ||
	    read_objects(body, "tools", e) ||
	    read_objects(body, "messages", e) ||
	    read_stop(c, body, "stop_sequences", e) ||
	    read_tools(c, json_get(body, "tools"), e))
		return -1;
	if (read_tool_choice(c, chat_object(c, body, "tool_choice"), e) ||
	    read_thinking(c, body, e))
		return -1;
	c->user = chat_str(c, chat_object(c, body, "metadata"), "user_id");
	c->tier = chat_str(c, body, "service_tier");
	if (span_is(c->tier, "standard_only"))
		c->tier = SPAN("default");
	c->usage_wanted = true;
	if (read_messages(c, body, e) || read_output(c, body, e) ||
	    read_faults(c, e))
		return -1;
	read_turns(c, false);
	read_deferred(c, searchable(json_get(body, "tools")));
	chat_settle(c);
	read_dropped(c, body, handled);
	return 0;
}
