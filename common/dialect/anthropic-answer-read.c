/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/reader.h"
#include "dialect/stop-word.h"
#include "dialect/usage.h"

#include <string.h>

static void read_usage(struct reader *r, const struct jval *o)
{
	r->has_usage |= o != NULL;
	usage_anthropic(&r->usage, o);
}

static void read_stop(struct reader *r, const struct jval *o)
{
	struct span reason = jval_str(o, "stop_reason");
	const struct jval *details = jval_get(o, "stop_details");

	if (!reason.n)
		return;
	r->has_stop = true;
	r->stop = stop_word(reason);
	if (jval_str(o, "stop_sequence").n)
		r->stop_text = reader_copy(r, o, "stop_sequence");
	if (details)
		r->explanation = reader_copy(r, details, "explanation");
}

static struct slot *find(struct reader *r, int64_t index)
{
	for (struct slot *s = r->head; s; s = s->next)
		if (s->key == index && !s->ended)
			return s;
	return NULL;
}

static int feed(struct reader *r, struct slot *s, struct span text,
		struct err *e)
{
	return s && text.n ? reader_text(r, s, text, e) : 0;
}

static void read_citation(struct reader *r, struct slot *s,
			  const struct jval *o)
{
	struct citation c = { .url = jval_str(o, "url"),
			      .title = jval_str(o, "title"),
			      .quote = jval_str(o, "cited_text"),
			      .opaque = jval_str(o, "encrypted_index"),
			      .to = INT64_MAX };

	if (span_is(jval_str(o, "type"), "web_search_result_location"))
		reader_cite(r, s, c);
	else
		reader_dropped(r, SPAN("citations"));
}

static int start_text(struct reader *r, const struct jval *b, int64_t index,
		      struct err *e)
{
	const struct jval *cites = jval_get(b, "citations");
	struct slot *s = reader_open(r, PART_TEXT, index, e);

	if (!s)
		return -1;
	for (const struct jval *c = jval_items(cites); c;
	     c = jval_next(cites, c))
		read_citation(r, s, c);
	/* An empty block is opened by its first text. */
	return feed(r, s, reader_words(r, b, "text"), e);
}

static bool is_search(const struct jval *b)
{
	return span_is(jval_str(b, "type"), "server_tool_use") &&
	       span_is(jval_str(b, "name"), "web_search");
}

static int start_search(struct reader *r, const struct jval *b, int64_t index,
			struct err *e)
{
	struct slot *s = reader_search(r, index, jval_str(b, "id"), e);

	if (!s)
		return -1;
	if (jval_members(jval_get(b, "input")))
		s->given = arena_str(r->arena,
				     jval_said(r->arena, jval_get(b, "input")));
	return 0;
}

/* What a search has found ends it. */
static int read_results(struct reader *r, const struct jval *b, struct err *e)
{
	const struct jval *content = jval_get(b, "content");
	struct span id = jval_str(b, "tool_use_id");
	struct slot *s = r->all;

	while (s && (!s->search || s->ended || !span_eq(s->search->id, id)))
		s = s->older;
	if (!s)
		s = reader_search(r, -1, id, e);
	if (!s)
		return -1;
	s->search->error = arena_span(r->arena,
				      jval_str(content, "error_code"));
	reader_hits(r, s->search, content);
	return reader_close(r, s, e);
}

/* Some say it in a text. */
static struct span thought_of(struct reader *r, const struct jval *o)
{
	struct span said = reader_words(r, o, "thinking");

	return said.n ? said : reader_words(r, o, "text");
}

/* Compatible servers leave it out: what it has tells. */
static struct span type_of(const struct jval *o, bool delta)
{
	static const struct {
		const char *key, *block, *delta;
	} rows[] = {
		{ "thinking", "thinking", "thinking_delta" },
		{ "partial_json", "", "input_json_delta" },
		{ "input", "tool_use", "" },
		{ "text", "text", "text_delta" },
		{ "signature", "", "signature_delta" },
	};
	struct span type = jval_str(o, "type");

	for (size_t i = 0; !type.n && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (jval_get(o, rows[i].key))
			type = span_of(delta ? rows[i].delta : rows[i].block);
	return type;
}

/* A block as it starts, or as it stands whole in an answer. */
static int start_block(struct reader *r, const struct jval *b, int64_t index,
		       struct err *e)
{
	struct span type = type_of(b, false);
	const struct jval *input = jval_get(b, "input");
	struct slot *s = NULL;

	if (span_is(type, "text"))
		return start_text(r, b, index, e);
	if (is_search(b))
		return start_search(r, b, index, e);
	if (span_is(type, "web_search_tool_result"))
		return read_results(r, b, e);
	if (span_is(type, "thinking")) {
		s = reader_open(r, PART_THINKING, index, e);
		if (!s)
			return -1;
		s->seal = SEAL_CLAUDE;
		s->signature = reader_copy(r, b, "signature");
		return reader_text(r, s, thought_of(r, b), e);
	}
	if (span_is(type, "redacted_thinking")) {
		s = reader_open(r, PART_REDACTED, index, e);
		return s ? reader_text(r, s, jval_str(b, "data"), e) : -1;
	}
	if (!span_is(type, "tool_use")) {
		/* The provider's own tools, and what is to come. */
		reader_dropped(r, type);
		return 0;
	}
	s = reader_open(r, PART_TOOL_USE, index, e);
	if (!s)
		return -1;
	s->id = reader_copy(r, b, "id");
	s->name = reader_copy(r, b, "name");
	if (jval_members(input) || (input && !jval_is(input, JVAL_OBJECT)))
		s->given = arena_str(r->arena, jval_said(r->arena, input));
	return reader_text(r, s, SPAN(""), e);
}

static enum part_kind kind_of(struct span type)
{
	if (span_is(type, "thinking_delta"))
		return PART_THINKING;
	return span_is(type, "text_delta") ? PART_TEXT : PART_TOOL_USE;
}

/* The block of a piece. Text and thinking have come without the start of their
 * block, and within a block of the other kind. */
static struct slot *block_of(struct reader *r, int64_t index, struct span type,
			     struct err *e)
{
	struct slot *s = find(r, index);
	enum part_kind kind = kind_of(type);

