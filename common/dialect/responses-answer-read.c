/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/fnv.h"
#include "base/jw.h"
#include "base/utf8.h"
#include "dialect/chat.h"
#include "dialect/reader.h"
#include "dialect/usage.h"

#include <stdint.h>
#include <string.h>

/* Of what has neither an index nor an id. */
static int64_t key_of_none(void)
{
	return (int64_t)(fnv(FNV_START, SPAN("")) >> 1);
}

/* Items are told apart by output_index: their ids may change on the way. A
 * server that leaves it out keeps the ids. */
static int64_t key_of(struct reader *r, const struct jval *o)
{
	struct span id = jval_str(o, "item_id");

	if (jval_get(o, "output_index"))
		return jval_int(o, "output_index", 0);
	if (!id.n)
		id = jval_str(jval_get(o, "item"), "id");
	if (!id.n)
		id = jval_str(o, "id");
	r->by_id = true;
	return (int64_t)(fnv(FNV_START, id) >> 1);
}

static struct slot *find(struct reader *r, int64_t key, enum part_kind kind)
{
	for (struct slot *s = reader_keyed(r, key); s; s = s->near)
		if (s->key == key && s->kind == kind)
			return s;
	return NULL;
}

static bool is_done(struct reader *r, int64_t key)
{
	for (struct slot *s = reader_keyed(r, key); s; s = s->near)
		if (s->key == key && s->ended)
			return true;
	return false;
}

/* A piece that does not say of what it is goes on with the latest of its kind,
 * or begins one that has its key for itself. */
static int64_t latest(struct reader *r, int64_t key, enum part_kind kind)
{
	struct slot *s = r->all;

	if (key != key_of_none())
		return key;
	while (s && (s->kind != kind || s->ended))
		s = s->older;
	return s ? s->key : key + kind;
}

/* In its own API the first part of an item keeps its id: a second one becomes
 * an item too, and clients tell items apart by their ids. */
static bool is_had(struct reader *r, const struct slot *by, const char *id)
{
	for (struct slot *s = reader_keyed(r, by->key); s; s = s->near)
		if (s != by && s->key == by->key && strcmp(s->item, id) == 0)
			return true;
	return false;
}

static struct slot *need(struct reader *r, int64_t index, enum part_kind kind,
			 struct err *e)
{
	struct slot *s = find(r, index, kind);

	if (s && !s->ended)
		return s;
	s = reader_open(r, kind, index, e);
	if (s && r->item && !is_had(r, s, r->item))
		s->item = r->item;
	return s;
}

static int add(struct reader *r, int64_t index, enum part_kind kind,
	       struct span text, struct err *e)
{
	struct slot *s;

	if (!text.n)
		return 0;
	s = need(r, index, kind, e);
	return s ? reader_text(r, s, text, e) : -1;
}

/* What an item is; some servers leave it to be seen. */
static struct span type_of(const struct jval *item)
{
	struct span type = jval_str(item, "type");

	if (type.n)
		return type;
	if (jval_get(item, "arguments"))
		return SPAN("function_call");
	return jval_get(item, "content") ? SPAN("message") : type;
}

static bool is_custom(struct span type)
{
	return span_is(type, "custom_tool_call");
}

static bool is_call(struct span type)
{
	return span_is(type, "function_call") || is_custom(type);
}

static int start_call(struct reader *r, const struct jval *item, int64_t index,
		      struct err *e)
{
	bool custom = is_custom(type_of(item));
	struct slot *s = need(r, index, PART_TOOL_USE, e);
	struct span text;

	if (!s)
		return -1;
	s->custom = custom;
	if (!*s->id)
		s->id = reader_copy(r, item, "call_id");
	if (!*s->name)
		s->name = reader_copy(r, item, "name");
	text = jval_said(r->arena,
			 jval_get(item, custom ? "input" : "arguments"));
	if (text.n)
		s->given = arena_str(r->arena, text);
	return reader_text(r, s, SPAN(""), e);
}

