/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/error.h"
#include "dialect/reader.h"
#include "dialect/stop-word.h"
#include "dialect/usage.h"

#include <string.h>

#define NAME_MOST 1024 /* bytes of a call's name that comes in pieces */

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
static int add_detail(struct reader *r, const struct jval *d, bool text,
		      struct err *e)
{
	struct span type = jval_str(d, "type");
	bool ours = span_starts(jval_str(d, "format"), "anthropic");
	struct slot *s;

	if (span_is(type, "reasoning.encrypted") && ours) {
		s = current(r, PART_REDACTED, e);
		if (!s || reader_text(r, s, jval_str(d, "data"), e))
			return -1;
		return reader_close(r, s, e);
	}
	if (text &&
	    add(r, PART_THINKING,
		jval_str(d, span_is(type, "reasoning.summary") ? "summary"
							       : "text"),
		e))
		return -1;
	if (ours && jval_str(d, "signature").n) {
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
static bool detailed(const struct jval *details)
{
	for (const struct jval *d = jval_items(details); d;
	     d = jval_next(details, d))
		if (jval_str(d, "text").n || jval_str(d, "summary").n)
			return true;
	return false;
}

/* What servers call it: DeepSeek and most, OpenRouter, Copilot, others. */
static const char *const thoughts[] = { "reasoning_content", "reasoning",
					"reasoning_text", "thinking" };
#define N_THOUGHTS (sizeof(thoughts) / sizeof(thoughts[0]))

static bool has_words(const struct jval *v)
{
	return jval_text(v).n || jval_is(v, JVAL_NUMBER) || jval_items(v) ||
	       jval_members(v);
}

/* A text, an object that holds it, or a list of those. */
static int add_thought(struct reader *r, const struct jval *v, struct err *e)
{
	static const char *const keys[] = { "text", "thinking", "content",
					    "summary", "reasoning" };

	if (jval_is(v, JVAL_ARRAY)) {
		for (const struct jval *i = jval_items(v); i;
		     i = jval_next(v, i))
			if (!jval_is(i, JVAL_ARRAY) && add_thought(r, i, e))
				return -1;
		return 0;
	}
	for (size_t i = 0;
	     jval_is(v, JVAL_OBJECT) && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (jval_str(v, keys[i]).n)
			return add(r, PART_THINKING, jval_str(v, keys[i]), e);
	return add(r, PART_THINKING, jval_said(r->arena, v), e);
}

static int add_reasoning(struct reader *r, const struct jval *m, struct err *e)
{
	const struct jval *details = jval_get(m, "reasoning_details");
	bool from_details = detailed(details);

	for (size_t i = 0; !from_details && i < N_THOUGHTS; i++) {
		const struct jval *v = jval_get(m, thoughts[i]);

		if (!has_words(v))
			continue;
		if (add_thought(r, v, e))
			return -1;
		break;
	}
	for (const struct jval *d = jval_items(details); d;
	     d = jval_next(details, d))
		if (add_detail(r, d, from_details, e))
			return -1;
	return 0;
}

/* They belong to the text so far, and count all of it. */
static int add_annotations(struct reader *r, const struct jval *list,
			   struct err *e)
{
	struct slot *s = r->all;

	if (!jval_items(list))
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

/* Is it the same name again, or more of it (Gemini: "edit_ex", "isting_file")?
 * That comes before any arguments. */
static bool goes_on(const struct slot *s, int64_t index, struct span name)
{
	return span_is(name, s->name) ||
	       (s->naming && index >= 0 && index == s->key);
}

static int add_name(struct reader *r, struct slot *s, struct span name,
		    struct err *e)
{
	struct span so_far = span_of(s->name);

	if (!name.n || span_eq(name, so_far) || (so_far.n && !s->naming))
		return 0;
	if (so_far.n && so_far.n + name.n > NAME_MOST)
		return err_set(e, ERR_UPSTREAM,
			       "the name of a tool call is longer than %d "
			       "bytes",
			       NAME_MOST);
	if (span_starts(name, s->name)) /* all of it so far */
		so_far = SPAN("");
	s->name = arena_fmt(r->arena, "%.*s%.*s", SPAN_FMT(so_far),
			    SPAN_FMT(name));
	return 0;
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
		    (s->complete || !goes_on(s, index, name)))
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

static const struct jval *google_of(const struct jval *call)
{
	return jval_get(jval_get(call, "extra_content"), "google");
}

/* Under whatever name they come. */
static const struct jval *arguments_of(const struct jval *f)
{
	static const char *const keys[] = { "arguments", "args", "input",
					    "parameters" };
	const struct jval *v = NULL;

	for (size_t i = 0; !v && i < sizeof(keys) / sizeof(keys[0]); i++)
		v = jval_get(f, keys[i]);
	return v;
}

static int add_call(struct reader *r, const struct jval *call, bool whole,
		    struct err *e)
{
	const struct jval *f = jval_get(call, "function");
	bool custom = !f && jval_get(call, "custom");
	struct span id = jval_str(call, "id");
	int64_t index = jval_int(call, "index", -1);
	struct span name, args;
	struct slot *s;

	if (custom)
		f = jval_get(call, "custom");
	if (!f && jval_get(call, "name"))
		f = call; /* without a level between */
	name = jval_str(f, "name");
	s = whole ? NULL : find_call(r, id, index, name);
	args = jval_said(r->arena, arguments_of(f));
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
	if (add_name(r, s, name, e))
		return -1;
	s->naming = !whole && !s->got_text && !s->given && !args.n;
	if (!*s->google)
		s->google = reader_copy(r, google_of(call),
					"thought_signature");
	return reader_text(r, s, args, e);
}

/* Mistral's, and what another API has: calls among the text. */
static int add_part(struct reader *r, const struct jval *p, bool calls,
		    struct err *e)
{
	struct span type = jval_str(p, "type");

	if (jval_is(p, JVAL_STRING))
		return add(r, PART_TEXT, jval_text(p), e);
	if (jval_get(p, "thinking"))
		return add_thought(r, jval_get(p, "thinking"), e);
	if (span_is(type, "reasoning"))
		return add_thought(r, p, e);
	if (span_is(type, "tool_use") || span_is(type, "function_call"))
		return calls ? 0 : add_call(r, p, true, e);
	if (!jval_get(p, "text"))
		reader_dropped(r, type);
	return add(r, PART_TEXT, reader_words(r, p, "text"), e);
}

/* `calls`: the message has them beside its content, too. */
static int add_content(struct reader *r, const struct jval *content, bool calls,
		       struct err *e)
{
	if (jval_is(content, JVAL_BOOL))
		return 0;
	if (!jval_is(content, JVAL_ARRAY) && !jval_get(content, "type"))
		return add(r, PART_TEXT, jval_said(r->arena, content), e);
	for (const struct jval *p = reader_first(content); p;
	     p = reader_next(content, p))
		if (add_part(r, p, calls, e))
			return -1;
	return 0;
}

/* One call without its list, or the list as PHP writes it: {"0": ...}. */
static const struct jval *first_call(const struct jval *calls)
{
	const struct jval *first = jval_members(calls);

	if (!jval_is(first, JVAL_OBJECT) || jval_get(calls, "function") ||
	    jval_get(calls, "custom") || jval_get(calls, "name"))
		return reader_first(calls);
	return first;
}

static int add_message(struct reader *r, const struct jval *m, bool whole,
		       struct err *e)
{
	const struct jval *calls = jval_get(m, "tool_calls");
	const struct jval *legacy = jval_get(m, "function_call");
	const struct jval *audio = jval_get(m, "audio");
	struct span refusal = jval_str(m, "refusal");

	if (jval_items(jval_get(m, "images")))
		reader_dropped(r, SPAN("images")); /* OpenRouter */
	if (audio)
		reader_dropped(r, SPAN("audio"));
	if (add_reasoning(r, m, e) ||
	    add_content(r, jval_get(m, "content"), jval_items(calls), e) ||
	    add(r, PART_TEXT, jval_str(audio, "transcript"), e) ||
	    add_annotations(r, jval_get(m, "annotations"), e))
		return -1;
	if (refusal.n) {
		r->refused = true;
		if (add(r, PART_REFUSAL, refusal, e))
			return -1;
	}
	for (const struct jval *c = first_call(calls); c;
	     c = reader_next(calls, c))
		if (add_call(r, c, whole, e))
			return -1;
	if (legacy) {
		struct slot *s = find_call(r, SPAN(""), -1, SPAN(""));

		s = s ? s : new_call(r, 0, e);
		if (!s)
			return -1;
		if (!*s->name)
			s->name = reader_copy(r, legacy, "name");
		return reader_text(
			r, s, jval_said(r->arena, arguments_of(legacy)), e);
	}
	return 0;
}

static int read_finish(struct reader *r, const struct jval *choice,
		       const struct jval *top, struct err *e)
{
	struct span reason = jval_str(choice, "finish_reason");

	if (!reason.n)
		return 0;
	if (stop_word_fails(reason)) {
		const struct jval *o = jval_get(choice, "error") ? choice : top;

		return reader_error(r, o, e);
	}
	r->has_stop = true;
	r->stop = stop_word(reason);
	/* vLLM says which sequence it was; a number is a token's. */
	if (r->stop == STOP_END && jval_str(choice, "stop_reason").n) {
		r->stop = STOP_SEQUENCE;
		r->stop_text = reader_copy(r, choice, "stop_reason");
	}
	return 0;
}

/* null, "" and [] are nothing. */
static bool is_empty(const struct jval *v)
{
	return v->kind == JVAL_NULL || (v->kind == JVAL_STRING && !v->text.n) ||
	       (v->kind == JVAL_ARRAY && !jval_items(v));
}

/* A delta that says more than whose turn it is. */
static bool says_something(const struct jval *m)
{
	for (const struct jval *v = jval_members(m); v; v = jval_next(m, v))
		if (!span_is(v->key, "role") && !is_empty(v))
			return true;
	return false;
}

/* What a choice brings. Some servers put a whole message into the last event of
 * a stream, beside a delta or in its place: it counts when nothing came
 * before. */
static const struct jval *message_of(struct reader *r,
				     const struct jval *choice, bool whole)
{
	const struct jval *delta = jval_get(choice, "delta");
	const struct jval *message = jval_get(choice, "message");

	if (whole)
		return message ? message : delta;
	if (!message || says_something(delta) || r->slots)
		return delta;
	return message;
}

static int add_choice(struct reader *r, const struct jval *o,
		      const struct jval *choice, bool whole, struct err *e)
{
	const struct jval *m = message_of(r, choice, whole);

	if (!r->started) {
		r->id = reader_copy(r, o, "id");
		r->model = reader_copy(r, o, "model");
		if (reader_start(r, e))
			return -1;
	}
	if (m && add_message(r, m, whole, e))
		return -1;
	/* As the older endpoint for completions has it. */
	if (!m && add(r, PART_TEXT, reader_words(r, choice, "text"), e))
		return -1;
	return read_finish(r, choice, o, e);
}

/* Whoever gives several answers gives the first one here. Choices that share an
 * index, or have none, are one answer in parts: Copilot sends text and calls
 * so. */
static int add_choices(struct reader *r, const struct jval *o, bool whole,
		       struct err *e)
{
	const struct jval *choices = jval_get(o, "choices");
	const struct jval *first = jval_items(choices);

	for (const struct jval *c = first; c && whole;
	     c = jval_next(choices, c))
		if (jval_int(c, "index", 0) < jval_int(first, "index", 0))
			first = c;
	if (!r->chosen)
		r->choice = jval_int(first, "index", 0);
	r->chosen = true;
	for (const struct jval *c = jval_items(choices); c && !r->finished;
	     c = jval_next(choices, c))
		if (jval_int(c, "index", 0) == r->choice &&
		    add_choice(r, o, c, whole, e))
			return -1;
	return 0;
}

/* Usage beside content comes with every chunk of some providers; alone it is
 * the end of a stream. */
static void read_usages(struct reader *r, const struct jval *o)
{
	const struct jval *choice = jval_items(jval_get(o, "choices"));
	const struct jval *usage = jval_get(o, "usage");

	usage_openai(&r->usage, jval_get(jval_get(o, "x_groq"), "usage"));
	usage_openai(&r->usage, jval_get(choice, "usage"));
	usage_openai(&r->usage, usage);
	if (usage && !choice)
		r->has_usage = true;
}

/* What Perplexity has found, beside the answer: docs.perplexity.ai. */
static void note_found(struct reader *r, const struct jval *o)
{
	static const char *const lists[] = { "citations", "search_results",
					     "images", "videos",
					     "related_questions" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (jval_items(jval_get(o, lists[i])))
			reader_dropped(r, span_of(lists[i]));
}

int openai_answer_event(struct reader *r, struct span name,
			const struct jval *o, struct err *e)
{
	const struct jval *choices = jval_get(o, "choices");

	if (span_is(name, "error") || error_is(o))
		return reader_error(r, o, e);
	read_usages(r, o);
	note_found(r, o);
	if (!jval_items(choices) && error_is_told(o))
		return reader_error(r, o, e);
	if (!jval_items(choices))
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

int openai_answer_read(struct reader *r, const struct jval *o, struct err *e)
{
	const struct jval *choices = jval_get(o, "choices");

	read_usages(r, o);
	note_found(r, o);
	if (!jval_items(choices) && error_is_told(o))
		return reader_error(r, o, e);
	if (!jval_items(choices))
		return err_set(e, ERR_UPSTREAM,
			       "the upstream's answer has no "
			       "choices");
	if (add_choices(r, o, true, e))
		return -1;
	return reader_finish(r, e);
}
