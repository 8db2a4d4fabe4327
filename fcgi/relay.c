/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/relay.h"

#include "base/clock.h"
#include "dialect/sse.h"
#include "fcgi/reply.h"

#include <stdio.h>
#include <string.h>

#define PING_MS 10000       /* silence inside a stream */
#define ERROR_BODY_MAX 4096 /* of an upstream's error put into a stream */

enum mode {
	WAITING, /* no head from the upstream yet */
	STREAM,
	WHOLE,   /* held until it is complete */
	PASSING, /* too large to hold */
	LATE,    /* no stream, but the client's stream has begun */
};

struct relay {
	struct request *r;
	bool asked_stream;
	enum mode mode;
	int status;
	unsigned seen; /* enum tap */
	struct sse sse;
	struct buf held;    /* unfinished event, or the body so far */
	bool torn;          /* a part of an unfinished event is out */
	bool wrote;         /* since the last flush */
	int64_t last_out;   /* when the client last got bytes */
	struct span length; /* upstream's Content-Length */
};

/* Fields of an upstream's answer that the client gets: equal names, or names
 * that begin with the entry when it ends in "-". */
static const char *const passed[] = {
	"retry-after",  "retry-after-ms", "x-should-retry", "request-id",
	"x-request-id", "anthropic-",     "openai-",        "x-ratelimit-",
};

static bool is_passed(struct span name)
{
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		size_t n = strlen(passed[i]);
		bool prefix = passed[i][n - 1] == '-';
		struct span head = { name.p, n };

		if ((prefix ? name.n > n : name.n == n) &&
		    span_ieq(head, passed[i]))
			return true;
	}
	return false;
}

static bool is_event_stream(struct span type)
{
	struct span head = { type.p, strlen("text/event-stream") };

	return type.n >= head.n && span_ieq(head, "text/event-stream");
}

static void pass_fields(struct relay *y, const struct http_head *head)
{
	struct request *r = y->r;
	const char *id_name = r->dialect->request_id_header;
	struct span name, value, id = SPAN("");
	size_t at = 0;

	while (http_next_field(head, &at, &name, &value)) {
		if (!is_passed(name))
			continue;
		if (span_ieq(name, id_name) || span_ieq(name, "x-request-id"))
			id = value;
		reply_field(r, arena_str(r->arena, name), value);
	}
	if (!http_field(head, id_name).n)
		reply_field(r, id_name, span_of(r->id));
	r->log.upstream_id = arena_str(r->arena, id);
}

static int on_head(void *arg, const struct http_head *head, struct err *e)
{
	struct relay *y = arg;
	struct request *r = y->r;
	struct span type = http_field(head, "content-type");
	bool stream = head->status / 100 == 2 && is_event_stream(type);

	y->status = head->status;
	if (head->status / 100 == 3)
		return err_set(e, ERR_UPSTREAM,
			       "it redirects (HTTP %d), and "
			       "redirects are not followed: set its base URL "
			       "to the final address",
			       head->status);
	if (r->head_sent) { /* by keep-alive bytes */
		y->mode = stream ? STREAM : LATE;
		return 0;
	}
	y->mode = stream ? STREAM : WHOLE;
	pass_fields(y, head);
	if (stream) {
		reply_stream_fields(r);
		return 0;
	}
	if (type.n)
		reply_field(r, "Content-Type", type);
	y->length = span_of(
		arena_str(r->arena, http_field(head, "content-length")));
	return 0;
}

static int gone(struct err *e)
{
	return err_set(e, ERR_GONE, "the client left");
}

static int put(struct relay *y, struct span bytes, struct err *e)
{
	if (!bytes.n)
		return 0;
	if (!y->r->head_sent && reply_head(y->r, y->status))
		return gone(e);
	if (reply_write(y->r, bytes))
		return gone(e);
	y->wrote = true;
	return 0;
}

static int on_event(void *arg, struct span name, struct span data,
		    struct err *e)
{
	struct relay *y = arg;

	(void)e;
	y->seen |= y->r->dialect->tap(name, data);
	return 0;
}

static int put_held(struct relay *y, struct err *e)
{
	int rc = put(y, buf_get(&y->held), e);

	buf_reset(&y->held);
	return rc;
}

static int stream_bytes(struct relay *y, struct span in, struct err *e)
{
	struct span rest;

	if (sse_feed(&y->sse, in, e))
		return -1;
	rest.p = in.p + y->sse.edge;
	rest.n = in.n - y->sse.edge;
	in.n = y->sse.edge;
	if (in.n) {
		if (put_held(y, e) || put(y, in, e))
			return -1;
		y->torn = false;
	}
	buf_span(&y->held, rest);
	if (y->held.full || y->held.n > RELAY_EVENT_HOLD_MAX) {
		/* Too long to wait for: its end comes without us. */
		y->torn = true;
		return put_held(y, e);
	}
	return 0;
}

static int on_body(void *arg, struct span in, struct err *e)
{
	struct relay *y = arg;

	switch (y->mode) {
	case STREAM:
		return stream_bytes(y, in, e);
	case WHOLE:
		if (y->held.n + in.n <= RELAY_HOLD_MAX) {
			buf_span(&y->held, in);
			return 0;
		}
		y->mode = PASSING;
		if (y->length.n)
			reply_field(y->r, "Content-Length", y->length);
		if (put_held(y, e))
			return -1;
		return put(y, in, e);
	case PASSING:
		return put(y, in, e);
	case LATE:
		if (y->held.n + in.n <= ERROR_BODY_MAX)
			buf_span(&y->held, in);
		return 0;
	case WAITING:
		break;
	}
	return err_set(e, ERR_UPSTREAM, "a body without a head");
}

