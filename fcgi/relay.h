/* SPDX-License-Identifier: MIT */
/*
 * relay: carries an upstream's answer to the client, same dialect on both
 * sides, byte for byte.
 *
 * An event stream is written at event boundaries, one flush per upstream
 * read: the client never holds half an event, so keep-alive bytes and an
 * error can be put in anywhere. Nothing reaches the client before the first
 * whole event, so that what fails before it is an HTTP error. Any other
 * answer is held until it is whole (or RELAY_HOLD_MAX, then passed on). After
 * a silence a streaming client is sent a head and keep-alive bytes; what fails
 * later fails inside the stream. A stream that ends without its dialect's
 * terminal event ends with an error event.
 */
#ifndef DARIO_RELAY_H
#define DARIO_RELAY_H

#include "fcgi/request.h"

#define RELAY_HOLD_MAX (1u << 20) /* bytes of an answer that is no stream */
#define RELAY_EVENT_HOLD_MAX (256u << 10) /* bytes of an unfinished event */

/* Make `call` (method, URL, headers, body, clocks are set) and answer `r`.
 * `stream`: the client asked for a stream. */
void relay_run(struct request *r, struct http_call *call, bool stream);

#endif
