/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "fcgi/relay-stage.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A stream whose final event is there is complete; its connection gets this
 * long to end as well, so that it can be used again. */
#define LINGER_MS 200
#define PING_MS 10000     /* silence inside a stream */
#define LINE_MS 2000      /* silence in line, where a client may leave */
#define BLIND_MS 250      /* between looks at a client that poll cannot see */
#define STOP_CHECK_MS 500 /* between looks whether the worker must go */
#define RETRY_SECONDS 5L  /* when an upstream does not say */

/* A field name as RFC 9110 has it: what is none is not handed on. */
static bool is_token(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) &&
		    !strchr("!#$%&'*+-.^_`|~", name.p[i]))
			return false;
	return name.n > 0;
}

bool relay_listed(struct span name, const char *const *list)
{
	for (; *list; list++) {
		size_t n = strlen(*list);
		bool prefix = (*list)[n - 1] == '-';
		struct span head = { name.p, n };

		if ((prefix ? name.n > n : name.n == n) &&
		    span_ieq(head, *list))
			return is_token(name);
	}
	return false;
}

static bool is_event_stream(struct span type)
{
	struct span head = { type.p, strlen("text/event-stream") };

	return type.n >= head.n && span_ieq(head, "text/event-stream");
}

/* Some clients give up at once on a 429 that does not say when to come back
 * (in seconds: they do not read retry-after-ms). */
static void need_retry_after(struct request *r, const struct http_head *head)
{
	struct span ms = http_field(head, "retry-after-ms");
	long seconds = strtol(arena_str(r->arena, ms), NULL, 10) / 1000 + 1;
	char text[24];

	if (http_field(head, "retry-after").n)
		return;
	snprintf(text, sizeof(text), "%ld", ms.n ? seconds : RETRY_SECONDS);
	reply_field(r, "Retry-After", span_of(text));
}

static int on_head(void *arg, const struct http_head *head, struct err *e)
{
	struct relay *y = arg;
	struct request *r = y->r;
	bool stream = head->status / 100 == 2 &&
		      is_event_stream(http_field(head, "content-type"));

	y->status = head->status;
	if (y->call->on_head)
		y->call->on_head(y->call->arg, head);
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
	y->stage->fields(y, head);
	if (head->status == 429)
		need_retry_after(r, head);
	return 0;
}

int relay_put(struct relay *y, struct span bytes, struct err *e)
{
	if (!bytes.n)
		return 0;
	if (!y->r->head_sent && reply_head(y->r, y->status))
		return reply_gone(e);
	if (reply_write(y->r, bytes))
		return reply_gone(e);
	y->wrote = true;
	return 0;
}

int relay_put_held(struct relay *y, struct err *e)
{
	int rc = relay_put(y, buf_get(&y->held), e);

	buf_reset(&y->held);
	return rc;
}

static int on_body(void *arg, struct span in, struct err *e)
{
	struct relay *y = arg;

	switch (y->mode) {
	case STREAM:
		return y->stage->bytes(y, in, e);
	case WHOLE:
	case LATE:
		buf_span(&y->held, in);
		if (!y->held.full)
			return 0;
		if (y->mode == LATE)
			return err_set(e, ERR_UPSTREAM,
				       "it answered HTTP %d without a stream",
				       y->status);
		if (y->stage->overflow(y, e))
			return -1;
		y->mode = PASSING;
		return relay_put(y, in, e);
	case PASSING:
		return relay_put(y, in, e);
	case WAITING:
		break;
	}
	return err_set(e, ERR_UPSTREAM, "a body without a head");
}

static int on_flush(void *arg, struct err *e)
{
	struct relay *y = arg;

	if (!y->ended && y->mode == STREAM && y->stage->complete(y))
		y->ended = clock_ms();
	if (!y->wrote)
		return 0;
	y->wrote = false;
	y->last_out = clock_ms();
	return reply_flush(y->r) ? reply_gone(e) : 0;
}

