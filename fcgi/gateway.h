/* SPDX-License-Identifier: MIT */
/*
 * gateway: the web server's side of one request, FastCGI or plain CGI.
 *
 * Order: read the body to its end, then write and flush, then finish once. An
 * answer may also come before the body's end: the rest is for nobody then. All
 * of it happens in a task (base/task.h): what would block puts the task aside.
 * When the web server or the client leaves the task is woken; gone() says so. A
 * write that fails means that nobody listens any more.
 */
#ifndef DARIO_GATEWAY_H
#define DARIO_GATEWAY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

#include <stdatomic.h>
#include <sys/types.h>

struct gateway;

#define GATEWAY_LATER (-2)

struct gateway_ops {
	long (*read)(struct gateway *g, char *p, size_t n); /* 0 end, -1 */
	/* The same, or GATEWAY_LATER: the task is woken when more comes. */
	long (*read_now)(struct gateway *g, char *p, size_t n);
	int (*write)(struct gateway *g, struct span s);
	int (*flush)(struct gateway *g);
	bool (*gone)(struct gateway *g);
	/* Not `whole`: cut the connection, so that the client notices. */
	void (*finish)(struct gateway *g, bool whole);
};

/* A CGI variable. */
struct gateway_var {
	struct span name;
	const char *value;
};

struct gateway {
	const struct gateway_ops *ops;
	const struct gateway_var *vars;
	size_t n_vars;
	bool left; /* seen elsewhere: the client is not there any more */
	/* FastCGI's second role: the web server asks whether the request may
	 * come, before it takes the body. Only the URI says its path. */
	bool authorizer;
	bool script; /* SCRIPT_NAME is the program's own name, never a path */
	bool broken; /* CGI, finished: part of the answer is missing */
	void *impl;
};

/* Does it keep on its disk what of a body is not read as fast as it comes? So
 * does lighttpd. */
bool gateway_spools(const struct gateway *g);

/* Bytes of a body that nobody wants, read so that the answer is not lost: who
 * sends a little more than may be sent is told, and not cut off. lighttpd takes
 * an answer before it has sent everything, and hands on what has just come;
 * other web servers have all of it and want to get rid of it first. */
#define GATEWAY_REST_MAX (256u << 20)
size_t gateway_rest_max(const struct gateway *g);

/* Has the client left, as far as anybody knows? */
bool gateway_gone(struct gateway *g);
/* So long, or until it has: true. */
bool gateway_wait(struct gateway *g, long ms);

/* A request has come: in a task of its own. `a` is empty, and is released
 * afterwards, as the gateway's variables are. */
typedef void gateway_serve(void *arg, struct gateway *g, struct arena *a);

/* --- FastCGI: connections of one loop ------------------------------------ */

/* What the loops of a process share. */
struct gw_limit {
	int max; /* connections at a time */
	atomic_int open;
};

struct gw_fastcgi;
/* For connections on `listener`, a socket that others may accept on, too. */
struct gw_fastcgi *gw_fastcgi_new(struct loop *l, int listener,
				  struct gw_limit *limit, gateway_serve *serve,
				  void *arg);
void gw_fastcgi_free(struct gw_fastcgi *f); /* no request is being served */
void gw_fastcgi_accept(struct gw_fastcgi *f, bool on); /* at first not */
/* Connections that are kept go to `to`, of another loop, when nothing is asked
 * on them: all, or until both have as many. From now on, for NULL to nobody. */
void gw_fastcgi_give(struct gw_fastcgi *f, struct gw_fastcgi *to, bool all);
/* Take no new connection, and end those on which nothing is asked any more. */
void gw_fastcgi_stop(struct gw_fastcgi *f);
/* What still runs has to end: tasks look again what there is to do, and nobody
 * is waited for any more. */
void gw_fastcgi_cut(struct gw_fastcgi *f);
/* Requests that are being served, and those whose head is on its way. */
size_t gw_fastcgi_busy(const struct gw_fastcgi *f);

/* --- plain CGI: the process's one request -------------------------------- */

void gw_cgi_init(struct gateway *g, struct loop *l, struct arena *a);
void gw_cgi_release(struct gateway *g);

#endif
