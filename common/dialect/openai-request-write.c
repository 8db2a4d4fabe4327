/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/digest.h"
#include "base/jw.h"
#include "dialect/chat-fit.h"
#include "dialect/chat-write.h"
#include "dialect/custom-tool.h"
#include "dialect/schema.h"
#include "dialect/web-search.h"

#include <math.h>
#include <string.h>

#define STOPS_MAX 4

struct body {
	struct jw w;
	const struct upstream_model *t;
	struct chat *c;
};

static void open_message(struct jw *w, const char *role)
{
	jw_obj(w);
	jw_kcstr(w, "role", role);
}

/* This API has no place for the URL of a document. */
static const char *why_not(const struct part *p)
{
	return p->kind == PART_DOCUMENT && p->url.n
		     ? "this API takes none by its URL"
		     : NULL;
}

static void put_media(struct body *b, const struct part *p)
{
	struct jw *w = &b->w;
	struct arena *a = b->c->arena;

	jw_obj(w);
	if (p->kind == PART_DOCUMENT) {
		jw_kcstr(w, "type", "file");
		jw_key(w, "file");
		jw_obj(w);
		jw_kstr(w, "filename",
			p->name.n ? p->name : SPAN("document.pdf"));
		jw_kstr(w, "file_data", write_data_url(a, p));
	} else {
		jw_kcstr(w, "type", "image_url");
		jw_key(w, "image_url");
		jw_obj(w);
		jw_kstr(w, "url", write_data_url(a, p));
		if (p->detail.n)
			jw_kstr(w, "detail", p->detail);
	}
	jw_obj_end(w);
	jw_obj_end(w);
}

static void put_text_part(struct jw *w, struct span text)
{
	jw_obj(w);
	jw_kcstr(w, "type", "text");
	jw_kstr(w, "text", text);
	jw_obj_end(w);
}

static void put_result(struct body *b, const struct part *p)
{
	struct arena *a = b->c->arena;
	struct span text = write_joined(a, p->content, "\n");

	if (!text.n && p->error)
		text = SPAN("Error");
	else if (p->error)
		chat_dropped(b->c, "is_error");
	open_message(&b->w, "tool");
	jw_kstr(&b->w, "tool_call_id", chat_call_id(a, p, &b->t->quirks));
	jw_kstr(&b->w, "content", text);
	jw_obj_end(&b->w);
}

/* The tool role takes text only: pictures follow in a user message, behind
 * all results of the turn, each with the call it belongs to. */
static void put_result_media(struct body *b, const struct part *results)
{
	struct jw *w = &b->w;
	bool open = false;

	for (const struct part *r = results; r && r->kind == PART_TOOL_RESULT;
	     r = r->next) {
		if (!write_has_media(r->content))
			continue;
		if (!open) {
			open_message(w, "user");
			jw_key(w, "content");
			jw_arr(w);
		}
		open = true;
		put_text_part(w,
			      write_attachment(b->c->arena, r, &b->t->quirks));
		for (const struct part *p = r->content; p; p = p->next)
			if (write_is_media(p))
				put_media(b, p);
	}
	if (open) {
		jw_arr_end(w);
		jw_obj_end(w);
	}
}

static void put_user(struct body *b, const struct msg *m)
{
	const struct part *p = m->parts;
	struct jw *w = &b->w;

	for (; p && p->kind == PART_TOOL_RESULT; p = p->next)
		put_result(b, p);
	put_result_media(b, m->parts);
	if (!p)
		return;
	open_message(w, "user");
	jw_key(w, "content");
	if (!write_has_media(p)) {
		jw_str(w, write_joined(b->c->arena, p, "\n\n"));
		jw_obj_end(w);
		return;
	}
	jw_arr(w);
	for (; p; p = p->next) {
		if (!write_is_media(p))
			put_text_part(w, write_text(b->c->arena, p));
		else
			put_media(b, p);
	}
	jw_arr_end(w);
	jw_obj_end(w);
}

/* Gemini's own signature of a call; the first of a turn needs one. */
static void put_signature(struct body *b, const struct part *p, bool first)
{
	struct jw *w = &b->w;

	if (p->google.n) {
		jw_key(w, "extra_content");
		jw_obj(w);
		jw_key(w, "google");
		jw_obj(w);
		jw_kstr(w, "thought_signature", p->google);
		jw_obj_end(w);
		jw_obj_end(w);
	} else if (first && b->t->quirks.thought_signatures) {
		jw_key(w, "extra_content");
		jw_raw(w, SPAN(WRITE_NO_SIGNATURE));
	}
}

static void put_call(struct body *b, const struct part *p, bool first)
{
	struct jw *w = &b->w;
	struct arena *a = b->c->arena;
	bool custom = p->custom && write_takes_custom(b->t, true);
	const char *type = custom ? "custom" : "function";

	jw_obj(w);
	jw_kstr(w, "id", chat_call_id(a, p, &b->t->quirks));
	jw_kcstr(w, "type", type);
	jw_key(w, type);
	jw_obj(w);
	jw_kstr(w, "name", chat_tool_name(a, p->name, WRITE_NAME_MAX));
	if (custom)
		jw_kstr(w, "input", p->text);
	else
		jw_kstr(w, "arguments", write_arguments(a, p, &b->t->quirks));
	jw_obj_end(w);
	put_signature(b, p, first);
	jw_obj_end(w);
}

