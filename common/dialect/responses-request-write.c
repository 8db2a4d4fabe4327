/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "dialect/chat-fit.h"
#include "dialect/chat-write.h"
#include "dialect/custom-tool.h"
#include "dialect/peek.h"
#include "dialect/schema.h"
#include "dialect/web-search.h"

#include <string.h>

struct body {
	struct jw w;
	const struct upstream_model *t;
	struct chat *c;
	bool searches; /* the provider does */
};

static int put_content_part(struct body *b, const struct part *p, bool output,
			    struct err *e)
{
	struct jw *w = &b->w;
	struct arena *a = b->c->arena;

	(void)e;
	jw_obj(w);
	if (p->kind == PART_IMAGE) {
		jw_kcstr(w, "type", "input_image");
		jw_kstr(w, "image_url", write_data_url(a, p));
		jw_kstr(w, "detail", p->detail.n ? p->detail : SPAN("auto"));
	} else if (p->kind == PART_DOCUMENT && !p->text.n) {
		jw_kcstr(w, "type", "input_file");
		if (p->url.n) {
			jw_kstr(w, "file_url", p->url);
		} else {
			jw_kstr(w, "filename",
				p->name.n ? p->name : SPAN("document.pdf"));
			jw_kstr(w, "file_data", write_data_url(a, p));
		}
	} else {
		jw_kcstr(w, "type", output ? "output_text" : "input_text");
		jw_kstr(w, "text", write_text(a, p));
	}
	jw_obj_end(w);
	return 0;
}

static int put_content(struct body *b, const struct part *p, bool output,
		       struct err *e)
{
	jw_key(&b->w, "content");
	jw_arr(&b->w);
	for (; p; p = p->next) {
		if (!write_is_media(p) && !write_is_text(p))
			continue;
		if (put_content_part(b, p, output, e))
			return -1;
	}
	jw_arr_end(&b->w);
	return 0;
}

static int put_message(struct body *b, const char *role,
		       const struct part *parts, struct err *e)
{
	struct jw *w = &b->w;
	bool output = strcmp(role, "assistant") == 0;

	if (!write_joined(b->c->arena, parts, "").n && !write_has_media(parts))
		return 0;
	jw_obj(w);
	jw_kcstr(w, "type", "message");
	jw_kcstr(w, "role", role);
	if (put_content(b, parts, output, e))
		return -1;
	jw_obj_end(w);
	return 0;
}

static struct span call_id(struct body *b, const struct part *p)
{
	struct quirks q = b->t->quirks;

	q.id_max = SEAL_ID_MAX;
	return chat_call_id(b->c->arena, p, &q);
}

static void put_call(struct body *b, const struct part *p)
{
	struct jw *w = &b->w;
	struct arena *a = b->c->arena;

	jw_obj(w);
	jw_kcstr(w, "type", p->custom ? "custom_tool_call" : "function_call");
	if (p->item.n)
		jw_kstr(w, "id", p->item);
	jw_kstr(w, "call_id", call_id(b, p));
	jw_kstr(w, "name", chat_tool_name(a, p->name, WRITE_NAME_MAX));
	if (p->custom)
		jw_kstr(w, "input", p->text);
	else
		jw_kstr(w, "arguments", write_arguments(a, p, &b->t->quirks));
	if (p->item.n)
		jw_kcstr(w, "status", "completed");
	jw_obj_end(w);
}

static int put_result(struct body *b, const struct part *p, struct err *e)
{
	struct jw *w = &b->w;
	struct span text = write_joined(b->c->arena, p->content, "\n");

	if (p->error && text.n)
		chat_dropped(b->c, "is_error");
	jw_obj(w);
	jw_kcstr(w, "type",
		 p->custom ? "custom_tool_call_output"
			   : "function_call_output");
	jw_kstr(w, "call_id", call_id(b, p));
	jw_key(w, "output");
	if (!write_has_media(p->content)) {
		jw_str(w, !text.n && p->error ? SPAN("Error") : text);
		jw_obj_end(w);
		return 0;
	}
	jw_arr(w);
	for (const struct part *i = p->content; i; i = i->next)
		if (put_content_part(b, i, false, e))
			return -1;
	jw_arr_end(w);
	jw_obj_end(w);
	return 0;
}

static int put_user(struct body *b, const struct msg *m, struct err *e)
{
	const struct part *p = m->parts;

	for (; p && p->kind == PART_TOOL_RESULT; p = p->next)
		if (put_result(b, p, e))
			return -1;
	return p ? put_message(b, "user", p, e) : 0;
}

/* Does something follow that reasoning can belong to? */
static bool is_followed(const struct part *p)
{
	for (p = p->next; p; p = p->next)
		if (p->kind == PART_TOOL_USE || p->kind == PART_SEARCH ||
		    write_is_text(p))
			return true;
	return false;
}

