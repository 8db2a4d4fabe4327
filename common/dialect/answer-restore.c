/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/answer-restore.h"

#include "dialect/error.h"

#include <string.h>

void answer_restore_init(struct answer_restore *r, const struct chat *c,
			 enum dialect_id upstream, ev_fn *sink, void *arg)
{
	memset(r, 0, sizeof(*r));
	r->chat = c;
	r->name_max = upstream == DIALECT_ANTHROPIC ? 128 : 64;
	r->sink = sink;
	r->arg = arg;
	buf_init(&r->input, REQUEST_TEXT_MAX);
	buf_init(&r->prose, REQUEST_TEXT_MAX);
}

void answer_restore_release(struct answer_restore *r)
{
	buf_release(&r->input);
	buf_release(&r->prose);
}

/* A model may leave out the namespace: that is no loss if one tool alone has
 * the name. */
static const struct tool *find_local(const struct chat *c, struct span name)
{
	const struct tool *found = NULL;

	for (const struct tool *t = c->tools; t; t = t->next) {
		if (!t->local.n || !span_eq(t->local, name))
			continue;
		if (found)
			return NULL;
		found = t;
	}
	return found;
}

static const struct tool *find_named(const struct answer_restore *r,
				     struct span name)
{
	for (const struct tool *t = r->chat->tools; t; t = t->next)
		if (t->kind != TOOL_HOSTED &&
		    span_eq(chat_tool_name(r->chat->arena, t->name,
					   r->name_max),
			    name))
			return t;
	return find_local(r->chat, name);
}

/* Models put before a name where they believe that it stands: gpt-oss
 * `functions.`, Gemini `default_api.` or `default_api:`. */
static const struct tool *find_tool(const struct answer_restore *r,
				    struct span name)
{
	const struct tool *t = find_named(r, name);

	name = span_trim(name);
	for (size_t i = 0; !t && i + 1 < name.n; i++)
		if (name.p[i] == '.' || name.p[i] == ':')
			t = find_named(r, span_skip(name, i + 1));
	return t ? t : find_named(r, name);
}

static int open_call(struct answer_restore *r, struct ev v, struct err *e)
{
	const struct tool *t = find_tool(r, v.name);

	if (r->chat->json_tool && span_is(v.name, r->chat->json_tool)) {
		r->json = r->was_json = true;
		v.part = PART_TEXT;
		return r->sink(r->arg, &v, e);
	}
	r->calls++;
	if (t) {
		v.name = t->local.n ? t->local : t->name;
		v.space = t->space;
		v.shape = t->shape;
	}
	/* Free text of the upstream's own is what it should be already. */
	r->free = v.custom && (!t || t->kind == TOOL_CUSTOM);
	r->custom = !r->free && t && t->kind == TOOL_CUSTOM;
	v.custom = r->free || r->custom;
	buf_reset(&r->input);
	return r->sink(r->arg, &v, e);
}

#define WRAPS_MAX 4

static bool is_text(struct json_object *v)
{
	return json_object_is_type(v, json_type_string);
}

/* The text that a model has put into an object, though not as it was asked to:
 * `input` or the only string; an object alone in another is looked into. NULL:
 * there is no saying. */
static struct json_object *wrapped_text(struct json_object *o, int depth)
{
	struct json_object *text = json_get(o, "input"), *inner = NULL;
	size_t texts = 0, all = 0;

	if (is_text(o) || is_text(text))
		return is_text(o) ? o : text;
	if (!json_object_is_type(o, json_type_object) || !depth)
		return NULL;
	json_object_object_foreach(o, key, value)
	{
		(void)key;
		all++;
		texts += is_text(value);
		text = is_text(value) ? value : text;
		inner = value;
	}
	if (texts)
		return texts == 1 ? text : NULL;
	return all == 1 ? wrapped_text(inner, depth - 1) : NULL;
}

static int close_call(struct answer_restore *r, struct ev v, struct err *e)
{
	if (r->custom) {
		struct err unread = { 0 };
		struct json_object *o = json_read(buf_get(&r->input), &unread);
		struct json_object *input = wrapped_text(o, WRAPS_MAX);
		struct ev d = { .kind = EV_DELTA,
				.part = PART_TOOL_USE,
				.custom = true };
		int rc;

		/* What is not as asked for is handed on as it came. */
		d.text = input ? json_span(input) : buf_get(&r->input);
		if (error_unread(&unread, "the input of a tool call")) {
			*e = unread;
			return -1;
		}
		rc = r->sink(r->arg, &d, e);
		json_object_put(o);
		if (rc)
			return -1;
	}
	if (r->json)
		v.part = PART_TEXT;
	v.custom = r->custom || r->free;
	r->custom = r->free = r->json = false;
	return r->sink(r->arg, &v, e);
}

/* Text that was held back, since no JSON came in its place. */
static int give_prose(struct answer_restore *r, struct err *e)
{
	struct ev v = { .kind = EV_OPEN, .part = PART_TEXT };

	if (r->was_json || !r->prose.n)
		return 0;
	if (r->sink(r->arg, &v, e))
		return -1;
	v.kind = EV_DELTA;
	v.text = buf_get(&r->prose);
	if (r->sink(r->arg, &v, e))
		return -1;
	buf_reset(&r->prose);
	v = (struct ev){ .kind = EV_CLOSE, .part = PART_TEXT };
	return r->sink(r->arg, &v, e);
}

/* The answer is to be one JSON text: that of the tool's first call, whatever
 * the model says around it. 1: this event is no part of it. */
static int await_json(struct answer_restore *r, const struct ev *v,
		      struct err *e)
{
	bool part = v->kind == EV_OPEN || v->kind == EV_DELTA ||
		    v->kind == EV_CLOSE || v->kind == EV_CITE;

	if (part && v->part == PART_TEXT) {
		if (v->kind == EV_DELTA)
			buf_span(&r->prose, v->text);
		return r->prose.full ? err_full(e, &r->prose, ERR_UPSTREAM,
						"the answer is too large")
				     : 1;
	}
	if (part && v->part == PART_TOOL_USE) {
		bool json = v->kind == EV_OPEN &&
			    span_is(v->name, r->chat->json_tool);

		if (json && r->was_json)
			r->again = true;
		if (r->again) {
			r->again = v->kind != EV_CLOSE;
			return 1;
		}
		return v->kind == EV_OPEN && !json ? give_prose(r, e) : 0;
	}
	return v->kind == EV_FINISH ? give_prose(r, e) : 0;
}

int answer_restore_event(void *arg, const struct ev *v, struct err *e)
{
	struct answer_restore *r = arg;
	struct ev changed = *v;
	int rc = r->chat->json_tool ? await_json(r, v, e) : 0;

	if (rc)
		return rc < 0 ? -1 : 0;
	if (v->kind == EV_FINISH && r->was_json && !r->calls &&
	    v->stop == STOP_TOOL_USE)
		changed.stop = STOP_END;
	if (v->part != PART_TOOL_USE || v->kind == EV_FINISH)
		return r->sink(r->arg, &changed, e);
	if (v->kind == EV_OPEN)
		return open_call(r, changed, e);
	if (v->kind == EV_CLOSE)
		return close_call(r, changed, e);
	if (r->json)
		changed.part = PART_TEXT;
	changed.custom = r->free;
	if (v->kind == EV_DELTA && r->custom) {
		buf_span(&r->input, v->text);
		return r->input.full
			     ? err_full(e, &r->input, ERR_UPSTREAM,
					"the input of a tool call is too large")
			     : 0;
	}
	return r->sink(r->arg, &changed, e);
}
