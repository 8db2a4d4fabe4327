/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/anew.h"

#include "base/jwalk.h"

/* Anthropic's that the client runs: they are called by their name. */
static bool is_clients(struct span type)
{
	static const char *const prefixes[] = { "\"bash_2", "\"computer_2",
						"\"memory_2",
						"\"text_editor_2" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (span_starts(type, prefixes[i]))
			return true;
	return !jwalk_is_string(type) || jwalk_is(type, "function") ||
	       jwalk_is(type, "custom");
}

/* Are there tools whose calls have a shape of their own, or that a provider
 * runs? */
static bool has_other_tools(struct span body)
{
	struct jwalk w = jwalk_in(jwalk_get(body, "tools"));

	while (jwalk_next(&w))
		if (!is_clients(jwalk_get(w.value, "type")))
			return true;
	return false;
}

bool anew_loses_member(struct span key, struct span value)
{
	if (span_is(value, "null"))
		return false;
	if (span_is(key, "n"))
		return !span_is(value, "1");
	if (span_is(key, "logprobs"))
		return span_is(value, "true");
	if (span_is(key, "top_logprobs"))
		return !span_is(value, "0");
	if (span_is(key, "modalities"))
		return span_has(value, SPAN("\"audio\""));
	if (span_is(key, "include"))
		return span_has(value, SPAN("logprobs"));
	return span_is(key, "audio") || span_is(key, "container") ||
	       span_is(key, "context_management") ||
	       span_is(key, "mcp_servers");
}

bool anew_loses(struct span body)
{
	struct jwalk w = jwalk_in(body);

	while (jwalk_next(&w))
		if (anew_loses_member(w.key, w.value))
			return true;
	return has_other_tools(body);
}

/* --- what it is read for -------------------------------------------------- */

void anew_chat(struct chat *c, enum dialect_id d, struct span body, bool stream)
{
	struct span wanted = jwalk_get(body, "stream_options");

	c->stream = stream;
	c->usage_wanted = d != DIALECT_OPENAI ||
			  span_is(jwalk_get(wanted, "include_usage"), "true");
}

static void add_tool(struct chat *c, enum tool_kind kind, struct span object)
{
	struct span name = jwalk_get(object, "name");

	name = arena_span(c->arena, jwalk_text(c->arena, name));
	if (name.n)
		chat_tool(c, kind, name);
}

/* As the client knows them, who has no tools. */
static void add_functions(struct chat *c, struct span body)
{
	struct jwalk w = jwalk_in(jwalk_get(body, "functions"));

	while (jwalk_next(&w)) {
		c->legacy = true;
		add_tool(c, TOOL_FUNCTION, w.value);
	}
}

void anew_tools(struct chat *c, enum dialect_id d, struct span body)
{
	struct jwalk w = jwalk_in(jwalk_get(body, "tools"));

	while (jwalk_next(&w)) {
		bool custom = d != DIALECT_ANTHROPIC &&
			      jwalk_is(jwalk_get(w.value, "type"), "custom");
		struct span tool = jwalk_get(w.value,
					     custom ? "custom" : "function");

		add_tool(c, custom ? TOOL_CUSTOM : TOOL_FUNCTION,
			 tool.n ? tool : w.value);
	}
	if (d == DIALECT_OPENAI && !c->tools)
		add_functions(c, body);
}