/* The target's own, as it was; nobody else's means anything to it. */
static void put_reasoning(struct body *b, const struct part *p)
{
	struct span sealed = p->signature, id;
	struct jw *w = &b->w;

	if (p->foreign || p->seal != SEAL_OPENAI || !is_followed(p)) {
		if (p->kind == PART_REDACTED ? chat_signed(p) : p->text.n > 0)
			chat_dropped(b->c, "thinking");
		return;
	}
	if (peek_is_object(sealed)) {
		jw_raw(w, sealed);
		return;
	}
	id = span_cut(&sealed, ' ');
	jw_obj(w);
	jw_kcstr(w, "type", "reasoning");
	if (id.n)
		jw_kstr(w, "id", id);
	jw_key(w, "summary");
	jw_arr(w);
	if (p->text.n) {
		jw_obj(w);
		jw_kcstr(w, "type", "summary_text");
		jw_kstr(w, "text", p->text);
		jw_obj_end(w);
	}
	jw_arr_end(w);
	jw_kstr(w, "encrypted_content", sealed);
	jw_obj_end(w);
}

/* A message of the target's own, as it was. */
static void put_own_text(struct body *b, const struct part *p)
{
	struct jw *w = &b->w;

	jw_obj(w);
	jw_kcstr(w, "type", "message");
	jw_kstr(w, "id", p->item);
	jw_kcstr(w, "role", "assistant");
	jw_kcstr(w, "status", "completed");
	jw_key(w, "content");
	jw_arr(w);
	jw_obj(w);
	jw_kcstr(w, "type", "output_text");
	jw_kstr(w, "text", p->text);
	jw_key(w, "annotations");
	jw_raw(w, SPAN("[]"));
	jw_obj_end(w);
	jw_arr_end(w);
	if (p->phase.n)
		jw_kstr(w, "phase", p->phase);
	jw_obj_end(w);
}

static bool is_own_text(const struct part *p)
{
	return write_is_text(p) && p->item.n;
}

/* What was said elsewhere, up to a message of the target's own, as one. */
static int put_said(struct body *b, const struct part *p, struct err *e)
{
	struct part *list = NULL, **tail = &list;

	for (; p && !is_own_text(p); p = p->next) {
		struct part *copy = arena_try(b->c->arena, sizeof(*copy));

		if (!copy)
			return 0; /* the arena is full: refused at the end */
		*copy = *p;
		copy->next = NULL;
		*tail = copy;
		tail = &copy->next;
	}
	return put_message(b, "assistant", list, e);
}

/* In the order in which they came: reasoning belongs to what follows it. */
static int put_assistant(struct body *b, const struct msg *m, struct err *e)
{
	bool text = false;

	for (const struct part *p = m->parts; p; p = p->next) {
		if (p->kind == PART_THINKING || p->kind == PART_REDACTED) {
			put_reasoning(b, p);
		} else if (p->kind == PART_TOOL_USE) {
			put_call(b, p);
		} else if (p->kind == PART_SEARCH) {
			if (peek_is_object(p->text))
				jw_raw(&b->w, p->text);
		} else if (p->item.n) {
			put_own_text(b, p);
			text = false;
		} else if (!text) {
			if (put_said(b, p, e))
				return -1;
			text = true;
		}
	}
	return 0;
}

/* The leading system text is `instructions`; returns what comes behind. */
static const struct msg *put_instructions(struct body *b)
{
	const struct msg *m = b->c->msgs;
	struct buf text;

	buf_init(&text, REQUEST_TEXT_MAX);
	for (; m && m->role == ROLE_SYSTEM; m = m->next) {
		struct span s = write_joined(b->c->arena, m->parts, "\n\n");

		if (text.n && s.n)
			buf_str(&text, "\n\n");
		buf_span(&text, s);
	}
	if (text.starved)
		b->c->arena->full = true;
	if (text.n)
		jw_kstr(&b->w, "instructions", buf_get(&text));
	buf_release(&text);
	return m;
}

static int put_item(struct body *b, const struct msg *m, struct err *e)
{
	switch (m->role) {
	case ROLE_SYSTEM:
		return put_message(b, "developer", m->parts, e);
	case ROLE_ASSISTANT:
		return put_assistant(b, m, e);
	case ROLE_USER:
		break;
	}
	return put_user(b, m, e);
}

static int put_input(struct body *b, struct err *e)
{
	const struct msg *m = put_instructions(b);
	struct write_wait wait = { 0 };
	size_t empty;
	int rc = 0;

	jw_key(&b->w, "input");
	jw_arr(&b->w);
	empty = b->w.out->n;
	for (; m && rc == 0; m = m->next) {
		if (write_must_wait(&wait, m))
			continue;
		rc = put_item(b, m, e);
		for (; wait.first && wait.first != m && rc == 0;
		     wait.first = wait.first->next)
			rc = put_item(b, wait.first, e);
		wait.first = NULL;
	}
	if (rc == 0 && b->w.out->n == empty)
		return write_no_message(e);
	jw_arr_end(&b->w);
	return rc;
}