/* Is this kind of text already there, from deltas? */
static bool has_text(struct reader *r, int64_t index, enum part_kind kind)
{
	const struct slot *s = find(r, index, kind);

	return s && s->got_text;
}

/* Text of parts that came without deltas. */
static int add_missing(struct reader *r, const struct jval *parts,
		       int64_t index, bool thinking, struct err *e)
{
	bool have[2] = { has_text(r, index,
				  thinking ? PART_THINKING : PART_TEXT),
			 has_text(r, index, PART_REFUSAL) };

	if (jval_is(parts, JVAL_STRING) && !have[0])
		return add(r, index, thinking ? PART_THINKING : PART_TEXT,
			   jval_text(parts), e);
	for (const struct jval *p = reader_first(parts); p;
	     p = reader_next(parts, p)) {
		bool refusal = span_is(jval_str(p, "type"), "refusal");
		enum part_kind kind = refusal  ? PART_REFUSAL
				    : thinking ? PART_THINKING
					       : PART_TEXT;

		if (have[refusal])
			continue;
		r->refused |= refusal;
		if (thinking && p != reader_first(parts) &&
		    add(r, index, kind, SPAN("\n\n"), e))
			return -1;
		if (add(r, index, kind,
			reader_words(r, p, refusal ? "refusal" : "text"), e))
			return -1;
	}
	return 0;
}

/* Each part counts its own characters. Named when they come without text. */
static void add_citations(struct reader *r, const struct jval *parts,
			  int64_t index)
{
	struct slot *s = find(r, index, PART_TEXT);
	int64_t before = 0;

	for (const struct jval *p = jval_items(parts); p && (!s || !s->cites);
	     p = jval_next(parts, p)) {
		struct span said = jval_str(p, "text");

		if (s)
			s->base = -before;
		reader_annotations(r, s, jval_get(p, "annotations"));
		before += (int64_t)utf8_chars(said);
	}
}

/* As its provider takes it back. */
static const char *reasoning_item(struct reader *r, const struct jval *item)
{
	const struct jval *summary = jval_get(item, "summary");
	const struct jval *content = jval_get(item, "content");
	struct buf text;
	struct jw w = jw_to(&text);
	const char *out;

	buf_init(&text, READER_PENDING_MAX);
	jw_obj(&w);
	jw_kcstr(&w, "type", "reasoning");
	if (jval_str(item, "id").n)
		jw_kstr(&w, "id", jval_str(item, "id"));
	jw_key(&w, "summary");
	if (jval_is(summary, JVAL_ARRAY))
		jval_write(&w, summary);
	else
		jw_raw(&w, SPAN("[]"));
	if (jval_length(content)) {
		jw_key(&w, "content");
		jval_write(&w, content);
	}
	jw_kstr(&w, "encrypted_content", jval_str(item, "encrypted_content"));
	jw_obj_end(&w);
	if (text.full)
		r->arena->full = true;
	out = arena_str(r->arena, buf_get(&text));
	buf_release(&text);
	return out;
}

static int add_reasoning(struct reader *r, const struct jval *item,
			 int64_t index, struct err *e)
{
	struct span sealed = jval_str(item, "encrypted_content");
	struct slot *s;

	if (add_missing(r, jval_get(item, "summary"), index, true, e) ||
	    add_missing(r, jval_get(item, "content"), index, true, e))
		return -1;
	if (!sealed.n)
		return 0;
	s = need(r, index, PART_THINKING, e);
	if (!s)
		return -1;
	s->seal = SEAL_OPENAI;
	s->signature = r->own ? arena_str(r->arena, sealed)
			      : reasoning_item(r, item);
	return reader_text(r, s, SPAN(""), e);
}

static int close_index(struct reader *r, const struct jval *item, int64_t index,
		       struct err *e)
{
	const char *id = reader_copy(r, item, "id");

	for (struct slot *s = reader_keyed(r, index); s; s = s->near) {
		if (s->key != index || s->ended)
			continue;
		if (!r->own || !is_had(r, s, id))
			s->item = id;
		s->phase = reader_copy(r, item, "phase");
		s->ended = true;
	}
	return reader_pump(r, e);
}

