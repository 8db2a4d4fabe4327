/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/dialect.h"

#include "base/digest.h"
#include "dialect/error.h"
#include "dialect/tap.h"

#include <string.h>
#include <time.h>

const struct span dialect_comment = SPAN_INIT(": keep-alive\n\n");

const struct dialect dialects[DIALECTS] = {
	[DIALECT_ANTHROPIC] = {
		.name = "anthropic",
		.id_prefix = "msg_",
		.request_id_header = "request-id",
		.path = "/messages",
		.read = anthropic_request_read,
		.request = anthropic_request_write,
		.mend = anthropic_mend,
		.read_event = anthropic_answer_event,
		.read_end = anthropic_answer_end,
		.read_whole = anthropic_answer_read,
		.writer = &anthropic_writer,
		.whole = anthropic_answer_write,
		.error_body = error_body_anthropic,
		.error_event = error_event_anthropic,
		.says = anthropic_says,
		.error_event_name = "error",
		.ping = SPAN_INIT("event: ping\ndata: {\"type\":\"ping\"}\n\n"),
		.tap = tap_anthropic,
		.content = content_anthropic,
		.usage = usage_anthropic,
	},
	[DIALECT_OPENAI] = {
		.name = "openai",
		.id_prefix = "chatcmpl-",
		.request_id_header = "x-request-id",
		.path = "/chat/completions",
		.read = openai_request_read,
		.request = openai_request_write,
		.mend = openai_mend,
		.read_event = openai_answer_event,
		.read_end = openai_answer_end,
		.read_whole = openai_answer_read,
		.writer = &openai_writer,
		.whole = openai_answer_write,
		.error_body = error_body_openai,
		.error_event = error_event_openai,
		.error_event_name = NULL,
		.ping = SPAN_INIT(": keep-alive\n\n"),
		.tap = tap_openai,
		.content = content_openai,
		.usage = usage_openai,
	},
	[DIALECT_RESPONSES] = {
		.name = "responses",
		.id_prefix = "resp_",
		.request_id_header = "x-request-id",
		.path = "/responses",
		.read = responses_request_read,
		.request = responses_request_write,
		.mend = responses_mend,
		.read_event = responses_answer_event,
		.read_end = responses_answer_end,
		.read_whole = responses_answer_read,
		.writer = &responses_writer,
		.whole = responses_answer_write,
		.error_body = error_body_openai,
		.error_event = error_event_responses,
		.says = responses_says,
		.error_event_name = "error",
		.ping = SPAN_INIT(": keep-alive\n\n"),
		.tap = tap_responses,
		.content = content_responses,
		.usage = usage_responses,
	},
};

const struct dialect *dialect_find(struct span name)
{
	for (int i = 0; i < DIALECTS; i++)
		if (span_is(name, dialects[i].name))
			return &dialects[i];
	return NULL;
}

void dialect_event_name(struct buf *out, const char *name)
{
	buf_str(out, "event: ");
	buf_str(out, name);
	buf_byte(out, '\n');
}

void dialect_event(struct buf *out, const char *name, struct span data)
{
	if (name)
		dialect_event_name(out, name);
	do {
		struct span line = span_cut(&data, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		buf_str(out, "data: ");
		buf_span(out, line);
		buf_byte(out, '\n');
	} while (data.n);
	buf_byte(out, '\n');
}

void writer_init(struct writer *w, const struct dialect *d, struct buf *out)
{
	memset(w, 0, sizeof(*w));
	w->dialect = d;
	w->out = out;
	w->created = (int64_t)time(NULL);
	digest_random_id(w->id, sizeof(w->id), d->id_prefix);
	buf_init(&w->text, WRITER_TEXT_MAX);
	buf_init(&w->items, WRITER_TEXT_MAX);
	buf_init(&w->cites, WRITER_TEXT_MAX);
}

void writer_release(struct writer *w)
{
	buf_release(&w->text);
	buf_release(&w->items);
	buf_release(&w->cites);
}

int writer_event(void *writer, const struct ev *v, struct err *e)
{
	struct writer *w = writer;
	const struct writer_ops *ops = w->dialect->writer;

	switch (v->kind) {
	case EV_START:
		ops->start(w, v);
		break;
	case EV_OPEN:
		ops->open(w, v);
		break;
	case EV_DELTA:
		ops->delta(w, v);
		break;
	case EV_CLOSE:
		ops->close(w, v);
		break;
	case EV_CITE:
		ops->cite(w, v);
		break;
	case EV_SEARCH:
		if (ops->search)
			ops->search(w, v);
		break;
	case EV_FINISH:
		ops->finish(w, v);
		break;
	case EV_PING:
		buf_span(w->out, w->dialect->ping);
		break;
	case EV_ERROR:
		if (ops->fail)
			ops->fail(w, v->err);
		else
			w->dialect->error_event(w->out, v->err, w->id);
		break;
	}
	if (w->text.full || w->items.full)
		return err_full(
			e, w->text.full ? &w->text : &w->items, ERR_UPSTREAM,
			"the answer is larger than %u bytes", WRITER_TEXT_MAX);
	return 0;
}
