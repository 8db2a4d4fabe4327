/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/gw-conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FREE_MAX 64 /* connections whose memory is kept */
#define KEPT_MEMORY (16u << 10)

static const struct fastcgi_ops records;

void gw_conn_reset(struct gw_conn *c)
{
	c->gw = (struct gateway){ .ops = &gw_conn_ops, .impl = c };
	c->keep = c->begun = c->whole = c->at_end = c->over = false;
	buf_reset(&c->params);
	buf_reset(&c->body);
}

struct gw_conn *gw_conn_new(struct gw_fastcgi *f)
{
	struct gw_conn *c = f->free;

	if (c) {
		f->free = c->next;
		f->n_free--;
	} else {
		c = xcalloc(1, sizeof(*c));
		c->of = f;
		arena_init(&c->arena);
		buf_init(&c->params, FASTCGI_PARAMS_MAX);
		buf_init(&c->body, GW_HELD_MAX + GW_READ_BYTES);
		buf_init(&c->out, 2 * GW_SEND_AT + GW_READ_BYTES);
	}
	fastcgi_init(&c->fastcgi, &records, c, &c->out);
	gw_conn_reset(c);
	c->gone = c->used = false;
	c->sent = 0;
	c->task = NULL;
	c->prev = NULL;
	c->next = f->open;
	if (f->open)
		f->open->prev = c;
	f->open = c;
	atomic_fetch_add(&f->n_open, 1);
	atomic_fetch_add(&f->limit->open, 1);
	return c;
}

void gw_conn_drop(struct gw_conn *c)
{
	arena_release(&c->arena);
	buf_release(&c->params);
	buf_release(&c->body);
	buf_release(&c->out);
	free(c);
}

static void trim(struct buf *b)
{
	if (b->cap > KEPT_MEMORY)
		buf_release(b);
	else
		buf_reset(b);
}

void gw_conn_close(struct gw_conn *c)
{
	if (c->watch.fd < 0)
		return;
	loop_forget(c->of->loop, &c->watch);
	close(c->watch.fd);
	c->watch.fd = -1;
	c->gone = true;
}

void gw_conn_free(struct gw_conn *c)
{
	struct gw_fastcgi *f = c->of;

	gw_conn_close(c);
	atomic_fetch_sub(&f->n_open, 1);
	atomic_fetch_sub(&f->limit->open, 1);
	if (c->prev)
		c->prev->next = c->next;
	else
		f->open = c->next;
	if (c->next)
		c->next->prev = c->prev;
	fastcgi_release(&c->fastcgi);
	arena_reset(&c->arena);
	trim(&c->params);
	trim(&c->body);
	trim(&c->out);
	if (f->n_free == FREE_MAX) {
		gw_conn_drop(c);
		return;
	}
	c->next = f->free;
	f->free = c;
	f->n_free++;
}

static void on_begin(void *arg, bool keep)
{
	struct gw_conn *c = arg;

	gw_conn_reset(c);
	c->begun = true;
	c->keep = keep;
	c->gw.authorizer = c->at_end = c->fastcgi.authorizer;
}

static void on_params(void *arg, struct span piece)
{
	struct gw_conn *c = arg;

	if (piece.n)
		buf_span(&c->params, piece);
	else
		c->whole = true;
}

static void on_body(void *arg, struct span piece)
{
	struct gw_conn *c = arg;

	if (piece.n)
		buf_span(&c->body, piece);
	else
		c->at_end = true;
}

static void on_abort(void *arg)
{
	struct gw_conn *c = arg;

	c->gone = true;
}

static const struct fastcgi_ops records = {
	.begin = on_begin,
	.params = on_params,
	.body = on_body,
	.abort = on_abort,
};

int gw_conn_receive(struct gw_conn *c)
{
	struct gw_fastcgi *f = c->of;
	struct err unused;
	ssize_t n;

	if (c->watch.fd < 0)
		return -1;
	do
		n = recv(c->watch.fd, f->scrap, sizeof(f->scrap), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n > 0 &&
	    fastcgi_feed(&c->fastcgi, (struct span){ f->scrap, (size_t)n },
			 &unused) == 0 &&
	    !c->params.full && !c->body.full)
		return 1;
	c->gone = true;
	return -1;
}

int gw_conn_watch(struct gw_conn *c, bool to_send)
{
	unsigned events = to_send ? LOOP_WRITE : 0;

	if (c->body.n < GW_HELD_MAX)
		events |= LOOP_READ;
	return loop_watch(c->of->loop, &c->watch, events);
}

int gw_conn_send(struct gw_conn *c)
{
	while (c->sent < c->out.n) {
		ssize_t n = c->gone ? -1
				    : send(c->watch.fd, c->out.p + c->sent,
					   c->out.n - c->sent,
					   MSG_NOSIGNAL | MSG_DONTWAIT);

		if (c->gone || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			c->gone = true;
			return -1;
		}
		if (n < 0 && errno == EAGAIN)
			return 0;
		c->sent += n > 0 ? (size_t)n : 0;
	}
	c->sent = 0;
	buf_reset(&c->out);
	return 1;
}
