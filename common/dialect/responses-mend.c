/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/mend.h"
#include "dialect/peek.h"

/* Items whose ids are checked; `message` for the assistant's alone. */
static const struct {
	const char *type, *prefix;
} prefixes[] = {
	{ "reasoning", "rs_" },
	{ "function_call", "fc_" },
	{ "custom_tool_call", "ctc_" },
	{ "message", "msg_" },
};

struct state {
	bool stored;   /* the provider keeps items, and knows them by id */
	bool in_run;   /* of reasoning items */
	bool followed; /* by what they may belong to */
};

static struct span type_of(struct span item)
{
	struct span type = jwalk_get(item, "type");

	return type.n ? type : SPAN("\"message\"");
}

static bool is_assistants(struct span item)
{
	return jwalk_is(jwalk_get(item, "role"), "assistant");
}

/* What may follow reasoning: what the model said or called. */
static bool may_follow(const struct mend *m, struct span item)
{
	struct span type = type_of(item);

	if (jwalk_is(type, "message"))
		return is_assistants(item);
	type = jwalk_text(m->arena, type);
	return type.n > 5 && span_is(span_skip(type, type.n - 5), "_call");
}

/* What is referred to is known to the provider alone. */
static bool is_reference(struct span item)
{
	return jwalk_is(type_of(item), "item_reference");
}

static const struct kind {
	const char *call, *output;
} kinds[] = {
	{ "function_call", "function_call_output" },
	{ "custom_tool_call", "custom_tool_call_output" },
};

static const struct kind *kind_of(struct span type, bool call)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (jwalk_is(type, call ? kinds[i].call : kinds[i].output))
			return &kinds[i];
	return NULL;
}

/* Without its call or output, and known to need it. */
static bool goes(const struct mend *m, struct span item)
{
	struct span type = type_of(item);

	return pairs_fate(&m->pairs, item.p) == PAIR_GOES &&
	       (kind_of(type, true) || kind_of(type, false));
}

/* Does something follow the run of reasoning items that begins here? */
static bool is_followed(const struct mend *m, struct jwalk w)
{
	do {
		if (goes(m, w.value))
			continue;
		if (!jwalk_is(type_of(w.value), "reasoning"))
			return may_follow(m, w.value) || is_reference(w.value);
	} while (jwalk_next(&w));
	return false;
}

/* An id of an item that is no such item's, or another's too: dispensable. */
static bool may_have(struct mend *m, const char *prefix, struct span value)
{
	struct span id = jwalk_text(m->arena, value);

	return span_starts(id, prefix) && id.n <= PEEK_ID_MAX &&
	       !(*names_at(&m->items, m->arena, id))++;
}

static const char *prefix_of(struct span type)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (jwalk_is(type, prefixes[i].type))
			return prefixes[i].prefix;
	return NULL;
}

/* What SDKs add to the items and parts that they hand to a program, and what
 * they say of the rest: nothing. */
static bool is_added(struct mend *m, const struct jwalk *w, bool reasoning)
{
	return jwalk_key_is(w, "parsed_arguments") ||
	       jwalk_key_is(w, "parsed") ||
	       (reasoning && jwalk_key_is(w, "status")) ||
	       (span_is(w->value, "null") && peek_is_unsaid(mend_key(m, w)));
}

static void cut_added(struct mend *m, struct jwalk *w)
{
	mend_cut(m, w);
	mend_note(m, "fields of items");
}

static void mend_parsed(struct mend *m, struct span parts)
{
	struct jwalk list = jwalk_in(parts);

	while (jwalk_is_array(parts) && jwalk_next(&list)) {
		struct jwalk w = jwalk_in(list.value);

		while (jwalk_next(&w))
			if (jwalk_key_is(&w, "parsed"))
				cut_added(m, &w);
	}
}

/* What of an item is refused: an id that is none of its kind, or that is not
 * known (`unknown`), and what has been added. */
static void mend_members(struct mend *m, struct span item, struct span type,
			 bool unknown)
{
	struct jwalk w = jwalk_in(item);
	bool reasoning = jwalk_is(type, "reasoning");
	const char *prefix = prefix_of(type);

	if (jwalk_is(type, "message") && !is_assistants(item) && !unknown)
		return;
	while (jwalk_next(&w)) {
		bool id = jwalk_key_is(&w, "id");

		if (id && (unknown || (prefix && jwalk_is_string(w.value) &&
				       !may_have(m, prefix, w.value)))) {
			mend_cut(m, &w);
			mend_note(m, "item ids");
		} else if (is_added(m, &w, reasoning)) {
			cut_added(m, &w);
		} else if (jwalk_key_is(&w, "content")) {
			mend_parsed(m, w.value);
		}
	}
}