static bool on_gone(void *arg)
{
	struct relay *y = arg;

	return y->r->gw->ops->gone(y->r->gw);
}

void relay_stream_head(struct relay *y)
{
	struct request *r = y->r;

	y->status = 200;
	if (y->has_fields) /* the upstream's own, in one dialect */
		return;
	reply_field(r, r->dialect->request_id_header, span_of(r->id));
	reply_stream_fields(r);
}

static int keep_alive(struct relay *y, struct err *e)
{
	struct request *r = y->r;
	const char *account = r->log.account;
	int rc;

	if (y->early.n) /* the client has waited long enough for it */
		return y->stage->commit(y, e) ? -1 : on_flush(y, e);
	if (!r->head_sent) {
		relay_stream_head(y);
		r->log.account = NULL; /* who will answer is not known yet */
	}
	rc = relay_put(y, y->begun ? r->dialect->ping : dialect_comment, e);
	r->log.account = account;
	return rc ? rc : on_flush(y, e);
}

/* Before each wait: shutting down? time for keep-alive bytes? */
static int on_tick(void *arg, long *wait, struct err *e)
{
	struct relay *y = arg;
	long limit = y->r->config->settings.keepalive_ms;
	int64_t due, left;

	if (atomic_load(&y->r->app->cut))
		return err_set(e, ERR_SHUTDOWN,
			       "the router is stopping: "
			       "try again");
	if (y->ended) {
		left = y->ended + LINGER_MS - clock_ms();
		y->call->http.enough = left <= 0;
		if (left < *wait)
			*wait = left < 0 ? 0 : (long)left;
		return 0;
	}
	if (!y->asked_stream || y->torn ||
	    (y->mode != WAITING && y->mode != STREAM))
		return 0;
	if (y->r->head_sent && limit > PING_MS)
		limit = PING_MS;
	due = y->last_out + limit;
	/* Some web servers watch the client from the first bytes on only. */
	if (!y->r->head_sent && y->in_line && due > y->in_line + LINE_MS)
		due = y->in_line + LINE_MS;
	left = due - clock_ms();
	if (left <= 0) {
		if (keep_alive(y, e))
			return -1;
		left = limit;
	}
	if (left < *wait)
		*wait = (long)left;
	return 0;
}

/* Has the upstream refused, and may another be asked instead? */
static bool refused(struct relay *y)
{
	struct failure f = { .status = y->status, .body = buf_get(&y->held) };

	return y->status >= 400 && (y->mode == WHOLE || y->mode == LATE) &&
	       y->call->again && y->call->again(y->call->arg, &f);
}

static int end_answer(struct relay *y, struct err *e)
{
	int rc = 0;

	switch (y->mode) {
	case STREAM:
		rc = y->stage->end(y, e);
		break;
	case WHOLE:
	case LATE:
		if (y->status >= 400 && y->r->upstream_key)
			buf_mask(&y->held, span_of(y->r->upstream_key));
		/* It goes out together with the end of the request. */
		return y->stage->whole(y, e);
	case PASSING:
	case WAITING:
		break;
	}
	return rc ? rc : on_flush(y, e);
}

void relay_fail(struct relay *y, const struct err *e)
{
	struct request *r = y->r;
	struct err unused;

	if (!r->head_sent && e->code != ERR_PASSED)
		buf_reset(&r->head); /* fields of the answer that failed */
	else if (y->mode == PASSING)
		r->cut = true; /* and no place for an error in this body */
	else if (y->torn)
		relay_put(y, SPAN("\n\n"), &unused);
	reply_error(r, e);
}

