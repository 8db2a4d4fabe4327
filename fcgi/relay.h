/* SPDX-License-Identifier: MIT */
/*
 * relay: carries an upstream's answer to the client.
 *
 * In one dialect the answer goes through byte for byte: an event stream is
 * written at event boundaries, one flush per upstream read, so that the client
 * never holds a part of an event and keep-alive bytes and an error can be put
 * in anywhere; any other answer is held until it is whole (or RELAY_HOLD_MAX,
 * then passed on). Between two dialects it is read and written anew. Nothing
 * reaches the client before the first whole event, when translated or held
 * before the first content. After a silence a streaming client is sent a head
 * and keep-alive bytes; what fails later fails inside the stream. A stream
 * that ends without its dialect's terminal event ends with an error event.
 *
 * What is no model's dialogue (`raw`: a picture, speech, a file) goes on as it
 * comes, of whatever type; only errors are held and read.
 *
 * One answer may take several upstream calls. relay_run makes one and says in
 * r->outcome what came of it. A failure of which the client knows nothing
 * (keep-alive bytes are none) is kept back: the caller decides, once, whether
 * another call follows or relay_give hands it out. After the first content
 * nothing is ever sent to an upstream again.
 */
#ifndef DARIO_RELAY_H
#define DARIO_RELAY_H

#include "dialect/chat.h"
#include "dialect/name-back.h"
#include "dialect/tool-map.h"
#include "fcgi/request.h"

#define RELAY_HOLD_MAX (1u << 20)   /* bytes of an answer that is no stream */
#define RELAY_WHOLE_MAX (64u << 20) /* the same when it is translated */
#define RELAY_EARLY_MAX (64u << 10) /* bytes of events before content */

struct relay;

struct relay_call {
	struct http_call http; /* method, URL, fields, body, clocks are set */
	struct chat *chat; /* the request, to translate; NULL: one dialect */
	enum dialect_id upstream;
	struct tool_map *map; /* of the client's tools, or NULL */
	/* Of those that went by other names in the client's API, or NULL. */
	const struct name_back *names;
	bool raw;        /* whatever the answer is, it goes on as it comes */
	bool hide_usage; /* of a passed stream: the client has not asked */
	bool hold;       /* keep the beginning back until there is content */
	bool moves;      /* another target may answer in this one's place */
	void *arg;
	/* NULL or: header fields of the answer have come. */
	void (*on_head)(void *arg, const struct http_head *head);
};

/* For the answer to `r`, from its arena. `stream`: the client wants one. */
struct relay *relay_new(struct request *r, bool stream);
void relay_free(struct relay *y);

/* Make the call; what came of it is in r->outcome. */
void relay_run(struct relay *y, struct relay_call *c);

/* The client gets what it does not have yet of the last call's failure. */
void relay_give(struct relay *y);

/* Let time pass, with keep-alive bytes; -1 when the client left or the worker
 * must go. */
int relay_wait(struct relay *y, long ms, struct err *e);

/* Answer with an error of our own, in place of a call's: inside the stream
 * once that has begun. */
void relay_fail(struct relay *y, const struct err *e);

#endif
