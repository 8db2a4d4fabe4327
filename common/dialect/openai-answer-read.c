/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/error.h"
#include "dialect/reader.h"
#include "dialect/usage.h"

#include <string.h>

/* What comes next begins a block of its own: text is over, and so is a call
 * whose arguments are one complete object; another call may still get more. */
static int end_before(struct reader *r, struct err *e)
{
	for (struct slot *s = r->head; s; s = s->next)
		if (s->kind != PART_TOOL_USE || s->complete)
			s->ended = true;
	r->current = NULL;
	return reader_pump(r, e);
}

/* Text of this kind goes on in the open slot, or begins a new one. */
static struct slot *current(struct reader *r, enum part_kind kind,
			    struct err *e)
{
	struct slot *s = r->current;

	if (s && s->kind == kind && !s->ended)
		return s;
	if (end_before(r, e))
		return NULL;
	r->current = reader_open(r, kind, -1, e);
	if (r->current)
		r->current->base = r->chars;
	return r->current;
}

static int add(struct reader *r, enum part_kind kind, struct span text,
	       struct err *e)
{
	struct slot *s;

	if (!text.n)
		return 0;
	s = current(r, kind, e);
	return s ? reader_text(r, s, text, e) : -1;
}

/* One entry of reasoning_details. `text`: nobody else has brought it. */
static int add_detail(struct reader *r, struct json_object *d, bool text,
		      struct err *e)
{
	struct span type = json_str(d, "type");
	bool ours = span_starts(json_str(d, "format"), "anthropic");
	struct slot *s;

	if (span_is(type, "reasoning.encrypted") && ours) {
		s = current(r, PART_REDACTED, e);
		if (!s || reader_text(r, s, json_str(d, "data"), e))
			return -1;
		return reader_close(r, s, e);
	}
	if (text &&
	    add(r, PART_THINKING,
		json_str(d, span_is(type, "reasoning.summary") ? "summary"
							       : "text"),
		e))
		return -1;
	if (ours && json_str(d, "signature").n) {
		s = current(r, PART_THINKING, e);
		if (!s)
			return -1;
		s->seal = SEAL_CLAUDE;
		s->signature = reader_copy(r, d, "signature");
		/* What follows has a signature of its own. */
		return reader_text(r, s, SPAN(""), e) || reader_close(r, s, e)
			     ? -1
			     : 0;
	}
	return 0;
}

/* Do the details hold the text as well, each with its signature? */
static bool detailed(struct json_object *details)
{
	for (size_t i = 0; i < json_length(details); i++)
		if (json_str(json_at(details, i), "text").n ||
		    json_str(json_at(details, i), "summary").n)
			return true;
	return false;
}

static int add_reasoning(struct reader *r, struct json_object *m, struct err *e)
{
	struct json_object *details = json_get(m, "reasoning_details");
	struct span text = json_str(m, "reasoning_content");
	bool from_details = detailed(details);

	if (!text.n)
		text = json_str(m, "reasoning");
	if (!from_details && add(r, PART_THINKING, text, e))
		return -1;
	for (size_t i = 0; i < json_length(details); i++)
		if (add_detail(r, json_at(details, i), from_details, e))
			return -1;
	return 0;
}

/* Mistral's thinking part holds text parts. */
static int add_thinking_part(struct reader *r, struct json_object *thinking,
			     struct err *e)
{
	if (json_object_is_type(thinking, json_type_string))
		return add(r, PART_THINKING, json_span(thinking), e);
	for (size_t i = 0; i < json_length(thinking); i++)
		if (add(r, PART_THINKING,
			json_str(json_at(thinking, i), "text"), e))
			return -1;
	return 0;
}

static int add_content(struct reader *r, struct json_object *content,
		       struct err *e)
{
	if (json_object_is_type(content, json_type_string))
		return add(r, PART_TEXT, json_span(content), e);
	for (size_t i = 0; i < json_length(content); i++) {
		struct json_object *p = json_at(content, i);
		int rc;

		if (json_get(p, "thinking"))
			rc = add_thinking_part(r, json_get(p, "thinking"), e);
		else
			rc = add(r, PART_TEXT, json_str(p, "text"), e);
		if (rc)
			return -1;
	}
	return 0;
}

/* They belong to the text so far, and count all of it. */
static int add_annotations(struct reader *r, struct json_object *list,
			   struct err *e)
{
	struct slot *s = r->all;

	if (!json_length(list))
		return 0;
	while (s && s->kind != PART_TEXT)
		s = s->older;
	if (!s)
		s = current(r, PART_TEXT, e);
	reader_annotations(r, s, list);
	return s ? 0 : -1;
}

/* An id of its own for each fragment: without a name it begins nothing, and
 * goes on with the call of its index, else with the latest. */
