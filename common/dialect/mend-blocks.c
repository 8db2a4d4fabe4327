/* SPDX-License-Identifier: MIT */
/* Tools, calls and results as Anthropic and Responses have them, in a Chat
 * request: SDKs keep them when a conversation moves, and an editor writes them
 * for what it takes for Claude. They become what they are in Chat, before all
 * other rules. */
#include "config.h"

#include "dialect/chat-write.h"
#include "dialect/mend-chat.h"

/* What becomes of the parts of one message. */
struct blocks {
	struct mend *m;
	struct buf calls;   /* JSON objects, with commas between them */
	struct buf results; /* the same: messages */
	struct span there;  /* its tool_calls, beside its content */
};

static struct span text_of(const struct blocks *b, struct span o,
			   const char *key)
{
	return jwalk_text(b->m->arena, jwalk_get(o, key));
}

static void put(struct buf *list, struct span o)
{
	buf_fmt(list, "%s", list->n ? "," : "");
	buf_span(list, o);
}

static struct span id_of(struct span block, const char *key)
{
	struct span id = jwalk_get(block, key);

	return jwalk_is_string(id) ? id : SPAN("\"\"");
}

/* Is the call beside the content, too? LangChain has it twice. */
static bool is_there(const struct blocks *b, struct span block)
{
	struct jwalk w = jwalk_in(b->there);
	struct span id = text_of(b, block, "id");

	while (jwalk_is_array(b->there) && jwalk_next(&w))
		if (span_eq(text_of(b, w.value, "id"), id))
			return true;
	return false;
}

static void take_call(struct blocks *b, struct span block)
{
	struct span input = jwalk_get(block, "input");
	struct span name = jwalk_get(block, "name");

	if (jwalk_is_string(input))
		input = jwalk_text(b->m->arena, input);
	input = mend_quoted(b->m, write_object(b->m->arena, input));
	put(&b->calls,
	    span_of(arena_fmt(b->m->arena,
			      "{\"id\":%.*s,\"type\":\"function\","
			      "\"function\":{\"name\":%.*s,"
			      "\"arguments\":%.*s}}",
			      SPAN_FMT(id_of(block, "id")),
			      name.n ? (int)name.n : 2,
			      name.n ? name.p : "\"\"", SPAN_FMT(input))));
}

/* --- results -------------------------------------------------------------- */

static struct span content_of(struct span block)
{
	struct span content = jwalk_get(block, "content");
	struct jwalk w = jwalk_in(content);
	bool any = jwalk_is_string(content)
			 ? !jwalk_is(content, "")
			 : jwalk_is_array(content) && jwalk_peek(&w);

	if (any)
		return content;
	return span_is(jwalk_get(block, "is_error"), "true") ? SPAN("\"Error\"")
							     : SPAN("\"\"");
}

static void take_result(struct blocks *b, struct span block)
{
	struct span content = content_of(block);

	put(&b->results,
	    span_of(arena_fmt(b->m->arena,
			      "{\"role\":\"tool\",\"tool_call_id\":%.*s,"
			      "\"content\":%.*s}",
			      SPAN_FMT(id_of(block, "tool_use_id")),
			      SPAN_FMT(content))));
}

/* --- messages ------------------------------------------------------------- */

static void mend_part(struct blocks *b, struct jwalk *w, bool assistant)
{
	struct span type = jwalk_get(w->value, "type");

	if (assistant && jwalk_is(type, "tool_use")) {
		if (!is_there(b, w->value))
			take_call(b, w->value);
		mend_cut(b->m, w);
	} else if (!assistant && jwalk_is(type, "tool_result")) {
		take_result(b, w->value);
		mend_cut(b->m, w);
	} else {
		return; /* other parts: mend-parts.c */
	}
	mend_note(b->m, "types of parts");
}

static bool is_list_of_any(struct span list)
{
	struct jwalk w = jwalk_in(list);

	return jwalk_is_array(list) && jwalk_peek(&w);
}

