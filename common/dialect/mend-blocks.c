/* SPDX-License-Identifier: MIT */
/* Parts of messages as Anthropic and Responses have them, in a Chat request:
 * SDKs keep them when a conversation moves. They become what they are in Chat,
 * before all other rules. */
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

/* --- parts ---------------------------------------------------------------- */

/* {type,KIND:{MEMBER:"data:..."}} */
static struct span with_data(const struct blocks *b, const char *kind,
			     const char *member, struct span source)
{
	struct span media = text_of(b, source, "media_type");
	struct span data = text_of(b, source, "data");
	struct span url = span_of(arena_fmt(b->m->arena,
					    "data:%.*s;base64,%.*s",
					    SPAN_FMT(media), SPAN_FMT(data)));

	if (jwalk_is(jwalk_get(source, "type"), "url"))
		url = text_of(b, source, "url");
	url = mend_quoted(b->m, url);
	return span_of(arena_fmt(
		b->m->arena, "{\"type\":\"%s\",\"%s\":{%s\"%s\":%.*s}}", kind,
		kind, *kind == 'f' ? "\"filename\":\"document.pdf\"," : "",
		member, SPAN_FMT(url)));
}

static struct span as_text(const struct blocks *b, struct span quoted)
{
	return span_of(arena_fmt(b->m->arena,
				 "{\"type\":\"text\",\"text\":%.*s}",
				 SPAN_FMT(quoted)));
}

/* Empty: it is Chat's, or has no place there. */
static struct span part_in_chat(const struct blocks *b, struct span part)
{
	struct span type = jwalk_get(part, "type");
	struct span source = jwalk_get(part, "source");
	struct span kind = jwalk_get(source, "type");
	struct span url = jwalk_get(part, "image_url");
	bool data = jwalk_is(kind, "base64");

	if ((jwalk_is(type, "input_text") || jwalk_is(type, "output_text")) &&
	    jwalk_is_string(jwalk_get(part, "text")))
		return as_text(b, jwalk_get(part, "text"));
	if (jwalk_is(type, "input_image") && jwalk_is_string(url))
		return span_of(
			arena_fmt(b->m->arena,
				  "{\"type\":\"image_url\",\"image_url\":"
				  "{\"url\":%.*s}}",
				  SPAN_FMT(url)));
	if (jwalk_is(type, "image") && (data || jwalk_is(kind, "url")))
		return with_data(b, "image_url", "url", source);
	if (jwalk_is(type, "document") && data)
		return with_data(b, "file", "file_data", source);
	if (jwalk_is(type, "document") && jwalk_is(kind, "text"))
		return as_text(b, jwalk_get(source, "data"));
	return SPAN("");
}

/* --- results -------------------------------------------------------------- */

static struct span content_of(struct blocks *b, struct span block)
{
	struct span content = jwalk_get(block, "content");
	bool failed = span_is(jwalk_get(block, "is_error"), "true");
	struct jwalk w = jwalk_in(content);
	struct buf list;

	if (jwalk_is_string(content) && !(failed && jwalk_is(content, "")))
		return content;
	if (!jwalk_is_array(content) || !jwalk_peek(&w))
		return failed ? SPAN("\"Error\"") : SPAN("\"\"");
	buf_init(&list, REQUEST_TEXT_MAX);
	while (jwalk_next(&w)) {
		struct span now = part_in_chat(b, w.value);

		put(&list, now.n ? now : w.value);
	}
	b->m->arena->full |= list.full;
	content = span_of(
		arena_fmt(b->m->arena, "[%.*s]", SPAN_FMT(buf_get(&list))));
	buf_release(&list);
	return content;
}

static void take_result(struct blocks *b, struct span block)
{
	struct span content = content_of(b, block);

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
	struct span type = jwalk_get(w->value, "type"), now;

	if (assistant && jwalk_is(type, "tool_use")) {
		if (!is_there(b, w->value))
			take_call(b, w->value);
		mend_cut(b->m, w);
	} else if (!assistant && jwalk_is(type, "tool_result")) {
		take_result(b, w->value);
		mend_cut(b->m, w);
	} else {
		now = part_in_chat(b, w->value);
		if (!now.n)
			return;
		mend_replace(b->m, w->value, now);
	}
	mend_note(b->m, "parts of another API");
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

void mend_blocks(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));

	if (!m->target->quirks.paired)
		return;
	while (jwalk_next(&w))
		mend_message(m, w.value);
	mend_rebase(m);
}