static struct slot *renumbered(struct reader *r, int64_t index)
{
	struct slot *s = index >= 0 ? reader_keyed(r, index) : r->all;

	for (; s; s = index >= 0 ? s->near : s->older)
		if (s->kind == PART_TOOL_USE && (index < 0 || s->key == index))
			return *s->name ? s : NULL;
	return NULL;
}

/* By id, else by index (the latest of that index), else the latest. What has
 * the same id or index and yet is another call: see the name. */
static struct slot *find_call(struct reader *r, struct span id, int64_t index,
			      struct span name)
{
	bool keyed = !id.n && index >= 0;
	struct slot *s = keyed ? reader_keyed(r, index) : r->all;

	for (; s; s = keyed ? s->near : s->older) {
		if (s->kind != PART_TOOL_USE)
			continue;
		if (id.n ? !span_is(id, s->id) : index >= 0 && s->key != index)
			continue;
		if (id.n && name.n && index >= 0 && s->key != index)
			return NULL;
		if (!id.n && name.n && *s->name &&
		    (s->complete || !span_is(name, s->name)))
			return NULL;
		return s;
	}
	return id.n && !name.n ? renumbered(r, index) : NULL;
}

static struct slot *new_call(struct reader *r, int64_t index, struct err *e)
{
	if (end_before(r, e))
		return NULL;
	return reader_open(r, PART_TOOL_USE, index, e);
}

/* More for a call that is over: an empty end is usual, text is a fault. */
static int late_fragment(struct span args, struct err *e)
{
	if (!span_trim(args).n)
		return 0;
	return err_set(e, ERR_UPSTREAM,
		       "the upstream went on with a tool "
		       "call that was over");
}

static struct json_object *google_of(struct json_object *call)
{
	return json_get(json_get(call, "extra_content"), "google");
}

static int add_call(struct reader *r, struct json_object *call, bool whole,
		    struct err *e)
{
	struct json_object *f = json_get(call, "function");
	bool custom = !f && json_get(call, "custom");
	struct span id = json_str(call, "id");
	int64_t index = json_int(call, "index", -1);
	struct span name, args;
	struct slot *s;

	if (custom)
		f = json_get(call, "custom");
	name = json_str(f, "name");
	s = whole ? NULL : find_call(r, id, index, name);
	args = reader_said(r, json_get(f, custom ? "input" : "arguments"));
	if (s && s->ended)
		return late_fragment(args, e);
	if (!s && !id.n && !name.n)
		return late_fragment(args, e);
	if (!s)
		s = new_call(r, index, e);
	if (!s)
		return -1;
	s->custom |= custom;
	if (!*s->id)
		s->id = arena_str(r->arena, id);
	if (!*s->name)
		s->name = arena_str(r->arena, name);
	if (!*s->google)
		s->google = reader_copy(r, google_of(call),
					"thought_signature");
	return reader_text(r, s, args, e);
}

static int add_message(struct reader *r, struct json_object *m, bool whole,
		       struct err *e)
{
	struct json_object *calls = json_get(m, "tool_calls");
	struct json_object *legacy = json_get(m, "function_call");
	struct span refusal = json_str(m, "refusal");

	if (add_reasoning(r, m, e) ||
	    add_content(r, json_get(m, "content"), e) ||
	    add_annotations(r, json_get(m, "annotations"), e))
		return -1;
	if (refusal.n) {
		r->refused = true;
		if (add(r, PART_REFUSAL, refusal, e))
			return -1;
	}
	for (size_t i = 0; i < json_length(calls); i++)
		if (add_call(r, json_at(calls, i), whole, e))
			return -1;
	if (legacy) {
		struct slot *s = find_call(r, SPAN(""), -1, SPAN(""));

		s = s ? s : new_call(r, 0, e);
		if (!s)
			return -1;
		if (!*s->name)
			s->name = reader_copy(r, legacy, "name");
		return reader_text(r, s, json_str(legacy, "arguments"), e);
	}
	return 0;
}

static const struct {
	const char *name;
	enum stop_kind stop;
} finishes[] = {
	{ "stop", STOP_END },
	{ "eos", STOP_END },
	{ "length", STOP_MAX_TOKENS },
	{ "model_length", STOP_MAX_TOKENS },
	{ "tool_calls", STOP_TOOL_USE },
	{ "function_call", STOP_TOOL_USE },
	{ "content_filter", STOP_REFUSAL },
};

static int read_finish(struct reader *r, struct json_object *choice,
		       struct json_object *top, struct err *e)
{
	struct span reason = json_str(choice, "finish_reason");

