/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/responses-calls.h"

#include "base/json-source.h"

#include <string.h>

#define TEXT_MAX (64u << 20) /* bytes of an output */

static const struct call_kind kinds[] = {
	{ CALL_LOCAL_SHELL, "local_shell", "local_shell_call",
	  "local_shell_call_output", "action", "lsh_",
	  "Runs a command on the user's machine and gives its output.",
	  SPAN_INIT("{\"type\":\"object\",\"properties\":{\"command\":{"
		    "\"type\":\"array\",\"items\":{\"type\":\"string\"},"
		    "\"description\":\"program and arguments\"},"
		    "\"working_directory\":{\"type\":\"string\"},"
		    "\"timeout_ms\":{\"type\":\"integer\"}},"
		    "\"required\":[\"command\"]}") },
	{ CALL_SHELL, "shell", "shell_call", "shell_call_output", "action",
	  "sh_", "Runs shell commands and gives their output.",
	  SPAN_INIT("{\"type\":\"object\",\"properties\":{\"commands\":{"
		    "\"type\":\"array\",\"items\":{\"type\":\"string\"},"
		    "\"description\":\"shell command lines\"},"
		    "\"timeout_ms\":{\"type\":\"integer\"},"
		    "\"max_output_length\":{\"type\":\"integer\"}},"
		    "\"required\":[\"commands\"]}") },
	{ CALL_APPLY_PATCH, "apply_patch", "apply_patch_call",
	  "apply_patch_call_output", "operation", "apc_",
	  "Creates, changes or deletes a file.",
	  SPAN_INIT("{\"type\":\"object\",\"properties\":{\"type\":{"
		    "\"type\":\"string\",\"enum\":[\"create_file\","
		    "\"update_file\",\"delete_file\"]},"
		    "\"path\":{\"type\":\"string\"},"
		    "\"diff\":{\"type\":\"string\",\"description\":\"V4A "
		    "diff; not for delete_file\"}},"
		    "\"required\":[\"type\",\"path\"]}") },
	{ CALL_TOOL_SEARCH, "tool_search", "tool_search_call",
	  "tool_search_output", "arguments", "tsc_",
	  "Finds further tools; those found can be called afterwards.",
	  SPAN_INIT("{\"type\":\"object\",\"properties\":{\"query\":{"
		    "\"type\":\"string\"}},\"required\":[\"query\"]}") },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct call_kind *call_kind_of(enum call_shape shape)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].shape == shape)
			return &kinds[i];
	return NULL;
}

const struct call_kind *call_kind_of_tool(struct span type)
{
	for (size_t i = 0; i < KINDS; i++)
		if (span_is(type, kinds[i].tool))
			return &kinds[i];
	return NULL;
}

const struct call_kind *call_kind_of_call(struct span type)
{
	for (size_t i = 0; i < KINDS; i++)
		if (span_is(type, kinds[i].call))
			return &kinds[i];
	return NULL;
}

const struct call_kind *call_kind_of_output(struct span type)
{
	for (size_t i = 0; i < KINDS; i++)
		if (span_is(type, kinds[i].output))
			return &kinds[i];
	return NULL;
}

/* --- outputs ------------------------------------------------------------- */

static void add_line(struct buf *out, struct span text)
{
	if (!text.n)
		return;
	if (out->n && out->p[out->n - 1] != '\n')
		buf_byte(out, '\n');
	buf_span(out, text);
}

/* One command's: what it printed, and how it ended. */
static void add_command(struct chat *c, struct buf *out, struct json_object *o)
{
	struct json_object *outcome = chat_object(c, o, "outcome");

	add_line(out, chat_str(c, o, "stdout"));
	add_line(out, chat_str(c, o, "stderr"));
	if (span_is(chat_str(c, outcome, "type"), "timeout")) {
		add_line(out, SPAN("(timed out)"));
	} else if (json_get(outcome, "exit_code")) {
		add_line(out, SPAN("(exit code "));
		buf_int(out, json_int(outcome, "exit_code", 0));
		buf_byte(out, ')');
	}
}