static int on_flush(void *arg, struct err *e)
{
	struct relay *y = arg;

	if (!y->wrote)
		return 0;
	y->wrote = false;
	y->last_out = clock_ms();
	return reply_flush(y->r) ? gone(e) : 0;
}

static bool on_gone(void *arg)
{
	struct relay *y = arg;

	return y->r->gw->ops->gone(y->r->gw);
}

static int keep_alive(struct relay *y, struct err *e)
{
	struct request *r = y->r;
	bool begun = y->seen & TAP_BEGUN;

	if (!r->head_sent) {
		y->status = 200;
		reply_field(r, r->dialect->request_id_header, span_of(r->id));
		reply_stream_fields(r);
	}
	if (put(y, begun ? r->dialect->ping : dialect_comment, e))
		return -1;
	return on_flush(y, e);
}

/* Before each wait: shutting down? time for keep-alive bytes? */
static int on_tick(void *arg, long *wait, struct err *e)
{
	struct relay *y = arg;
	long limit = y->r->config->settings.keepalive_ms;
	int64_t left;

	if (atomic_load(&y->r->app->cut))
		return err_set(e, ERR_SHUTDOWN,
			       "the router is stopping: "
			       "try again");
	if (!y->asked_stream || y->torn ||
	    (y->mode != WAITING && y->mode != STREAM))
		return 0;
	if (y->r->head_sent && limit > PING_MS)
		limit = PING_MS;
	left = y->last_out + limit - clock_ms();
	if (left <= 0) {
		if (keep_alive(y, e))
			return -1;
		left = limit;
	}
	if (left < *wait)
		*wait = (long)left;
	return 0;
}

static bool complete(const struct relay *y)
{
	unsigned ends = TAP_END | TAP_ERROR;

	/* Several Chat providers send a finish reason and no [DONE]. */
	if (y->r->dialect == &dialects[DIALECT_OPENAI])
		ends |= TAP_FINISH;
	return y->seen & ends;
}

static int end_stream(struct relay *y, struct err *e)
{
	if (sse_end(&y->sse, e) || put_held(y, e))
		return -1;
	if (!complete(y))
		return err_set(e, ERR_RESET,
			       "the stream ended early, without "
			       "its final event");
	return on_flush(y, e);
}

static int end_whole(struct relay *y, struct err *e)
{
	char length[24];

	snprintf(length, sizeof(length), "%zu", y->held.n);
	reply_field(y->r, "Content-Length", span_of(length));
	if (!y->held.n)
		return reply_head(y->r, y->status) ? gone(e) : 0;
	return put_held(y, e);
}

/* The client's stream has begun, and the upstream answers with something else:
 * an error of its own is passed on as the last event. */
static int end_late(struct relay *y, struct err *e)
{
	struct span body = span_trim(buf_get(&y->held));
	const struct dialect *d = y->r->dialect;
	struct buf event;
	int rc;

	if (y->status / 100 == 2 || !body.n || body.p[0] != '{')
		return err_set(e, ERR_UPSTREAM,
			       "it answered HTTP %d without "
			       "a stream",
			       y->status);
	buf_init(&event, ERROR_BODY_MAX * 8);
	dialect_event(&event, d->error_event_name, body);
	y->r->log.error = "upstream_error";
	rc = put(y, buf_get(&event), e);
	buf_release(&event);
	return rc ? rc : on_flush(y, e);
}

static int end_answer(struct relay *y, struct err *e)
{
	switch (y->mode) {
	case STREAM:
		return end_stream(y, e);
	case WHOLE:
		return end_whole(y, e);
	case LATE:
		return end_late(y, e);
	case PASSING:
	case WAITING:
		break;
	}
	return 0;
}

static void fail(struct relay *y, struct err *e)
{
	struct request *r = y->r;
	struct err unused;

	if (e->code != ERR_GONE && e->code != ERR_SHUTDOWN)
		err_add(e, arena_fmt(r->arena, "backend %s", r->log.backend));
	if (!r->head_sent)
		buf_reset(&r->head); /* fields of the answer that failed */
	else if (y->mode == PASSING)
		r->cut = true; /* no place for an error in this body */
	else if (y->torn)
		put(y, SPAN("\n\n"), &unused);
	reply_error(r, e);
}

void relay_run(struct request *r, struct http_call *call, bool stream)
{
	struct relay y = { .r = r,
			   .asked_stream = stream,
			   .last_out = clock_ms() };
	struct err e = { 0 };

	sse_init(&y.sse, on_event, &y);
	buf_init(&y.held, RELAY_HOLD_MAX + RELAY_EVENT_HOLD_MAX);
	call->arg = &y;
	call->on_head = on_head;
	call->on_body = on_body;
	call->on_flush = on_flush;
	call->on_gone = on_gone;
	call->on_tick = on_tick;
	call->watch = r->gw->watch;
	call->blind = r->gw->blind;
	if (http_run(r->app->http, call, &e) || end_answer(&y, &e))
		fail(&y, &e);
	sse_release(&y.sse);
	buf_release(&y.held);
}
