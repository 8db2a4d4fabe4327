/* SPDX-License-Identifier: MIT */
/* Functions and their calls, as Chat had them before there were tools. */
#include "config.h"

#include "dialect/anew.h"
#include "dialect/chat-write.h"
#include "dialect/mend-chat.h"

/* Calls had no id: the same is made up for a call and its result. */
#define ID "call_fn_%.*s"

static struct span id_of(struct mend *m, struct span name)
{
	name = jwalk_text(m->arena, name);
	return mend_quoted(m, span_of(arena_fmt(m->arena, ID, SPAN_FMT(name))));
}

static bool is_empty(struct span list)
{
	struct jwalk w = jwalk_in(list);

	return !jwalk_is_array(list) || !jwalk_peek(&w);
}

static void put_member(struct mend *m, struct jwalk *w, const char *key,
		       struct span value)
{
	mend_replace(m, w->key, span_of(key));
	mend_replace(m, w->value, value);
}

static void lose(struct mend *m, struct jwalk *w)
{
	mend_dropped(m, arena_str(m->arena, w->key));
	mend_cut(m, w);
}

/* --- messages ------------------------------------------------------------- */

static struct span call_of(struct mend *m, struct span function)
{
	struct span id = id_of(m, jwalk_get(function, "name"));

	return span_of(arena_fmt(m->arena,
				 "{\"id\":%.*s,\"type\":\"function\","
				 "\"function\":%.*s}",
				 SPAN_FMT(id), SPAN_FMT(function)));
}

static void mend_call(struct mend *m, struct jwalk *w)
{
	struct span call = call_of(m, w->value);

	put_member(m, w, "tool_calls",
		   span_of(arena_fmt(m->arena, "[%.*s]", SPAN_FMT(call))));
}

/* Beside calls of tools: a message had room for one function's, and those that
 * the model made besides stand there. It is the first of them, where it has a
 * result; else it says the same as one of them in the older words. */
static void join_call(struct mend *m, struct jwalk *w, struct span calls,
		      bool answered)
{
	struct jwalk list = jwalk_in(calls);

	if (!answered) {
		lose(m, w);
		return;
	}
	jwalk_next(&list);
	mend_insert(m, list.item.p, call_of(m, w->value));
	mend_insert(m, list.item.p, SPAN(","));
	mend_cut(m, w);
}

/* Does a function's result follow, before anybody else speaks? */
static bool is_answered(struct jwalk behind)
{
	while (jwalk_next(&behind)) {
		struct span role = jwalk_get(behind.value, "role");

		if (!jwalk_is(role, "tool"))
			return jwalk_is(role, "function");
	}
	return false;
}

static void mend_assistant(struct mend *m, const struct jwalk *at)
{
	struct span message = at->value;
	struct span list = jwalk_get(message, "tool_calls");
	bool calls = !is_empty(list);
	struct jwalk w = jwalk_in(message);

	if (!jwalk_is_object(jwalk_get(message, "function_call")))
		return;
	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "function_call") && calls)
			join_call(m, &w, list, is_answered(*at));
		else if (jwalk_key_is(&w, "function_call"))
			mend_call(m, &w);
		else if (jwalk_key_is(&w, "tool_calls") && !calls)
			mend_cut(m, &w);
	}
}

static void mend_result(struct mend *m, struct span message)
{
	struct span name = jwalk_get(message, "name");
	struct span id = id_of(m, name);
	struct jwalk w = jwalk_in(message);

	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "role")) {
			mend_replace(m, w.value, SPAN("\"tool\""));
			if (!name.n)
				mend_add(m, &w, SPAN("\"tool_call_id\":\"\""));
		} else if (jwalk_key_is(&w, "name")) {
			put_member(m, &w, "tool_call_id", id);
		} else if (jwalk_key_is(&w, "tool_call_id")) {
			mend_cut(m, &w);
		}
	}
}

/* --- members of the request ----------------------------------------------- */

static void mend_functions(struct mend *m, struct jwalk *top)
{
	struct jwalk w = jwalk_in(top->value);

	mend_replace(m, top->key, SPAN("tools"));
	while (jwalk_next(&w)) {
		mend_insert(m, w.item.p,
			    SPAN("{\"type\":\"function\",\"function\":"));
		mend_insert(m, w.item.p + w.item.n, SPAN("}"));
	}
	/* A message has room for one call of them. */
	if (!mend_has_top(m, "parallel_tool_calls") &&
	    quirks_take_field(&m->target->quirks, SPAN("parallel_tool_calls")))
		mend_add(m, top, SPAN("\"parallel_tool_calls\":false"));
}

static void mend_choice(struct mend *m, struct jwalk *top, bool tools)
{
	struct span v = top->value;

	if (!tools || mend_has_top(m, "tool_choice")) {
		mend_cut(m, top);
		return;
	}
	if (jwalk_is_object(v))
		v = span_of(arena_fmt(m->arena,
				      "{\"type\":\"function\",\"function\":"
				      "%.*s}",
				      SPAN_FMT(v)));
	put_member(m, top, "tool_choice", v);
}

static bool has_odd_name(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "functions"));

	while (jwalk_next(&w)) {
		struct span name = jwalk_get(w.value, "name");

		name = jwalk_text(m->arena, name);
		if (!span_eq(name,
			     chat_tool_name(m->arena, name, WRITE_NAME_MAX)))
			return true;
	}
	return false;
}

/* OpenAI takes functions, if not in a history. So those of a request stay where
 * the answer would lose something once it is read for the calls of tools. */
static bool may_keep(struct mend *m)
{
	const struct quirks *q = &m->target->quirks;

	return !q->no_extra && !quirks_lack_custom(q) &&
	       quirks_take_field(q, SPAN("functions")) && anew_loses(m->text) &&
	       !(q->paired && has_odd_name(m));
}

static void mend_members(struct mend *m)
{
	bool tools = !is_empty(jwalk_get(m->text, "tools"));
	bool functions = !is_empty(jwalk_get(m->text, "functions"));
	bool keep = functions && !tools && may_keep(m);
	struct jwalk top = jwalk_in(m->text);

	while (jwalk_next(&top)) {
		if (keep && !jwalk_key_is(&top, "tools"))
			continue;
		if (jwalk_key_is(&top, "function_call"))
			mend_choice(m, &top, tools || functions);
		else if (jwalk_key_is(&top, "functions") && tools)
			lose(m, &top);
		else if (jwalk_key_is(&top, "functions") && functions)
			mend_functions(m, &top);
		else if (jwalk_key_is(&top, "functions") ||
			 (jwalk_key_is(&top, "tools") && functions && !tools))
			mend_cut(m, &top);
	}
	m->retooled |= functions && !tools && !keep;
}

bool mend_legacy_wanted(const struct quirks *q)
{
	return q->paired || q->no_extra || quirks_lack_custom(q);
}

void mend_legacy(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));

	if (!mend_legacy_wanted(&m->target->quirks))
		return;
	mend_members(m);
	while (jwalk_next(&w)) {
		struct span role = jwalk_get(w.value, "role");

		if (jwalk_is(role, "assistant"))
			mend_assistant(m, &w);
		else if (jwalk_is(role, "function"))
			mend_result(m, w.value);
	}
	if (mend_rebase(m))
		mend_note(m, "functions");
}
