/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "dialect/error.h"
#include "dialect/peek.h"
#include "dialect/tap.h"
#include "fcgi/late-model.h"
#include "fcgi/passage-usage.h"
#include "fcgi/passage.h"
#include "fcgi/persons-view.h"
#include "fcgi/relay-stage.h"
#include "fcgi/spool.h"
#include "fcgi/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PING_MS 10000           /* silence inside a stream */
#define LINE_MS 2000            /* silence in line, where a client may leave */
#define ID_MAX (64u << 10)      /* bytes of an answer in which its id is */
#define REFUSAL_MAX (16u << 10) /* bytes of an error in a stream */

/* --- the running call ---------------------------------------------------- */

static bool is_refusal(const struct relay *y)
{
	return y->status >= 400;
}

static struct span without_mark(struct span body)
{
	return span_starts(body, UTF8_BOM) ? span_skip(body, strlen(UTF8_BOM))
					   : body;
}

/* The API answers in JSON: another server's page is no answer of it. */
static bool is_json(const struct relay *y)
{
	struct span body = span_trim(without_mark(buf_get(&y->held)));

	return body.n && (*body.p == '{' || *body.p == '[' ||
			  strcasestr(y->type, "json"));
}

/* A body that is too large to be held, but for the end, where a key may have
 * begun. */
static int pass_on(struct relay *y, struct span in, struct err *e)
{
	size_t n;

	passage_usage_feed(y->r, y->status, y->type, in);
	buf_span(&y->held, in);
	if (y->held.full)
		return err_memory(e);
	if (y->looked_for && y->held.n < ID_MAX)
		return 0;
	if (y->looked_for)
		stored_note(y->r, buf_get(&y->held));
	y->looked_for = false;
	mask_buf(&y->r->secrets, &y->held);
	n = y->held.n - mask_open(&y->r->secrets, buf_get(&y->held));
	if (relay_put(y, (struct span){ y->held.p, n }, e))
		return -1;
	buf_splice(&y->held, 0, n, SPAN(""));
	return 0;
}

static int no_json(const struct relay *y, struct err *e)
{
	return err_set(e, ERR_UPSTREAM,
		       "it answered HTTP %d with %.60s in place of JSON: look "
		       "at its base URL",
		       y->status,
		       !y->held.n ? "nothing"
		       : *y->type ? y->type
				  : "something");
}

/* Held is more than can be held. */
static int overflow(struct relay *y, struct span in, struct err *e)
{
	if (is_refusal(y)) {
		err_full(e, &y->held, ERR_PASSED,
			 "the upstream answered HTTP %d with more than %zu "
			 "bytes",
			 y->status, y->held.max);
		e->status = e->code == ERR_PASSED ? y->status : 0;
		return -1;
	}
	if (y->mode == LATE || y->held.starved)
		return err_full(e, &y->held, ERR_UPSTREAM,
				"it answered HTTP %d without a stream",
				y->status);
	if (!is_json(y))
		return no_json(y, e);
	if (tap_word(buf_get(&y->held)) && y->held.max < RELAY_WHOLE_MAX) {
		y->held.max = RELAY_WHOLE_MAX; /* to be looked at */
		y->held.full = false;
		buf_span(&y->held, in);
		return y->held.full ? err_memory(e) : 0;
	}
	if (y->stage->overflow(y, e))
		return -1;
	y->mode = PASSING;
	y->begun = true;
	passage_usage_feed(y->r, y->status, y->type, buf_get(&y->held));
	y->held.max += RELAY_HOLD_MAX; /* for `in` and what comes next */
	y->held.full = false;
	return pass_on(y, in, e);
}

/* Do the first bytes of a body begin an event stream? *more: not enough of them
 * to tell. */
static bool begins_stream(struct span body, bool *more)
{
	static const char *const begins[] = { "data:", "event:", "id:",
					      "retry:", ":" };

	*more = false;
	body = without_mark(body);
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		size_t n = strlen(begins[i]);

		if (span_starts(body, begins[i]))
			return true;
		*more |= body.n < n && memcmp(begins[i], body.p, body.n) == 0;
	}
	*more |= body.n < strlen(UTF8_BOM) &&
		 memcmp(UTF8_BOM, body.p, body.n) == 0;
	return false;
}

