/* SPDX-License-Identifier: MIT */
/*
 * relay-stage: what becomes of an upstream's answer on its way through the
 * relay. relay.c owns the transfer, the clocks and the client; a stage gets
 * the bytes: relay-pass.c hands them on as they are, relay-translate.c makes
 * another dialect's answer of them. Private to relay*.c.
 */
#ifndef DARIO_RELAY_STAGE_H
#define DARIO_RELAY_STAGE_H

#include "dialect/sse.h"
#include "fcgi/relay.h"
#include "fcgi/reply.h"

enum mode {
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
	bool begun;       /* the client has seen the answer's first event */
	bool torn;        /* the client has a part of an unfinished event */
	bool wrote;       /* since the last flush */
	int64_t last_out; /* when the client last got bytes */
	int64_t in_line;  /* since when no call is running; 0: one is */

	/* of the running call */
	struct relay_call *call;
	const struct relay_stage *stage;
	enum mode mode;
	int status;         /* the upstream's */
	bool has_fields;    /* of a stream, from the upstream */
	int64_t ended;      /* when the final event came; 0 not yet */
	struct span length; /* upstream's Content-Length */
	struct sse sse;
	struct buf held;  /* unfinished event, or the body so far */
	struct buf early; /* events from before the first content */
	unsigned seen;    /* by relay_pass: enum tap */
	struct err error; /* by relay_pass: in the stream, before content */
	struct translation *translation; /* of relay_translate */
};

struct relay_stage {
	/* Header fields of the upstream's answer for the client. */
	void (*fields)(struct relay *y, const struct http_head *head);
	/* Bytes of the stream, and its end. */
	int (*bytes)(struct relay *y, struct span in, struct err *e);
	int (*end)(struct relay *y, struct err *e);
	/* Has the final event of the stream come? */
	bool (*complete)(const struct relay *y);
	/* The body in `held` is too large to hold on. */
	int (*overflow)(struct relay *y, struct err *e);
	/* The whole body is in `held`. */
	int (*whole)(struct relay *y, struct err *e);
	/* The stream breaks off: what was still held goes to the client. */
	void (*cut)(struct relay *y);
	/* Send what was kept back in `early`. */
	int (*commit)(struct relay *y, struct err *e);
};

extern const struct relay_stage relay_pass, relay_translate;

sse_fn relay_pass_event;   /* arg is the struct relay */
sse_fn relay_mapped_event; /* the same for events out of a tool map */
void relay_translate_init(struct relay *y);
void relay_translate_release(struct relay *y);

/* A whole message in `held`, with the client's own tools in it. */
void relay_map_whole(struct relay *y);

/* Bytes to the client, behind the head; no flush. */
int relay_put(struct relay *y, struct span bytes, struct err *e);
/* The head of a stream, unless the upstream has given its own. */
void relay_stream_head(struct relay *y);
int relay_put_held(struct relay *y, struct err *e);
/* Is `name` equal to an entry, or does it begin with one that ends in "-"? */
bool relay_listed(struct span name, const char *const *list);

#endif
