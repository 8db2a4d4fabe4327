/* SPDX-License-Identifier: MIT */
/*
 * relay: carries an upstream's answer to the client.
 *
 * In one dialect the answer goes through byte for byte: an event stream is
 * written at event boundaries, one flush per upstream read, so that the client
 * never holds half an event and keep-alive bytes and an error can be put in
 * anywhere; any other answer is held until it is whole (or RELAY_HOLD_MAX,
 * then passed on). Between two dialects it is read and written anew. Nothing
 * reaches the client before the first whole event, when translated before the
 * first content: what fails before that is an HTTP error. After a silence a
 * streaming client is sent a head and keep-alive bytes; what fails later fails
 * inside the stream. A stream that ends without its dialect's terminal event
 * ends with an error event.
 *
 * One answer may take several upstream calls: while the client knows nothing
 * of an answer (keep-alive bytes are none) a failed call can be followed by
 * another, which `again` decides. After the first content nothing is ever sent
 * to an upstream again.
 */
#ifndef DARIO_RELAY_H
#define DARIO_RELAY_H

#include "dialect/chat.h"
#include "dialect/tool-map.h"
#include "fcgi/request.h"

#define RELAY_HOLD_MAX (1u << 20)   /* bytes of an answer that is no stream */
#define RELAY_WHOLE_MAX (64u << 20) /* the same when it is translated */
#define RELAY_EARLY_MAX (64u << 10) /* bytes of events before content */
#define RELAY_EVENT_HOLD_MAX (256u << 10) /* bytes of an unfinished event */

struct relay;

/* How a call failed before the client got anything of an answer. */
struct failure {
	int status;            /* of the upstream's answer; 0: none came */
	struct span body;      /* of that answer */
	const struct err *err; /* what went wrong when no such answer came */
};

struct relay_call {
	struct http_call http; /* method, URL, fields, body, clocks are set */
	struct chat *chat; /* the request, to translate; NULL: one dialect */
	enum dialect_id upstream;
	struct tool_map *map; /* of the client's tools, or NULL */
	bool hold; /* keep the beginning back until there is content */
	void *arg;
	/* NULL or: header fields of the answer have come. */
	void (*on_head)(void *arg, const struct http_head *head);
	/* NULL or: shall the client not see this, because another call will
	 * follow? */
	bool (*again)(void *arg, const struct failure *f);
};

/* For the answer to `r`, from its arena. `stream`: the client wants one. */
struct relay *relay_new(struct request *r, bool stream);

/* Make the call. True when `again` said so; else `r` has been answered. */
bool relay_run(struct relay *y, struct relay_call *c);

/* Let time pass, with keep-alive bytes; -1 when the client left or the worker
 * must go. */
int relay_wait(struct relay *y, long ms, struct err *e);

/* Answer with an error of our own: inside the stream once that has begun. */
void relay_fail(struct relay *y, const struct err *e);

#endif