/* True when another call follows. */
static bool fail(struct relay *y, struct err *e)
{
	struct relay_call *c = y->call;
	struct failure f = { .err = e };

	err_mask(e, y->r->upstream_key);
	if (e->code != ERR_GONE && e->code != ERR_SHUTDOWN) {
		if (!y->begun && !y->torn && y->mode != PASSING && c->again &&
		    c->again(c->arg, &f))
			return true;
		if (y->early.n && y->stage->commit(y, e) == 0 &&
		    y->error.code && on_flush(y, e) == 0)
			return false; /* the upstream's own error event */
		if (y->begun && y->mode == STREAM)
			y->stage->cut(y);
		/* What the upstream itself says stays as it is. */
		if (e->code != ERR_PASSED)
			err_add(e, arena_fmt(y->r->arena, "backend %s",
					     y->r->log.backend));
	}
	relay_fail(y, e);
	return false;
}

static bool run(struct relay *y, struct http_call *call)
{
	struct err e = { 0 };
	int rc;

	call->arg = y;
	call->on_head = on_head;
	call->on_body = on_body;
	call->on_flush = on_flush;
	call->on_gone = on_gone;
	call->on_tick = on_tick;
	call->watch = y->r->gw->watch;
	call->blind = y->r->gw->blind;
	rc = http_run(y->r->app->http, call, &e);
	if (rc && y->ended && e.code != ERR_GONE)
		rc = 0; /* nothing was missing any more */
	if (rc == 0 && refused(y))
		return true;
	return (rc || end_answer(y, &e)) && fail(y, &e);
}

struct relay *relay_new(struct request *r, bool stream)
{
	struct relay *y = arena_take(r->arena, sizeof(*y));

	y->r = r;
	y->asked_stream = stream;
	y->last_out = clock_ms();
	return y;
}

bool relay_run(struct relay *y, struct relay_call *c)
{
	bool again;

	y->call = c;
	y->mode = WAITING;
	y->in_line = 0;
	y->status = 0;
	y->has_fields = false;
	y->ended = 0;
	y->length = SPAN("");
	y->seen = 0;
	y->error.code = ERR_NONE;
	y->r->usage = (struct usage){ 0 };
	y->r->has_usage = y->r->has_windows = false;
	buf_init(&y->early, RELAY_EARLY_MAX);
	buf_init(&y->held,
		 c->chat || c->map ? RELAY_WHOLE_MAX : RELAY_HOLD_MAX);
	if (c->map)
		tool_map_reset(c->map);
	if (c->chat) {
		y->stage = &relay_translate;
		relay_translate_init(y);
	} else if (c->map) {
		y->stage = &relay_pass;
		tool_map_sink(c->map, relay_mapped_event, y);
		sse_init(&y->sse, tool_map_event, c->map);
	} else {
		y->stage = &relay_pass;
		sse_init(&y->sse, relay_pass_event, y);
	}
	again = run(y, &c->http);
	if (!again && y->seen & TAP_ERROR && !y->r->log.error)
		y->r->log.error = "upstream_error"; /* it said so itself */
	if (again && !y->r->head_sent)
		buf_reset(&y->r->head); /* and with it the fields there */
	if (again)
		y->has_fields = false;
	if (c->chat)
		relay_translate_release(y);
	sse_release(&y->sse);
	buf_release(&y->held);
	buf_release(&y->early);
	y->call = NULL;
	return again;
}

/* Has the client left? Waits at most `ms` for it. */
static bool gone_within(struct gateway *g, long ms)
{
	struct pollfd p = { .fd = g->watch, .events = POLLIN };

	if (g->blind) {
		poll(NULL, 0, (int)(ms < BLIND_MS ? ms : BLIND_MS));
		return g->ops->gone(g);
	}
	return poll(&p, 1, (int)ms) > 0 && g->ops->gone(g);
}

int relay_wait(struct relay *y, long ms, struct err *e)
{
	int64_t end = clock_ms() + ms;
	int64_t left;

	y->mode = WAITING;
	y->ended = 0;
	if (!y->in_line)
		y->in_line = clock_ms();
	while ((left = end - clock_ms()) > 0) {
		long wait = left < STOP_CHECK_MS ? (long)left : STOP_CHECK_MS;

		if (on_tick(y, &wait, e))
			return -1;
		if (gone_within(y->r->gw, wait))
			return reply_gone(e);
	}
	return 0;
}
