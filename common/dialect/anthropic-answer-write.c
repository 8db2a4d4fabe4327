/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "dialect/chat-write.h"

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

	buf_fmt(w->out, "event: %s\ndata: ", type);
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

static void open_block(struct writer *w, const struct ev *v)
{
	struct jw j = event(w, "content_block_start");

	w->args = false;
	jw_kint(&j, "index", w->blocks++);
	jw_key(&j, "content_block");
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
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_TOOL_RESULT:
		break; /* in requests only */
	}
	jw_obj_end(&j);
	end_event(&j);
}

static void delta(struct writer *w, const char *type, const char *key,
		  struct span text)
{
	struct jw j = event(w, "content_block_delta");

	jw_kint(&j, "index", w->blocks - 1);
	jw_key(&j, "delta");
	jw_obj(&j);
	jw_kcstr(&j, "type", type);
	jw_kstr(&j, key, text);
	jw_obj_end(&j);
	end_event(&j);
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
			delta(w, "input_json_delta", "partial_json", v->text);
		break;
	case PART_REDACTED:
		break; /* its data stands in the start event */
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_TOOL_RESULT:
		break; /* in requests only */
	}
}

static void close_block(struct writer *w, const struct ev *v)
{
	struct jw j;

	if (v->part == PART_TOOL_USE && v->custom)
		end_free_text(w);
	if (v->part == PART_THINKING && v->text.n)
		delta(w, "signature_delta", "signature", v->text);
	j = event(w, "content_block_stop");
	jw_kint(&j, "index", w->blocks - 1);
	end_event(&j);
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

static void put_part(struct jw *j, const struct block *p)
{
	struct span text = buf_get(&p->text);

	jw_obj(j);
	switch (p->kind) {
	case PART_TEXT:
	case PART_REFUSAL:
		jw_kcstr(j, "type", "text");
		jw_kstr(j, "text", text);
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
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_TOOL_RESULT:
		break; /* in requests only */
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
	for (const struct block *p = a->parts; p; p = p->next)
		put_part(&j, p);
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
	.finish = finish,
};
