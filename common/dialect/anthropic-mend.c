/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/anthropic-mend.h"
#include "dialect/anthropic-write.h"
#include "dialect/chat-write.h"

/* What of a tool loop decides whether it may go on with thinking. */
struct loop {
	size_t message, block; /* that are read */
	bool off;              /* the provider misses thinking */
	bool assistant;        /* speaks in the turn that is read */
	bool any;              /* block of it stays */
	bool first_thinks;     /* its first block is thinking */
	bool calls;            /* tools */
	bool began;            /* a loop has begun with an assistant's turn */
	bool head_thinks;      /* that began with thinking */
	bool results;          /* the turn that is read has results */
	const char *next;      /* message that stays, as may_stay found it */
	bool before_assistant; /* it is one's, or there is none */
};

static bool is_thinking(struct span type)
{
	return jwalk_is(type, "thinking") ||
	       jwalk_is(type, "redacted_thinking");
}

/* Is this the block that was refused? */
static bool is_named(const struct mend *m, const struct loop *l)
{
	const struct mend_refusal *f = &m->refusal;

	return f->what == REFUSED_THINKING && f->message == l->message &&
	       f->block == l->block;
}

/* Is it, or as good as it? */
static bool is_refused(struct mend *m, const struct loop *l, const char *block)
{
	const struct mend_refusal *f = &m->refusal;

	if (is_named(m, l))
		m->refused = block;
	return f->what == REFUSED_THINKING &&
	       (f->all || is_named(m, l) || (f->rest && m->refused));
}

static void cut_thinking(struct mend *m, struct jwalk *w)
{
	struct span text = jwalk_get(w->value, "thinking");

	mend_cut(m, w);
	mend_note(m, "thinking");
	if (jwalk_is_string(text) && !jwalk_is(text, ""))
		mend_dropped(m, "thinking");
}

static struct span sealed_of(struct span block, bool redacted)
{
	return jwalk_get(block, redacted ? "data" : "signature");
}

/* Does the target know this thinking: unsealed, or sealed as its own? */
static bool is_known(struct mend *m, struct span block, bool redacted)
{
	struct seal s = mend_open(m, sealed_of(block, redacted));

	if (s.kind == SEAL_NONE)
		return s.original.n > 0;
	return s.kind == (redacted ? SEAL_REDACTED : SEAL_CLAUDE) &&
	       (s.old || seal_is_of(&s, m->target->origin));
}

/* Thinking goes where its provider would not know it: unsigned, or sealed by
 * us for another. True when it goes. */
static bool mend_thinking(struct mend *m, struct jwalk *w, bool redacted)
{
	struct span value = sealed_of(w->value, redacted);
	struct seal s = mend_open(m, value);

	if (!is_known(m, w->value, redacted)) {
		cut_thinking(m, w);
		return true;
	}
	if (s.kind != SEAL_NONE) {
		mend_replace(m, value, mend_quoted(m, s.original));
		mend_note(m, "sealed thinking");
	}
	return false;
}

bool anthropic_is_blank(struct mend *m, struct span text)
{
	return jwalk_is_string(text) &&
	       !span_trim(jwalk_text(m->arena, text)).n;
}

/* The id that it has for the target. */
static struct span id_of(struct mend *m, struct span value, struct span block,
			 bool call)
{
	struct span id = jwalk_text(m->arena, value);

	if (!call && pairs_mate(&m->pairs, block.p))
		return pairs_mate_name(&m->pairs, block.p);
	id = call ? call_ids_call(&m->ids, m->arena, id)
		  : call_ids_result(&m->ids, m->arena, id);
	return chat_id_anthropic(m->arena, id);
}

static void mend_call(struct mend *m, struct span block, const char *key,
		      bool call)
{
	struct span value = jwalk_get(block, key), id;

	if (!jwalk_is_string(value))
		return;
	id = id_of(m, value, block, call);
	mend_id(m, value, id);
	if (call)
		pairs_name(&m->pairs, block.p, id);
}

/* What a call asks for is an object: some keep the text that it came as. */
static void mend_input(struct mend *m, struct span block)
{
	struct span value = jwalk_get(block, "input"), text = value;

	if (jwalk_is_object(value))
		return;
	if (!value.n) {
		mend_put_first(m, block, SPAN("\"input\":{}"));
		mend_note(m, "inputs of tools");
		return;
	}
	if (jwalk_is_string(value))
		text = jwalk_text(m->arena, value);
	mend_replace(m, value, write_object(m->arena, text));
	mend_note(m, "inputs of tools");
}

