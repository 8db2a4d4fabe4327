/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/fetch.h"

#include "base/clock.h"
#include "base/http-date.h"
#include "base/mask.h"

#include <stdio.h>
#include <string.h>

#define LOOK_MS 100 /* between questions whether to go on */

static int on_head(void *arg, const struct http_head *head, struct err *e)
{
	struct fetch *f = arg;

	(void)e;
	f->status = head->status;
	f->date = http_date_read(http_field(head, "Date"));
	f->came = clock_wall_ms();
	return 0;
}

static int on_body(void *arg, struct span bytes, struct err *e)
{
	struct fetch *f = arg;

	buf_span(&f->body, bytes);
	if (f->body.full)
		return err_full(e, &f->body, ERR_UPSTREAM,
				"its answer is larger than %zu bytes",
				f->body.max);
	return 0;
}

static int on_tick(void *arg, long *wait, struct err *e)
{
	const struct fetch *f = arg;
	int64_t left = f->deadline - clock_ms();

	if (f->on_wait && f->on_wait(f->arg, e))
		return -1;
	if (left <= 0)
		return err_set(e, ERR_TIMEOUT, "no whole answer in %ld ms",
			       f->timeout_ms);
	if (left < *wait)
		*wait = (long)left;
	if (f->on_wait && *wait > LOOK_MS)
		*wait = LOOK_MS;
	return 0;
}

/* A server may repeat what it was sent. */
static void hide_credential(struct fetch *f, struct err *e)
{
	const char *value = strrchr(f->credential, ' ');
	struct mask m = { 0 };

	mask_add(&m, span_of(value ? value + 1 : NULL));
	mask_buf(&m, &f->body);
	mask_err(&m, e);
}

int fetch_run(struct http *h, struct fetch *f, struct err *e)
{
	char type[80];
	struct http_call call = {
		.method = f->type ? "POST" : "GET",
		.url = f->url,
		.body = f->send,
		.proxy = f->proxy,
		.ca_file = f->ca_file,
		.arg = f,
		.connect_ms = f->timeout_ms,
		.first_byte_ms = f->timeout_ms,
		.idle_ms = f->timeout_ms,
		.on_head = on_head,
		.on_body = on_body,
		.on_tick = on_tick,
	};
	int rc;

	call.headers[call.n_headers++] = "User-Agent: dario/" PACKAGE_VERSION;
	if (*f->credential)
		call.headers[call.n_headers++] = f->credential;
	if (f->field)
		call.headers[call.n_headers++] = f->field;
	if (f->type) {
		snprintf(type, sizeof(type), "Content-Type: %s", f->type);
		call.headers[call.n_headers++] = type;
		call.headers[call.n_headers++] = "Accept: application/json";
	} else {
		call.headers[call.n_headers++] =
			"anthropic-version: 2023-06-01";
	}
	for (size_t i = 0; i < f->n_more; i++)
		if (call.n_headers < HTTP_HEADERS_MAX)
			call.headers[call.n_headers++] = f->more[i];
	f->deadline = clock_ms() + f->timeout_ms;
	rc = http_run(h, &call, e);
	f->times = call.times;
	hide_credential(f, e);
	return rc;
}