/* Back at its provider: the item's own id, and what it had encrypted. */
static void unseal(struct mend *m, struct span item, struct span original)
{
	struct span id = span_cut(&original, ' ');
	struct jwalk w = jwalk_in(item);

	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "encrypted_content"))
			mend_replace(m, w.value, mend_quoted(m, original));
		else if (jwalk_key_is(&w, "id") && id.n)
			mend_replace(m, w.value, mend_quoted(m, id));
		else if (is_added(m, &w, true))
			mend_cut(m, &w);
	}
	mend_note(m, "sealed reasoning");
}

static bool is_named(struct mend *m, struct span item)
{
	const struct mend_refusal *f = &m->refusal;
	struct span content = jwalk_get(item, "encrypted_content");
	struct span id = jwalk_get(item, "id");

	if (f->item.n)
		return span_eq(jwalk_text(m->arena, id), f->item);
	content = jwalk_text(m->arena, content);
	return f->end.n && content.n >= f->end.n &&
	       span_eq(span_skip(content, content.n - f->end.n), f->end);
}

/* Does a refusal speak of it, or of all that are like it? */
static bool is_refused(struct mend *m, struct span item)
{
	const struct mend_refusal *f = &m->refusal;

	if (f->what != REFUSED_REASONING)
		return false;
	if (is_named(m, item)) {
		m->refused = item.p;
		return true;
	}
	return (f->all || (f->rest && m->refused)) &&
	       jwalk_is(type_of(item), "reasoning");
}

static void cut_reasoning(struct mend *m, struct jwalk *w)
{
	mend_cut(m, w);
	mend_note(m, "reasoning");
	if (jwalk_get(w->value, "summary").n > 2)
		mend_dropped(m, "reasoning");
}

static void mend_reasoning(struct mend *m, struct jwalk *w, struct state *st)
{
	struct span sealed = jwalk_get(w->value, "encrypted_content");
	struct seal s = mend_open(m, sealed);

	if (!st->in_run)
		st->followed = is_followed(m, *w);
	st->in_run = true;
	if (is_refused(m, w->value)) {
		cut_reasoning(m, w);
		return;
	}
	if (st->followed && s.kind == SEAL_NONE &&
	    (s.original.n || st->stored)) {
		mend_members(m, w->value, SPAN("\"reasoning\""), false);
		return;
	}
	if (st->followed && s.kind == SEAL_OPENAI &&
	    seal_is_of(&s, m->target->origin)) {
		if (peek_is_object(s.original)) {
			mend_replace(m, w->value, s.original);
			mend_note(m, "sealed reasoning");
		} else {
			unseal(m, w->value, s.original);
		}
		return;
	}
	cut_reasoning(m, w);
}

static void mend_call_id(struct mend *m, struct span item)
{
	struct span value = jwalk_get(item, "call_id");
	struct span id = jwalk_text(m->arena, value);
	struct quirks q = m->target->quirks;

	struct span own = pairs_own_name(&m->pairs, item.p);

	if (!jwalk_is_string(value))
		return;
	if (!own.n)
		own = pairs_mate_name(&m->pairs, item.p);
	id = own.n ? own : id;
	q.id_max = PEEK_ID_MAX;
	mend_id(m, value, chat_id_openai(m->arena, id, &q));
}

/* --- calls and outputs ---------------------------------------------------- */

/* May calls stand elsewhere: at the provider, in what was compacted? */
static bool is_partial(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "input"));
	struct span before = jwalk_get(m->text, "previous_response_id");
	struct span where = jwalk_get(m->text, "conversation");

	if (jwalk_is_string(before) || jwalk_is_string(where) ||
	    jwalk_is_object(where))
		return true;
	while (jwalk_next(&w)) {
		struct span type = jwalk_text(m->arena, type_of(w.value));

		if (span_is(type, "item_reference") ||
		    span_has(type, SPAN("compaction")))
			return true;
	}
	return false;
}

/* Other kinds of calls (a shell's, say) may be answered by any output: they
 * are no business of ours, but as what an output belongs to. */
static void pair(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "input"));
	struct names all = { 0 }, open = { 0 }; /* calls, by id */
	bool called = false;
	size_t turn = 0;

	if (is_partial(m))
		return;
	while (jwalk_next(&w)) {
		struct span type = type_of(w.value);
		struct span value = jwalk_get(w.value, "call_id"), id;
		bool output = kind_of(type, false);
		bool call = !output && may_follow(m, w.value);

		turn += call && !called;
		called = call;
		id = jwalk_text(m->arena, value);
		if (!jwalk_is_string(value))
			continue;
		if (output) {
			if (pairs_result(&m->pairs, m->arena, w.value.p, id,
					 turn, false) != PAIR_GOES)
				--*names_at(&open, m->arena, id);
		} else if (call) {
			int n = ++*names_at(&all, m->arena, id);

			pairs_call(&m->pairs, m->arena, w.value.p, id, turn);
			/* Two that wait may not have the same one. */
			if ((*names_at(&open, m->arena, id))++)
				pairs_name(&m->pairs, w.value.p,
					   call_ids_numbered(m->arena, id, n));
		}
	}
}