/* Text without any is refused within a result, too. */
static void mend_result(struct mend *m, struct span block)
{
	struct span content = jwalk_get(block, "content");
	struct jwalk w = jwalk_in(content);

	while (jwalk_is_array(content) && jwalk_next(&w)) {
		if (!jwalk_is(jwalk_get(w.value, "type"), "text") ||
		    !anthropic_is_blank(m, jwalk_get(w.value, "text")))
			continue;
		mend_cut(m, &w);
		mend_note(m, "empty text");
	}
}

/* A call or a result: true when it stays where it is. */
static bool mend_pair(struct mend *m, struct jwalk *w, bool call)
{
	enum pair_fate fate = pairs_fate(&m->pairs, w->value.p);
	bool stays = anthropic_pair_block(m, w, call);

	if (fate == PAIR_MOVES)
		anthropic_move_result(m, w->value);
	if (fate != PAIR_GOES)
		mend_call(m, w->value, call ? "id" : "tool_use_id", call);
	if (fate != PAIR_GOES && !call)
		mend_result(m, w->value);
	if (!stays)
		return false;
	if (!call)
		return true;
	mend_input(m, w->value);
	anthropic_called(m, jwalk_get(w->value, "name"));
	return true;
}

/* A search of another provider, as we have told it. */
static bool is_told(struct mend *m, struct span block)
{
	struct span id = jwalk_get(block, "id");

	if (!id.n)
		id = jwalk_get(block, "tool_use_id");
	return span_starts(jwalk_text(m->arena, id), ANTHROPIC_SEARCH_ID);
}

/* Citations that we have made have an index that Anthropic does not know. */
static void mend_citations(struct mend *m, struct span block)
{
	struct jwalk w = jwalk_in(jwalk_get(block, "citations"));

	while (jwalk_next(&w)) {
		if (!jwalk_is(jwalk_get(w.value, "encrypted_index"),
			      SEAL_EMPTY))
			continue;
		mend_cut(m, &w);
		mend_note(m, "citations");
		mend_dropped(m, "citations");
	}
}

