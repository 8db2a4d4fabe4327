/* SPDX-License-Identifier: MIT */
/* Names of tools that are refused, such as those of MCP with a dot: as a
 * translated request has them. The answer has the client's own again by splices
 * (name-back.c), whatever else it holds. */
#include "config.h"

#include "dialect/anthropic-mend.h"
#include "dialect/anthropic-write.h"
#include "dialect/chat-write.h"
#include "dialect/mend-chat.h"

static void mend_name(struct mend *m, struct span object, const char *key,
		      size_t max)
{
	struct span value = jwalk_get(object, key), was, now;

	if (!jwalk_is_string(value))
		return;
	was = jwalk_text(m->arena, value);
	now = chat_tool_name(m->arena, was, max);
	if (!was.n || span_eq(was, now))
		return;
	mend_replace(m, value, mend_quoted(m, now));
	mend_note(m, "names of tools");
	m->renamed = true;
}

/* --- Chat ----------------------------------------------------------------- */

/* Moonshot's own tools have names of their own. */
static bool is_providers(struct span tool)
{
	struct span type = jwalk_get(tool, "type");
	struct span name = jwalk_get(jwalk_get(tool, "function"), "name");

	return (jwalk_is_string(type) && !jwalk_is(type, "function") &&
		!jwalk_is(type, "custom")) ||
	       span_starts(name, "\"$");
}

/* A tool, a call, or the choice of one. */
static void mend_nested(struct mend *m, struct span tool)
{
	if (is_providers(tool))
		return;
	mend_name(m, jwalk_get(tool, "function"), "name", WRITE_NAME_MAX);
	mend_name(m, jwalk_get(tool, "custom"), "name", WRITE_NAME_MAX);
}

static void mend_list(struct mend *m, struct span list)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_is_array(list) && jwalk_next(&w))
		mend_nested(m, w.value);
}

void mend_tool_names(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));
	struct span choice = jwalk_get(m->text, "tool_choice");

	if (!m->target->quirks.paired)
		return;
	mend_list(m, jwalk_get(m->text, "tools"));
	mend_nested(m, choice);
	mend_list(m, jwalk_get(jwalk_get(choice, "allowed_tools"), "tools"));
	while (jwalk_next(&w))
		mend_list(m, jwalk_get(w.value, "tool_calls"));
}

/* --- Responses ------------------------------------------------------------ */

static void mend_flat(struct mend *m, struct span list)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_is_array(list) && jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");

		/* Others have a name for something else, or for its parts. */
		if (jwalk_is(type, "function") || jwalk_is(type, "custom"))
			mend_name(m, w.value, "name", WRITE_NAME_MAX);
	}
}

void responses_names(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "input"));
	struct span choice = jwalk_get(m->text, "tool_choice");

	mend_flat(m, jwalk_get(m->text, "tools"));
	mend_name(m, choice, "name", WRITE_NAME_MAX);
	mend_flat(m, jwalk_get(choice, "tools"));
	while (jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");

		if (jwalk_get(w.value, "namespace").n)
			continue;
		if (jwalk_is(type, "function_call") ||
		    jwalk_is(type, "custom_tool_call"))
			mend_name(m, w.value, "name", WRITE_NAME_MAX);
	}
}

/* --- Messages ------------------------------------------------------------- */

/* Of tools that share a name the last one stays. */
static void mend_same(struct mend *m, struct span tools)
{
	struct jwalk w = jwalk_in(tools);
	struct names left = { 0 };

	while (jwalk_next(&w))
		++*names_at(&left, m->arena,
			    jwalk_text(m->arena, jwalk_get(w.value, "name")));
	w = jwalk_in(tools);
	while (jwalk_next(&w)) {
		struct span name = jwalk_get(w.value, "name");

		name = jwalk_text(m->arena, name);
		if (!name.n || !--*names_at(&left, m->arena, name))
			continue;
		mend_cut(m, &w);
		mend_note(m, "tools of the same name");
		mend_dropped(m, "a tool of the same name");
	}
}

static void mend_block(struct mend *m, struct span block)
{
	struct span type = jwalk_get(block, "type");
	struct jwalk w = jwalk_in(jwalk_get(block, "content"));

	if (jwalk_is(type, "tool_use"))
		mend_name(m, block, "name", ANTHROPIC_NAME_MAX);
	while (jwalk_is(type, "tool_result") && jwalk_next(&w))
		if (jwalk_is(jwalk_get(w.value, "type"), "tool_reference"))
			mend_name(m, w.value, "tool_name", ANTHROPIC_NAME_MAX);
}

void anthropic_names(struct mend *m)
{
	struct span tools = jwalk_get(m->text, "tools");
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));
	struct jwalk t = jwalk_in(tools);

	mend_same(m, tools);
	while (jwalk_next(&t))
		mend_name(m, t.value, "name", ANTHROPIC_NAME_MAX);
	mend_name(m, jwalk_get(m->text, "tool_choice"), "name",
		  ANTHROPIC_NAME_MAX);
	while (jwalk_next(&w)) {
		struct span content = jwalk_get(w.value, "content");
		struct jwalk b = jwalk_in(content);

		while (jwalk_is_array(content) && jwalk_next(&b))
			mend_block(m, b.value);
	}
}
