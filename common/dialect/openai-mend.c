/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/chat-fit.h"
#include "dialect/chat-write.h"
#include "dialect/mend-chat.h"

static struct span mend_chat_id(const struct mend *m, struct span id)
{
	const struct quirks *q = &m->target->quirks;

	return q->nine_ids || q->id_max ? chat_id_openai(m->arena, id, q) : id;
}

static struct span unique_id(struct mend *m, struct span id, bool call)
{
	if (m->target->quirks.unique_ids)
		id = call ? call_ids_call(&m->ids, m->arena, id)
			  : call_ids_result(&m->ids, m->arena, id);
	return mend_chat_id(m, id);
}

/* By the target's rules, where it has any. */
static void mend_call_id(struct mend *m, struct span object, const char *key,
			 bool call)
{
	struct span value = jwalk_get(object, key);
	const struct quirks *q = &m->target->quirks;
	struct span id = jwalk_text(m->arena, value);

	if (!jwalk_is_string(value))
		return;
	if (q->paired)
		id = call ? pairs_own_name(&m->pairs, object.p)
			  : pairs_mate_name(&m->pairs, object.p);
	else
		id = unique_id(m, id, call);
	if (id.n || !q->paired)
		mend_id(m, value, id);
}

/* Is it the one that is refused, by what is said of it? Of several calls of one
 * tool the first was looked at first. */
static bool is_refused_call(const struct mend *m, struct span call)
{
	struct span name = jwalk_get(jwalk_get(call, "function"), "name");
	const struct mend_refusal *f = &m->refusal;

	if (f->all || !f->tool.n)
		return true;
	if (m->refused)
		return f->rest;
	return span_eq(jwalk_text(m->arena, name), f->tool);
}

/* What it cannot read is as good as none. */
static void mend_refused_signature(struct mend *m, struct span call,
				   struct span extra)
{
	struct span google = jwalk_get(extra, "google");
	struct span value = jwalk_get(google, "thought_signature");

	if (!jwalk_is_string(value) || span_is(value, WRITE_SKIP_SIGNATURE) ||
	    (!m->refusal.all && value.p < m->last_turn) ||
	    !is_refused_call(m, call))
		return;
	if (!m->refused)
		m->refused = value.p;
	mend_replace(m, value, SPAN(WRITE_SKIP_SIGNATURE));
	mend_note(m, "thought signatures");
}

/* Of the parallel calls of a turn not only the first may want one
 * (googleapis/js-genai/issues/1275): the refusal names its tool, or says at
 * least that there is none. */
static bool lacks_signature(const struct mend *m, struct span call)
{
	struct span name = jwalk_get(jwalk_get(call, "function"), "name");
	struct span google = jwalk_get(jwalk_get(call, "extra_content"),
				       "google");

	return call.p >= m->last_turn &&
	       (m->refusal.tool.n
			? span_eq(jwalk_text(m->arena, name), m->refusal.tool)
			: m->refusal.missing) &&
	       !jwalk_is_string(jwalk_get(google, "thought_signature"));
}

static void put_signature(struct mend *m, struct span call, struct span extra)
{
	if (extra.n)
		mend_replace(m, extra, SPAN(WRITE_NO_SIGNATURE));
	else
		mend_put_first(m, call,
			       SPAN("\"extra_content\":" WRITE_NO_SIGNATURE));
	mend_note(m, "thought signatures");
}

/* Gemini refuses the first call of a turn without a signature of its own. */
static void mend_signature(struct mend *m, const struct jwalk *call)
{
	struct span extra = jwalk_get(call->value, "extra_content");

	if (m->lacking && lacks_signature(m, call->value)) {
		m->refused = m->refused ? m->refused : call->value.p;
		put_signature(m, call->value, extra);
		return;
	}
	if (extra.n && m->refusal.what == REFUSED_SIGNATURES && !m->lacking)
		mend_refused_signature(m, call->value, extra);
	if (!m->target->quirks.thought_signatures || call->kept || extra.n)
		return;
	put_signature(m, call->value, extra);
}

