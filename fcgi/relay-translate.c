/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/answer-restore.h"
#include "dialect/answer-seal.h"
#include "dialect/reader.h"
#include "fcgi/metered.h"
#include "fcgi/rate-fields.h"
#include "fcgi/relay-stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* upstream bytes -> reader -> restore -> seal -> writer (or fold -> whole
 * answer) */
struct translation {
	struct reader reader;
	struct answer_restore restore;
	struct answer_seal seal;
	struct writer writer;
	struct fold fold;
	struct buf out;    /* what the writer has made and nobody has sent */
	bool stream;       /* wanted by the client */
	const char *asked; /* what of the request was dropped, or NULL */
	size_t told;       /* bytes of reader.dropped that the head names */
};

/* Fields that mean the same in every dialect. */
static const char *const passed[] = {
	"retry-after",
	"retry-after-ms",
	"x-should-retry",
};

static void fields(struct relay *y, const struct http_head *head)
{
	struct request *r = y->r;
	struct span value, id;

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		value = http_field(head, passed[i]);
		if (value.n)
			reply_field(r, passed[i], value);
	}
	id = http_field(head, "request-id");
	if (!id.n)
		id = http_field(head, "x-request-id");
	r->upstream_id = arena_str(r->arena, id);
	if (id.n)
		reply_field(r, "x-dario-upstream-id", id);
	if (!r->key) /* they are of the account that pays */
		rate_fields(r, head, y->translation->reader.dialect);
}

static void note_usage(struct relay *y, const struct ev *v)
{
	if (v->kind == EV_DELTA)
		metered_text(y->r, v->text);
	if (v->kind != EV_START && v->kind != EV_FINISH)
		return;
	y->r->usage = v->usage;
	y->r->has_usage = true;
}

/* Something to show, not only the beginning of it. */
static bool is_content(const struct ev *v)
{
	switch (v->kind) {
	case EV_OPEN:
	case EV_DELTA:
		return v->text.n > 0;
	case EV_CLOSE:
	case EV_CITE:
	case EV_SEARCH:
	case EV_FINISH:
		return true;
	case EV_START:
	case EV_PING:
	case EV_ERROR:
		break;
	}
	return false;
}

/* What was dropped after the head had gone is named in a comment, which every
 * reader of a stream skips, before the end; the history has all of it. */
static void tell_late(struct relay *y)
{
	struct translation *t = y->translation;
	struct span late = span_skip(buf_get(&t->reader.dropped), t->told);

	if (!y->r->head_sent || !late.n)
		return;
	if (span_starts(late, ", "))
		late = span_skip(late, 2);
	buf_fmt(&t->out, ": x-dario-dropped: %.*s\n\n", SPAN_FMT(late));
}

/* The end of the chain for a client that wants a stream. */
static int to_client(void *arg, const struct ev *v, struct err *e)
{
	struct relay *y = arg;
	struct translation *t = y->translation;

	note_usage(y, v);
	reader_unsaid(&t->reader, y->r->dialect, v);
	if (v->kind == EV_ERROR) {
		*e = *v->err;
		return -1;
	}
	if (v->kind == EV_START && v->name.n)
		snprintf(t->writer.model, sizeof(t->writer.model), "%.*s",
			 SPAN_FMT(v->name));
	y->content |= is_content(v);
	if (v->kind == EV_PING && !y->begun)
		return 0;
	if (v->kind == EV_FINISH)
		tell_late(y);
	return writer_event(&t->writer, v, e);
}

static int to_fold(void *arg, const struct ev *v, struct err *e)
{
	struct relay *y = arg;

	note_usage(y, v);
	reader_unsaid(&y->translation->reader, y->r->dialect, v);
	y->content |= is_content(v);
	return fold_feed(&y->translation->fold, v, e);
}

/* Into the map, or straight to the reader. */
static int take_event(void *arg, struct span name, struct span data,
		      struct err *e)
{
	struct relay *y = arg;
	struct buf mem;
	int rc;

	buf_init(&mem, data.n);
	data = relay_clean(y, data, &mem);
	rc = y->map ? tool_map_event(y->map, name, data, e)
		    : reader_event(&y->translation->reader, name, data, e);
	buf_release(&mem);
	return rc;
}

static void init(struct relay *y)
{
	struct chat *chat = y->chat;
	enum dialect_id upstream = y->upstream;
	struct translation *t = xcalloc(1, sizeof(*t));
	struct request *r = y->r;

	y->translation = t;
	t->asked = r->dropped;
	t->stream = chat->stream;
	buf_init(&t->out, RELAY_WHOLE_MAX);
	writer_init(&t->writer, r->dialect, &t->out);
	t->writer.usage_wanted = chat->usage_wanted;
	snprintf(t->writer.model, sizeof(t->writer.model), "%s",
		 r->upstream_model ? r->upstream_model : r->model);
	fold_init(&t->fold, r->arena);
	answer_seal_init(&t->seal, chat->origin, r->arena,
			 span_of(t->writer.id), t->stream ? to_client : to_fold,
			 y);
	if (upstream == DIALECT_RESPONSES)
		answer_seal_items(&t->seal);
	/* In its own dialect nothing has to be sealed. */
	if (chat->origin)
		answer_restore_init(&t->restore, chat, upstream,
				    answer_seal_event, &t->seal);
	else
		answer_restore_init(&t->restore, chat, upstream, t->seal.sink,
				    y);
	reader_init(&t->reader, &dialects[upstream], r->arena,
		    answer_restore_event, &t->restore);
	if (y->map)
		tool_map_sink(y->map, reader_event, &t->reader);
	sse_init(&y->sse, take_event, y);
}