/* An output of the other kind than its call. */
static void mend_kind(struct mend *m, struct span item, struct span type)
{
	const char *at = pairs_mate(&m->pairs, item.p);
	struct span call, value = jwalk_get(item, "type");
	const struct kind *k;

	if (!at || !kind_of(type, false))
		return;
	call = (struct span){ at, (size_t)(item.p - at) };
	k = kind_of(jwalk_get(call, "type"), true);
	if (!k || k == kind_of(type, false))
		return;
	mend_replace(m, value, mend_quoted(m, span_of(k->output)));
	mend_note(m, "types of outputs");
}

/* False when it goes. */
static bool mend_pair(struct mend *m, struct jwalk *w, struct span type)
{
	if (!goes(m, w->value)) {
		mend_kind(m, w->value, type);
		return true;
	}
	mend_cut(m, w);
	mend_lonely(m, kind_of(type, true) != NULL);
	return false;
}

/* What a call is given and what it gave is text, or a list of parts. */
static void mend_said(struct mend *m, struct span item, struct span type)
{
	bool output = kind_of(type, false);
	const char *key = output                             ? "output"
			: jwalk_is(type, "custom_tool_call") ? "input"
							     : "arguments";
	struct span value = jwalk_get(item, key), text = value;

	if ((!output && !kind_of(type, true)) || !value.n ||
	    jwalk_is_string(value) || (output && jwalk_is_array(value)))
		return;
	if (span_is(value, "null"))
		text = *key == 'a' ? SPAN("{}") : SPAN("");
	mend_replace(m, value, mend_quoted(m, text));
	mend_note(m, output ? "outputs of calls" : "arguments of calls");
}

/* --- parts ---------------------------------------------------------------- */

static void rename_part(struct mend *m, struct span part, const char *type)
{
	struct jwalk w = jwalk_in(part);

	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "refusal"))
			mend_replace(m, w.key, SPAN("text"));
		else if (jwalk_key_is(&w, "type"))
			mend_replace(m, w.value, mend_quoted(m, span_of(type)));
	}
	mend_note(m, "types of parts");
}

/* Text has one name in what the assistant said, and another elsewhere. */
static void mend_parts(struct mend *m, struct span item)
{
	struct jwalk w = jwalk_in(jwalk_get(item, "content"));
	bool assistant = is_assistants(item);

	while (jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");
		bool text = jwalk_is(type, "text");

		if (assistant && (text || jwalk_is(type, "input_text")))
			rename_part(m, w.value, "output_text");
		else if (!assistant && (text || jwalk_is(type, "output_text") ||
					jwalk_is(type, "refusal")))
			rename_part(m, w.value, "input_text");
	}
}

/* What a search did that its client had no word for (Codex: "other"), or that
 * had another name once: OpenAI takes neither (openai/codex issue 7073). */
static void mend_action(struct mend *m, struct span item)
{
	struct span action = jwalk_get(item, "action");
	struct span type = jwalk_get(action, "type");
	struct span query = jwalk_get(action, "query");

	if (!jwalk_is_string(query))
		query = SPAN("\"\"");
	if (jwalk_is(type, "find"))
		mend_replace(m, type, SPAN("\"find_in_page\""));
	else if (jwalk_is(type, "other"))
		mend_replace(m, action,
			     span_of(arena_fmt(m->arena,
					       "{\"type\":\"search\","
					       "\"query\":%.*s}",
					       SPAN_FMT(query))));
	else
		return;
	mend_note(m, "searches");
}

void responses_mend(struct mend *m)
{
	struct state st = {
		.stored = !span_is(jwalk_get(m->text, "store"), "false"),
	};
	struct jwalk w;

	mend_check_content(m, "input", false);
	responses_shapes(m);
	w = jwalk_in(jwalk_get(m->text, "input"));
	pair(m);
	while (jwalk_next(&w)) {
		struct span type = type_of(w.value);

		if (jwalk_is(type, "reasoning")) {
			mend_reasoning(m, &w, &st);
			continue;
		}
		if (!mend_pair(m, &w, type))
			continue;
		st.in_run = false;
		if (jwalk_is(type, "message"))
			mend_parts(m, w.value);
		else if (jwalk_is(type, "web_search_call"))
			mend_action(m, w.value);
		/* What a refused id refers to is not there: the rest stays. */
		mend_members(m, w.value, type, is_refused(m, w.value));
		mend_said(m, w.value, type);
		mend_call_id(m, w.value);
	}
	if (m->target->quirks.paired)
		responses_names(m);
	w = jwalk_in(jwalk_get(m->text, "tools"));
	while (m->target->quirks.paired && jwalk_next(&w))
		mend_ill_schema(m, jwalk_get(w.value, "parameters"));
	if (m->target->quirks.no_foreign)
		responses_fields(m);
	mend_forced_tool(m, "\"required\"");
	mend_images(m, "input");
	mend_limit(m, jwalk_get(m->text, "max_output_tokens"));
}