static int add_search(struct reader *r, const struct jval *item, int64_t index,
		      struct err *e)
{
	const struct jval *action = jval_get(item, "action");
	struct slot *s = reader_search(r, index, jval_str(item, "id"), e);
	struct span query = jval_str(action, "query");

	if (!s)
		return -1;
	if (!query.n)
		query = jval_text(jval_at(jval_get(action, "queries"), 0));
	s->search->query = arena_span(r->arena, query);
	s->search->item = arena_span(r->arena, jval_said(r->arena, item));
	if (span_is(jval_str(item, "status"), "failed"))
		s->search->error = SPAN("unavailable");
	reader_hits(r, s->search, jval_get(action, "sources"));
	return 0;
}

static void begin_item(struct reader *r, const struct jval *item)
{
	if (r->own)
		r->item = reader_copy(r, item, "id");
}

/* A finished item: what its deltas left out, and its end. */
static int item_done(struct reader *r, const struct jval *item, int64_t index,
		     struct err *e)
{
	struct span type = type_of(item);

	begin_item(r, item);
	if (span_is(type, "message")) {
		if (add_missing(r, jval_get(item, "content"), index, false, e))
			return -1;
		add_citations(r, jval_get(item, "content"), index);
	} else if (span_is(type, "reasoning")) {
		if (add_reasoning(r, item, index, e))
			return -1;
	} else if (is_call(type)) {
		if (start_call(r, item, index, e))
			return -1;
	} else if (span_is(type, "web_search_call")) {
		if (add_search(r, item, index, e))
			return -1;
	} else {
		reader_dropped(r, type); /* a tool that runs at the provider */
		return 0;
	}
	return close_index(r, item, index, e);
}

/* A whole answer that is none: -1 and what it is. Its own words for a failure
 * are taken first (error_is). */
static int check_status(const struct jval *o, struct err *e)
{
	struct span status = jval_str(o, "status");

	if (span_is(status, "queued") || span_is(status, "in_progress"))
		return err_set(
			e, ERR_UPSTREAM,
			"the upstream has not finished its answer (%.*s)",
			SPAN_FMT(status));
	if (span_is(status, "cancelled") || span_is(status, "failed"))
		return err_set(e, ERR_UPSTREAM,
			       "the upstream ended its answer as %.*s",
			       SPAN_FMT(status));
	return 0;
}

static void read_status(struct reader *r, const struct jval *o)
{
	struct span why = jval_str(jval_get(o, "incomplete_details"), "reason");

	r->has_stop = true;
	r->stop = STOP_END;
	if (!span_is(jval_str(o, "status"), "incomplete"))
		return;
	r->stop = span_is(why, "content_filter") ? STOP_REFUSAL
						 : STOP_MAX_TOKENS;
}

static void read_head(struct reader *r, const struct jval *o)
{
	if (r->started)
		return;
	r->id = reader_copy(r, o, "id");
	r->model = reader_copy(r, o, "model");
}

/* What events an item of the final response is made of. */
static enum part_kind kind_of(const struct jval *item)
{
	struct span type = type_of(item);

	if (span_is(type, "message"))
		return PART_TEXT;
	if (span_is(type, "reasoning"))
		return PART_THINKING;
	return is_call(type) ? PART_TOOL_USE : PART_SEARCH;
}

static bool is_of(const struct slot *s, enum part_kind kind)
{
	return s->kind == kind ||
	       (kind == PART_TEXT && s->kind == PART_REFUSAL);
}

static bool is_known(struct reader *r, int64_t key, enum part_kind kind)
{
	for (struct slot *s = reader_keyed(r, key); s; s = s->near)
		if (s->key == key && is_of(s, kind))
			return true;
	return false;
}

/* An item ends under a name that its events had not: it is the open one. */
static int64_t key_of_done(struct reader *r, const struct jval *item,
			   int64_t key)
{
	enum part_kind kind = kind_of(item);
	struct slot *s = r->all;

	if (!r->by_id || is_known(r, key, kind))
		return key;
	while (s && (s->ended || !is_of(s, kind)))
		s = s->older;
	return s ? s->key : key;
}