static void put_calls(struct blocks *b, struct span message)
{
	struct span list = span_of(
		arena_fmt(b->m->arena, "[%.*s]", SPAN_FMT(buf_get(&b->calls))));

	if (is_list_of_any(b->there)) {
		mend_insert(b->m, b->there.p + b->there.n - 1, SPAN(","));
		mend_insert(b->m, b->there.p + b->there.n - 1,
			    arena_all(b->m->arena, &b->calls));
	} else if (b->there.n) {
		mend_replace(b->m, b->there, list);
	} else {
		mend_put_first(
			b->m, message,
			span_of(arena_fmt(b->m->arena, "\"tool_calls\":%.*s",
					  SPAN_FMT(list))));
	}
}

static void mend_message(struct mend *m, struct span message)
{
	struct span content = jwalk_get(message, "content");
	bool assistant = jwalk_is(jwalk_get(message, "role"), "assistant");
	struct jwalk w = jwalk_in(content);
	struct blocks b = { .m = m };

	if (!jwalk_is_array(content))
		return;
	buf_init(&b.calls, REQUEST_TEXT_MAX);
	buf_init(&b.results, REQUEST_TEXT_MAX);
	b.there = jwalk_get(message, "tool_calls");
	while (jwalk_next(&w))
		mend_part(&b, &w, assistant);
	if (b.calls.n)
		put_calls(&b, message);
	if (b.results.n && !w.kept)
		mend_replace(m, message, arena_all(m->arena, &b.results));
	else if (b.results.n)
		mend_insert(m, message.p,
			    span_of(arena_fmt(m->arena, "%.*s,",
					      SPAN_FMT(buf_get(&b.results)))));
	if (assistant && !w.kept && (b.calls.n || is_list_of_any(b.there)))
		mend_replace(m, content, SPAN("null"));
	m->arena->full |= b.calls.full || b.results.full;
	buf_release(&b.calls);
	buf_release(&b.results);
}

/* --- tools ---------------------------------------------------------------- */

/* As Responses and Anthropic write them: without a level between. */
static void mend_tool(struct mend *m, struct span tool)
{
	static const char *const keys[] = { "name", "description", "parameters",
					    "input_schema", "strict" };
	struct span type = jwalk_get(tool, "type");
	struct buf inner;

	if (!jwalk_is_string(jwalk_get(tool, "name")) ||
	    jwalk_get(tool, "function").n || jwalk_get(tool, "custom").n ||
	    (type.n && !span_is(type, "null") && !jwalk_is(type, "function") &&
	     !(jwalk_is(type, "custom") && jwalk_get(tool, "input_schema").n)))
		return;
	buf_init(&inner, REQUEST_TEXT_MAX);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct span v = jwalk_get(tool, keys[i]);
		bool schema = i == 3;

		if (!v.n || (schema && jwalk_get(tool, "parameters").n))
			continue;
		buf_fmt(&inner, "%s\"%s\":", inner.n ? "," : "",
			schema ? "parameters" : keys[i]);
		buf_span(&inner, v);
	}
	m->arena->full |= inner.full;
	mend_replace(m, tool,
		     span_of(arena_fmt(m->arena,
				       "{\"type\":\"function\",\"function\":"
				       "{%.*s}}",
				       SPAN_FMT(buf_get(&inner)))));
	mend_note(m, "tools of another API");
	buf_release(&inner);
}

static void mend_choice(struct mend *m, struct span choice)
{
	struct span type = jwalk_get(choice, "type");
	struct span name = jwalk_get(choice, "name");
	struct span now = SPAN("");

	if (jwalk_is_string(name) && !jwalk_get(choice, "function").n &&
	    (jwalk_is(type, "tool") || jwalk_is(type, "function")))
		now = span_of(arena_fmt(m->arena,
					"{\"type\":\"function\",\"function\":"
					"{\"name\":%.*s}}",
					SPAN_FMT(name)));
	else if (jwalk_is(type, "any"))
		now = SPAN("\"required\"");
	else if (jwalk_is(type, "auto") || jwalk_is(type, "none"))
		now = type;
	if (!now.n)
		return;
	mend_replace(m, choice, now);
	mend_note(m, "tools of another API");
}

void mend_blocks(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));
	struct jwalk t = jwalk_in(jwalk_get(m->text, "tools"));

	if (!m->target->quirks.paired)
		return;
	while (jwalk_next(&t))
		mend_tool(m, t.value);
	mend_choice(m, jwalk_get(m->text, "tool_choice"));
	while (jwalk_next(&w))
		mend_message(m, w.value);
	mend_rebase(m);
}
