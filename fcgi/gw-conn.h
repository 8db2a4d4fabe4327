/* SPDX-License-Identifier: MIT */
/*
 * gw-conn: one connection of a web server that speaks FastCGI, and what comes
 * and goes on it. Private to gw-*.c.
 *
 * A connection has one request at a time. gw-fastcgi.c accepts and serves,
 * gw-request.c is the request's own side. A connection is in the list of all
 * that are open from gw_conn_new to gw_conn_free.
 */
#ifndef DARIO_GW_CONN_H
#define DARIO_GW_CONN_H

#include "base/task.h"
#include "fcgi/fastcgi.h"
#include "fcgi/gateway.h"

#define GW_READ_BYTES (64u << 10)
#define GW_HELD_MAX (64u << 10) /* bytes of a body that nobody has read yet */
#define GW_SEND_AT (64u << 10)  /* bytes of an answer */

struct gw_conn {
	struct watch watch; /* first: found again from it */
	struct gw_fastcgi *of;
	struct gw_conn *next,
		*prev; /* of all that are open; next: of the free */
	struct fastcgi fastcgi;
	struct buf out;
	size_t sent; /* of out */

	/* of the request */
	struct task *task; /* NULL: none is served */
	struct gateway gw;
	struct arena arena;
	struct buf params, body;
	bool keep;   /* the connection stays open after it */
	bool begun;  /* a part of it is here */
	bool whole;  /* all variables are here */
	bool at_end; /* the whole body is here */
	bool over;   /* it has been answered: what comes now is the next one */
	bool gone;   /* the other side has left */
	bool used;   /* a request has been served on it */
	int64_t since; /* that nothing is served on it */
};

struct gw_fastcgi {
	struct watch watch; /* first; of the listener */
	struct loop *loop;
	struct gw_limit *limit;
	gateway_serve *serve;
	void *arg;
	struct timer again; /* to accept */
	struct timer late;  /* to watch those that take long */
	struct timer quiet; /* to end those that have nothing more to do */
	struct gw_conn *open, *free;
	size_t n_free;
	struct gw_fastcgi *heir; /* of connections, or NULL */
	bool all;                /* it gets all of them, else half */
	atomic_size_t n_open;
	bool stopping;
	bool cut; /* what still runs has to end */
	char scrap[GW_READ_BYTES];
};

/* Of a request on it: read, write, finish. */
extern const struct gateway_ops gw_conn_ops;

struct gw_conn *gw_conn_new(struct gw_fastcgi *f);
/* No request is served on it any more. Its memory is kept for the next. */
void gw_conn_free(struct gw_conn *c);
void gw_conn_drop(struct gw_conn *c);  /* one of those kept */
void gw_conn_close(struct gw_conn *c); /* its request goes on without it */
void gw_conn_reset(struct gw_conn *c); /* for its next request */

/* One read: 1 something came, 0 there is nothing, -1 the end. */
int gw_conn_receive(struct gw_conn *c);
/* For what comes next. A body that nobody reads is left where it is. */
int gw_conn_watch(struct gw_conn *c, bool to_send);
/* What the socket takes at once: 1 all, 0 a part, -1. */
int gw_conn_send(struct gw_conn *c);

#endif