/* Arguments are text, and for some it must be that of an object. */
static void mend_arguments(struct mend *m, struct span call)
{
	struct span f = jwalk_get(call, "function");
	struct span value = jwalk_get(f, "arguments"), text = value;
	struct jwalk w = jwalk_in(f);
	bool string = jwalk_is_string(value);

	if (string || span_is(value, "null"))
		text = jwalk_text(m->arena, value);
	if (!jwalk_is_object(f) || !jwalk_next(&w) ||
	    (string && (!m->target->quirks.json_arguments ||
			peek_is_object(span_trim(text)))))
		return;
	text = mend_quoted(m, write_object(m->arena, text));
	if (value.n)
		mend_replace(m, value, text);
	else
		mend_put_first(m, f,
			       span_of(arena_fmt(m->arena, "\"arguments\":%.*s",
						 SPAN_FMT(text))));
	mend_note(m, "arguments of calls");
}

static bool mend_calls(struct mend *m, struct span calls)
{
	struct jwalk w = jwalk_in(calls);
	bool any = false;

	for (; jwalk_next(&w); any = true) {
		if (pairs_fate(&m->pairs, w.value.p) == PAIR_GOES) {
			mend_cut(m, &w);
			mend_lonely(m, true);
			continue;
		}
		mend_call_id(m, w.value, "id", true);
		mend_signature(m, &w);
		mend_arguments(m, w.value);
		mend_call_members(m, w.value);
	}
	return any && w.kept;
}

/* Entries that we have sealed: the target's own as they were, others go, as
 * does what is refused. True when any stays. */
static bool mend_details(struct mend *m, struct span details)
{
	bool refused = m->refusal.what == REFUSED_THINKING;
	struct jwalk w = jwalk_in(details);

	while (jwalk_next(&w)) {
		struct span data = jwalk_get(w.value, "data");
		struct span signature = jwalk_get(w.value, "signature");
		struct span value = data.n ? data : signature;
		struct seal s = mend_open(m, value);

		if (!value.n || (s.kind == SEAL_NONE && !refused))
			continue;
		mend_note(m, "sealed thinking");
		if (refused)
			mend_dropped(m, "thinking");
		if (refused ||
		    !mend_unseal(m, value,
				 s.kind == SEAL_REDACTED ? SEAL_REDACTED
							 : SEAL_CLAUDE))
			mend_cut(m, &w);
	}
	return w.kept;
}

/* Some want reasoning with every call, be it that of another. */
static void mend_reasoning(struct mend *m, const struct jwalk *role,
			   struct span message)
{
	struct span text = jwalk_get(message, "reasoning_content");

	if (!m->target->quirks.reasoning_content ||
	    m->target->quirks.reasoning_optional ||
	    (jwalk_is_string(text) && !jwalk_is(text, "")))
		return;
	if (text.n)
		mend_replace(m, text, SPAN("\"" FIT_REASONING "\""));
	else
		mend_add(m, role,
			 SPAN("\"reasoning_content\":\"" FIT_REASONING "\""));
	mend_note(m, "reasoning_content");
}

static void mend_assistant(struct mend *m, struct span message)
{
	struct jwalk w = jwalk_in(message);
	bool calls;
	int role = 0;

	call_ids_turn(&m->ids);
	calls = mend_calls(m, jwalk_get(message, "tool_calls"));

	while (jwalk_next(&w)) {
		struct jwalk list = jwalk_in(w.value);
		bool empty = !jwalk_peek(&list); /* is refused, too */
		bool none = !calls && jwalk_key_is(&w, "tool_calls") &&
			    jwalk_is_array(w.value) &&
			    (!empty || m->target->quirks.paired);

		if (none && empty)
			mend_note(m, "fields of messages");
		if (none || !mend_takes_member(m, true, &w) ||
		    (jwalk_key_is(&w, "reasoning_details") &&
		     !mend_details(m, w.value)))
			mend_cut(m, &w);
		else if (jwalk_key_is(&w, "role") && calls && !role++)
			mend_reasoning(m, &w, message);
	}
}

