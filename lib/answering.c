/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/tool-map.h"
#include "lib/answering.h"

#include <stdio.h>

void answering_init(struct answering *a, const struct answering_of *of,
		    struct sse *sse)
{
	translation_init(&a->t, of->chat, of->upstream, of->client, of->max);
	snprintf(a->t.writer.model, sizeof(a->t.writer.model), "%s", of->model);
	a->sse = sse;
	a->last = of->last;
	a->arg = of->arg;
	a->taken = false;
	if (of->first)
		sse_init(sse, of->first, of->arg);
	else
		sse_init(sse, translation_event, &a->t);
}

void answering_release(struct answering *a)
{
	translation_release(&a->t);
}

/* What was taken goes; what is still held back stays. */
static void drop_taken(struct answering *a)
{
	if (a->taken)
		buf_reset(&a->t.out);
	a->taken = false;
}

int answering_feed(struct answering *a, struct span in, struct err *e)
{
	int rc;

	drop_taken(a);
	rc = sse_feed(a->sse, in, e);
	if (rc == 0 && a->t.out.full)
		rc = err_full(e, &a->t.out, ERR_UPSTREAM,
			      "the answer is larger than %zu bytes",
			      a->t.out.max);
	return rc;
}

int answering_end(struct answering *a, struct err *e)
{
	drop_taken(a);
	/* What is torn behind the last word is nobody's loss. */
	if (sse_end(a->sse, e) && !answering_is_over(a))
		return -1;
	if (a->last && a->last(a->arg, e))
		return -1;
	return translation_end(&a->t, e);
}

int answering_whole(struct answering *a, struct span body, struct err *e)
{
	return translation_body(&a->t, body, e);
}

int answering_cut(struct answering *a, struct err *e)
{
	drop_taken(a);
	return a->last ? a->last(a->arg, e) : 0;
}

struct span answering_take(struct answering *a)
{
	struct translation *t = &a->t;

	if (a->taken || t->out.full || !t->out.n || (t->stream && !t->content))
		return SPAN("");
	t->begun = a->taken = true;
	return buf_get(&t->out);
}

void answering_error(struct answering *a, const struct err *error,
		     struct buf *out)
{
	struct writer *w = &a->t.writer;
	struct buf *own = w->out;
	struct err unused;

	w->out = out;
	writer_event(w, &(struct ev){ .kind = EV_ERROR, .err = error },
		     &unused);
	w->out = own;
}

void answering_all_dropped(const struct answering *a, const char *asked,
			   struct buf *out)
{
	struct span now = answering_dropped(a);

	if (asked)
		buf_fmt(out, "%s%s", asked, now.n ? ", " : "");
	buf_span(out, now);
}

int answering_pass(const struct name_back *names, struct span name,
		   struct span data, struct buf *out, struct err *e)
{
	struct buf now;
	int rc = 0;

	buf_init(&now, SSE_EVENT_MAX);
	if (names && name_back(names, data, &now))
		data = buf_get(&now);
	if (now.full)
		rc = err_full(e, &now, ERR_UPSTREAM,
			      "an event of its stream is larger than %zu bytes",
			      now.max);
	else
		rc = tool_map_write(out, name, data, e);
	buf_release(&now);
	return rc;
}

bool answering_may_end(enum dialect_id d, unsigned seen)
{
	unsigned chat = d == DIALECT_OPENAI ? TAP_FINISH : 0;

	return seen & (TAP_END | TAP_ERROR | chat);
}

int answering_ended_early(struct err *e)
{
	return err_set(e, ERR_RESET,
		       "the stream ended early, without its final event");
}