/* The first bytes say what the head did not. */
static int look_at(struct relay *y, struct span in, struct err *e)
{
	bool more, stream;
	struct buf first;
	int rc;

	buf_span(&y->held, in);
	if (y->held.full)
		return overflow(y, in, e);
	stream = begins_stream(buf_get(&y->held), &more);
	if (more)
		return 0;
	relay_settle(y, y->unsure, stream);
	if (!stream)
		return 0;
	buf_init(&first, y->held.n);
	buf_span(&first, buf_get(&y->held));
	buf_reset(&y->held);
	rc = first.full ? err_memory(e)
			: y->stage->bytes(y, buf_get(&first), e);
	buf_release(&first);
	return rc;
}

static int on_body(void *arg, struct span in, struct err *e)
{
	struct relay *y = arg;

	if (y->unsure)
		return look_at(y, in, e);
	switch (y->mode) {
	case STREAM:
		return y->stage->bytes(y, in, e);
	case WHOLE:
	case LATE:
		buf_span(&y->held, in);
		return y->held.full ? overflow(y, in, e) : 0;
	case PASSING:
		return pass_on(y, in, e);
	case WAITING:
		break;
	}
	return err_set(e, ERR_UPSTREAM, "a body without a head");
}

/* Once there is an end, the connection gets a while to end as well. What comes
 * after an error moves its clock on. */
static void note_end(struct relay *y)
{
	long linger = y->mode == STREAM ? y->stage->linger(y) : -1;

	if (linger < 0 ||
	    (y->over && linger == RELAY_LINGER_MS && y->linger == linger))
		return;
	y->linger = linger;
	y->over = clock_ms() + linger;
}

/* The last bytes go out together with the end of the request. */
static int on_flush(void *arg, bool more, struct err *e)
{
	note_end(arg);
	return more ? relay_flush(arg, e) : 0;
}

static bool on_gone(void *arg)
{
	struct relay *y = arg;

	return gateway_gone(y->r->gw);
}

/* Of an answer that may not become the client's. */
static void drop_fields(struct relay *y)
{
	y->has_fields = false;
	if (!y->r->head_sent)
		buf_reset(&y->r->head);
}

static int keep_alive(struct relay *y, struct err *e)
{
	struct request *r = y->r;
	const char *account = r->account, *backend = r->backend;
	int rc;

	if (!r->head_sent) { /* who will answer is not known yet */
		if (y->hold)
			drop_fields(y);
		relay_stream_fields(y);
		r->account = NULL;
		r->backend = y->moves ? NULL : backend;
	}
	rc = relay_put(y, y->begun ? r->dialect->ping : dialect_comment, e);
	r->account = account;
	r->backend = backend;
	return rc ? rc : relay_flush(y, e);
}

/* When the client needs keep-alive bytes, if there is nothing else. */
static int64_t due(const struct relay *y, long limit)
{
	int64_t when = y->last_out + limit;

	/* Some web servers watch the client from the first bytes on only. */
	if (!y->r->head_sent && y->in_line && when > y->in_line + LINE_MS)
		when = y->in_line + LINE_MS;
	return when;
}

/* Before each wait: shutting down? time for keep-alive bytes? */
static int on_tick(void *arg, long *wait, struct err *e)
{
	struct relay *y = arg;
	long limit = y->r->config->settings.keepalive_ms;
	int64_t now, left;

	if (atomic_load(&y->r->app->cut))
		return err_set(e, ERR_SHUTDOWN,
			       "the router is stopping: "
			       "try again");
	if (y->over) {
		left = y->over - clock_ms();
		y->call->http.enough = left <= 0;
		if (left < *wait)
			*wait = left < 0 ? 0 : (long)left;
		return 0;
	}
	if (!y->asked_stream || (y->mode != WAITING && y->mode != STREAM))
		return 0;
	if (y->r->head_sent && limit > PING_MS)
		limit = PING_MS;
	now = clock_ms();
	if (!y->last_out)
		y->last_out = now;
	left = due(y, limit) - now;
	if (left <= 0) {
		if (keep_alive(y, e))
			return -1;
		left = limit;
	}
	if (left < *wait)
		*wait = (long)left;
	return 0;
}

/* The rest of a body that is not held; it is read all along. */
static long on_send(void *arg, char *p, size_t n, struct err *e)
{
	struct relay *y = arg;
	struct request *r = y->r;
	struct late_model *late = r->passage->late;
	bool seen = spool_left(r->spool); /* by whoever put it there */
	long got = late ? late_model_read(late, p, n, e)
			: request_rest_of_body(r, p, n, e);

	if (got > 0 && r->passage->form && !late && !seen &&
	    form_feed(r->passage->form, (struct span){ p, (size_t)got }, e))
		got = -1;
	y->bad_body = got == -1;
	if (got > 0) /* what was held is on its way, and of no more use */
		buf_release(&r->body);
	return got;
}