static void put_tool(struct body *b, const struct tool *t)
{
	struct jw *w = &b->w;
	struct span name = chat_tool_name(b->c->arena, t->name, WRITE_NAME_MAX);

	jw_obj(w);
	if (t->kind == TOOL_CUSTOM) {
		jw_kcstr(w, "type", "custom");
		custom_tool_put(w, t, name, false);
		jw_obj_end(w);
		return;
	}
	jw_kcstr(w, "type", "function");
	jw_kstr(w, "name", name);
	if (t->description.n)
		jw_kstr(w, "description", t->description);
	jw_key(w, "parameters");
	schema_tool(w, b->c, t, false);
	/* Strict is the default there, and not what the client asked for. */
	jw_kbool(w, "strict", write_strict(b->c, t));
	jw_obj_end(w);
}

/* OpenAI's models search; a server that only has its API need not. */
static bool has_search(const struct upstream_model *t)
{
	return t->family.reasoning || t->quirks.search;
}

static int put_tools(struct body *b, struct err *e)
{
	struct chat *c = b->c;
	struct jw *w = &b->w;
	bool any = false;

	for (const struct tool *t = c->tools; t; t = t->next) {
		bool search = web_search_is(t) && has_search(b->t);

		if (t->kind == TOOL_HOSTED && !search) {
			if (write_hosted(c, t, e))
				return -1;
			continue;
		}
		if (!write_offers(b->t, c, t))
			continue;
		if (!any) {
			jw_key(w, "tools");
			jw_arr(w);
		}
		any = true;
		b->searches |= search;
		if (search)
			web_search_responses(w, c, t);
		else
			put_tool(b, t);
	}
	if (!any)
		return 0;
	jw_arr_end(w);
	if (b->searches && web_search_is_forced(c)) {
		jw_key(w, "tool_choice");
		jw_raw(w, SPAN("{\"type\":\"web_search\"}"));
		return 0;
	}
	write_choice(w, b->t, c, false);
	return 0;
}

static void put_text_field(struct body *b)
{
	struct chat *c = b->c;
	struct jw *w = &b->w;
	bool verbosity = c->verbosity.n && b->t->family.reasoning;

	if (c->verbosity.n && !verbosity)
		chat_dropped(c, "verbosity");
	if (c->format == FORMAT_TEXT && !verbosity)
		return;
	jw_key(w, "text");
	jw_obj(w);
	if (c->format != FORMAT_TEXT) {
		jw_key(w, "format");
		jw_obj(w);
		jw_kcstr(w, "type",
			 c->format == FORMAT_JSON ? "json_object"
						  : "json_schema");
		if (c->format == FORMAT_SCHEMA)
			write_schema(w, c);
		jw_obj_end(w);
	}
	if (verbosity)
		jw_kstr(w, "verbosity", c->verbosity);
	jw_obj_end(w);
}

static void put_rest(struct body *b)
{
	const char *effort = write_effort(b->t, b->c);
	struct chat *c = b->c;
	struct jw *w = &b->w;

	int64_t limit = b->t->quirks.max_tokens;

	if (c->max_tokens >= 0)
		jw_kint(w, "max_output_tokens",
			limit && c->max_tokens > limit
				? limit
				: write_floor(b->t, c->max_tokens));
	write_samplers(w, b->t, c);
	if (c->n_stop)
		chat_dropped(c, "stop");
	if (effort) {
		jw_key(w, "reasoning");
		jw_obj(w);
		jw_kcstr(w, "effort", effort);
		jw_kcstr(w, "summary", "auto");
		jw_obj_end(w);
	} else {
		write_no_effort(c);
	}
	write_user(w, b->t, c);
	if (c->tier.n)
		jw_kstr(w, "service_tier", c->tier);
	/* The conversation stays with the client, and so does reasoning. */
	jw_kbool(w, "store", false);
	jw_key(w, "include");
	jw_arr(w);
	jw_str(w, SPAN("reasoning.encrypted_content"));
	if (b->searches)
		jw_str(w, SPAN("web_search_call.action.sources"));
	jw_arr_end(w);
	if (c->stream)
		jw_kbool(w, "stream", true);
}

int responses_request_write(const struct upstream_model *t, struct chat *c,
			    struct buf *out, struct err *e)
{
	struct body b = { .w = jw_to(out), .t = t, .c = c };

	chat_fit(c, &t->quirks, true);
	jw_obj(&b.w);
	jw_kcstr(&b.w, "model", t->model);
	write_no_marks(c);
	if (put_input(&b, e) || put_tools(&b, e))
		return -1;
	put_text_field(&b);
	put_rest(&b);
	jw_obj_end(&b.w);
	return 0;
}
