/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/error.h"
#include "fcgi/relay-stage.h"

#include <stdio.h>
#include <string.h>

#define ERROR_BODY_MAX 4096 /* of an upstream's error put into a stream */

/* Fields of an upstream's answer that the client gets. */
static const char *const passed[] = {
	"retry-after", "retry-after-ms",     "x-should-retry",
	"request-id",  "x-request-id",       "anthropic-",
	"openai-",     "x-ratelimit-",       "ratelimit-",
	"ratelimit",   "x-ratelimitbysize-", "apim-request-id",
	NULL,
};

/* A length that can be handed on: of the bytes as they are, and a number. */
static struct span digits(struct request *r, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return SPAN("");
	return span_of(arena_str(r->arena, s));
}

static void fields(struct relay *y, const struct http_head *head)
{
	struct request *r = y->r;
	const char *id_name = r->dialect->request_id_header;
	struct span type = http_field(head, "content-type");
	struct span name, value, id = SPAN("");
	size_t at = 0;

	while (http_next_field(head, &at, &name, &value)) {
		if (!relay_listed(name, passed))
			continue;
		if (span_ieq(name, id_name) || span_ieq(name, "x-request-id"))
			id = value;
		reply_field(r, arena_str(r->arena, name), value);
	}
	if (!http_field(head, id_name).n)
		reply_field(r, id_name, span_of(r->id));
	r->log.upstream_id = arena_str(r->arena, id);
	if (y->mode == STREAM) {
		y->has_fields = true;
		reply_stream_fields(r);
		return;
	}
	if (type.n)
		reply_field(r, "Content-Type", type);
	if (!http_field(head, "content-encoding").n &&
	    !http_field(head, "transfer-encoding").n)
		y->length = digits(r, http_field(head, "content-length"));
}

/* An error from before the first content may still be kept from the client. */
static void note_error(struct relay *y, struct span data)
{
	struct err unused;
	struct json_object *o = json_read(data, &unused);

	error_read(o, 0, &y->error);
	json_object_put(o);
}

int relay_pass_event(void *arg, struct span name, struct span data,
		     struct err *e)
{
	struct relay *y = arg;
	const struct dialect *d = y->r->dialect;
	unsigned seen = d->tap(name, data);

	(void)e;
	if (y->call->hold && !(y->seen & TAP_CONTENT)) {
		if (seen & TAP_ERROR)
			note_error(y, data);
		if (d->content(name, data))
			seen |= TAP_CONTENT;
	}
	y->seen |= seen;
	if (usage_scan(d->usage, data, &y->r->usage))
		y->r->has_usage = true;
	return 0;
}

int relay_mapped_event(void *arg, struct span name, struct span data,
		       struct err *e)
{
	struct relay *y = arg;

	if (relay_pass_event(y, name, data, e))
		return -1;
	return tool_map_write(&y->held, name, data, e);
}

static int commit(struct relay *y, struct err *e)
{
	int rc;

	y->call->hold = false;
	y->begun |= (y->seen & TAP_BEGUN) != 0;
	rc = relay_put(y, buf_get(&y->early), e);
	buf_reset(&y->early);
	return rc;
}

/* Whole events to the client, or kept back for a while. */
static int put_events(struct relay *y, struct span in, struct err *e)
{
	if (!y->call->hold) {
		y->begun |= (y->seen & TAP_BEGUN) != 0;
		return relay_put_held(y, e) || relay_put(y, in, e);
	}
	buf_span(&y->early, buf_get(&y->held));
	buf_reset(&y->held);
	buf_span(&y->early, in);
	if (y->error.code) {
		*e = y->error;
		return -1;
	}
	if (y->early.full)
		return err_set(e, ERR_UPSTREAM,
			       "more than %u bytes before any content",
			       RELAY_EARLY_MAX);
	return y->seen & (TAP_CONTENT | TAP_END) ? commit(y, e) : 0;
}

/* An error may repeat what it was sent. */
static bool may_tell(const struct relay *y)
{
	return y->seen & TAP_ERROR && y->r->upstream_key;
}

/* What the map has made of the events so far, also before a fault. */
static int mapped_bytes(struct relay *y, struct span in, struct err *e)
{
	struct err unused;
	int rc = sse_feed(&y->sse, in, e);

	if (may_tell(y))
		buf_mask(&y->held, span_of(y->r->upstream_key));
	if (put_events(y, SPAN(""), rc ? &unused : e))
		return -1;
	return rc;
}

