/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "net/http-handle.h"
#include "net/http-head.h"
#include "net/http-multi.h"

#include <string.h>

#define IN_SMALL (16u << 10) /* bytes; what is more is mostly much more */

/* --- what libcurl calls, outside of the task ----------------------------- */

static size_t fail_in_callback(struct handle *k)
{
	k->failed = true;
	task_wake(k->task);
	return 0;
}

static int take_header(struct handle *k, struct span line)
{
	int status = http_head_status(line);
	bool folded = http_head_unfold(&k->head, line);

	if (status >= 0) {
		buf_reset(&k->head);
		k->status = status;
		k->n_fields = 0;
		if (k->fd >= 0) /* else it is told once it waits */
			http_multi_heard(k->of->multi, k->fd);
		if (http_check_status(k, status, k->err))
			return -1;
	}
	buf_span(&k->head, line);
	if (k->head.full || ++k->n_fields > HTTP_FIELDS_MAX)
		return http_head_too_long(k->err);
	/* After 100-continue and the like the real one follows. */
	if (!folded && !span_trim(line).n && k->status >= 200) {
		k->head_whole = true;
		k->last = clock_ms();
		task_wake(k->task);
	}
	return 0;
}

size_t http_on_header(char *p, size_t size, size_t n, void *arg)
{
	struct handle *k = arg;
	struct span line = { p, size * n };

	if (k->head_whole || k->call->answered)
		return line.n; /* a trailer */
	return take_header(k, line) ? fail_in_callback(k) : line.n;
}

size_t http_on_body(char *p, size_t size, size_t n, void *arg)
{
	struct handle *k = arg;
	struct span bytes = { p, size * n };

	if (k->in.n >= HTTP_IN_MAX) {
		k->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	/* By doubling it would be copied thrice on its way there. */
	if (k->in.n + bytes.n > IN_SMALL)
		buf_more(&k->in, k->in.max - k->in.n);
	buf_span(&k->in, bytes);
	if (k->in.full) {
		err_memory(k->err);
		fail_in_callback(k);
		return bytes.n + 1; /* anything but bytes.n ends the call */
	}
	task_wake(k->task);
	return bytes.n;
}

/* --- the task's side ----------------------------------------------------- */

static int take_head(struct handle *k)
{
	struct span all = buf_get(&k->head);
	const char *lf = memchr(all.p, '\n', all.n);
	struct http_head head = { .status = k->status };

	k->head_whole = false;
	if (!lf)
		return err_set(k->err, ERR_UPSTREAM, "the answer is not HTTP");
	head.fields.p = lf + 1;
	head.fields.n = all.n - (size_t)(lf + 1 - all.p);
	if (http_head_check(&head, k->err))
		return -1;
	k->call->answered = true;
	http_unpack_begin(k, &head);
	return k->call->on_head(k->call->arg, &head, k->err);
}

/* What libcurl receives while the callback waits goes to another buffer. */
static int take_body(struct handle *k)
{
	struct http_call *c = k->call;
	struct buf body = k->in;
	int rc;

	buf_init(&k->in, body.max);
	rc = *k->coding ? http_unpack(k, buf_get(&body))
			: c->on_body(c->arg, buf_get(&body), k->err);
	if (rc == 0 && c->on_flush)
		rc = c->on_flush(c->arg, !k->ended || k->result != CURLE_OK,
				 k->err);
	k->last = clock_ms(); /* that the client is slow is not its fault */
	if (k->in.n) {
		buf_release(&body);
	} else {
		buf_release(&k->in);
		k->in = body;
		buf_reset(&k->in);
	}
	return rc;
}

int http_take(struct handle *k)
{
	while (k->head_whole || k->in.n || k->paused) {
		if (k->head_whole && take_head(k))
			return -1;
		if (k->in.n && take_body(k))
			return -1;
		if (k->call->enough)
			return 0;
		if (k->paused && !k->in.n) {
			k->paused = false;
			http_resume(k);
		}
		if (k->failed)
			return -1;
	}
	return 0;
}