static void add_tool_name(struct buf *out, struct span space, struct span name)
{
	buf_str(out, out->n ? ", " : "These tools can be called now: ");
	if (space.n)
		buf_fmt(out, "%.*s.", SPAN_FMT(space));
	buf_span(out, name);
}

/* The tools themselves are declared with the others. */
static void add_tool_names(struct buf *out, struct json_object *tools)
{
	for (size_t i = 0; i < json_length(tools); i++) {
		struct json_object *t = json_at(tools, i);
		struct json_object *inner = json_get(t, "tools");
		struct span name = json_str(t, "name");

		if (!inner)
			add_tool_name(out, SPAN(""), name);
		for (size_t k = 0; k < json_length(inner); k++)
			add_tool_name(out, name,
				      json_str(json_at(inner, k), "name"));
	}
	if (!out->n)
		buf_str(out, "No tools were found.");
}

struct span call_output(struct chat *c, const struct call_kind *k,
			struct json_object *item)
{
	struct json_object *output = json_get(item, "output");
	struct span text;
	struct buf b;

	if (k->shape != CALL_TOOL_SEARCH && !json_length(output)) {
		text = chat_said(c, output);
		return text.n ? text : chat_str(c, item, "status");
	}
	buf_init(&b, TEXT_MAX);
	if (k->shape == CALL_TOOL_SEARCH)
		add_tool_names(&b, json_get(item, "tools"));
	for (size_t i = 0; i < json_length(output); i++)
		add_command(c, &b, json_at(output, i));
	text = b.n ? arena_all(c->arena, &b) : chat_said(c, output);
	buf_release(&b);
	return text;
}

/* --- items for the client ------------------------------------------------ */

static void add_missing(struct jw *j, struct json_object *o, const char *key,
			struct span value)
{
	if (json_object_object_get_ex(o, key, NULL))
		return;
	jw_key(j, key);
	jw_raw(j, value);
}

/* What clients require, though the model need not say it. */
static void complete(struct jw *j, const struct call_kind *k,
		     struct json_object *o)
{
	switch (k->shape) {
	case CALL_LOCAL_SHELL:
		add_missing(j, o, "type", SPAN("\"exec\""));
		add_missing(j, o, "env", SPAN("{}"));
		break;
	case CALL_SHELL:
		add_missing(j, o, "timeout_ms", SPAN("null"));
		add_missing(j, o, "max_output_length", SPAN("null"));
		break;
	case CALL_APPLY_PATCH:
	case CALL_TOOL_SEARCH:
	case CALL_PLAIN:
		break;
	}
}

/* The operation may stand below the member's own name. */
static struct json_object *inside(const struct call_kind *k,
				  struct json_object *o)
{
	struct json_object *inner = json_get(o, k->member);

	return json_object_is_type(inner, json_type_object) ? inner : o;
}

/* `o` as it is written in `text`, and what it lacks. */
static void put_said(struct jw *j, const struct call_kind *k,
		     struct json_object *o, struct span text)
{
	struct buf own;

	buf_init(&own, TEXT_MAX);
	json_dense(&own, text);
	if (own.full)
		buf_starve(j->out);
	text = buf_get(&own);
	text.n -= text.n > 0; /* the bracket */
	jw_raw(j, text);
	j->comma = json_object_object_length(o) > 0;
	complete(j, k, o);
	jw_obj_end(j);
	buf_release(&own);
}

void call_put(struct jw *j, const struct call_kind *k, struct span arguments)
{
	struct err why = { 0 };
	struct json_object *o = json_read(arguments, &why);
	struct json_object *said = inside(k, o);

	if (why.code == ERR_MEMORY)
		buf_starve(j->out);
	if (o)
		json_locate(o, arguments);
	if (k->shape == CALL_TOOL_SEARCH)
		jw_kcstr(j, "execution", "client");
	jw_key(j, k->member);
	if (json_object_is_type(said, json_type_object))
		put_said(j, k, said,
			 said == o ? arguments : json_located(said, arguments));
	else if (arguments.n)
		jw_str(j, arguments); /* as it came: the client has to say */
	else
		jw_raw(j, SPAN("{}"));
	json_object_put(o);
}
