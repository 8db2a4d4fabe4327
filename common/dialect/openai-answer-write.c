/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "dialect/chat-write.h"
#include "dialect/dialect.h"

static const char *finish_reason(enum stop_kind stop)
{
	switch (stop) {
	case STOP_END:
	case STOP_SEQUENCE:
		return "stop";
	case STOP_TOOL_USE:
		return "tool_calls";
	case STOP_MAX_TOKENS:
		return "length";
	case STOP_REFUSAL:
		return "content_filter";
	}
	return "stop";
}

static void put_usage(struct jw *j, const struct usage *u)
{
	int64_t prompt = u->input + u->cache_read + u->cache_write;

	jw_key(j, "usage");
	jw_obj(j);
	jw_kint(j, "prompt_tokens", prompt);
	jw_kint(j, "completion_tokens", u->output);
	jw_kint(j, "total_tokens", prompt + u->output);
	jw_key(j, "prompt_tokens_details");
	jw_obj(j);
	jw_kint(j, "cached_tokens", u->cache_read);
	jw_kint(j, "cache_write_tokens", u->cache_write);
	jw_obj_end(j);
	jw_key(j, "completion_tokens_details");
	jw_obj(j);
	jw_kint(j, "reasoning_tokens", u->reasoning);
	jw_obj_end(j);
	jw_obj_end(j);
}

static struct jw chunk(struct writer *w)
{
	struct jw j = jw_to(w->out);

	buf_str(w->out, "data: ");
	jw_obj(&j);
	jw_kcstr(&j, "id", w->id);
	jw_kcstr(&j, "object", "chat.completion.chunk");
	jw_kint(&j, "created", w->created);
	jw_kcstr(&j, "model", w->model);
	jw_key(&j, "choices");
	jw_arr(&j);
	return j;
}

static void end_chunk(struct jw *j)
{
	jw_obj_end(j);
	buf_str(j->out, "\n\n");
}

/* A chunk whose delta the caller fills in before end_delta. */
static struct jw delta(struct writer *w)
{
	struct jw j = chunk(w);

	jw_obj(&j);
	jw_kint(&j, "index", 0);
	jw_key(&j, "delta");
	jw_obj(&j);
	return j;
}

static void end_delta(struct jw *j, const char *finish)
{
	jw_obj_end(j);
	jw_kcstr(j, "finish_reason", finish);
	jw_obj_end(j);
	jw_arr_end(j);
	end_chunk(j);
}

static void text_delta(struct writer *w, const char *key, struct span text)
{
	struct jw j = delta(w);

	jw_kstr(&j, key, text);
	end_delta(&j, NULL);
}

static void start(struct writer *w, const struct ev *v)
{
	struct jw j = delta(w);

	(void)v;
	jw_kcstr(&j, "role", "assistant");
	jw_kcstr(&j, "content", "");
	end_delta(&j, NULL);
}

/* A custom tool takes free text instead of JSON. */
static const char *call_type(bool custom)
{
	return custom ? "custom" : "function";
}

static const char *call_text(bool custom)
{
	return custom ? "input" : "arguments";
}

/* Gemini's, where it speaks to a client of its own API. */
static void put_google(struct jw *j, struct span signature)
{
	if (!signature.n)
		return;
	jw_key(j, "extra_content");
	jw_obj(j);
	jw_key(j, "google");
	jw_obj(j);
	jw_kstr(j, "thought_signature", signature);
	jw_obj_end(j);
	jw_obj_end(j);
}

/* Functions, as they were before tools, have no id and no index: one call
 * alone is theirs. */
static bool is_legacy(const struct writer *w, unsigned calls)
{
	return w->legacy && calls == 1 && !w->custom;
}

static void function_delta(struct writer *w, struct span name, struct span args)
{
	struct jw j = delta(w);

	jw_key(&j, "function_call");
	jw_obj(&j);
	if (name.n)
		jw_kstr(&j, "name", name);
	jw_kstr(&j, "arguments", args);
	jw_obj_end(&j);
	end_delta(&j, NULL);
}

static void open_tool(struct writer *w, const struct ev *v)
{
	struct jw j;

	w->args = false;
	w->google = v->google.n > 0;
	w->custom = v->custom;
	if (is_legacy(w, w->tools + 1)) {
		w->tools++;
		function_delta(w, v->name, SPAN(""));
		return;
	}
	j = delta(w);
	jw_key(&j, "tool_calls");
	jw_arr(&j);
	jw_obj(&j);
	jw_kint(&j, "index", w->tools++);
	jw_kstr(&j, "id", v->id);
	jw_kcstr(&j, "type", call_type(v->custom));
	jw_key(&j, call_type(v->custom));
	jw_obj(&j);
	jw_kstr(&j, "name", v->name);
	jw_kcstr(&j, call_text(v->custom), "");
	jw_obj_end(&j);
	put_google(&j, v->google);
	jw_obj_end(&j);
	jw_arr_end(&j);
	end_delta(&j, NULL);
}

