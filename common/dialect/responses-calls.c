/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/responses-calls.h"

#include "base/json-source.h"
#include "base/jwalk.h"
#include "dialect/peek.h"

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

/* The member that is a list of strings, or NULL. */
static const char *list_of(const struct call_kind *k)
{
	return k->shape == CALL_LOCAL_SHELL ? "command"
	     : k->shape == CALL_SHELL       ? "commands"
					    : NULL;
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

/* --- calls of the history ------------------------------------------------ */

struct span call_arguments(struct chat *c, const struct call_kind *k,
			   struct json_object *item)
{
	struct json_object *v = json_get(item, k->member);
	struct span text = chat_said(c, v);
	const char *key = list_of(k);

	if (!key || !text.n ||
	    !(json_object_is_type(v, json_type_array) ||
	      json_object_is_type(v, json_type_string)))
		return text;
	if (json_object_is_type(v, json_type_string)) {
		if (peek_is_object(text))
			return text;
		text = json_text(v);
	}
	return span_of(
		arena_fmt(c->arena, "{\"%s\":%.*s}", key, SPAN_FMT(text)));
}

/* --- items for the client ------------------------------------------------ */

/* Models write one line as often as the list that clients need. local_shell's
 * is a program with its arguments: a shell has to read the line. */
static void put_line(struct jw *j, const struct call_kind *k, struct span line)
{
	jw_arr(j);
	if (k->shape == CALL_LOCAL_SHELL) {
		jw_str(j, SPAN("bash"));
		jw_str(j, SPAN("-lc"));
	}
	jw_str(j, line);
	jw_arr_end(j);
}

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

/* The line in the place of the list, if it is one. */
static struct span line_in(const struct call_kind *k, struct span text)
{
	struct span value = { 0 };

	if (list_of(k))
		value = jwalk_get(text, list_of(k));
	return jwalk_is_string(value) ? value : SPAN("");
}

/* The members of `text`, an object, without its last bracket. */
static void put_members(struct jw *j, const struct call_kind *k,
			struct json_object *o, struct span text)
{
	struct span line = line_in(k, text);

	text.n -= text.n > 0;
	if (line.n) {
		size_t at = (size_t)(line.p - text.p);

		jw_raw(j, (struct span){ text.p, at });
		j->comma = false;
		put_line(j, k, json_str(o, list_of(k)));
		buf_span(j->out, span_skip(text, at + line.n));
	} else {
		jw_raw(j, text);
	}
	j->comma = json_object_object_length(o) > 0;
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
	put_members(j, k, o, buf_get(&own));
	complete(j, k, o);
	jw_obj_end(j);
	buf_release(&own);
}

/* The list or the line alone, with nothing around it. */
static bool put_bare(struct jw *j, const struct call_kind *k,
		     struct json_object *o)
{
	bool line = json_object_is_type(o, json_type_string);

	if (!list_of(k) || (!line && !json_object_is_type(o, json_type_array)))
		return false;
	jw_obj(j);
	jw_key(j, list_of(k));
	if (line)
		put_line(j, k, json_span(o));
	else
		jw_raw(j, json_text(o));
	complete(j, k, NULL);
	jw_obj_end(j);
	return true;
}

void call_put(struct jw *j, const struct call_kind *k, struct span arguments)
{
	struct err why = { 0 };
	struct json_object *o = json_read_located(arguments, &why);
	struct json_object *said = inside(k, o);

	if (why.code == ERR_MEMORY)
		buf_starve(j->out);
	if (k->shape == CALL_TOOL_SEARCH)
		jw_kcstr(j, "execution", "client");
	jw_key(j, k->member);
	if (json_object_is_type(said, json_type_object))
		put_said(j, k, said,
			 said == o ? arguments : json_located(said, arguments));
	else if (put_bare(j, k, o))
		;
	else if (arguments.n)
		jw_str(j, arguments); /* as it came: the client has to say */
	else
		jw_raw(j, SPAN("{}"));
	json_object_put(o);
}
