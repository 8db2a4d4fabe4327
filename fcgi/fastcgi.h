/* SPDX-License-Identifier: MIT */
/*
 * fastcgi: the records of FastCGI 1.0, both ways. Pure: bytes in, bytes out.
 *
 * One request at a time on a connection, as a responder (FCGI_MPXS_CONNS is 0).
 * Numbers of records and roles are those of libfcgi's <fastcgi.h>.
 */
#ifndef DARIO_FASTCGI_H
#define DARIO_FASTCGI_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define FASTCGI_PARAMS_MAX (256u << 10) /* bytes of one request's variables */

/* What comes in; content is told in pieces, as it arrives. */
struct fastcgi_ops {
	/* A request begins; `keep`: the connection stays after it. Its role:
	 * `authorizer`. */
	void (*begin)(void *arg, bool keep);
	void (*params)(void *arg, struct span piece); /* empty: all are there */
	void (*body)(void *arg, struct span piece);   /* empty: its end */
	void (*abort)(void *arg);
};

struct fastcgi {
	const struct fastcgi_ops *ops;
	void *arg;
	struct buf *out; /* where answers to the web server's questions go */
	bool authorizer; /* the request's role; else responder */
	/* private */
	bool active;
	uint16_t id; /* of the request */
	unsigned char head[8];
	size_t have;    /* bytes of `head` */
	size_t content; /* bytes of the record that are still to come */
	size_t padding;
	struct buf held; /* content that is looked at whole */
	bool open;       /* the last record of `out` may grow */
	size_t open_at;  /* where it begins */
};

void fastcgi_init(struct fastcgi *f, const struct fastcgi_ops *ops, void *arg,
		  struct buf *out);
void fastcgi_release(struct fastcgi *f);
/* Returns with all of `in` used, or -1: that is no FastCGI. */
int fastcgi_feed(struct fastcgi *f, struct span in, struct err *e);
/* Is all of a record here, or none? */
bool fastcgi_between(const struct fastcgi *f);
/* The request is over: what still comes for it is passed over. */
void fastcgi_over(struct fastcgi *f);

/* Each variable of `params`, with a NUL behind its value, up to the end or to
 * what is none. `params` has room for one byte more. How many. */
size_t fastcgi_count_vars(const struct buf *params);
typedef void fastcgi_var_fn(void *arg, struct span name, const char *value);
size_t fastcgi_vars(struct buf *params, fastcgi_var_fn *fn, void *arg);

/* STDOUT for `s`, behind what `out` holds; several in a row share a record. */
void fastcgi_put(struct fastcgi *f, struct span s);
/* The end of STDOUT, and of the request. */
void fastcgi_put_end(struct fastcgi *f);
/* From now on what is put goes into a new record: `out` is being sent. */
void fastcgi_cut(struct fastcgi *f);

#endif
