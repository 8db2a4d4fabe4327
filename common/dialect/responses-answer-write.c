/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/digest.h"
#include "base/jw.h"
#include "dialect/dialect.h"
#include "dialect/error.h"
#include "dialect/item-ids.h"
#include "dialect/responses-calls.h"

#include <stdio.h>
#include <string.h>

/* One output item, at any moment of its life. */
struct item {
	enum part_kind kind;
	const char *id, *call_id, *name, *space;
	enum call_shape shape;
	struct span text, signature;
	struct span cites; /* as JSON */
	struct span phase;
	const struct web_search *search;
	bool custom, done;
};

static const char *id_prefix(enum part_kind kind, bool custom)
{
	if (kind == PART_TOOL_USE)
		return custom ? "ctc_" : "fc_";
	return kind == PART_THINKING || kind == PART_REDACTED ? "rs_" : "msg_";
}

static void put_text_part(struct jw *j, enum part_kind kind, struct span text,
			  struct span cites)
{
	bool refusal = kind == PART_REFUSAL;

	jw_obj(j);
	jw_kcstr(j, "type", refusal ? "refusal" : "output_text");
	jw_kstr(j, refusal ? "refusal" : "text", text);
	if (!refusal) {
		jw_key(j, "annotations");
		jw_arr(j);
		if (cites.n)
			jw_raw(j, cites);
		jw_arr_end(j);
		jw_key(j, "logprobs");
		jw_raw(j, SPAN("[]"));
	}
	jw_obj_end(j);
}

static void put_summary_part(struct jw *j, struct span text)
{
	jw_obj(j);
	jw_kcstr(j, "type", "summary_text");
	jw_kstr(j, "text", text);
	jw_obj_end(j);
}

static void put_reasoning(struct jw *j, const struct item *it)
{
	bool thinking = it->kind == PART_THINKING;

	jw_kcstr(j, "type", "reasoning");
	jw_key(j, "summary");
	jw_arr(j);
	if (it->done && thinking)
		put_summary_part(j, it->text);
	jw_arr_end(j);
	if (it->done && !thinking)
		jw_kstr(j, "encrypted_content", it->text);
	else if (it->done && it->signature.n)
		jw_kstr(j, "encrypted_content", it->signature);
}

static void put_call(struct jw *j, const struct item *it)
{
	const struct call_kind *k = call_kind_of(it->shape);

	if (k) {
		jw_kcstr(j, "type", k->call);
		jw_kcstr(j, "call_id", it->call_id);
		call_put(j, k, it->text);
		return;
	}
	jw_kcstr(j, "type", it->custom ? "custom_tool_call" : "function_call");
	jw_kcstr(j, "call_id", it->call_id);
	jw_kcstr(j, "name", it->name);
	if (it->space && *it->space)
		jw_kcstr(j, "namespace", it->space);
	jw_kstr(j, it->custom ? "input" : "arguments", it->text);
}

static void put_search(struct jw *j, const struct item *it)
{
	const struct web_search *s = it->search;

	jw_kcstr(j, "type", "web_search_call");
	if (!it->done)
		return;
	jw_key(j, "action");
	jw_obj(j);
	jw_kcstr(j, "type", "search");
	jw_kstr(j, "query", s->query);
	jw_key(j, "sources");
	jw_arr(j);
	for (size_t i = 0; i < s->n; i++) {
		jw_obj(j);
		jw_kcstr(j, "type", "url");
		jw_kstr(j, "url", s->hits[i].url);
		jw_obj_end(j);
	}
	jw_arr_end(j);
	jw_obj_end(j);
}

static const char *status_of(const struct item *it)
{
	if (!it->done)
		return "in_progress";
	return it->search && it->search->error.n ? "failed" : "completed";
}

static void put_item(struct jw *j, const struct item *it)
{
	if (it->search && it->search->item.n && it->done) {
		jw_raw(j, it->search->item); /* its own */
		return;
	}

	jw_obj(j);
	jw_kcstr(j, "id", it->id);
	switch (it->kind) {
	case PART_TEXT:
	case PART_REFUSAL:
		jw_kcstr(j, "type", "message");
		jw_kcstr(j, "role", "assistant");
		if (it->phase.n)
			jw_kstr(j, "phase", it->phase);
		jw_key(j, "content");
		jw_arr(j);
		if (it->done)
			put_text_part(j, it->kind, it->text, it->cites);
		jw_arr_end(j);
		break;
	case PART_THINKING:
	case PART_REDACTED:
		put_reasoning(j, it);
		break;
	case PART_TOOL_USE:
		put_call(j, it);
		break;
	case PART_SEARCH:
		put_search(j, it);
		break;
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_TOOL_RESULT:
		break; /* in requests only */
	}
	/* Clients send items back, and OpenAI refuses it in reasoning. */
	if (it->kind != PART_THINKING && it->kind != PART_REDACTED)
		jw_kcstr(j, "status", status_of(it));
	jw_obj_end(j);
}

