/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/names.h"
#include "dialect/anthropic-write.h"
#include "dialect/custom-tool.h"
#include "dialect/schema.h"
#include "dialect/web-search.h"

#define CACHE_MARKS 4

void anthropic_cache(struct jw *w, struct json_object *cache)
{
	if (!cache)
		return;
	jw_key(w, "cache_control");
	jw_raw(w, json_text(cache));
}

/* One mark in the order of the prompt: forgotten while there are too many. */
static void pass_mark(struct chat *c, struct json_object **mark, int *left)
{
	if (!*mark || (*left)-- <= CACHE_MARKS)
		return;
	*mark = NULL;
	chat_dropped(c, "cache_control before the last four");
}

void anthropic_limit_cache(struct chat *c)
{
	int n = 0;

	for (struct tool *t = c->tools; t; t = t->next)
		n += t->cache && t->kind != TOOL_HOSTED;
	for (struct msg *m = c->msgs; m; m = m->next)
		for (struct part *p = m->parts; p; p = p->next)
			n += p->cache != NULL;
	for (struct tool *t = c->tools; t; t = t->next)
		if (t->kind != TOOL_HOSTED)
			pass_mark(c, &t->cache, &n);
	for (struct msg *m = c->msgs; m; m = m->next)
		for (struct part *p = m->parts; p; p = p->next)
			pass_mark(c, &p->cache, &n);
}

static void put_tool(struct jw *w, const struct upstream_model *m,
		     struct chat *c, const struct tool *t)
{
	bool strict = t->strict == 1 && m->family.structured &&
		      !m->quirks.no_strict;
	struct arena *a = c->arena;

	jw_obj(w);
	jw_kstr(w, "name", chat_tool_name(a, t->name, ANTHROPIC_NAME_MAX));
	if (t->kind == TOOL_CUSTOM) {
		if (custom_tool_about(a, t).n)
			jw_kstr(w, "description", custom_tool_about(a, t));
		jw_key(w, "input_schema");
		jw_raw(w, custom_tool_schema);
	} else {
		if (t->description.n)
			jw_kstr(w, "description", t->description);
		jw_key(w, "input_schema");
		/* Strict tools take no more of a schema than formats do. */
		schema_tool(w, c, t, strict);
		if (strict)
			jw_kbool(w, "strict", true);
	}
	anthropic_cache(w, t->cache);
	jw_obj_end(w);
}

/* Calls in the history need declared tools: Anthropic refuses them without.
 */
static void put_used_tools(struct chat *c)
{
	struct names known = { 0 };

	for (const struct tool *t = c->tools; t; t = t->next)
		*names_at(&known, c->arena, t->name) = 1;
	for (struct msg *m = c->msgs; m; m = m->next)
		for (struct part *p = m->parts; p; p = p->next)
			if (p->kind == PART_TOOL_USE &&
			    !(*names_at(&known, c->arena, p->name))++)
				chat_tool(c, TOOL_FUNCTION, p->name);
}

static bool any_function(const struct chat *c)
{
	for (const struct tool *t = c->tools; t; t = t->next)
		if (t->kind != TOOL_HOSTED)
			return true;
	return false;
}

/* Claude's own search; what only resembles its API has none. */
static bool is_search(const struct upstream_model *m, const struct tool *t)
{
	return m->family.structured && web_search_is(t);
}

static bool offered(const struct upstream_model *m, const struct chat *c,
		    const struct tool *t, bool forced)
{
	if (t->kind == TOOL_HOSTED && !is_search(m, t))
		return false;
	/* A model that cannot be forced sees the named tool alone. */
	return (forced && !m->quirks.no_named_tool) ||
	       c->choice != CHOICE_NAMED || web_search_is_chosen(c, t) ||
	       span_eq(t->name, c->choice_name);
}

static void put_choice(struct jw *w, const struct upstream_model *m,
		       struct chat *c, bool forced)
{
	const char *type = "auto";
	bool named = c->choice == CHOICE_NAMED && forced;
	bool any = named && m->quirks.no_named_tool;

	if (c->choice == CHOICE_UNSET && !c->no_parallel)
		return;
	if (c->choice == CHOICE_NONE)
		type = "none";
	else if ((c->choice == CHOICE_ANY && forced) || any)
		type = "any";
	else if (named)
		type = "tool";
	else if (c->choice >= CHOICE_ANY)
		chat_dropped(c, "tool_choice");
	jw_key(w, "tool_choice");
	jw_obj(w);
	jw_kcstr(w, "type", type);
	if (named && !any)
		jw_kstr(w, "name",
			web_search_is_forced(c)
				? SPAN("web_search")
				: chat_tool_name(c->arena, c->choice_name,
						 ANTHROPIC_NAME_MAX));
	if (c->no_parallel && c->choice != CHOICE_NONE)
		jw_kbool(w, "disable_parallel_tool_use", true);
	jw_obj_end(w);
}

void anthropic_tools(struct jw *w, const struct upstream_model *m,
		     struct chat *c, bool thinking)
{
	bool forced = m->family.forced_tools && !thinking, any = false;

	if (!any_function(c))
		put_used_tools(c);
	for (const struct tool *t = c->tools; t; t = t->next) {
		if (t->kind == TOOL_HOSTED && !is_search(m, t))
			chat_dropped(c, arena_fmt(c->arena, "tools.%.*s",
						  SPAN_FMT(t->name)));
		if (!offered(m, c, t, forced))
			continue;
		if (!any) {
			jw_key(w, "tools");
			jw_arr(w);
		}
		any = true;
		if (t->kind == TOOL_HOSTED)
			web_search_anthropic(w, c, t);
		else
			put_tool(w, m, c, t);
	}
	if (!any)
		return;
	jw_arr_end(w);
	put_choice(w, m, c, forced);
}