static void late_google(struct writer *w, struct span signature)
{
	struct jw j;

	if (w->google || !signature.n || is_legacy(w, w->tools))
		return;
	j = delta(w);
	jw_key(&j, "tool_calls");
	jw_arr(&j);
	jw_obj(&j);
	jw_kint(&j, "index", w->tools - 1);
	put_google(&j, signature);
	jw_obj_end(&j);
	jw_arr_end(&j);
	end_delta(&j, NULL);
}

static void tool_args(struct writer *w, struct span text)
{
	struct jw j;

	if (!text.n)
		return;
	w->args = true;
	if (is_legacy(w, w->tools)) {
		function_delta(w, SPAN(""), text);
		return;
	}
	j = delta(w);
	jw_key(&j, "tool_calls");
	jw_arr(&j);
	jw_obj(&j);
	jw_kint(&j, "index", w->tools - 1);
	jw_key(&j, call_type(w->custom));
	jw_obj(&j);
	jw_kstr(&j, call_text(w->custom), text);
	jw_obj_end(&j);
	jw_obj_end(&j);
	jw_arr_end(&j);
	end_delta(&j, NULL);
}

static void put_detail(struct jw *j, const struct writer *w,
		       enum part_kind kind, struct span text,
		       struct span signature)
{
	jw_key(j, "reasoning_details");
	jw_arr(j);
	write_reasoning_detail(j, kind, text, signature, (int)w->details);
	jw_arr_end(j);
}

/* For clients of either kind: as text, and as OpenRouter has it, where the same
 * index is one block. */
static void thinking_delta(struct writer *w, struct span text)
{
	struct jw j = delta(w);

	jw_kstr(&j, "reasoning_content", text);
	put_detail(&j, w, PART_THINKING, text, SPAN(""));
	end_delta(&j, NULL);
}

static void part_delta(struct writer *w, const struct ev *v)
{
	switch (v->part) {
	case PART_TEXT:
		text_delta(w, "content", v->text);
		break;
	case PART_REFUSAL:
		text_delta(w, "refusal", v->text);
		break;
	case PART_THINKING:
		thinking_delta(w, v->text);
		break;
	case PART_TOOL_USE:
		tool_args(w, v->text);
		break;
	case PART_REDACTED:
	case PART_SEARCH:
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_TOOL_RESULT:
		break; /* in requests only */
	}
}

/* What ends a block: redacted thinking, or the signature of what was said, so
 * that a client can send it back. */
static void last_detail(struct writer *w, enum part_kind kind, struct span text,
			struct span signature)
{
	struct jw j = delta(w);

	put_detail(&j, w, kind, text, signature);
	end_delta(&j, NULL);
}

/* Places in the message's whole text. Clients that gather deltas want an
 * `index` in the entries of a list: -1 for none. */
static void put_citation(struct jw *j, const struct citation *c, int index)
{
	jw_obj(j);
	if (index >= 0)
		jw_kint(j, "index", index);
	jw_kcstr(j, "type", "url_citation");
	jw_key(j, "url_citation");
	jw_obj(j);
	jw_kstr(j, "url", c->url);
	jw_kstr(j, "title", c->title);
	jw_kint(j, "start_index", c->before + c->from);
	jw_kint(j, "end_index", c->before + c->to);
	jw_obj_end(j);
	jw_obj_end(j);
}

static void cite(struct writer *w, const struct ev *v)
{
	struct jw j = delta(w);

	jw_key(&j, "annotations");
	jw_arr(&j);
	put_citation(&j, v->cite, (int)w->n_cites++);
	jw_arr_end(&j);
	end_delta(&j, NULL);
}

static void put_citations(struct jw *j, const struct answer *a)
{
	bool any = false;

	for (const struct block *p = a->parts; p; p = p->next) {
		for (const struct citation *c = p->cites; c; c = c->next) {
			if (!any) {
				jw_key(j, "annotations");
				jw_arr(j);
			}
			any = true;
			put_citation(j, c, -1);
		}
	}
	if (any)
		jw_arr_end(j);
}

static void open_part(struct writer *w, const struct ev *v)
{
	if (v->part == PART_TOOL_USE)
		open_tool(w, v);
	else if (v->part == PART_REDACTED)
		last_detail(w, v->part, v->text, SPAN(""));
}

