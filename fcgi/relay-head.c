/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/relay-stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COST "x-litellm-response-cost"
#define RETRY_SECONDS 5L /* when an upstream does not say */

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

/* Some servers send their events under a type that says nothing. */
static bool says_nothing(struct span type)
{
	struct span name = span_trim(span_cut(&type, ';'));

	return !name.n || span_ieq(name, "text/plain") ||
	       span_ieq(name, "application/octet-stream");
}

/* It goes on as it comes; of JSON, only when its id has been seen. */
static void begin_raw(struct relay *y)
{
	if (y->length.n)
		reply_field(y->r, "Content-Length", y->length);
	y->mode = PASSING;
	y->begun = true;
	y->looked_for = strcasestr(y->type, "json");
}

void relay_settle(struct relay *y, const struct http_head *head, bool stream)
{
	struct request *r = y->r;

	y->unsure = NULL;
	if (stream && !y->chat && !y->map)
		y->held.max = SSE_EVENT_MAX;
	if (r->head_sent) { /* by keep-alive bytes */
		y->mode = stream ? STREAM : LATE;
		return;
	}
	y->mode = stream ? STREAM : WHOLE;
	y->stage->fields(y, head);
	/* A provider's page is no page of this router's. */
	if (y->raw)
		reply_field(r, "Content-Security-Policy", SPAN("sandbox"));
	if (y->raw && head->status < 400)
		begin_raw(y);
	if (head->status == 429)
		need_retry_after(r, head);
}

/* The head for later. */
static const struct http_head *kept(struct relay *y,
				    const struct http_head *head)
{
	struct http_head *copy = arena_take(y->r->arena, sizeof(*copy));

	*copy = (struct http_head){ head->status,
				    arena_span(y->r->arena, head->fields) };
	return copy;
}

static int take_head(struct relay *y, const struct http_head *head,
		     struct err *e)
{
	struct request *r = y->r;
	struct span type = http_field(head, "content-type");
	bool good = head->status / 100 == 2;

	y->status = head->status;
	y->type = arena_str(r->arena, type);
	if (good && request_backend(r)->quirks.tells_cost)
		r->head_cost = arena_span(r->arena, http_field(head, COST));
	y->framed = http_field(head, "content-length").n ||
		    http_field(head, "transfer-encoding").n;
	if (y->call->on_head)
		y->call->on_head(y->call->arg, head);
	if (head->status / 100 == 3 && !(y->raw && head->status == 304))
		return err_set(e, ERR_UPSTREAM,
			       "it redirects (HTTP %d), and "
			       "redirects are not followed: set its base URL "
			       "to the final address",
			       head->status);
	if (good && y->asked_stream && says_nothing(type)) {
		y->mode = r->head_sent ? LATE : WHOLE;
		y->unsure = kept(y, head);
		return 0;
	}
	relay_settle(y, head, good && !y->raw && is_event_stream(type));
	return 0;
}

int relay_on_head(void *arg, const struct http_head *head, struct err *e)
{
	struct relay *y = arg;
	const struct mask *m = &y->r->secrets;
	struct http_head clean = *head;
	struct buf fields;
	int rc;

	if (!mask_finds(m, head->fields))
		return take_head(y, head, e);
	buf_init(&fields, HTTP_HEAD_MAX);
	buf_span(&fields, head->fields);
	mask_buf(m, &fields);
	clean.fields = buf_get(&fields);
	rc = take_head(y, &clean, e);
	buf_release(&fields);
	return rc;
}