/* The final response, beside what has come of it so far. */
struct output {
	struct slot **slots; /* in order */
	size_t n;
	size_t next[PART_TOOL_RESULT + 1]; /* of each kind */
};

static int64_t key_at(struct reader *r, const struct jval *item, int64_t i)
{
	return r->by_id ? key_of(r, item) : i;
}

static struct output output_of(struct reader *r, const struct jval *items)
{
	struct output o = { .n = r->slots };
	size_t n = o.n;
	int64_t i = 0;

	o.slots = arena_try(r->arena, (n + 1) * sizeof(*o.slots));
	if (!o.slots) /* the arena says so */
		n = o.n = 0;
	for (struct slot *s = r->all; s && n; s = s->older)
		o.slots[--n] = s;
	for (const struct jval *item = jval_items(items); item;
	     item = jval_next(items, item), i++) {
		int64_t key = key_at(r, item, i);
		enum part_kind kind = kind_of(item);

		for (struct slot *s = reader_keyed(r, key); s; s = s->near)
			s->named |= s->key == key && is_of(s, kind);
	}
	return o;
}

/* Is the slot the beginning of an item? A refusal lies beside its text. */
static bool begins_item(const struct slot *s, enum part_kind kind)
{
	if (s->named || !is_of(s, kind))
		return false;
	for (const struct slot *o = s->near; o; o = o->near)
		if (o->key == s->key && o->kind != s->kind && is_of(o, kind))
			return false;
	return true;
}

/* The events so far may number, or name, the items in another way than the
 * final response: what no item of it names is then the next of its kind. */
static int64_t next_of(struct output *o, enum part_kind kind, int64_t i)
{
	while (o->next[kind] < o->n) {
		const struct slot *s = o->slots[o->next[kind]++];

		if (begins_item(s, kind))
			return s->key;
	}
	return INT64_MIN + i; /* nothing has come of it */
}

/* Some servers send items, or the end of them, only in the final response. */
static int add_output(struct reader *r, const struct jval *items, struct err *e)
{
	struct output o = output_of(r, items);
	int64_t i = 0;

	for (const struct jval *item = jval_items(items); item;
	     item = jval_next(items, item), i++) {
		int64_t key = key_at(r, item, i);
		enum part_kind kind = kind_of(item);

		if (o.n && !is_known(r, key, kind))
			key = next_of(&o, kind, i);
		if (!is_done(r, key) && item_done(r, item, key, e))
			return -1;
	}
	return 0;
}

/* What SDKs add to a response is all that some servers send of it. */
static int add_text(struct reader *r, const struct jval *o, struct err *e)
{
	struct span text = jval_str(o, "output_text");
	struct slot *s;

	if (!text.n)
		text = jval_str(o, "output");
	if (!text.n || r->slots)
		return 0;
	s = reader_open(r, PART_TEXT, 0, e);
	return s && !reader_text(r, s, text, e) ? 0 : -1;
}

static int final(struct reader *r, const struct jval *o, struct err *e)
{
	if (span_is(jval_str(o, "status"), "cancelled") ||
	    span_is(jval_str(o, "status"), "failed"))
		return check_status(o, e);
	read_head(r, o);
	r->has_usage |= jval_get(o, "usage") != NULL;
	usage_responses(&r->usage, jval_get(o, "usage"));
	read_status(r, o);
	if (reader_start(r, e) || add_output(r, jval_get(o, "output"), e) ||
	    add_text(r, o, e))
		return -1;
	return reader_finish(r, e);
}

/* Text comes as deltas, or whole with the event that ends it. */
static const struct {
	const char *type;
	enum part_kind kind;
	const char *whole; /* member of the ending event */
} texts[] = {
	{ "response.output_text.", PART_TEXT, "text" },
	{ "response.function_call_arguments.", PART_TOOL_USE, "arguments" },
	{ "response.custom_tool_call_input.", PART_TOOL_USE, "input" },
	{ "response.reasoning_summary_text.", PART_THINKING, "text" },
	{ "response.reasoning_text.", PART_THINKING, "text" },
	{ "response.reasoning_summary.", PART_THINKING, "text" },
	{ "response.reasoning_content.", PART_THINKING, "text" },
	{ "response.reasoning.", PART_THINKING, "text" },
	{ "response.refusal.", PART_REFUSAL, "refusal" },
};

