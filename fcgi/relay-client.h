/* SPDX-License-Identifier: MIT */
/*
 * relay-client: what the relay and its stages share: the state of one answer,
 * and the way to the client. Private to relay*.c.
 */
#ifndef DARIO_RELAY_CLIENT_H
#define DARIO_RELAY_CLIENT_H

#include "dialect/sse.h"
#include "fcgi/relay.h"
#include "fcgi/reply.h"

enum relay_mode {
	WAITING, /* no head from the upstream yet */
	STREAM,
	WHOLE,   /* held until it is complete */
	PASSING, /* too large to hold */
	LATE,    /* no stream, but the client's stream has begun */
};

struct relay_stage;

struct relay {
	struct request *r;
	bool asked_stream;
	bool wrote;       /* since the last flush */
	int64_t last_out; /* when the client last got bytes; 0: now */
	int64_t in_line;  /* since when no call is running; 0: one is */

	/* of the last call */
	struct relay_call *call; /* NULL: it is over */
	const struct relay_stage *stage;
	struct chat *chat;
	struct tool_map *map;
	const struct name_back *names;
	enum dialect_id upstream; /* what it speaks */
	bool moves;               /* another target may answer in its place */
	bool framed;              /* the head tells how long the body is */
	enum relay_mode mode;
	bool begun;       /* the client has seen the answer's first event */
	bool hold;        /* the beginning is still kept back */
	bool content;     /* the upstream has sent something of the answer */
	bool given;       /* the client has the upstream's error event */
	bool has_fields;  /* of a stream, from the upstream */
	bool raw;         /* a good answer goes on as it comes */
	bool bad_body;    /* the request's own ended the call */
	bool looked_for;  /* raw: the beginning is held, for an id in it */
	bool left;        /* we hung up: what is unfinished is nobody's loss */
	int status;       /* the upstream's; 0: none came */
	int64_t over;     /* when to hang up, once there is an end; 0 not yet */
	long linger;      /* that was granted then, ms */
	const char *type; /* upstream's Content-Type */
	struct span length; /* and its Content-Length */
	/* Its head, while only the body can tell whether it is a stream; or
	 * NULL. */
	const struct http_head *unsure;
	struct sse sse;
	struct buf held;  /* unfinished event, or the body so far */
	struct buf early; /* events from before the first content */
	unsigned seen;    /* by relay_pass: enum tap */
	/* By relay_pass: the name of events in which there is nothing but a
	 * text, for estimate_event's last frame. */
	char plain[32];
	bool has_plain;
	/* By relay_pass: in the stream; or NULL. */
	const struct err *error;
	struct span refusal; /* the event that was it, or "" */
	bool too_early;      /* and before any content */
	bool hide_usage;     /* by relay_pass: an event of nothing else */
	bool hidden;         /* the last event was one */
	struct relay_translation *translation; /* of relay_translate */
};

/* What the answer is, and what the client is told of it. */
void relay_settle(struct relay *y, const struct http_head *head, bool stream);
/* The upstream's head: http_call's on_head of a relay. Whatever is taken from
 * its fields is free of our keys. */
int relay_on_head(void *arg, const struct http_head *head, struct err *e);

/* Bytes to the client, behind the head; no flush. */
int relay_put(struct relay *y, struct span bytes, struct err *e);
int relay_put_held(struct relay *y, struct err *e);
/* What was put reaches the client. */
int relay_flush(struct relay *y, struct err *e);
/* The fields of a stream's head, unless the upstream has given its own. */
void relay_stream_fields(struct relay *y);

/* The message in `held`, with the client's own tools in it. */
int relay_map_whole(struct relay *y, struct err *e);

void relay_keep_refusal(struct relay *y, struct span data);
/* An event's data without our keys, where it may be an error: mostly itself,
 * else in `mem`. */
struct span relay_clean(const struct relay *y, struct span data,
			struct buf *mem);

#endif
