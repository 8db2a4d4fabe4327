/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "fcgi/gw-conn.h"

#include <string.h>

#define REST_MS 2000 /* between two pieces of a body that nobody wants */

static long gw_read_now(struct gateway *g, char *p, size_t n)
{
	struct gw_conn *c = g->impl;

	while (!c->body.n && !c->at_end) {
		int rc = gateway_gone(g) || c->of->cut ? -1
						       : gw_conn_receive(c);

		if (rc < 0 || (rc == 0 && gw_conn_watch(c, false)))
			return -1;
		if (rc == 0)
			return GATEWAY_LATER;
	}
	n = n < c->body.n ? n : c->body.n;
	if (!n)
		return 0;
	memcpy(p, c->body.p, n);
	if (n == c->body.n && c->at_end)
		buf_release(&c->body); /* the answer may last */
	else if (n == c->body.n)
		buf_reset(&c->body);
	else
		buf_splice(&c->body, 0, n, SPAN(""));
	return (long)n;
}

static long gw_read(struct gateway *g, char *p, size_t n)
{
	long got;

	while ((got = gw_read_now(g, p, n)) == GATEWAY_LATER)
		task_wait(INT64_MAX);
	return got;
}

static int gw_flush(struct gateway *g)
{
	struct gw_conn *c = g->impl;
	bool waited = false;
	int rc;

	fastcgi_cut(&c->fastcgi);
	while ((rc = gw_conn_send(c)) == 0) {
		waited = true;
		if (gateway_gone(g) || c->of->cut || gw_conn_watch(c, true))
			return -1;
		task_wait(INT64_MAX);
	}
	if (waited && !c->gone && gw_conn_watch(c, false))
		return -1;
	return rc < 0 ? -1 : 0;
}

static int gw_write(struct gateway *g, struct span s)
{
	struct gw_conn *c = g->impl;

	while (s.n) {
		size_t n = s.n < GW_SEND_AT ? s.n : GW_SEND_AT;

		fastcgi_put(&c->fastcgi, (struct span){ s.p, n });
		if (c->out.full)
			return -1;
		s = span_skip(s, n);
		if (c->out.n >= GW_SEND_AT && gw_flush(g))
			return -1;
	}
	return c->gone ? -1 : 0;
}

static bool gw_gone(struct gateway *g)
{
	struct gw_conn *c = g->impl;

	return c->gone;
}

/* A web server that cannot send the rest of a request may drop the answer with
 * it. Apache sends even the end of an empty body by itself: a GET whose body
 * nobody read would now and then be answered 503. */
static void read_rest(struct gw_conn *c)
{
	size_t total = 0, max = gateway_rest_max(&c->gw);
	int64_t until;

	if (c->at_end || gw_flush(&c->gw))
		return;
	until = clock_ms() + REST_MS;
	while (!c->at_end && total < max) {
		int rc;

		total += c->body.n;
		buf_reset(&c->body);
		rc = gateway_gone(&c->gw) || c->of->cut ? -1
							: gw_conn_receive(c);
		if (rc < 0 || (rc == 0 && (clock_ms() >= until ||
					   gw_conn_watch(c, false))))
			return;
		if (rc == 0)
			task_wait(until);
		else
			until = clock_ms() + REST_MS;
	}
}

static void gw_finish(struct gateway *g, bool whole)
{
	struct gw_conn *c = g->impl;

	if (whole) {
		read_rest(c);
		fastcgi_put_end(&c->fastcgi);
		if (c->out.full || gw_flush(g))
			whole = false;
	}
	fastcgi_over(&c->fastcgi);
	c->over = true;
	/* What is left of a body would be taken for the next request. */
	if (!whole || !c->keep || !c->at_end || c->of->cut)
		gw_conn_close(c);
}

const struct gateway_ops gw_conn_ops = {
	.read = gw_read,
	.read_now = gw_read_now,
	.write = gw_write,
	.flush = gw_flush,
	.gone = gw_gone,
	.finish = gw_finish,
};
