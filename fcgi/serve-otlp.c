/* SPDX-License-Identifier: MIT */
/*
 * serve-otlp: what clients report about themselves (OpenTelemetry, OTLP over
 * HTTP). It is taken and dropped, or goes on to the collector at otlpUrl; a
 * client is told that it arrived in either case, so that it does not send it
 * again and again.
 */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "net/fetch.h"

#include <stdatomic.h>
#include <string.h>

#define BODY_MAX (4u << 20)
#define ANSWER_MAX (64u << 10)
#define SEND_MS 5000
#define SENDING_MAX 16 /* of this process; what comes beyond is dropped */
#define SAY_MS 60000   /* between two lines in the log */

static void complain(const struct err *e)
{
	static _Atomic int64_t said;
	int64_t now = clock_wall_ms(), last = atomic_load(&said);

	if (now - last > SAY_MS &&
	    atomic_compare_exchange_strong(&said, &last, now))
		log_msg("otlpUrl: %s: what clients report is dropped", e->msg);
}

static int on_wait(void *arg, struct err *e)
{
	struct request *r = arg;

	return gateway_gone(r->gw) ? reply_gone(e) : 0;
}

static void send_on(struct request *r)
{
	const char *encoding = r->vars.content_encoding;
	const char *to = r->config->settings.otlp_url;
	size_t n = strlen(to);
	struct fetch f = {
		.url = arena_fmt(r->arena, "%.*s/v1%s",
				 (int)(n - (to[n - 1] == '/')), to, r->path),
		.credential = "",
		.field = encoding ? arena_fmt(r->arena, "Content-Encoding: %s",
					      encoding)
				  : NULL,
		.type = r->vars.content_type ? r->vars.content_type
					     : "application/x-protobuf",
		.send = buf_get(&r->body),
		.timeout_ms = SEND_MS,
		.on_wait = on_wait,
		.arg = r,
	};
	struct err e = { 0 };

	buf_init(&f.body, ANSWER_MAX);
	if (fetch_run(r->http, &f, &e) == 0 && f.status / 100 != 2)
		err_set(&e, ERR_UPSTREAM, "the collector answers %d", f.status);
	if (e.code && e.code != ERR_GONE)
		complain(&e);
	buf_release(&f.body);
}

int serve_otlp(struct request *r, struct err *e)
{
	static atomic_int sending;
	const char *type = r->vars.content_type;
	bool whole, json = type && strstr(type, "json");

	if (request_hold_body(r, BODY_MAX, &whole, e))
		return -1;
	if (!whole)
		return err_set(e, ERR_TOO_BIG,
			       "a report may have %u MiB: send it in parts",
			       BODY_MAX >> 20);
	if (*r->config->settings.otlp_url) {
		if (atomic_fetch_add(&sending, 1) < SENDING_MAX)
			send_on(r);
		atomic_fetch_sub(&sending, 1);
	}
	/* All of it was taken: in protobuf that is an empty message. */
	if (json)
		reply_json(r, 200, SPAN("{}"));
	else
		reply_text(r, "application/x-protobuf", SPAN(""));
	return 0;
}