/* To their own provider, as it made them. */
static bool put_details(struct body *b, const struct msg *m)
{
	struct jw *w = &b->w;
	int index = 0;

	for (const struct part *p = m->parts; p; p = p->next) {
		bool thinking = p->kind == PART_THINKING ||
				p->kind == PART_REDACTED;

		if (!thinking || (p->foreign && !p->text.n))
			continue;
		if (!index) {
			jw_key(w, "reasoning_details");
			jw_arr(w);
		}
		write_reasoning_detail(w, p->kind, p->text,
				       chat_signed(p) ? p->signature : SPAN(""),
				       index++);
	}
	if (index)
		jw_arr_end(w);
	return index > 0;
}

/* Thinking goes back only to providers that want it. */
static void put_thinking(struct body *b, const struct msg *m, bool calls)
{
	const struct quirks *q = &b->t->quirks;
	struct span text = write_thinking(b->c->arena, m->parts);

	if (q->reasoning_content && !q->reasoning_optional && !text.n && calls)
		text = SPAN(FIT_REASONING);
	if (q->reasoning_content && text.n)
		jw_kstr(&b->w, "reasoning_content", text);
	if (q->reasoning_details && put_details(b, m))
		return;
	if (!q->reasoning_content &&
	    (text.n || write_has(m->parts, PART_REDACTED)))
		chat_dropped(b->c, "thinking");
}

static void put_calls(struct body *b, const struct msg *m)
{
	bool first = true;

	jw_key(&b->w, "tool_calls");
	jw_arr(&b->w);
	for (const struct part *p = m->parts; p; p = p->next) {
		if (p->kind != PART_TOOL_USE)
			continue;
		put_call(b, p, first);
		first = false;
	}
	jw_arr_end(&b->w);
}

static void put_assistant(struct body *b, const struct msg *m)
{
	struct span text = write_joined(b->c->arena, m->parts, "");
	bool calls = write_has(m->parts, PART_TOOL_USE);
	struct jw *w = &b->w;

	if (!text.n && !calls)
		return;
	open_message(w, "assistant");
	jw_key(w, "content");
	if (text.n || b->t->quirks.empty_content)
		jw_str(w, text);
	else
		jw_null(w);
	put_thinking(b, m, calls);
	if (write_has(m->parts, PART_SEARCH))
		chat_dropped(b->c, "web_search_call");
	if (calls)
		put_calls(b, m);
	jw_obj_end(w);
}

static void put_system(struct body *b, const struct msg *m)
{
	struct span text = write_joined(b->c->arena, m->parts, "\n\n");

	if (!text.n)
		return;
	open_message(&b->w, b->t->quirks.developer ? "developer" : "system");
	jw_kstr(&b->w, "content", text);
	jw_obj_end(&b->w);
}

/* System messages may not stand between calls and their results. */
static void put_messages(struct body *b)
{
	struct write_wait wait = { 0 };

	jw_key(&b->w, "messages");
	jw_arr(&b->w);
	for (const struct msg *m = b->c->msgs; m; m = m->next) {
		if (write_must_wait(&wait, m))
			continue;
		if (m->role == ROLE_SYSTEM)
			put_system(b, m);
		else if (m->role == ROLE_ASSISTANT)
			put_assistant(b, m);
		else
			put_user(b, m);
		for (; wait.first && wait.first != m;
		     wait.first = wait.first->next)
			put_system(b, wait.first);
		wait.first = NULL;
	}
	jw_arr_end(&b->w);
}

static void put_custom(struct body *b, const struct tool *t)
{
	struct jw *w = &b->w;

	jw_obj(w);
	jw_kcstr(w, "type", "custom");
	jw_key(w, "custom");
	jw_obj(w);
	custom_tool_put(w, t,
			chat_tool_name(b->c->arena, t->name, WRITE_NAME_MAX),
			true);
	jw_obj_end(w);
	jw_obj_end(w);
}

static void put_tool(struct body *b, const struct tool *t)
{
	struct jw *w = &b->w;
	struct arena *a = b->c->arena;

	if (t->kind == TOOL_CUSTOM && write_takes_custom(b->t, true)) {
		put_custom(b, t);
		return;
	}
	jw_obj(w);
	jw_kcstr(w, "type", "function");
	jw_key(w, "function");
	jw_obj(w);
	jw_kstr(w, "name", chat_tool_name(a, t->name, WRITE_NAME_MAX));
	if (t->kind == TOOL_CUSTOM) {
		if (custom_tool_about(a, t).n)
			jw_kstr(w, "description", custom_tool_about(a, t));
		jw_key(w, "parameters");
		jw_raw(w, custom_tool_schema);
	} else {
		if (t->description.n)
			jw_kstr(w, "description", t->description);
		jw_key(w, "parameters");
		schema_tool(w, b->c, t, false);
		if (t->strict >= 0 && !b->t->quirks.no_strict)
			jw_kbool(w, "strict", write_strict(b->c, t));
	}
	jw_obj_end(w);
	jw_obj_end(w);
}