static int part_done(struct reader *r, const struct jval *part, int64_t key,
		     struct err *e)
{
	bool thinking = span_is(jval_str(part, "type"), "reasoning_text");

	key = latest(r, key, thinking ? PART_THINKING : PART_TEXT);
	return add_missing(r, part, key, thinking, e);
}

static int text(struct reader *r, const struct jval *o, struct span type,
		int64_t key, struct err *e)
{
	if (span_is(type, "response.content_part.done"))
		return part_done(r, jval_get(o, "part"), key, e);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = strlen(texts[i].type);
		struct span end = span_skip(type, n);

		if (!span_starts(type, texts[i].type))
			continue;
		if (texts[i].kind == PART_REFUSAL)
			r->refused = true;
		key = latest(r, key, texts[i].kind);
		if (span_is(end, "delta"))
			return add(r, key, texts[i].kind, jval_str(o, "delta"),
				   e);
		if (span_is(end, "done") && !has_text(r, key, texts[i].kind))
			return add(r, key, texts[i].kind,
				   jval_str(o, texts[i].whole), e);
		return 0;
	}
	return 0;
}

/* Citations count from here. */
static void begin_part(struct slot *s)
{
	if (s)
		s->base = -s->chars;
}

/* The second summary part begins a new paragraph. */
static int summary_part(struct reader *r, const struct jval *o, struct err *e)
{
	if (jval_int(o, "summary_index", 0) == 0)
		return 0;
	return add(r, key_of(r, o), PART_THINKING, SPAN("\n\n"), e);
}

int responses_answer_event(struct reader *r, struct span name,
			   const struct jval *o, struct err *e)
{
	struct span type = jval_str(o, "type");
	const struct jval *item = jval_get(o, "item");
	const struct jval *response = jval_get(o, "response");
	int64_t index;

	if (!type.n)
		type = name;
	if (span_is(type, "response.created")) {
		read_head(r, response);
		return reader_start(r, e);
	}
	if (span_is(type, "response.completed") ||
	    span_is(type, "response.incomplete") ||
	    span_is(type, "response.done"))
		return final(r, response, e);
	if (span_is(type, "response.failed"))
		return reader_error(r, response, e);
	if (span_is(type, "response.cancelled"))
		return err_set(e, ERR_UPSTREAM,
			       "the upstream cancelled its answer");
	if (span_is(type, "error"))
		return reader_error(r, o, e);
	if (response)
		return 0;
	index = key_of(r, o);
	if (span_is(type, "response.output_item.added"))
		begin_item(r, item);
	if (span_is(type, "response.output_item.added"))
		return is_call(type_of(item)) ? start_call(r, item, index, e)
					      : 0;
	if (span_is(type, "response.content_part.added"))
		begin_part(find(r, index, PART_TEXT));
	if (span_is(type, "response.output_text.annotation.added"))
		reader_annotation(r, find(r, index, PART_TEXT),
				  jval_get(o, "annotation"));
	if (span_is(type, "response.output_item.done"))
		return item_done(r, item, key_of_done(r, item, index), e);
	if (span_is(type, "response.reasoning_summary_part.added"))
		return summary_part(r, o, e);
	return text(r, o, type, index, e);
}

int responses_answer_end(struct reader *r, struct err *e)
{
	(void)r;
	return err_set(e, ERR_RESET,
		       "the stream ended early, without its "
		       "final event");
}

int responses_answer_read(struct reader *r, const struct jval *o, struct err *e)
{
	if (!jval_is(jval_get(o, "output"), JVAL_ARRAY) &&
	    !jval_str(o, "output").n)
		return err_set(e, ERR_UPSTREAM,
			       "the upstream's answer is not "
			       "a response");
	return check_status(o, e) ? -1 : final(r, o, e);
}