static void put_usage(struct jw *j, const struct usage *u)
{
	int64_t input = u->input + u->cache_read + u->cache_write;

	jw_key(j, "usage");
	jw_obj(j);
	jw_kint(j, "input_tokens", input);
	jw_key(j, "input_tokens_details");
	jw_obj(j);
	jw_kint(j, "cached_tokens", u->cache_read);
	jw_kint(j, "cache_write_tokens", u->cache_write);
	jw_obj_end(j);
	jw_kint(j, "output_tokens", u->output);
	jw_key(j, "output_tokens_details");
	jw_obj(j);
	jw_kint(j, "reasoning_tokens", u->reasoning);
	jw_obj_end(j);
	jw_kint(j, "total_tokens", input + u->output);
	jw_obj_end(j);
}

/* Why an answer is incomplete, or NULL when it is complete. */
static const char *incomplete(enum stop_kind stop)
{
	switch (stop) {
	case STOP_MAX_TOKENS:
		return "max_output_tokens";
	case STOP_REFUSAL:
		return "content_filter";
	case STOP_END:
	case STOP_TOOL_USE:
	case STOP_SEQUENCE:
		return NULL;
	}
	return NULL;
}

/* The response object; usage is NULL while it is in progress. */
static void put_response(struct jw *j, const struct writer *w,
			 const char *status, const char *why,
			 const struct usage *usage, const struct err *error)
{
	jw_obj(j);
	jw_kcstr(j, "id", w->id);
	jw_kcstr(j, "object", "response");
	jw_kint(j, "created_at", w->created);
	jw_kcstr(j, "status", status);
	jw_key(j, "error");
	if (error) {
		jw_obj(j);
		jw_kcstr(j, "code", error_code(error));
		jw_kcstr(j, "message", error->msg);
		jw_obj_end(j);
	} else {
		jw_null(j);
	}
	jw_key(j, "incomplete_details");
	if (why) {
		jw_obj(j);
		jw_kcstr(j, "reason", why);
		jw_obj_end(j);
	} else {
		jw_null(j);
	}
	jw_knull(j, "instructions");
	jw_kcstr(j, "model", w->model);
	jw_key(j, "output");
	jw_arr(j);
	if (w->items.n)
		jw_raw(j, buf_get(&w->items));
	jw_arr_end(j);
	jw_kbool(j, "parallel_tool_calls", true);
	jw_kcstr(j, "tool_choice", "auto");
	jw_key(j, "tools");
	jw_raw(j, SPAN("[]"));
	jw_kbool(j, "store", false);
	if (usage)
		put_usage(j, usage);
	else
		jw_knull(j, "usage");
	jw_obj_end(j);
}

static struct jw event(struct writer *w, const char *type)
{
	struct jw j = jw_to(w->out);

	dialect_event_name(w->out, type);
	buf_str(w->out, "data: ");
	jw_obj(&j);
	jw_kcstr(&j, "type", type);
	jw_kint(&j, "sequence_number", w->sequence++);
	return j;
}

static void end_event(struct jw *j)
{
	jw_obj_end(j);
	buf_str(j->out, "\n\n");
}

static void response_event(struct writer *w, const char *type,
			   const char *status, const char *why,
			   const struct usage *usage, const struct err *error)
{
	struct jw j = event(w, type);

	jw_key(&j, "response");
	put_response(&j, w, status, why, usage, error);
	end_event(&j);
}

/* An event about the open item; the caller adds members. */
static struct jw item_event(struct writer *w, const char *type)
{
	struct jw j = event(w, type);

	jw_kcstr(&j, "item_id", w->item_id);
	jw_kint(&j, "output_index", w->blocks - 1);
	return j;
}

static void output_item(struct writer *w, const char *type,
			const struct item *it)
{
	struct jw j = event(w, type);

	jw_kint(&j, "output_index", w->blocks - 1);
	jw_key(&j, "item");
	put_item(&j, it);
	end_event(&j);
}

static struct item open_item(const struct writer *w, enum part_kind kind)
{
	return (struct item){ .kind = kind,
			      .id = w->item_id,
			      .call_id = w->call_id,
			      .name = w->name,
			      .space = w->space,
			      .shape = w->shape,
			      .custom = w->custom };
}

