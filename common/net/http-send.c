/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "net/http-handle.h"

#include <string.h>

#define OUT_MAX (64u << 10) /* bytes that wait to be sent */

/* libcurl wants bytes of the body: called outside of the task. */
static size_t on_read(char *p, size_t size, size_t room, void *arg)
{
	struct handle *k = arg;
	struct span next = k->body_left.n ? k->body_left : buf_get(&k->out);
	size_t n = size * room < next.n ? size * room : next.n;

	if (!n && k->out_ended)
		return 0;
	task_wake(k->task);
	if (!n) {
		k->starved = true;
		return CURL_READFUNC_PAUSE;
	}
	memcpy(p, next.p, n);
	if (k->body_left.n)
		k->body_left = span_skip(k->body_left, n);
	else
		buf_splice(&k->out, 0, n, SPAN(""));
	k->call->sent = true;
	k->started = clock_ms(); /* an answer is awaited from the end on */
	return n;
}

void http_send_begin(struct handle *k)
{
	const struct http_call *c = k->call;
	curl_off_t n = c->length < 0 ? -1 : (curl_off_t)c->length;

	buf_init(&k->out, OUT_MAX);
	k->body_left = c->body;
	curl_easy_setopt(k->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(k->easy, CURLOPT_CUSTOMREQUEST, c->method);
	curl_easy_setopt(k->easy, CURLOPT_INFILESIZE_LARGE, n);
	curl_easy_setopt(k->easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(k->easy, CURLOPT_READDATA, k);
}

/* What there is now. Nothing is taken before what was there at first is on its
 * way: until then the call may still be made anew. */
static int fill(struct handle *k)
{
	struct http_call *c = k->call;

	while (!k->out_ended && k->out.n < OUT_MAX) {
		size_t room = OUT_MAX - k->out.n;
		char *to = buf_room(&k->out, room);
		long n = to ? c->on_send(c->arg, to, room, k->err)
			    : err_memory(k->err);

		if (n == HTTP_LATER)
			return 0;
		if (n < 0)
			return -1;
		buf_took(&k->out, (size_t)n);
		c->sent = c->sent || n > 0;
		k->out_ended = n == 0;
	}
	return 0;
}

int http_send_more(struct handle *k)
{
	if (!k->call->on_send || k->ended || k->body_left.n ||
	    !(k->call->sent || k->starved))
		return 0;
	if (fill(k))
		return -1;
	if (k->starved && (k->out.n || k->out_ended)) {
		k->starved = false;
		http_resume(k);
	}
	return 0;
}

void http_resume(struct handle *k)
{
	int stay = (k->paused ? CURLPAUSE_RECV : 0) |
		   (k->starved ? CURLPAUSE_SEND : 0);

	curl_easy_pause(k->easy, stay);
}

void http_send_end(struct handle *k)
{
	if (k->call->on_send)
		buf_release(&k->out);
}