	if (kind == PART_TOOL_USE || (s && s->kind == kind) ||
	    (s && s->kind != PART_TEXT && s->kind != PART_THINKING))
		return s;
	if (s && reader_close(r, s, e))
		return NULL;
	s = reader_open(r, kind, index, e);
	if (s && kind == PART_THINKING)
		s->seal = SEAL_CLAUDE;
	return s;
}

static int delta(struct reader *r, const struct jval *o, struct err *e)
{
	const struct jval *d = jval_get(o, "delta");
	struct span type = type_of(d, true);
	struct slot *s;

	e->code = ERR_NONE;
	s = block_of(r, jval_int(o, "index", -1), type, e);
	if (!s)
		return e->code ? -1 : 0;
	if (span_is(type, "citations_delta"))
		read_citation(r, s, jval_get(d, "citation"));
	if (span_is(type, "text_delta") && s->kind == PART_TEXT)
		return feed(r, s, reader_words(r, d, "text"), e);
	if (span_is(type, "thinking_delta") && s->kind == PART_THINKING)
		return feed(r, s, thought_of(r, d), e);
	if (span_is(type, "input_json_delta") &&
	    (s->kind == PART_TOOL_USE || s->kind == PART_SEARCH))
		return feed(r, s,
			    jval_said(r->arena, jval_get(d, "partial_json")),
			    e);
	if (span_is(type, "signature_delta") && s->kind == PART_THINKING)
		s->signature = reader_copy(r, d, "signature");
	return 0;
}

static int stop_block(struct reader *r, struct slot *s, struct err *e)
{
	/* A search ends with its results. */
	return s && !s->search ? reader_close(r, s, e) : 0;
}

/* A text without its block. */
static int whole_text(struct reader *r, const struct jval *text, int64_t index,
		      struct err *e)
{
	struct slot *s = reader_open(r, PART_TEXT, index, e);

	return s ? feed(r, s, jval_text(text), e) : -1;
}

static int whole_content(struct reader *r, const struct jval *content,
			 struct err *e)
{
	int64_t i = 0;

	if (jval_is(content, JVAL_STRING))
		return whole_text(r, content, 0, e);
	for (const struct jval *b = reader_first(content); b;
	     b = reader_next(content, b), i++)
		if ((jval_is(b, JVAL_STRING) ? whole_text(r, b, i, e)
					     : start_block(r, b, i, e)) ||
		    stop_block(r, find(r, i), e))
			return -1;
	return 0;
}

static int message_start(struct reader *r, const struct jval *m, struct err *e)
{
	const char *id = reader_copy(r, m, "id");

	if (r->started) {
		if (strcmp(id, r->id) == 0)
			return 0;
		return err_set(e, ERR_UPSTREAM,
			       "the upstream began a second "
			       "message");
	}
	r->id = id;
	r->model = reader_copy(r, m, "model");
	read_usage(r, jval_get(m, "usage"));
	if (jval_items(jval_get(m, "tool_calls")))
		reader_dropped(r, SPAN("tool_calls")); /* Chat's */
	if (reader_start(r, e))
		return -1;
	read_stop(r, m);
	/* With programmatic tool calls the whole message may stand here. */
	return whole_content(r, jval_get(m, "content"), e);
}

int anthropic_answer_event(struct reader *r, struct span name,
			   const struct jval *o, struct err *e)
{
	struct span type = jval_str(o, "type");
	struct ev ping = { .kind = EV_PING };

	if (!type.n) /* compatible servers leave out the one or the other */
		type = jval_get(o, "error") ? SPAN("error") : name;
	if (span_is(type, "content_block_delta"))
		return delta(r, o, e);
	if (span_is(type, "content_block_start"))
		return start_block(r, jval_get(o, "content_block"),
				   jval_int(o, "index", -1), e);
	if (span_is(type, "content_block_stop"))
		return stop_block(r, find(r, jval_int(o, "index", -1)), e);
	if (span_is(type, "message_start"))
		return message_start(r, jval_get(o, "message"), e);
	if (span_is(type, "message_delta")) {
		read_stop(r, jval_get(o, "delta"));
		read_usage(r, jval_get(o, "usage"));
		return 0;
	}
	if (span_is(type, "message_stop"))
		return reader_finish(r, e);
	if (span_is(type, "error"))
		return reader_error(r, o, e);
	if (span_is(type, "ping") && r->started)
		return r->sink(r->arg, &ping, e);
	return 0;
}

int anthropic_answer_end(struct reader *r, struct err *e)
{
	if (r->has_stop)
		return reader_finish(r, e);
	return err_set(e, ERR_RESET,
		       "the stream ended early, without its "
		       "final event");
}

int anthropic_answer_read(struct reader *r, const struct jval *o, struct err *e)
{
	const struct jval *content = jval_get(o, "content");

	if (!jval_is(content, JVAL_ARRAY) && !jval_members(content) &&
	    !jval_text(content).n)
		return err_set(e, ERR_UPSTREAM,
			       "the upstream's answer is not "
			       "a message");
	if (message_start(r, o, e))
		return -1;
	return reader_finish(r, e);
}