	if (!reason.n)
		return 0;
	if (span_is(reason, "error") || span_is(reason, "abort") ||
	    span_is(reason, "insufficient_system_resource")) {
		struct json_object *o = json_get(choice, "error") ? choice
								  : top;

		return reader_error(r, o, e);
	}
	r->has_stop = true;
	r->stop = STOP_END;
	for (size_t i = 0; i < sizeof(finishes) / sizeof(finishes[0]); i++)
		if (span_is(reason, finishes[i].name))
			r->stop = finishes[i].stop;
	/* vLLM says which sequence it was; a number is a token's. */
	if (r->stop == STOP_END && json_str(choice, "stop_reason").n) {
		r->stop = STOP_SEQUENCE;
		r->stop_text = reader_copy(r, choice, "stop_reason");
	}
	return 0;
}

/* null, "" and [] are nothing. */
static bool is_empty(struct json_object *v)
{
	if (json_object_is_type(v, json_type_string))
		return !json_span(v).n;
	return !v ||
	       (json_object_is_type(v, json_type_array) && !json_length(v));
}

/* A delta that says more than whose turn it is. */
static bool says_something(struct json_object *m)
{
	if (!json_object_is_type(m, json_type_object))
		return false;
	json_object_object_foreach(m, key, value)
	{
		if (strcmp(key, "role") && !is_empty(value))
			return true;
	}
	return false;
}

/* What a choice brings. Some servers put a whole message into the last event of
 * a stream, beside a delta or in its place: it counts when nothing came
 * before. */
static struct json_object *message_of(struct reader *r,
				      struct json_object *choice, bool whole)
{
	struct json_object *delta = json_get(choice, "delta");
	struct json_object *message = json_get(choice, "message");

	if (whole)
		return message ? message : delta;
	if (!message || says_something(delta) || r->slots)
		return delta;
	return message;
}

static int add_choice(struct reader *r, struct json_object *o,
		      struct json_object *choice, bool whole, struct err *e)
{
	struct json_object *m = message_of(r, choice, whole);

	if (!r->started) {
		r->id = reader_copy(r, o, "id");
		r->model = reader_copy(r, o, "model");
		if (reader_start(r, e))
			return -1;
	}
	if (m && add_message(r, m, whole, e))
		return -1;
	return read_finish(r, choice, o, e);
}

/* Whoever gives several answers gives the first one here. Choices that share an
 * index, or have none, are one answer in parts: Copilot sends text and calls
 * so. */
static int add_choices(struct reader *r, struct json_object *o, bool whole,
		       struct err *e)
{
	struct json_object *choices = json_get(o, "choices");
	struct json_object *first = json_at(choices, 0);

	for (size_t i = 0; i < json_length(choices) && whole; i++)
		if (json_int(json_at(choices, i), "index", 0) <
		    json_int(first, "index", 0))
			first = json_at(choices, i);
	if (!r->chosen)
		r->choice = json_int(first, "index", 0);
	r->chosen = true;
	for (size_t i = 0; i < json_length(choices) && !r->finished; i++) {
		struct json_object *c = json_at(choices, i);

		if (json_int(c, "index", 0) == r->choice &&
		    add_choice(r, o, c, whole, e))
			return -1;
	}
	return 0;
}

/* Usage beside content comes with every chunk of some providers; alone it is
 * the end of a stream. */
static void read_usages(struct reader *r, struct json_object *o)
{
	usage_openai(&r->usage, json_get(json_get(o, "x_groq"), "usage"));
	usage_openai(&r->usage,
		     json_get(json_at(json_get(o, "choices"), 0), "usage"));
	usage_openai(&r->usage, json_get(o, "usage"));
	if (json_get(o, "usage") && !json_length(json_get(o, "choices")))
		r->has_usage = true;
}

int openai_answer_event(struct reader *r, struct span name,
			struct json_object *o, struct err *e)
{
	struct json_object *choices = json_get(o, "choices");

	if (span_is(name, "error") || error_is(o))
		return reader_error(r, o, e);
	read_usages(r, o);
	if (!json_length(choices))
		return 0; /* usage, or a provider's preliminaries */
	return add_choices(r, o, false, e);
}

int openai_answer_end(struct reader *r, struct err *e)
{
	if (r->has_stop || (r->has_usage && r->started))
		return reader_finish(r, e);
	return err_set(e, ERR_RESET,
		       "the stream ended early, without its "
		       "final event");
}

int openai_answer_read(struct reader *r, struct json_object *o, struct err *e)
{
	struct json_object *choices = json_get(o, "choices");

	read_usages(r, o);
	if (!json_length(choices))
		return err_set(e, ERR_UPSTREAM,
			       "the upstream's answer has no "
			       "choices");
	if (add_choices(r, o, true, e))
		return -1;
	return reader_finish(r, e);
}
