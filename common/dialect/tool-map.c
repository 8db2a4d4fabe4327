/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/tool-map.h"

#include "dialect/tool-map-own.h"

#include <string.h>

static struct span name_of(struct json_object *tool)
{
	return json_str(tool, "name");
}

/* A tool that the client runs itself; others carry a dated type. */
static bool is_custom(struct json_object *tool)
{
	struct json_object *type = json_get(tool, "type");

	return json_object_is_type(tool, json_type_object) &&
	       (!type || span_is(json_span(type), "custom"));
}

static const struct tool_shape *by_client(const struct tool_map *m,
					  struct span name)
{
	for (const struct tool_shape *s = m->shapes; s; s = s->next)
		if (span_eq(s->client, name))
			return s;
	return NULL;
}

/* What the list of tools says before any of them is looked at. */
struct census {
	const struct tool_rows *rows;
	bool *taken;    /* by form: the name is in use */
	unsigned *seen; /* by row: how often its client name is declared */
};

static void take_census(struct census *c, const struct tool_rows *rows,
			struct arena *a, struct json_object *tools)
{
	c->rows = rows;
	c->taken = arena_take(a, rows->n_forms * sizeof(*c->taken));
	c->seen = arena_take(a, rows->n_rows * sizeof(*c->seen));
	for (size_t i = 0; i < json_length(tools); i++) {
		struct span name = name_of(json_at(tools, i));
		const struct tool_form *form = tool_rows_form(rows, name);
		const struct tool_row *row = tool_rows_find(rows, name);

		if (form)
			c->taken[form - rows->forms] = true;
		if (row)
			c->seen[row - rows->rows]++;
	}
}

/* The shape of a tool, or NULL when it passes as it is. */
static struct tool_shape *shape(struct tool_map *m, struct census *c,
				enum tool_mode mode, struct json_object *tool)
{
	const struct tool_row *row = tool_rows_find(c->rows, name_of(tool));
	struct tool_shape *s;

	if (!row || !row->form || !is_custom(tool) ||
	    c->seen[row - c->rows->rows] > 1 ||
	    c->taken[row->form - c->rows->forms])
		return NULL;
	s = tool_shape_find(row, mode, m->arena, tool);
	if (s)
		c->taken[row->form - c->rows->forms] = true;
	return s;
}

static void map_tools(struct tool_map *m, const struct tool_rows *rows,
		      enum tool_mode mode, struct json_object *tools)
{
	struct census c;

	take_census(&c, rows, m->arena, tools);
	for (size_t i = 0; i < json_length(tools); i++) {
		struct json_object *tool = json_at(tools, i);
		struct tool_shape *s = shape(m, &c, mode, tool);

		if (!s)
			continue;
		s->next = m->shapes;
		m->shapes = s;
		tool_shape_declare(s, tool);
	}
}

static void rename_member(const struct tool_map *m, struct json_object *o,
			  const char *key)
{
	const struct tool_shape *s = by_client(m, json_str(o, key));

	if (s)
		json_set_str(o, key, s->row->form->name.p);
}

static void map_names(const struct tool_map *m, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++) {
		const struct tool_shape *s =
			by_client(m, json_span(json_at(list, i)));

		if (s)
			json_object_array_put_idx(
				list, i,
				json_object_new_string(s->row->form->name.p));
	}
}

/* Rules for clearing old calls name the tools that they spare or mean. */
static void map_management(const struct tool_map *m, struct json_object *o)
{
	struct json_object *edits = json_get(o, "edits");

	for (size_t i = 0; i < json_length(edits); i++) {
		map_names(m, json_get(json_at(edits, i), "exclude_tools"));
		map_names(m, json_get(json_at(edits, i), "clear_tool_inputs"));
	}
}

static void map_call(const struct tool_map *m, struct json_object *block)
{
	const struct tool_shape *s = by_client(m, name_of(block));
	struct json_object *input = json_get(block, "input");

	if (!s)
		return;
	json_set_str(block, "name", s->row->form->name.p);
	if (input)
		json_object_object_add(block, "input",
				       tool_shape_forth(s, input, true));
}

static void map_blocks(const struct tool_map *m, struct json_object *content,
		       bool results)
{
	for (size_t i = 0; i < json_length(content); i++) {
		struct json_object *block = json_at(content, i);
		struct span type = json_str(block, "type");

		if (span_is(type, "tool_use"))
			map_call(m, block);
		else if (span_is(type, "tool_reference"))
			rename_member(m, block, "tool_name");
		else if (span_is(type, "tool_search_tool_result"))
			map_blocks(m,
				   json_get(json_get(block, "content"),
					    "tool_references"),
				   false);
		else if (results && span_is(type, "tool_result"))
			map_blocks(m, json_get(block, "content"), false);
	}
}

static void copy_context(struct tool_map *m, const struct tool_context *from)
{
	struct tool_context *c = &m->context;
	struct span *all[] = { &c->session_id, &c->request_id, &c->channel_id,
			       &c->user_id };

	if (!from)
		return;
	*c = *from;
	for (size_t i = 0; i < 4; i++) {
		bool good = all[i]->n <= TOOL_CONTEXT_MAX;

		for (size_t k = 0; good && k < all[i]->n; k++)
			good = all[i]->p[k] >= ' ' && all[i]->p[k] <= '~';
		if (!good)
			all[i]->n = 0;
		*all[i] = arena_span(m->arena, *all[i]);
	}
}

bool tool_map_wanted(struct span body)
{
	static const char key[] = "\"tools\"";

	return body.n && memmem(body.p, body.n, key, sizeof(key) - 1);
}

struct tool_map *tool_map_request(const struct tool_rows *rows,
				  enum tool_mode mode,
				  const struct tool_context *context,
				  struct arena *arena, struct json_object *body)
{
	struct json_object *messages = json_get(body, "messages");
	struct json_object *choice = json_get(body, "tool_choice");
	struct json_object *tools = json_get(body, "tools");
	struct tool_map *m;

	if (mode == TOOLS_PRESERVE || !json_length(tools) ||
	    json_length(tools) > TOOL_LIST_MAX)
		return NULL;
	m = arena_take(arena, sizeof(*m));
	m->arena = arena;
	buf_init(&m->text, TOOL_TEXT_MAX);
	copy_context(m, context);
	map_tools(m, rows, mode, tools);
	if (!m->shapes)
		return NULL;
	if (span_is(json_str(choice, "type"), "tool"))
		rename_member(m, choice, "name");
	map_management(m, json_get(body, "context_management"));
	for (size_t i = 0; i < json_length(messages); i++)
		map_blocks(m, json_get(json_at(messages, i), "content"), true);
	return m;
}

void tool_map_free(struct tool_map *m)
{
	if (!m)
		return;
	for (struct tool_shape *s = m->shapes; s; s = s->next)
		tool_shape_release(s);
	for (struct tool_block *b = m->blocks; b; b = b->next)
		buf_release(&b->held);
	buf_release(&m->text);
}

void tool_map_sink(struct tool_map *m, sse_fn *fn, void *arg)
{
	m->sink = fn;
	m->arg = arg;
}