/* content_part or reasoning_summary_part, added or done. */
static void part_event(struct writer *w, enum part_kind kind, bool done)
{
	struct span text = done ? buf_get(&w->text) : SPAN("");
	bool summary = kind == PART_THINKING;
	struct jw j;

	if (summary)
		j = item_event(w, done ? "response.reasoning_summary_part.done"
				       : "response.reasoning_summary_part."
					 "added");
	else
		j = item_event(w, done ? "response.content_part.done"
				       : "response.content_part.added");
	jw_kint(&j, summary ? "summary_index" : "content_index", 0);
	jw_key(&j, "part");
	if (summary)
		put_summary_part(&j, text);
	else
		put_text_part(&j, kind, text,
			      done ? buf_get(&w->cites) : SPAN(""));
	end_event(&j);
}

/* Clients and OpenAI tell items apart by it. */
static const char *prefix_of(enum part_kind kind, enum call_shape shape,
			     bool custom)
{
	const struct call_kind *k = call_kind_of(shape);

	return kind == PART_TOOL_USE && k ? k->id_prefix
					  : id_prefix(kind, custom);
}

/* Its own, where it has one that fits; else the n-th of this answer. */
static void item_id(struct writer *w, char *id, size_t size, struct span own,
		    const char *prefix, unsigned n)
{
	if (own.n && own.n < size) {
		span_text(id, size, own);
		return;
	}
	if (!*w->stem)
		digest_random_id(w->stem, sizeof(w->stem), "");
	item_ids_make(id, size, prefix, w->stem, n);
}

static void open_block(struct writer *w, const struct ev *v)
{
	struct item it;

	item_id(w, w->item_id, sizeof(w->item_id), v->item,
		prefix_of(v->part, v->shape, v->custom), w->blocks);
	span_text(w->call_id, sizeof(w->call_id), v->id);
	span_text(w->name, sizeof(w->name), v->name);
	span_text(w->space, sizeof(w->space), v->space);
	w->shape = v->shape;
	buf_reset(&w->text);
	buf_reset(&w->cites);
	w->n_cites = 0;
	w->custom = v->custom;
	w->blocks++;
	it = open_item(w, v->part);
	output_item(w, "response.output_item.added", &it);
	if (v->part != PART_TOOL_USE && v->part != PART_REDACTED)
		part_event(w, v->part, false);
}

/* Names of the events and members that carry a part's text. */
struct text_event {
	const char *delta, *done, *member, *index;
};

static const struct text_event custom_event = {
	"response.custom_tool_call_input.delta",
	"response.custom_tool_call_input.done", "input", NULL
};

static const struct text_event text_events[] = {
	[PART_TEXT] = { "response.output_text.delta",
			"response.output_text.done", "text", "content_index" },
	[PART_THINKING] = { "response.reasoning_summary_text.delta",
			    "response.reasoning_summary_text.done", "text",
			    "summary_index" },
	[PART_REDACTED] = { 0 },
	[PART_TOOL_USE] = { "response.function_call_arguments.delta",
			    "response.function_call_arguments.done",
			    "arguments", NULL },
	[PART_REFUSAL] = { "response.refusal.delta", "response.refusal.done",
			   "refusal", "content_index" },
};

static void text_event(struct writer *w, enum part_kind kind, bool done,
		       struct span text)
{
	bool custom = kind == PART_TOOL_USE && w->custom;
	const struct text_event *t = custom ? &custom_event
					    : &text_events[kind];
	struct jw j;

	if (!t->delta || (kind == PART_TOOL_USE && w->shape != CALL_PLAIN))
		return;
	j = item_event(w, done ? t->done : t->delta);
	if (t->index)
		jw_kint(&j, t->index, 0);
	jw_kstr(&j, done ? t->member : "delta", text);
	if (kind == PART_TOOL_USE && done && !custom)
		jw_kcstr(&j, "name", w->name);
	if (kind == PART_TEXT) {
		jw_key(&j, "logprobs");
		jw_raw(&j, SPAN("[]"));
	}
	end_event(&j);
}

static void block_delta(struct writer *w, const struct ev *v)
{
	buf_span(&w->text, v->text);
	text_event(w, v->part, false, v->text);
}

static void keep_item(struct writer *w, const struct item *it)
{
	struct jw j = jw_to(&w->items);

	j.comma = w->items.n > 0;
	put_item(&j, it);
}

static void close_block(struct writer *w, const struct ev *v)
{
	struct item it = open_item(w, v->part);

	if (v->part == PART_TOOL_USE && !w->text.n && !w->custom)
		buf_str(&w->text, "{}");
	it.signature = v->text;
	it.phase = v->phase;
	it.text = buf_get(&w->text);
	it.cites = buf_get(&w->cites);
	it.done = true;
	text_event(w, v->part, true, it.text);
	if (v->part != PART_TOOL_USE && v->part != PART_REDACTED)
		part_event(w, v->part, true);
	output_item(w, "response.output_item.done", &it);
	keep_item(w, &it);
}

