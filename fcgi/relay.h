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
 */
#ifndef DARIO_RELAY_H
#define DARIO_RELAY_H

#include "dialect/chat.h"
#include "fcgi/request.h"

#define RELAY_HOLD_MAX (1u << 20)   /* bytes of an answer that is no stream */
#define RELAY_WHOLE_MAX (64u << 20) /* the same when it is translated */
#define RELAY_EVENT_HOLD_MAX (256u << 10) /* bytes of an unfinished event */

/* Make `call` (method, URL, headers, body, clocks are set) and answer `r`.
 * `stream`: the client asked for a stream. */
void relay_run(struct request *r, struct http_call *call, bool stream);

/* The same when the upstream speaks another dialect; `chat` is the request. */
void relay_run_translated(struct request *r, struct http_call *call,
			  struct chat *chat, enum dialect_id upstream);

#endif