static void close_part(struct writer *w, const struct ev *v)
{
	/* Clients parse what they gathered: "" is not JSON. */
	if (v->part == PART_TOOL_USE && !w->args && !w->custom)
		tool_args(w, SPAN("{}"));
	if (v->part == PART_TOOL_USE)
		late_google(w, v->google);
	if (v->part == PART_THINKING && v->text.n)
		last_detail(w, v->part, SPAN(""), v->text);
	if (v->part == PART_THINKING || v->part == PART_REDACTED)
		w->details++;
}

static const char *finish_of(const struct writer *w, enum stop_kind stop)
{
	return w->legacy && stop == STOP_TOOL_USE ? "function_call"
						  : finish_reason(stop);
}

static void finish(struct writer *w, const struct ev *v)
{
	struct jw j = delta(w);

	end_delta(&j, finish_of(w, v->stop));
	if (w->usage_wanted) {
		j = chunk(w);
		jw_arr_end(&j);
		put_usage(&j, &v->usage);
		end_chunk(&j);
	}
	buf_str(w->out, "data: [DONE]\n\n");
}

/* All parts of one kind, joined; null when there are none. */
static void put_text(struct jw *j, const char *key, const struct answer *a,
		     enum part_kind kind, bool always)
{
	bool any = false;

	for (const struct block *p = a->parts; p; p = p->next)
		any |= p->kind == kind;
	if (!any) {
		if (always)
			jw_knull(j, key);
		return;
	}
	jw_key(j, key);
	jw_raw(j, SPAN("\""));
	for (const struct block *p = a->parts; p; p = p->next)
		if (p->kind == kind)
			jw_escape(j->out, buf_get(&p->text));
	buf_byte(j->out, '"');
}

/* Its name and what it is called with. */
static void put_called(struct jw *j, const struct block *p)
{
	struct span args = buf_get(&p->text);

	jw_obj(j);
	jw_kcstr(j, "name", p->name);
	jw_kstr(j, call_text(p->custom),
		args.n || p->custom ? args : SPAN("{}"));
	jw_obj_end(j);
}

static void put_tools(struct jw *j, const struct answer *a, bool legacy)
{
	bool any = false;

	for (const struct block *p = a->parts; p; p = p->next) {
		if (p->kind != PART_TOOL_USE)
			continue;
		if (legacy && !p->custom) {
			jw_key(j, "function_call");
			put_called(j, p);
			legacy = false;
			continue;
		}
		if (!any) {
			jw_key(j, "tool_calls");
			jw_arr(j);
		}
		any = true;
		jw_obj(j);
		jw_kcstr(j, "id", p->id);
		jw_kcstr(j, "type", call_type(p->custom));
		jw_key(j, call_type(p->custom));
		put_called(j, p);
		put_google(j, span_of(p->google));
		jw_obj_end(j);
	}
	if (any)
		jw_arr_end(j);
}

static void put_details(struct jw *j, const struct answer *a)
{
	int n = 0;

	for (const struct block *p = a->parts; p; p = p->next) {
		bool signed_text = p->kind == PART_THINKING && p->signature &&
				 *p->signature;

		if (!signed_text && p->kind != PART_REDACTED)
			continue;
		if (!n) {
			jw_key(j, "reasoning_details");
			jw_arr(j);
		}
		write_reasoning_detail(j, p->kind, buf_get(&p->text),
				       span_of(p->signature), n++);
	}
	if (n)
		jw_arr_end(j);
}

void openai_answer_write(struct writer *w, const struct answer *a)
{
	struct jw j = jw_to(w->out);

	jw_obj(&j);
	jw_kcstr(&j, "id", w->id);
	jw_kcstr(&j, "object", "chat.completion");
	jw_kint(&j, "created", w->created);
	jw_kcstr(&j, "model", w->model);
	jw_key(&j, "choices");
	jw_arr(&j);
	jw_obj(&j);
	jw_kint(&j, "index", 0);
	jw_key(&j, "message");
	jw_obj(&j);
	jw_kcstr(&j, "role", "assistant");
	put_text(&j, "content", a, PART_TEXT, true);
	put_text(&j, "refusal", a, PART_REFUSAL, true);
	put_citations(&j, a);
	put_text(&j, "reasoning_content", a, PART_THINKING, false);
	put_details(&j, a);
	put_tools(&j, a, w->legacy);
	jw_obj_end(&j);
	jw_knull(&j, "logprobs");
	jw_kcstr(&j, "finish_reason", finish_of(w, a->stop));
	jw_obj_end(&j);
	jw_arr_end(&j);
	put_usage(&j, &a->usage);
	jw_obj_end(&j);
}

const struct writer_ops openai_writer = {
	.start = start,
	.open = open_part,
	.delta = part_delta,
	.close = close_part,
	.cite = cite,
	.finish = finish,
};
