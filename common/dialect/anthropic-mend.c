/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/mend.h"

/* What of a tool loop decides whether it may go on with thinking. */
struct loop {
	bool assistant;    /* speaks in the turn that is read */
	bool any;          /* block of it stays */
	bool first_thinks; /* its first block is thinking */
	bool calls;        /* tools */
	bool began;        /* a loop has begun with an assistant's turn */
	bool head_thinks;  /* that began with thinking */
	bool results;      /* the turn that is read has results */
};

static bool is_thinking(struct span type)
{
	return jwalk_is(type, "thinking") ||
	       jwalk_is(type, "redacted_thinking");
}

/* Thinking goes where its provider would not know it: unsigned, or sealed by
 * us for another. True when it goes. */
static bool mend_thinking(struct mend *m, struct jwalk *w, bool redacted)
{
	struct span value = jwalk_get(w->value,
				      redacted ? "data" : "signature");
	struct span text = jwalk_get(w->value, "thinking");
	struct seal s = mend_open(m, value);
	enum seal_kind kind = redacted ? SEAL_REDACTED : SEAL_CLAUDE;

	if (s.kind == SEAL_NONE && s.original.n)
		return false;
	if (mend_unseal(m, value, kind)) {
		mend_note(m, "sealed thinking");
		return false;
	}
	if (s.old && s.kind == kind) { /* by an earlier version */
		mend_replace(m, value, mend_quoted(m, s.original));
		return false;
	}
	mend_cut(m, w);
	mend_note(m, "thinking");
	if (jwalk_text(m->arena, text).n)
		mend_dropped(m, "thinking");
	return true;
}

static void mend_call(struct mend *m, struct span block, const char *key,
		      bool call)
{
	struct span value = jwalk_get(block, key);
	struct span id = jwalk_text(m->arena, value);

	if (!jwalk_is_string(value))
		return;
	id = call ? call_ids_call(&m->ids, m->arena, id)
		  : call_ids_result(&m->ids, m->arena, id);
	mend_id(m, value, chat_id_anthropic(m->arena, id));
}

static void mend_block(struct mend *m, struct jwalk *w, struct loop *l)
{
	struct span type = jwalk_get(w->value, "type");
	bool thinks = is_thinking(type);

	if (thinks && mend_thinking(m, w, jwalk_is(type, "redacted_thinking")))
		return;
	if (jwalk_is(type, "tool_use")) {
		l->calls = true;
		mend_call(m, w->value, "id", true);
	} else if (jwalk_is(type, "tool_result")) {
		l->results = true;
		mend_call(m, w->value, "tool_use_id", false);
	}
	if (!l->any)
		l->first_thinks = thinks;
	l->any = true;
}

/* A turn of the other side begins. */
static void end_turn(struct loop *l, bool assistant)
{
	if (l->assistant && !l->began) {
		l->began = true;
		l->head_thinks = l->first_thinks;
	}
	if (assistant) /* what the user said without results ends the loop */
		l->began &= l->results;
	l->any = l->results = false;
	if (assistant)
		l->first_thinks = l->calls = false;
	l->assistant = assistant;
}

static void mend_message(struct mend *m, struct jwalk *messages, struct loop *l)
{
	struct span role = jwalk_get(messages->value, "role");
	struct jwalk w = jwalk_in(jwalk_get(messages->value, "content"));
	bool assistant = jwalk_is(role, "assistant");
	size_t n = 0;

	if (jwalk_is(role, "system"))
		return;
	if (assistant != l->assistant)
		end_turn(l, assistant);
	if (assistant)
		call_ids_turn(&m->ids);
	for (; jwalk_next(&w); n++)
		mend_block(m, &w, l);
	if (n && !w.kept)
		mend_cut(m, messages);
	if (!n)
		l->any = true;
}

/* Edits of the context that are taken with thinking only. */
static void mend_edits(struct mend *m, struct jwalk *top)
{
	struct jwalk w = jwalk_in(jwalk_get(top->value, "edits"));

	while (jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");

		if (span_starts(jwalk_text(m->arena, type), "clear_thinking"))
			mend_cut(m, &w);
	}
	if (w.before && !w.kept)
		mend_cut(m, top);
}

/* While thinking is on, a loop of tool calls must begin with it. */
static void mend_field(struct mend *m, const struct loop *l)
{
	struct span thinking = jwalk_get(m->text, "thinking");
	struct jwalk top = jwalk_in(m->text);

	if (!jwalk_is(jwalk_get(thinking, "type"), "enabled") || l->assistant ||
	    !l->results || !l->calls || l->first_thinks ||
	    (l->began && l->head_thinks))
		return;
	while (jwalk_next(&top)) {
		if (span_is(top.key, "thinking"))
			mend_cut(m, &top);
		else if (span_is(top.key, "context_management"))
			mend_edits(m, &top);
	}
	mend_note(m, "thinking off");
}

void anthropic_mend(struct mend *m)
{
	struct jwalk messages = jwalk_in(jwalk_get(m->text, "messages"));
	struct loop l = { 0 };

	while (jwalk_next(&messages))
		mend_message(m, &messages, &l);
	mend_field(m, &l);
	mend_images(m, "messages");
	mend_limit(m, jwalk_get(m->text, "max_tokens"));
}
