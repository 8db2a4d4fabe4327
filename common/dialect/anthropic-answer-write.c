/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "dialect/anthropic-write.h"

#include <ctype.h>
#include <stdio.h>

static const char *stop_reason(enum stop_kind stop)
{
	switch (stop) {
	case STOP_END:
		return "end_turn";
	case STOP_TOOL_USE:
		return "tool_use";
	case STOP_MAX_TOKENS:
		return "max_tokens";
	case STOP_SEQUENCE:
		return "stop_sequence";
	case STOP_REFUSAL:
		return "refusal";
	}
	return "end_turn";
}

static void put_usage(struct jw *w, const struct usage *u)
{
	jw_key(w, "usage");
	jw_obj(w);
	jw_kint(w, "input_tokens", u->input);
	jw_kint(w, "cache_creation_input_tokens", u->cache_write);
	jw_kint(w, "cache_read_input_tokens", u->cache_read);
	jw_kint(w, "output_tokens", u->output);
	if (u->reasoning) {
		jw_key(w, "output_tokens_details");
		jw_obj(w);
		jw_kint(w, "thinking_tokens", u->reasoning);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

/* Open an event; the caller adds members and calls end_event. */
static struct jw event(struct writer *w, const char *type)
{
	struct jw j = jw_to(w->out);

	dialect_event_name(w->out, type);
	buf_str(w->out, "data: ");
	jw_obj(&j);
	jw_kcstr(&j, "type", type);
	return j;
}

static void end_event(struct jw *j)
{
	jw_obj_end(j);
	buf_str(j->out, "\n\n");
}

static void message_head(struct jw *j, const struct writer *w)
{
	jw_kcstr(j, "id", w->id);
	jw_kcstr(j, "type", "message");
	jw_kcstr(j, "role", "assistant");
	jw_kcstr(j, "model", w->model);
}

static void start(struct writer *w, const struct ev *v)
{
	struct jw j = event(w, "message_start");

	jw_key(&j, "message");
	jw_obj(&j);
	message_head(&j, w);
	jw_key(&j, "content");
	jw_arr(&j);
	jw_arr_end(&j);
	jw_knull(&j, "stop_reason");
	jw_knull(&j, "stop_sequence");
	put_usage(&j, &v->usage);
	jw_obj_end(&j);
	end_event(&j);
}

static struct jw start_block(struct writer *w)
{
	struct jw j = event(w, "content_block_start");

	jw_kint(&j, "index", w->blocks++);
	jw_key(&j, "content_block");
	return j;
}

static void open_block(struct writer *w, const struct ev *v)
{
	struct jw j = start_block(w);

	w->args = w->held = false;
	buf_reset(&w->text);
	jw_obj(&j);
	switch (v->part) {
	case PART_TEXT:
	case PART_REFUSAL:
		jw_kcstr(&j, "type", "text");
		jw_kcstr(&j, "text", "");
		break;
	case PART_THINKING:
		jw_kcstr(&j, "type", "thinking");
		jw_kcstr(&j, "thinking", "");
		jw_kcstr(&j, "signature", "");
		break;
	case PART_REDACTED:
		jw_kcstr(&j, "type", "redacted_thinking");
		jw_kstr(&j, "data", v->text);
		break;
	case PART_TOOL_USE:
		jw_kcstr(&j, "type", "tool_use");
		jw_kstr(&j, "id", v->id);
		jw_kstr(&j, "name", v->name);
		jw_key(&j, "input");
		jw_raw(&j, SPAN("{}"));
		break;
	case PART_SEARCH:
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_TOOL_RESULT:
		break; /* in events of its own, or in requests only */
	}
	jw_obj_end(&j);
	end_event(&j);
}

/* Most of a stream: what is the same each time is not put together anew. */
static void delta(struct writer *w, const char *type, const char *key,
		  struct span text)
{
	struct buf *out = w->out;
	struct jw j = jw_to(out);

	buf_str(out, "event: content_block_delta\n"
		     "data: {\"type\":\"content_block_delta\",\"index\":");
	buf_int(out, w->blocks - 1);
	buf_str(out, ",\"delta\":{\"type\":\"");
	buf_str(out, type);
	buf_str(out, "\",\"");
	buf_str(out, key);
	buf_str(out, "\":");
	jw_str(&j, text);
	buf_str(out, "}}\n\n");
}

/* Free text is the string in {"input": ...}, whose end comes last. */
static void free_text(struct writer *w, struct span text)
{
	struct buf json;

	buf_init(&json, WRITER_TEXT_MAX);
	if (!w->args)
		buf_str(&json, "{\"input\":\"");
	w->args = true;
	jw_escape(&json, text);
	if (json.full)
		buf_starve(w->out);
	delta(w, "input_json_delta", "partial_json", buf_get(&json));
	buf_release(&json);
}

static void end_free_text(struct writer *w)
{
	if (!w->args)
		free_text(w, SPAN(""));
	delta(w, "input_json_delta", "partial_json", SPAN("\"}"));
}

/* What begins like a string may be an object that was made text once too often:
 * it is known at its end. */
static void arguments(struct writer *w, struct span text)
{
	struct span said = span_trim(text);

	if (!w->args && said.n) {
		w->args = true;
		w->held = *said.p == '"';
	}
	if (w->held)
		buf_span(&w->text, text);
	else
		delta(w, "input_json_delta", "partial_json", text);
}

static void end_arguments(struct writer *w)
{
	struct span text = buf_get(&w->text);
	struct buf inner;
	struct jw j = jw_to(&inner);

	if (!w->held)
		return;
	buf_init(&inner, WRITER_TEXT_MAX);
	if (write_inner(&j, span_trim(text)))
		text = buf_get(&inner);
	if (w->text.full || inner.full)
		buf_starve(w->out);
	delta(w, "input_json_delta", "partial_json", text);
	buf_release(&inner);
	w->held = false;
}

static void block_delta(struct writer *w, const struct ev *v)
{
	switch (v->part) {
	case PART_TEXT:
	case PART_REFUSAL:
		delta(w, "text_delta", "text", v->text);
		break;
	case PART_THINKING:
		delta(w, "thinking_delta", "thinking", v->text);
		break;
	case PART_TOOL_USE:
		if (v->custom)
			free_text(w, v->text);
		else
			arguments(w, v->text);
		break;
	case PART_REDACTED:
		break; /* its data stands in the start event */
	case PART_SEARCH:
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_TOOL_RESULT:
		break; /* in events of its own, or in requests only */
	}
}

static void stop_block(struct writer *w)
{
	struct jw j = event(w, "content_block_stop");

	jw_kint(&j, "index", w->blocks - 1);
	end_event(&j);
}

static void close_block(struct writer *w, const struct ev *v)
{
	if (v->part == PART_TOOL_USE && v->custom)
		end_free_text(w);
	else if (v->part == PART_TOOL_USE)
		end_arguments(w);
	if (v->part == PART_THINKING && v->text.n)
		delta(w, "signature_delta", "signature", v->text);
	stop_block(w);
}

/* What another provider has not given, and its own would refuse: mend.h. */
static struct span opaque(struct span s)
{
	return s.n ? s : SPAN(SEAL_EMPTY);
}

void anthropic_citation(struct jw *j, const struct citation *c)
{
	jw_obj(j);
	jw_kcstr(j, "type", "web_search_result_location");
	jw_kstr(j, "url", c->url);
	jw_kstr(j, "title", c->title);
	jw_kstr(j, "cited_text", c->quote);
	jw_kstr(j, "encrypted_index", opaque(c->opaque));
	jw_obj_end(j);
}

static void cite(struct writer *w, const struct ev *v)
{
	struct jw j = event(w, "content_block_delta");

	jw_kint(&j, "index", w->blocks - 1);
	jw_key(&j, "delta");
	jw_obj(&j);
	jw_kcstr(&j, "type", "citations_delta");
	jw_key(&j, "citation");
	anthropic_citation(&j, v->cite);
	jw_obj_end(&j);
	end_event(&j);
}

/* Other providers' ids may hold what is refused in these. */
static void put_search_id(struct jw *j, const char *key, struct span id)
{
	char text[128];
	size_t n = 0;

	if (!span_starts(id, "srvtoolu_"))
		n = (size_t)snprintf(text, sizeof(text), "%s%s",
				     ANTHROPIC_SEARCH_ID,
				     span_starts(id, "ws_") ? "" : "_");
	if (span_starts(id, "ws_"))
		id = span_skip(id, 2);
	for (size_t i = 0; i < id.n && n < sizeof(text) - 1; i++)
		text[n++] = isalnum((unsigned char)id.p[i]) ? id.p[i] : '_';
	jw_kstr(j, key, (struct span){ text, n });
}

static void put_call(struct jw *j, const struct web_search *s, bool query)
{
	jw_obj(j);
	jw_kcstr(j, "type", "server_tool_use");
	put_search_id(j, "id", s->id);
	jw_kcstr(j, "name", "web_search");
	jw_key(j, "input");
	jw_obj(j);
	if (query)
		jw_kstr(j, "query", s->query);
	jw_obj_end(j);
	jw_obj_end(j);
}

static void put_hit(struct jw *j, const struct search_hit *hit)
{
	jw_obj(j);
	jw_kcstr(j, "type", "web_search_result");
	jw_kstr(j, "url", hit->url);
	jw_kstr(j, "title", hit->title.n ? hit->title : hit->url);
	jw_kstr(j, "encrypted_content", opaque(hit->opaque));
	jw_key(j, "page_age");
	if (hit->age.n)
		jw_str(j, hit->age);
	else
		jw_null(j);
	jw_obj_end(j);
}

static void put_results(struct jw *j, const struct web_search *s)
{
	jw_obj(j);
	jw_kcstr(j, "type", "web_search_tool_result");
	put_search_id(j, "tool_use_id", s->id);
	jw_key(j, "content");
	if (s->error.n) {
		jw_obj(j);
		jw_kcstr(j, "type", "web_search_tool_result_error");
		jw_kstr(j, "error_code", s->error);
		jw_obj_end(j);
	} else {
		jw_arr(j);
		for (size_t i = 0; i < s->n; i++)
			put_hit(j, &s->hits[i]);
		jw_arr_end(j);
	}
	jw_obj_end(j);
}

struct span anthropic_search_blocks(struct arena *a, const struct web_search *s)
{
	struct span out;
	struct buf b;
	struct jw j = jw_to(&b);

	if (!s->n || !s->hits[0].opaque.n)
		return SPAN("");
	buf_init(&b, WRITER_TEXT_MAX);
	put_call(&j, s, s->query.n > 0);
	put_results(&j, s);
	out = b.full ? SPAN("") : arena_all(a, &b);
	buf_release(&b);
	return out;
}

bool anthropic_says(const struct web_search *s)
{
	return s->query.n > 0;
}

/* The call with its input, and what was found. */
static void search(struct writer *w, const struct ev *v)
{
	const struct web_search *s = v->search;
	struct buf input;
	struct jw j;

	if (!anthropic_says(s))
		return;
	j = start_block(w);
	put_call(&j, s, false);
	end_event(&j);
	buf_init(&input, WRITER_TEXT_MAX);
	j = jw_to(&input);
	jw_obj(&j);
	jw_kstr(&j, "query", s->query);
	jw_obj_end(&j);
	delta(w, "input_json_delta", "partial_json", buf_get(&input));
	buf_release(&input);
	stop_block(w);
	j = start_block(w);
	put_results(&j, s);
	end_event(&j);
	stop_block(w);
}

static void finish(struct writer *w, const struct ev *v)
{
	struct jw j = event(w, "message_delta");

	jw_key(&j, "delta");
	jw_obj(&j);
	jw_kcstr(&j, "stop_reason", stop_reason(v->stop));
	jw_key(&j, "stop_sequence");
	if (v->text.n)
		jw_str(&j, v->text);
	else
		jw_null(&j);
	jw_obj_end(&j);
	put_usage(&j, &v->usage);
	end_event(&j);
	j = event(w, "message_stop");
	end_event(&j);
}

static void put_citations(struct jw *j, const struct citation *c)
{
	if (!c)
		return;
	jw_key(j, "citations");
	jw_arr(j);
	for (; c; c = c->next)
		anthropic_citation(j, c);
	jw_arr_end(j);
}

static void put_part(struct jw *j, const struct block *p)
{
	struct span text = buf_get(&p->text);

	jw_obj(j);
	switch (p->kind) {
	case PART_TEXT:
	case PART_REFUSAL:
		jw_kcstr(j, "type", "text");
		jw_kstr(j, "text", text);
		put_citations(j, p->cites);
		break;
	case PART_THINKING:
		jw_kcstr(j, "type", "thinking");
		jw_kstr(j, "thinking", text);
		jw_kcstr(j, "signature", p->signature ? p->signature : "");
		break;
	case PART_REDACTED:
		jw_kcstr(j, "type", "redacted_thinking");
		jw_kstr(j, "data", text);
		break;
	case PART_TOOL_USE:
		jw_kcstr(j, "type", "tool_use");
		jw_kcstr(j, "id", p->id);
		jw_kcstr(j, "name", p->name);
		write_input(j, text, p->custom);
		break;
	case PART_SEARCH:
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_TOOL_RESULT:
		break; /* in events of its own, or in requests only */
	}
	jw_obj_end(j);
}

void anthropic_answer_write(struct writer *w, const struct answer *a)
{
	struct jw j = jw_to(w->out);

	jw_obj(&j);
	message_head(&j, w);
	jw_key(&j, "content");
	jw_arr(&j);
	for (const struct block *p = a->parts; p; p = p->next) {
		if (!p->search) {
			put_part(&j, p);
		} else if (anthropic_says(p->search)) {
			put_call(&j, p->search, true);
			put_results(&j, p->search);
		}
	}
	jw_arr_end(&j);
	jw_kcstr(&j, "stop_reason", stop_reason(a->stop));
	jw_kcstr(&j, "stop_sequence", a->stop_text);
	put_usage(&j, &a->usage);
	jw_obj_end(&j);
}

const struct writer_ops anthropic_writer = {
	.start = start,
	.open = open_block,
	.delta = block_delta,
	.close = close_block,
	.cite = cite,
	.search = search,
	.finish = finish,
};
