/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/estimate.h"
#include "fcgi/metered.h"
#include "fcgi/rate-fields.h"
#include "fcgi/relay-stage.h"
#include "fcgi/stored.h"
#include "lib/answering.h"
#include "state/shared/objects.h"

#include <stdlib.h>
#include <string.h>

struct relay_translation {
	struct answering a;
	const char *asked; /* what of the request was dropped, or NULL */
	size_t told;       /* bytes of answering_dropped that the head names */
};

static struct answering *of(const struct relay *y)
{
	return &y->translation->a;
}

/* What is looked for in a head: fields that mean the same in every dialect,
 * which are passed, then those with the answer's id. */
enum {
	PASSED = 3,
	REQUEST_ID = PASSED,
	X_REQUEST_ID,
	WANTED
};
static const char *const wanted[WANTED] = {
	"retry-after",
	"retry-after-ms",
	"x-should-retry",
	[REQUEST_ID] = "request-id",
	[X_REQUEST_ID] = "x-request-id",
};

static void fields(struct relay *y, const struct http_head *head)
{
	struct request *r = y->r;
	struct span values[WANTED], id;

	http_fields(head, wanted, WANTED, values);
	for (size_t i = 0; i < PASSED; i++)
		if (values[i].n)
			reply_field(r, wanted[i], values[i]);
	id = values[values[REQUEST_ID].n ? REQUEST_ID : X_REQUEST_ID];
	r->upstream_id = arena_str(r->arena, id);
	if (id.n)
		reply_field(r, "x-dario-upstream-id", id);
	if (!r->key) /* they are of the account that pays */
		rate_fields(r, head, &dialects[y->upstream]);
}

/* What was dropped after the head had gone is named in a comment, which every
 * reader of a stream skips, before the end; the history has all of it. */
static void tell_late(struct relay *y)
{
	struct relay_translation *x = y->translation;
	struct span late = span_skip(answering_dropped(&x->a), x->told);

	if (!x->a.t.stream || !y->r->head_sent || !late.n)
		return;
	if (span_starts(late, ", "))
		late = span_skip(late, 2);
	buf_fmt(&x->a.t.out, ": x-dario-dropped: %.*s\n\n", SPAN_FMT(late));
}

static enum dialect_id client_dialect(const struct relay *y)
{
	return (enum dialect_id)(y->r->dialect - dialects);
}

/* In one API an answer keeps its name, by which its provider has it. */
static void keep_id(struct relay *y, struct span id)
{
	struct writer *w = &of(y)->t.writer;

	if (!objects_is_id(id) || id.n >= sizeof(w->id))
		return;
	span_text(w->id, sizeof(w->id), id);
	stored_note_id(y->r, id);
}

static void see(void *arg, const struct ev *v)
{
	struct relay *y = arg;

	y->content = of(y)->t.content;
	if (v->kind == EV_START && y->upstream == client_dialect(y))
		keep_id(y, v->id);
	if (v->kind == EV_DELTA) {
		estimate_text(y->r, v->text);
		metered_note(y->r);
	}
	if (v->kind == EV_FINISH)
		tell_late(y);
	if (v->kind != EV_START && v->kind != EV_FINISH)
		return;
	y->r->usage = v->usage;
	y->r->has_usage = true;
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
		    : translation_event(&of(y)->t, name, data, e);
	if (rc && e->code == ERR_PASSED)
		relay_keep_refusal(y, data);
	buf_release(&mem);
	return rc;
}

static int end_map(void *arg, struct err *e)
{
	struct relay *y = arg;

	return y->map ? tool_map_end(y->map, e) : 0;
}

static void init(struct relay *y)
{
	struct relay_translation *x = xmalloc(sizeof(*x));
	struct request *r = y->r;
	struct answering_of how = {
		.chat = y->chat,
		.upstream = y->upstream,
		.client = r->dialect,
		.model = r->upstream_model ? r->upstream_model : r->model,
		.max = RELAY_WHOLE_MAX,
		.first = take_event,
		.last = end_map,
		.arg = y,
	};

	y->translation = x;
	x->asked = r->dropped;
	x->told = 0;
	answering_init(&x->a, &how, &y->sse);
	x->a.t.seen = see;
	x->a.t.arg = y;
	if (y->map)
		tool_map_sink(y->map, translation_event, &x->a.t);
}

static void release(struct relay *y)
{
	y->r->translated = NULL;
	answering_release(of(y));
	free(y->translation);
}

/* What of the answer has no place, behind what of the request had none. A
 * stream's head names what came before its first content. */
static void note_dropped(struct relay *y)
{
	struct relay_translation *x = y->translation;
	struct buf all;

	if (!answering_dropped(&x->a).n)
		return;
	buf_init(&all, 2 * CHAT_DROPPED_MAX + 2);
	answering_all_dropped(&x->a, x->asked, &all);
	y->r->dropped = arena_str(y->r->arena, buf_get(&all));
	buf_release(&all);
}

/* Send what the client is to have now. */
static int send_out(struct relay *y, struct err *e)
{
	struct span out = answering_take(of(y));

	if (!out.n)
		return 0;
	if (!y->r->head_sent) {
		note_dropped(y);
		y->translation->told = answering_dropped(of(y)).n;
		relay_stream_fields(y);
	}
	if (relay_put(y, out, e))
		return -1;
	y->begun = true;
	y->r->translated = of(y);
	return 0;
}

static int finish(struct relay *y, struct err *e)
{
	struct request *r = y->r;

	note_dropped(y);
	if (of(y)->t.stream)
		return send_out(y, e);
	if (r->arena->full)
		return err_memory(e);
	reply_field(r, r->dialect->request_id_header, span_of(r->id));
	return reply_json(r, 200, answering_take(of(y))) ? reply_gone(e) : 0;
}

static int bytes(struct relay *y, struct span in, struct err *e)
{
	int rc = answering_feed(of(y), in, e);
	struct err unused;

	/* What came before the fault belongs to the client. */
	if (of(y)->t.stream && send_out(y, rc ? &unused : e))
		return -1;
	return rc;
}

static long linger(const struct relay *y)
{
	return answering_is_over(of(y)) ? RELAY_LINGER_MS : -1;
}

static int end(struct relay *y, struct err *e)
{
	struct err unused;

	if (answering_end(of(y), e) == 0)
		return finish(y, e);
	if (of(y)->t.stream)
		send_out(y, &unused);
	return -1;
}

static void cut(struct relay *y)
{
	struct err unused;

	if (answering_cut(of(y), &unused) == 0 && of(y)->t.stream)
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
	if (y->map && relay_map_whole(y, e))
		return -1;
	if (answering_whole(of(y), buf_get(&y->held), e))
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