static void mend_other(struct mend *m, struct span message)
{
	struct jwalk w = jwalk_in(message);

	while (jwalk_next(&w))
		if (!mend_takes_member(m, false, &w))
			mend_cut(m, &w);
}

/* Results stand right behind the message of their calls. */
static void pair(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));
	bool behind = false;
	size_t turn = 0;

	while (m->target->quirks.paired && jwalk_next(&w)) {
		struct span role = jwalk_get(w.value, "role");
		struct span id = jwalk_get(w.value, "tool_call_id");
		struct jwalk c = jwalk_in(jwalk_get(w.value, "tool_calls"));

		if (jwalk_is(role, "tool") && jwalk_is_string(id)) {
			pairs_result(&m->pairs, m->arena, w.value.p,
				     jwalk_text(m->arena, id), turn, behind);
			continue;
		}
		if (jwalk_is(role, "tool"))
			continue;
		behind = !jwalk_is(role, "assistant");
		turn += !behind;
		if (!behind)
			call_ids_turn(&m->ids);
		while (!behind && jwalk_next(&c)) {
			id = jwalk_get(c.value, "id");
			if (!jwalk_is_string(id))
				continue;
			id = jwalk_text(m->arena, id);
			pairs_call(&m->pairs, m->arena, c.value.p, id, turn);
			pairs_name(&m->pairs, c.value.p,
				   unique_id(m, id, true));
		}
	}
}

static const char *last_turn(const struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));
	const char *at = m->text.p;

	while (jwalk_next(&w))
		if (jwalk_is(jwalk_get(w.value, "role"), "user"))
			at = w.value.p;
	return at;
}

static bool are_parts(struct span list)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_next(&w))
		if (!jwalk_is_object(w.value))
			return false;
	return jwalk_is_array(list);
}

/* What a tool gave is text, or a list of parts. */
static void mend_given(struct mend *m, struct span message)
{
	struct span content = jwalk_get(message, "content");

	if (!content.n || jwalk_is_string(content) || are_parts(content) ||
	    span_is(content, "null"))
		return;
	mend_replace(m, content, mend_quoted(m, content));
	mend_note(m, "outputs of calls");
}

static bool any_lacks(const struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));

	while (jwalk_next(&w)) {
		struct jwalk c = jwalk_in(jwalk_get(w.value, "tool_calls"));

		while (jwalk_next(&c))
			if (lacks_signature(m, c.value))
				return true;
	}
	return false;
}

static void mend_schemas(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "tools"));

	while (m->target->quirks.paired && jwalk_next(&w))
		mend_ill_schema(m, jwalk_get(jwalk_get(w.value, "function"),
					     "parameters"));
}

void openai_mend(struct mend *m)
{
	struct jwalk w;

	mend_check_content(m, "messages", m->target->quirks.paired);
	mend_blocks(m);
	mend_legacy(m);
	w = jwalk_in(jwalk_get(m->text, "messages"));
	if (m->refusal.what == REFUSED_SIGNATURES) {
		m->last_turn = last_turn(m);
		m->lacking = any_lacks(m);
	}
	pair(m);
	mend_customs(m);
	mend_tool_names(m);
	mend_schemas(m);
	mend_top(m);
	mend_turns(m);
	while (jwalk_next(&w)) {
		struct span role = jwalk_get(w.value, "role");

		if (jwalk_is(role, "assistant"))
			mend_assistant(m, w.value);
		else
			mend_other(m, w.value);
		if (!jwalk_is(role, "tool"))
			continue;
		mend_call_id(m, w.value, "tool_call_id", false);
		mend_given(m, w.value);
	}
}