static int bytes(struct relay *y, struct span in, struct err *e)
{
	struct span rest;

	if (y->call->map)
		return mapped_bytes(y, in, e);
	if (sse_feed(&y->sse, in, e))
		return -1;
	rest.p = in.p + y->sse.edge;
	rest.n = in.n - y->sse.edge;
	in.n = y->sse.edge;
	if (may_tell(y)) {
		buf_span(&y->held, in);
		buf_mask(&y->held, span_of(y->r->upstream_key));
		if (put_events(y, SPAN(""), e))
			return -1;
	} else if (in.n) {
		if (put_events(y, in, e))
			return -1;
		y->torn = false;
	}
	if (y->held.n + rest.n > RELAY_EVENT_HOLD_MAX) {
		/* Too long to wait for: its end comes without us. */
		if (commit(y, e))
			return -1;
		y->torn = true;
		return relay_put_held(y, e) ? -1 : relay_put(y, rest, e);
	}
	buf_span(&y->held, rest);
	return 0;
}

static bool complete(const struct relay *y)
{
	return y->seen & (TAP_END | TAP_ERROR) && !y->held.n;
}

/* At the end of the connection: several Chat providers send a finish reason
 * and no [DONE]. */
static bool may_end(const struct relay *y)
{
	bool chat = y->r->dialect == &dialects[DIALECT_OPENAI];

	return y->seen & (TAP_END | TAP_ERROR | (chat ? TAP_FINISH : 0));
}

/* The last event, which may lack its end. What is torn behind the final event
 * is nobody's loss. */
static int end_events(struct relay *y, struct err *e)
{
	if (sse_end(&y->sse, e)) {
		if (!may_end(y))
			return -1;
		buf_reset(&y->held);
	}
	if (y->call->map && tool_map_end(y->call->map, e))
		return -1;
	if (may_tell(y))
		buf_mask(&y->held, span_of(y->r->upstream_key));
	return 0;
}

static int end(struct relay *y, struct err *e)
{
	bool kept = y->call->hold;

	if (end_events(y, e))
		return -1;
	if (kept && y->error.code)
		return put_events(y, SPAN(""), e);
	if (!kept || may_end(y)) {
		/* Whatever follows begins on a line of its own. */
		y->torn |= y->held.n > 0;
		if (commit(y, e) || relay_put_held(y, e))
			return -1;
	}
	if (!may_end(y))
		return err_set(e, ERR_RESET,
			       "the stream ended early, without its final "
			       "event");
	return 0;
}

static void cut(struct relay *y)
{
	struct err unused;

	if (y->call->map && tool_map_end(y->call->map, &unused) == 0)
		relay_put_held(y, &unused);
}

static int overflow(struct relay *y, struct err *e)
{
	if (y->call->map)
		return err_set(e, ERR_UPSTREAM,
			       "the answer is larger than %u bytes",
			       RELAY_WHOLE_MAX);
	if (y->length.n)
		reply_field(y->r, "Content-Length", y->length);
	return relay_put_held(y, e);
}

/* The client's stream has begun, and the upstream answers with something else:
 * an error of its own is passed on as the last event. */
static int late(struct relay *y, struct err *e)
{
	struct span body = span_trim(buf_get(&y->held));
	const struct dialect *d = y->r->dialect;
	struct buf event;
	int rc;

	if (y->status / 100 == 2 || !body.n || body.p[0] != '{' ||
	    body.n > ERROR_BODY_MAX)
		return err_set(e, ERR_UPSTREAM,
			       "it answered HTTP %d without a stream",
			       y->status);
	buf_init(&event, ERROR_BODY_MAX * 8);
	dialect_event(&event, d->error_event_name, body);
	y->r->log.error = "upstream_error";
	rc = relay_put(y, buf_get(&event), e);
	buf_release(&event);
	return rc;
}

/* A whole message with the client's own tools in it. */
void relay_map_whole(struct relay *y)
{
	struct err unused;
	struct json_object *o = json_read(buf_get(&y->held), &unused);

	if (o && tool_map_whole(y->call->map, o)) {
		buf_reset(&y->held);
		buf_span(&y->held, json_text(o));
	}
	json_object_put(o);
}

static int whole(struct relay *y, struct err *e)
{
	bool good = y->status / 100 == 2;
	char length[24];
	int rc;

	if (y->mode == LATE)
		return late(y, e);
	if (y->r->instead && (y->status == 404 || y->status == 405)) {
		buf_reset(&y->r->head);
		return y->r->instead(y->r, e);
	}
	if (y->call->map && good)
		relay_map_whole(y);
	snprintf(length, sizeof(length), "%zu", y->held.n);
	reply_field(y->r, "Content-Length", span_of(length));
	if (!y->held.n)
		return reply_head(y->r, y->status) ? reply_gone(e) : 0;
	rc = relay_put(y, buf_get(&y->held), e);
	if (good) { /* the client need not wait for the search in it */
		y->r->answer = y->held;
		buf_init(&y->held, 0);
	}
	return rc;
}

const struct relay_stage relay_pass = {
	.fields = fields,
	.bytes = bytes,
	.end = end,
	.complete = complete,
	.overflow = overflow,
	.whole = whole,
	.cut = cut,
	.commit = commit,
};
