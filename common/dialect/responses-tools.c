/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/responses-tools.h"

#include "base/digest.h"
#include "base/names.h"
#include "dialect/chat-read.h"
#include "dialect/responses-calls.h"

#include <string.h>

static struct span flat_name(struct chat *c, struct span space,
			     struct span name)
{
	bool joined = space.n >= 2 &&
		      memcmp(space.p + space.n - 2, "__", 2) == 0;

	if (!space.n)
		return name;
	return span_of(arena_fmt(c->arena, "%.*s%s%.*s", SPAN_FMT(space),
				 joined ? "" : "__", SPAN_FMT(name)));
}

/* A name that is another tool's, too, is told from it by a hash: the same in
 * every turn. */
struct span responses_tool_name(struct chat *c, struct span space,
				struct span name)
{
	struct span flat = flat_name(c, space, name);
	char hash[9];

	if (!space.n || *names_at(&c->flat, c->arena, flat) >= 0)
		return flat;
	digest_hex(span_of(arena_fmt(c->arena, "%.*s %.*s", SPAN_FMT(space),
				     SPAN_FMT(name))),
		   hash, sizeof(hash));
	return span_of(arena_fmt(c->arena, "%.*s_%s", SPAN_FMT(flat), hash));
}

/* A tool that is run by the client and has a type in place of a name. */
static void add_shaped(struct chat *c, struct json_object *o,
		       const struct call_kind *k)
{
	struct tool *t = chat_tool(c, TOOL_FUNCTION, span_of(k->tool));
	struct span about = chat_str(c, o, "description");

	t->shape = k->shape;
	t->description = about.n ? about : span_of(k->description);
	t->schema = json_get(o, "parameters");
	if (!t->schema)
		t->schema_text = k->schema;
}

/* A search that the provider runs has nothing to search at another. */
static bool runs_at_client(struct chat *c, struct json_object *o,
			   const struct call_kind *k)
{
	return k->shape != CALL_TOOL_SEARCH ||
	       span_is(chat_str(c, o, "execution"), "client");
}

static int add_tool(struct chat *c, struct json_object *o, struct span space,
		    bool found, struct err *e)
{
	struct span type = chat_str(c, o, "type");
	const struct call_kind *k = call_kind_of_tool(type);
	struct json_object *f;
	struct tool *t;

	if (k && runs_at_client(c, o, k)) {
		add_shaped(c, o, k);
		return 0;
	}
	if (type.n && !span_is(type, "function") && !span_is(type, "custom")) {
		chat_tool(c, TOOL_HOSTED, type)->raw = o;
		return 0;
	}
	f = chat_object(c, o, "function"); /* as Chat has it */
	t = read_tool(c, o, f ? f : o, e);
	if (!t)
		return -1;
	t->deferred = !found && chat_flag(c, o, "defer_loading", false);
	if (space.n) {
		t->space = space;
		t->local = t->name;
		t->name = flat_name(c, space, t->local);
	}
	return 0;
}

static int add_tools(struct chat *c, struct json_object *list, bool found,
		     struct err *e)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_at(list, i);
		struct json_object *inner = chat_objects(c, o, "tools");
		struct span space = chat_str(c, o, "name");

		if (!span_is(chat_str(c, o, "type"), "namespace")) {
			if (add_tool(c, o, SPAN(""), found, e))
				return -1;
			continue;
		}
		for (size_t k = 0; k < json_length(inner); k++)
			if (add_tool(c, json_at(inner, k), space, found, e))
				return -1;
	}
	return 0;
}

/* What of another namespace, or of none, has the same flat name? */
static bool is_other(const struct tool *a, const struct tool *b)
{
	return !span_eq(a->space, b->space) || !span_eq(a->local, b->local);
}

/* A tool in a namespace whose flat name is another's, too. */
static void name_apart(struct chat *c)
{
	struct tool **list;
	size_t n = 0, i = 0;

	for (const struct tool *t = c->tools; t; t = t->next)
		n++;
	list = n ? arena_try(c->arena, n * sizeof(*list)) : NULL;
	if (!list)
		return;
	for (struct tool *t = c->tools; t; t = t->next) {
		int *first = names_at(&c->flat, c->arena, t->name);

		list[i++] = t;
		if (!*first)
			*first = (int)i;
		else if (*first > 0 && is_other(t, list[*first - 1]))
			*first = -1;
	}
	for (i = 0; i < n; i++)
		if (list[i]->space.n)
			list[i]->name = responses_tool_name(c, list[i]->space,
							    list[i]->local);
}

/* Tools that stand between the messages. */
static int add_from_input(struct chat *c, struct json_object *input,
			  struct err *e)
{
	for (size_t i = 0; i < json_length(input); i++) {
		struct json_object *o = json_at(input, i);
		struct span type = chat_str(c, o, "type");
		bool found = span_is(type, "tool_search_output");

		if ((found || span_is(type, "additional_tools")) &&
		    add_tools(c, chat_objects(c, o, "tools"), found, e))
			return -1;
	}
	return 0;
}

/* What the choice calls by its type alone, or by its name in a namespace. */
static struct json_object *plain_choice(struct chat *c,
					struct json_object *choice)
{
	struct span type = json_str(choice, "type");

	if (call_kind_of_tool(type)) {
		c->choice = CHOICE_NAMED;
		c->choice_name = type;
		return NULL;
	}
	return choice;
}

static void find_choice(struct chat *c, struct json_object *choice)
{
	struct span space = chat_str(c, choice, "namespace");
	const struct tool *found = NULL;
	size_t n = 0;

	if (c->choice != CHOICE_NAMED)
		return;
	for (const struct tool *t = c->tools; t; t = t->next) {
		if (span_eq(t->name, c->choice_name) && !space.n)
			return;
		if (!span_eq(t->local, c->choice_name) ||
		    (space.n && !span_eq(t->space, space)))
			continue;
		found = t;
		n++;
	}
	if (n == 1)
		c->choice_name = found->name;
}

int responses_read_tools(struct chat *c, struct json_object *body,
			 struct err *e)
{
	struct json_object *choice = json_get(body, "tool_choice");

	if (read_objects(body, "tools", e) ||
	    add_tools(c, json_get(body, "tools"), false, e) ||
	    add_from_input(c, json_get(body, "input"), e))
		return -1;
	name_apart(c);
	read_same_tools(c);
	if (read_choice(c, plain_choice(c, choice), e))
		return -1;
	find_choice(c, choice);
	return 0;
}