static void release(struct relay *y)
{
	struct translation *t = y->translation;

	y->r->writer = NULL;
	reader_release(&t->reader);
	answer_restore_release(&t->restore);
	answer_seal_release(&t->seal);
	fold_release(&t->fold);
	writer_release(&t->writer);
	buf_release(&t->out);
	free(t);
}

/* What of the answer has no place, behind what of the request had none. A
 * stream's head names what came before its first content. */
static void note_dropped(struct relay *y)
{
	struct translation *t = y->translation;
	struct span now = buf_get(&t->reader.dropped);
	struct request *r = y->r;

	if (now.n)
		r->dropped = t->asked ? arena_fmt(r->arena, "%s, %.*s",
						  t->asked, SPAN_FMT(now))
				      : arena_str(r->arena, now);
}

/* Send what the writer has made, once there is content. */
static int send_out(struct relay *y, struct err *e)
{
	struct translation *t = y->translation;

	if (t->out.full)
		return err_full(e, &t->out, ERR_UPSTREAM,
				"the answer is larger than %zu bytes",
				t->out.max);
	if (!t->out.n || !y->content)
		return 0;
	if (!y->r->head_sent) {
		note_dropped(y);
		t->told = t->reader.dropped.n;
		relay_stream_fields(y);
	}
	if (relay_put(y, buf_get(&t->out), e))
		return -1;
	y->begun = true;
	y->r->writer = &t->writer;
	buf_reset(&t->out);
	return 0;
}

static int send_whole(struct relay *y, struct err *e)
{
	struct translation *t = y->translation;

	if (*t->fold.answer.model)
		snprintf(t->writer.model, sizeof(t->writer.model), "%s",
			 t->fold.answer.model);
	t->writer.dialect->whole(&t->writer, &t->fold.answer);
	if (t->out.full)
		return send_out(y, e);
	if (y->r->arena->full)
		return err_memory(e);
	reply_field(y->r, y->r->dialect->request_id_header, span_of(y->r->id));
	return reply_json(y->r, 200, buf_get(&t->out)) ? reply_gone(e) : 0;
}

static int finish(struct relay *y, struct err *e)
{
	note_dropped(y);
	return y->translation->stream ? send_out(y, e) : send_whole(y, e);
}

static int bytes(struct relay *y, struct span in, struct err *e)
{
	int rc = sse_feed(&y->sse, in, e);
	struct err unused;

	/* What came before the fault belongs to the client. */
	if (y->translation->stream && send_out(y, rc ? &unused : e))
		return -1;
	return rc;
}

static long linger(const struct relay *y)
{
	return y->translation->reader.finished ? RELAY_LINGER_MS : -1;
}

static int end(struct relay *y, struct err *e)
{
	struct translation *t = y->translation;
	struct err unused;

	if ((sse_end(&y->sse, e) && !t->reader.finished) ||
	    (y->map && tool_map_end(y->map, e)) || reader_end(&t->reader, e)) {
		if (t->stream)
			send_out(y, &unused);
		return -1;
	}
	return finish(y, e);
}

static void cut(struct relay *y)
{
	struct err unused;

	if (y->map && tool_map_end(y->map, &unused) == 0)
		send_out(y, &unused);
}

static int overflow(struct relay *y, struct err *e)
{
	return err_full(e, &y->held, ERR_UPSTREAM,
			"the answer is larger than %zu bytes", y->held.max);
}

/* OpenAI says "no credit left" as a 429 that no waiting will mend. */
static void note_quota(struct relay *y, const struct err *e)
{
	if (strcmp(e->type, "insufficient_quota") == 0)
		reply_field(y->r, "x-should-retry", SPAN("false"));
}

static int whole(struct relay *y, struct err *e)
{
	struct translation *t = y->translation;

	if (y->map && relay_map_whole(y, e))
		return -1;
	if (reader_whole(&t->reader, buf_get(&y->held), e))
		return -1;
	return finish(y, e);
}

static int refuse(struct relay *y, struct err *e)
{
	note_quota(y, e);
	return -1;
}

const struct relay_stage relay_translate = {
	.init = init,
	.release = release,
	.fields = fields,
	.bytes = bytes,
	.end = end,
	.linger = linger,
	.overflow = overflow,
	.whole = whole,
	.cut = cut,
	.refuse = refuse,
};