static void mend_block(struct mend *m, struct jwalk *w, struct loop *l)
{
	struct span type = jwalk_get(w->value, "type");
	bool refused = is_refused(m, l, w->value.p);
	bool thinks = is_thinking(type);

	if (is_told(m, w->value)) {
		mend_cut(m, w);
		mend_note(m, "searches");
		mend_dropped(m, "web_search_call");
		return;
	}
	if (m->target->quirks.strict_messages) {
		if (anthropic_misplaced(m, w, l->assistant))
			return;
		if (!l->assistant) /* there it is a text by now */
			anthropic_media(m, w->value);
	}
	if (jwalk_is(type, "text"))
		mend_citations(m, w->value);

	if (thinks && refused) {
		cut_thinking(m, w);
		return;
	}
	if (thinks && mend_thinking(m, w, jwalk_is(type, "redacted_thinking")))
		return;
	if (jwalk_is(type, "text") &&
	    anthropic_is_blank(m, jwalk_get(w->value, "text"))) {
		mend_cut(m, w);
		mend_note(m, "empty text");
		return;
	}
	/* It is not what it should be: thinking. */
	l->off |= is_named(m, l) && !m->refusal.all;
	if (jwalk_is(type, "tool_use")) {
		if (!mend_pair(m, w, true))
			return;
		l->calls = true;
	} else if (jwalk_is(type, "tool_result")) {
		l->results |= pairs_fate(&m->pairs, w->value.p) == PAIR_MOVES;
		if (!mend_pair(m, w, false))
			return;
		l->results = true;
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

/* Only the last message may say nothing, and only the assistant's. */
static void cut_message(struct mend *m, struct jwalk *messages, bool assistant)
{
	if ((assistant && !jwalk_peek(messages)) ||
	    !jwalk_is_string(jwalk_get(messages->value, "role")))
		return;
	mend_cut(m, messages);
	mend_note(m, "empty messages");
	if (jwalk_is_array(jwalk_get(messages->value, "tool_calls")))
		mend_dropped(m, "messages.tool_calls"); /* Chat's */
}

bool anthropic_block_stays(struct mend *m, struct span block)
{
	struct span type = jwalk_get(block, "type");
	bool redacted = jwalk_is(type, "redacted_thinking");

	if (jwalk_is(type, "text"))
		return !anthropic_is_blank(m, jwalk_get(block, "text"));
	if (pairs_fate(&m->pairs, block.p) == PAIR_GOES)
		return false;
	return !is_thinking(type) || is_known(m, block, redacted);
}

static bool message_stays(struct mend *m, struct span message)
{
	struct span content = jwalk_get(message, "content");
	struct jwalk w = jwalk_in(content);

	while (jwalk_next(&w))
		if (anthropic_block_stays(m, w.value))
			return true;
	return jwalk_is_string(content) && !anthropic_is_blank(m, content);
}

/* May a system message stand here as such: behind a user's turn, before an
 * assistant's or the end? */
static bool may_stay(struct mend *m, const struct jwalk *messages,
		     struct loop *l)
{
	struct jwalk next = *messages;

	if (!m->target->family.inline_system || l->assistant || !messages->kept)
		return false;
	if (messages->value.p < l->next) /* looked for before */
		return l->before_assistant;
	l->before_assistant = true;
	l->next = m->text.p + m->text.n;
	while (jwalk_next(&next)) {
		if (!message_stays(m, next.value))
			continue;
		l->before_assistant = jwalk_is(jwalk_get(next.value, "role"),
					       "assistant");
		l->next = next.value.p;
		break;
	}
	return l->before_assistant;
}

static void mark_text(struct mend *m, struct span value)
{
	struct span text = jwalk_text(m->arena, value);

	mend_replace(m, value,
		     mend_quoted(m, span_of(arena_fmt(m->arena,
						      "<system>%.*s</system>",
						      SPAN_FMT(text)))));
}

/* What else stands there is the user's by now. */
static void mark_block(struct mend *m, struct jwalk *w, struct loop *l)
{
	struct span type = jwalk_get(w->value, "type");
	struct span text = jwalk_get(w->value, "text");

	if (jwalk_is(type, "text") && jwalk_is_string(text) &&
	    !anthropic_is_blank(m, text)) {
		mark_text(m, text);
		mend_citations(m, w->value);
	} else if (jwalk_is(type, "tool_result") &&
		   !pairs_has(&m->pairs, w->value.p)) {
		mend_lonely(m, false);
		mend_cut(m, w);
	} else {
		mend_block(m, w, l);
	}
}

/* Else it is marked text of the user's. */
static void mend_system(struct mend *m, struct jwalk *messages, struct loop *l)
{
	struct span content = jwalk_get(messages->value, "content");
	struct jwalk w = jwalk_in(content);

	if (anthropic_is_blank(m, content) ||
	    (!jwalk_is_string(content) && !jwalk_peek(&w))) {
		cut_message(m, messages, false);
		return;
	}
	if (may_stay(m, messages, l))
		return;
	if (l->assistant)
		end_turn(l, false);
	mend_replace(m, jwalk_get(messages->value, "role"), SPAN("\"user\""));
	mend_note(m, "system messages");
	if (jwalk_is_string(content))
		mark_text(m, content);
	while (jwalk_next(&w))
		mark_block(m, &w, l);
	if (jwalk_is_string(content) || w.kept)
		l->any = true;
	else
		cut_message(m, messages, false);
}

static void mend_message(struct mend *m, struct jwalk *messages, struct loop *l)
{
	struct span role = jwalk_get(messages->value, "role");
	struct span content = jwalk_get(messages->value, "content");
	struct jwalk w = jwalk_in(content);
	bool assistant = jwalk_is(role, "assistant");
	struct loop was = *l;

	if (m->target->quirks.strict_messages)
		anthropic_echo(m, messages->value);
	if (jwalk_is(role, "system")) {
		mend_system(m, messages, l);
		return;
	}
	if (assistant != l->assistant) {
		end_turn(l, assistant);
		if (assistant)
			call_ids_turn(&m->ids);
	}
	for (l->block = 0; jwalk_next(&w); l->block++)
		mend_block(m, &w, l);
	if (jwalk_is_string(content) && !anthropic_is_blank(m, content))
		l->any = true;
	else if (!w.kept)
		cut_message(m, messages, assistant);
	if (messages->gone) { /* as if it had not been there */
		was.off = l->off;
		was.results |= l->results; /* they have gone to its front */
		*l = was;
	}
}

/* While thinking is on, a loop of tool calls must begin with it. What adapts
 * itself may do without, unless it was just refused. */
static bool must_go_without(const struct mend *m, const struct loop *l)
{
	bool bare = !l->assistant && l->results && l->calls &&
		    !l->first_thinks && !(l->began && l->head_thinks);

	return l->off || (bare && (m->refusal.what || anthropic_by_budget(m)));
}

void anthropic_mend(struct mend *m)
{
	struct jwalk messages = jwalk_in(jwalk_get(m->text, "messages"));
	struct loop l = { 0 };

	mend_check_content(m, "messages", m->target->quirks.strict_messages);
	anthropic_pair(m);
	for (; jwalk_next(&messages); l.message++)
		mend_message(m, &messages, &l);
	anthropic_put_moved(m);
	if (m->target->quirks.strict_messages) {
		anthropic_declare(m);
		anthropic_block_members(m);
		anthropic_schemas(m);
		anthropic_names(m);
	}
	anthropic_fields(m, must_go_without(m, &l));
	mend_forced_tool(m, "{\"type\":\"any\"}");
	mend_images(m, "messages");
	mend_limit(m, jwalk_get(m->text, "max_tokens"));
}
