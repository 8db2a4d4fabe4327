/* SPDX-License-Identifier: MIT */
/*
 * sse: splits a text/event-stream into events (WHATWG HTML, section 9.2).
 *
 * Feed bytes as they arrive; `fn` is called once per complete event that has
 * data. `name` and `data` die when `fn` returns. Lines end in LF, CRLF or CR
 * and may be split anywhere; comment lines and unknown fields are passed over;
 * a leading byte order mark is ignored. After sse_feed, `edge` is how many of
 * the bytes just fed belong to finished events: what lies behind it is the
 * beginning of an event that is not complete. An event longer than
 * SSE_EVENT_MAX fails the stream with ERR_UPSTREAM. Not thread-safe.
 */
#ifndef DARIO_SSE_H
#define DARIO_SSE_H

#include "base/buf.h"
#include "base/err.h"

#define SSE_EVENT_MAX (16u << 20) /* bytes of one line, and of one event */
#define SSE_NAME_MAX 256

typedef int sse_fn(void *arg, struct span name, struct span data,
		   struct err *e);

struct sse {
	sse_fn *fn;
	void *arg;
	size_t edge;
	struct buf line; /* beginning of a line, from earlier feeds */
	struct buf name;
	struct buf data;  /* complete data lines of the event so far */
	struct span only; /* its single data line, still in the input */
	bool has_data, after_cr, begun;
	bool several; /* data lines in the event so far */
};

void sse_init(struct sse *s, sse_fn *fn, void *arg);
void sse_release(struct sse *s);
int sse_feed(struct sse *s, struct span in, struct err *e);
/* The last, unterminated event, if it is whole: its data a JSON object or
 * [DONE]. An error when it is not. */
int sse_end(struct sse *s, struct err *e);

#endif
