/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/doctor-ask.h"

#include "base/clock.h"
#include "base/http-date.h"

#define ANSWER_MAX (1u << 20)
#define SHORT_MS 3000
#define LUMP_MS 4 /* bytes that come closer together are one piece */

static int on_head(void *arg, const struct http_head *head, struct err *e)
{
	struct doctor_ask *a = arg;
	struct span server = http_field(head, "Server");

	(void)e;
	a->status = head->status;
	a->ours = http_field(head, "x-dario-request-id").n;
	a->is_json = span_starts(http_field(head, "Content-Type"),
				 "application/json");
	a->date = http_date_read(http_field(head, "Date"));
	a->came = clock_wall_ms();
	span_text(a->server, sizeof(a->server), server);
	return 0;
}

static int on_body(void *arg, struct span bytes, struct err *e)
{
	struct doctor_ask *a = arg;
	int64_t now = clock_ms() - a->started;

	(void)e;
	if (!a->lumps)
		a->first = now;
	if (!a->lumps || now - a->last >= LUMP_MS)
		a->lumps++;
	a->last = now;
	buf_span(&a->answer, bytes); /* what is too much is not needed */
	return 0;
}

static int on_tick(void *arg, long *wait, struct err *e)
{
	struct doctor_ask *a = arg;
	int64_t now = clock_ms() - a->started;
	int64_t until = a->leave_ms ? a->leave_ms : a->timeout_ms;

	if (now >= until && a->leave_ms) {
		a->left = true;
		a->on_leave(a->target, a->arg);
		return err_set(e, ERR_GONE, "left");
	}
	if (now >= until)
		return err_set(e, ERR_TIMEOUT, "no whole answer in %ld ms",
			       a->timeout_ms);
	if (until - now < *wait)
		*wait = (long)(until - now);
	return 0;
}

static void fill(struct http_call *c, struct doctor_ask *a, const char *url)
{
	*c = (struct http_call){
		.method = a->method,
		.url = url,
		.body = a->body,
		.connect_ms = a->timeout_ms,
		.first_byte_ms = a->timeout_ms,
		.idle_ms = a->timeout_ms,
		.arg = a,
		.on_head = on_head,
		.on_body = on_body,
		.on_tick = on_tick,
	};
	c->headers[c->n_headers++] = "User-Agent: dario/" PACKAGE_VERSION;
	c->headers[c->n_headers++] = "Content-Type: application/json";
	if (a->field && *a->field)
		c->headers[c->n_headers++] = a->field;
	if (a->extra)
		c->headers[c->n_headers++] = a->extra;
}

int doctor_ask(struct doctor_target *t, struct doctor_ask *a, struct err *e)
{
	int64_t left = t->end - clock_ms();
	struct http_call call;
	struct buf url;
	int rc;

	if (left <= 0)
		return err_set(e, ERR_TIMEOUT, "the router is too slow");
	if (a->timeout_ms > left)
		a->timeout_ms = (long)left;
	if (!a->field)
		a->field = buf_cstr(&t->field);
	buf_init(&url, 4096);
	buf_fmt(&url, "%s%s", t->url, a->path);
	a->target = t;
	a->started = clock_ms();
	fill(&call, a, buf_cstr(&url));
	rc = http_run(t->d->http, &call, e);
	a->took = clock_ms() - a->started;
	buf_release(&url);
	return rc;
}

int doctor_status_of(struct doctor_target *t, const char *path,
		     const char *field)
{
	struct doctor_ask a = { .method = "GET",
				.path = path,
				.field = field,
				.timeout_ms = SHORT_MS };
	struct err unused;
	int rc;

	buf_init(&a.answer, ANSWER_MAX);
	rc = doctor_ask(t, &a, &unused);
	buf_release(&a.answer);
	return rc ? 0 : a.status;
}

struct json_object *doctor_health(struct doctor_target *t)
{
	struct doctor_ask a = { .method = "GET",
				.path = "/health",
				.timeout_ms = SHORT_MS };
	struct json_object *o = NULL;
	struct err unused;

	buf_init(&a.answer, ANSWER_MAX);
	if (doctor_ask(t, &a, &unused) == 0 && a.ours)
		o = json_read(buf_get(&a.answer), &unused);
	buf_release(&a.answer);
	return o;
}