static void put_citation(struct jw *j, const struct citation *c)
{
	jw_obj(j);
	jw_kcstr(j, "type", "url_citation");
	jw_kint(j, "start_index", c->from);
	jw_kint(j, "end_index", c->to);
	jw_kstr(j, "url", c->url);
	jw_kstr(j, "title", c->title);
	jw_obj_end(j);
}

static void keep_citation(struct writer *w, const struct citation *c)
{
	struct jw j = jw_to(&w->cites);

	j.comma = w->cites.n > 0;
	put_citation(&j, c);
}

static void cite(struct writer *w, const struct ev *v)
{
	struct jw j = item_event(w, "response.output_text.annotation.added");

	jw_kint(&j, "content_index", 0);
	jw_kint(&j, "annotation_index", w->n_cites++);
	jw_key(&j, "annotation");
	put_citation(&j, v->cite);
	end_event(&j);
	keep_citation(w, v->cite);
}

bool responses_says(const struct web_search *s)
{
	(void)s;
	return true;
}

/* Its provider's, with OpenAI's prefix. */
static void search_id(char *out, size_t n, const struct web_search *s)
{
	static const char *const prefixes[] = { "ws_", "srvtoolu_" };
	struct span id = s->id;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (span_starts(id, prefixes[i]))
			id = span_skip(id, strlen(prefixes[i]));
	if (id.n && id.n < n - 3 && seal_is_clean(id))
		snprintf(out, n, "ws_%.*s", SPAN_FMT(id));
	else
		digest_random_id(out, n, "ws_");
}

static void search(struct writer *w, const struct ev *v)
{
	static const char *const stages[] = {
		"response.web_search_call.in_progress",
		"response.web_search_call.searching",
		"response.web_search_call.completed",
	};
	struct item it = { .kind = PART_SEARCH,
			   .id = w->item_id,
			   .search = v->search };

	search_id(w->item_id, sizeof(w->item_id), v->search);
	w->blocks++;
	output_item(w, "response.output_item.added", &it);
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		struct jw j = item_event(w, stages[i]);

		end_event(&j);
	}
	it.done = true;
	output_item(w, "response.output_item.done", &it);
	keep_item(w, &it);
}

static void start(struct writer *w, const struct ev *v)
{
	(void)v;
	response_event(w, "response.created", "in_progress", NULL, NULL, NULL);
	response_event(w, "response.in_progress", "in_progress", NULL, NULL,
		       NULL);
}

static void finish(struct writer *w, const struct ev *v)
{
	const char *why = incomplete(v->stop);

	response_event(w, why ? "response.incomplete" : "response.completed",
		       why ? "incomplete" : "completed", why, &v->usage, NULL);
}

/* The failed response keeps what had been finished. */
static void fail(struct writer *w, const struct err *e)
{
	response_event(w, "response.failed", "failed", NULL, NULL, e);
}

void responses_answer_write(struct writer *w, const struct answer *a)
{
	struct jw j = jw_to(w->out);
	const char *why = incomplete(a->stop);
	unsigned n = 0;

	for (const struct block *p = a->parts; p; p = p->next, n++) {
		char id[sizeof(w->item_id)];
		struct item it = { .kind = p->kind,
				   .id = id,
				   .call_id = p->id,
				   .name = p->name,
				   .space = p->space,
				   .shape = p->shape,
				   .custom = p->custom,
				   .signature = span_of(p->signature),
				   .phase = span_of(p->phase),
				   .text = buf_get(&p->text),
				   .search = p->search,
				   .done = true };

		buf_reset(&w->cites);
		for (const struct citation *c = p->cites; c; c = c->next)
			keep_citation(w, c);
		it.cites = buf_get(&w->cites);
		if (p->search)
			search_id(id, sizeof(id), p->search);
		else
			item_id(w, id, sizeof(id), span_of(p->item),
				prefix_of(p->kind, p->shape, p->custom), n);
		if (p->kind == PART_TOOL_USE && !it.text.n && !p->custom)
			it.text = SPAN("{}");
		keep_item(w, &it);
	}
	put_response(&j, w, why ? "incomplete" : "completed", why, &a->usage,
		     NULL);
}

const struct writer_ops responses_writer = {
	.start = start,
	.open = open_block,
	.delta = block_delta,
	.close = close_block,
	.cite = cite,
	.search = search,
	.finish = finish,
	.fail = fail,
};