static int run(struct relay *y, struct relay_call *c, struct err *e)
{
	struct http_call *h = &c->http;

	h->arg = y;
	h->on_head = relay_on_head;
	h->on_body = on_body;
	h->on_flush = on_flush;
	h->on_gone = on_gone;
	h->on_tick = on_tick;
	if (y->r->passage && y->r->passage->rest) {
		int64_t more = y->r->passage->rest_n;

		h->on_send = on_send;
		h->length = more < 0 ? -1
				     : (int64_t)h->body.n + more +
					       (int64_t)spool_left(y->r->spool);
	}
	return http_run(y->r->http, h, e);
}

/* --- what comes of it ---------------------------------------------------- */

static int end_whole(struct relay *y, struct err *e)
{
	struct span body = buf_get(&y->held);
	bool may_be_error = is_refusal(y) || tap_word(body);

	if (may_be_error) /* in place: `body` is clean, too */
		mask_buf(&y->r->secrets, &y->held);
	if (is_refusal(y)) {
		persons_view_text(y->r, &y->held);
		error_read_body(body, y->status, e);
		return -1;
	}
	if (may_be_error && error_find(body, e))
		return -1;
	if (!is_json(y))
		return no_json(y, e);
	/* Without a length its end shows in no other way. */
	if (!y->framed && !peek_is_object(without_mark(body)))
		return err_set(e, ERR_RESET,
			       "the connection was lost in the middle of the "
			       "answer");
	if (y->mode == LATE && !y->chat)
		return err_set(e, ERR_UPSTREAM,
			       "it answered HTTP %d without a stream",
			       y->status);
	if (y->stage->whole(y, e))
		return -1;
	y->begun = true;
	return 0;
}

/* What was still held. */
static int end_passing(struct relay *y, struct err *e)
{
	mask_buf(&y->r->secrets, &y->held);
	if (y->looked_for)
		stored_note(y->r, buf_get(&y->held));
	if (relay_put(y, buf_get(&y->held), e))
		return -1;
	if (!y->r->head_sent && reply_head(y->r, y->status))
		return reply_gone(e);
	y->wrote = true;
	passage_usage_end(y->r);
	return 0;
}

static int end_answer(struct relay *y, struct err *e)
{
	if (y->unsure) /* a few bytes, or none */
		relay_settle(y, y->unsure, false);
	switch (y->mode) {
	case STREAM:
		if (y->stage->end(y, e))
			return -1;
		break;
	case WHOLE:
	case LATE:
		return end_whole(y, e);
	case PASSING:
		if (end_passing(y, e))
			return -1;
		break;
	case WAITING:
		break;
	}
	if (y->error) { /* the client has it already */
		*e = *y->error;
		y->given = true;
		return -1;
	}
	return 0;
}

/* Had an answer begun when the call failed? It is paid then, if only a part of
 * it has come. */
static bool has_begun(const struct relay *y)
{
	struct span body = buf_get(&y->held);
	struct span line = buf_get(y->sse.line.n ? &y->sse.line : &y->sse.data);

	if (y->mode == WHOLE || y->mode == LATE)
		return y->status / 100 == 2 && is_json(y) && !tap_word(body);
	return y->mode == STREAM && line.n &&
	       dialects[y->upstream].content(buf_get(&y->sse.name), line);
}

/* An event that says no is one as a body is. */
void relay_keep_refusal(struct relay *y, struct span data)
{
	if (data.n <= REFUSAL_MAX)
		y->refusal = span_of(arena_str(y->r->arena, data));
}

static void note_outcome(struct relay *y)
{
	struct outcome *o = &y->r->outcome;
	struct err *e = &o->error;
	bool passed = e->code == ERR_PASSED;

	mask_err(&y->r->secrets, e);
	o->status = passed ? e->status : y->status;
	o->begun = y->begun || y->given;
	o->content = y->content || (e->code && !passed && has_begun(y));
	o->local = err_is_local(e->code) || y->bad_body;
	o->worked = y->call->http.worked && !y->bad_body;
	o->spent = y->call->http.sent;
	if (e->code && !passed && !o->local)
		err_add(e, arena_fmt(y->r->arena, "backend %s", y->r->backend));
	if (!passed)
		o->body = span_of(o->error.msg);
	else if (y->mode != STREAM)
		o->body = buf_get(&y->held);
	else
		o->body = y->refusal.n ? y->refusal : span_of(o->error.msg);
}