/* Tools that run at the provider: searching is a field of its own. */
static int put_hosted(struct body *b, struct err *e)
{
	const struct tool *search = NULL;

	for (const struct tool *t = b->c->tools; t; t = t->next) {
		if (t->kind != TOOL_HOSTED)
			continue;
		if (b->t->quirks.search && web_search_is(t))
			search = t;
		else if (write_hosted(b->c, t, e))
			return -1;
	}
	if (search) {
		jw_key(&b->w, "web_search_options");
		web_search_chat(&b->w, b->c, search);
		if (web_search_is_forced(b->c))
			chat_dropped(b->c, "tool_choice");
	}
	return 0;
}

static int put_tools(struct body *b, struct err *e)
{
	struct chat *c = b->c;
	struct jw *w = &b->w;
	bool any = false;

	if (put_hosted(b, e))
		return -1;
	for (const struct tool *t = c->tools; t; t = t->next) {
		if (t->kind == TOOL_HOSTED || !write_offers(b->t, c, t))
			continue;
		if (!any) {
			jw_key(w, "tools");
			jw_arr(w);
		}
		any = true;
		put_tool(b, t);
	}
	if (!any)
		return 0;
	jw_arr_end(w);
	if (!web_search_is_forced(c))
		write_choice(w, b->t, c, true);
	return 0;
}

static void put_format(struct body *b)
{
	struct chat *c = b->c;
	struct jw *w = &b->w;

	if (c->format == FORMAT_TEXT)
		return;
	jw_key(w, "response_format");
	jw_obj(w);
	if (c->format == FORMAT_JSON) {
		jw_kcstr(w, "type", "json_object");
	} else {
		jw_kcstr(w, "type", "json_schema");
		jw_key(w, "json_schema");
		jw_obj(w);
		write_schema(w, c);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static void put_stop(struct body *b)
{
	struct chat *c = b->c;
	struct jw *w = &b->w;

	if (!c->n_stop)
		return;
	if (b->t->family.reasoning) {
		chat_dropped(c, "stop");
		return;
	}
	if (c->n_stop > STOPS_MAX)
		chat_dropped(c, "stop after the fourth");
	jw_key(w, "stop");
	jw_arr(w);
	for (size_t i = 0; i < c->n_stop && i < STOPS_MAX; i++)
		jw_str(w, c->stop[i]);
	jw_arr_end(w);
}

static void put_limits(struct body *b)
{
	const struct upstream_model *t = b->t;
	struct chat *c = b->c;
	struct jw *w = &b->w;
	int64_t max = c->max_tokens;

	if (t->quirks.max_tokens && max > t->quirks.max_tokens)
		max = t->quirks.max_tokens;
	if (max >= 0)
		jw_kint(w, write_limit(t), write_floor(t, max));
	write_samplers(w, t, c);
	put_stop(b);
	if (!write_effort(t, c))
		write_no_effort(c);
	else if (write_takes(t, c, "reasoning_effort"))
		jw_kcstr(w, "reasoning_effort", write_effort(t, c));
	if (!c->verbosity.n)
		return;
	if (!t->family.reasoning)
		chat_dropped(c, "verbosity");
	else if (write_takes(t, c, "verbosity"))
		jw_kstr(w, "verbosity", c->verbosity);
}

static void put_rest(struct body *b)
{
	struct chat *c = b->c;
	struct jw *w = &b->w;

	write_user(w, b->t, c);
	if (c->tier.n && write_takes(b->t, c, "service_tier"))
		jw_kstr(w, "service_tier", c->tier);
	if (!c->stream)
		return;
	jw_kbool(w, "stream", true);
	if (quirks_take_field(&b->t->quirks, SPAN("stream_options"))) {
		jw_key(w, "stream_options");
		jw_raw(w, SPAN("{\"include_usage\":true}"));
	}
}

int openai_request_write(const struct upstream_model *t, struct chat *c,
			 struct buf *out, struct err *e)
{
	struct body b = { .w = jw_to(out), .t = t, .c = c };

	chat_fit(c, &t->quirks, t->quirks.paired);
	chat_fit_media(c, why_not);
	chat_fit_turns(c, &t->quirks);
	if (!c->msgs)
		return write_no_message(e);
	jw_obj(&b.w);
	jw_kcstr(&b.w, "model", t->model);
	write_no_marks(c);
	put_messages(&b);
	if (put_tools(&b, e))
		return -1;
	put_format(&b);
	put_limits(&b);
	put_rest(&b);
	jw_obj_end(&b.w);
	return 0;
}