/* What the last call has left. */
static void reset(struct relay *y)
{
	if (y->stage && y->stage->release)
		y->stage->release(y);
	y->stage = NULL;
	sse_release(&y->sse);
	buf_release(&y->held);
	buf_release(&y->early);
	drop_fields(y);
}

static void begin(struct relay *y, struct relay_call *c)
{
	struct request *r = y->r;

	y->call = c;
	y->stage = c->chat ? &relay_translate : &relay_pass;
	y->chat = c->chat;
	y->map = c->map;
	y->names = c->chat ? NULL : c->names;
	y->raw = c->raw;
	y->looked_for = y->bad_body = false;
	y->hold = c->hold;
	y->hide_usage = c->hide_usage;
	y->moves = c->moves;
	y->upstream = c->chat ? c->upstream
			      : (enum dialect_id)(r->dialect - dialects);
	y->mode = WAITING;
	y->begun = y->content = y->given = false;
	y->left = y->too_early = false;
	y->in_line = y->over = 0;
	y->status = 0;
	y->length = y->refusal = SPAN("");
	y->type = "";
	y->unsure = NULL;
	y->seen = 0;
	y->error = NULL;
	r->outcome = (struct outcome){ 0 };
	r->upstream_id = NULL;
	r->usage = (struct usage){ 0 };
	r->head_cost = SPAN("");
	r->hosted = NULL;
	r->has_usage = r->has_windows = false;
	buf_init(&y->early, RELAY_EARLY_MAX + SSE_EVENT_MAX);
	buf_init(&y->held, c->chat || c->map || y->names ? RELAY_WHOLE_MAX
							 : RELAY_HOLD_MAX);
	if (c->map)
		tool_map_reset(c->map);
	y->stage->init(y);
}

void relay_run(struct relay *y, struct relay_call *c)
{
	/* No second one on a stack that lasts as long as the answer. */
	struct err *e = &y->r->outcome.error;

	reset(y);
	begin(y, c);
	y->left = run(y, c, e) != 0 || c->http.enough;
	/* Nothing was missing any more; a client leaves at the final event. */
	if (e->code && y->over &&
	    (e->code != ERR_GONE || y->linger == RELAY_LINGER_MS))
		e->code = ERR_NONE;
	if (!e->code && end_answer(y, e) == 0)
		e->code = ERR_NONE;
	note_outcome(y);
	y->call = NULL;
}

static void fail(struct relay *y, const struct err *e)
{
	struct request *r = y->r;

	if (!r->head_sent && e->code != ERR_PASSED)
		buf_reset(&r->head); /* fields of the answer that failed */
	else if (y->mode == PASSING)
		r->cut = true; /* no place for an error in this body */
	reply_error(r, e);
}

void relay_give(struct relay *y)
{
	const struct outcome *o = &y->r->outcome;
	struct err e = o->error;

	if (!e.code || y->given)
		return;
	if (o->begun && y->mode == STREAM && !o->local)
		y->stage->cut(y);
	if (!o->begun && outcome_refused(o) && y->stage->refuse(y, &e) == 0) {
		relay_flush(y, &e);
		return;
	}
	fail(y, &e);
}

void relay_fail(struct relay *y, const struct err *e)
{
	reset(y);
	outcome_local(&y->r->outcome, e);
	fail(y, e);
}

struct relay *relay_new(struct request *r, bool stream)
{
	struct relay *y = arena_take(r->arena, sizeof(*y));

	y->r = r;
	y->asked_stream = stream;
	y->last_out = clock_ms();
	return y;
}

void relay_free(struct relay *y)
{
	reset(y);
}

/* --- between calls ------------------------------------------------------- */

int relay_wait(struct relay *y, long ms, struct err *e)
{
	int64_t end = clock_ms() + ms;
	int64_t left;

	y->mode = WAITING;
	y->begun = false;
	y->over = 0;
	drop_fields(y);
	if (!y->in_line)
		y->in_line = clock_ms();
	while ((left = end - clock_ms()) > 0) {
		long wait = (long)left;

		if (on_tick(y, &wait, e))
			return -1;
		if (gateway_wait(y->r->gw, wait))
			return reply_gone(e);
	}
	return 0;
}
