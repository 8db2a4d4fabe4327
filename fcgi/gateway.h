/* SPDX-License-Identifier: MIT */
/*
 * gateway: the web server's side of one request, FastCGI or plain CGI.
 *
 * Order: read the body to its end, then write and flush, then finish once.
 * `envp` holds the CGI variables. `watch` becomes readable when the web server
 * closes its side; ask gone() then, and only after the body was read. A write
 * that fails means that nobody listens any more. One gateway belongs to one
 * thread.
 */
#ifndef DARIO_GATEWAY_H
#define DARIO_GATEWAY_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

struct gateway;

struct gateway_ops {
	long (*read)(struct gateway *g, char *p, size_t n); /* 0 end, -1 */
	int (*write)(struct gateway *g, struct span s);
	int (*flush)(struct gateway *g);
	bool (*gone)(struct gateway *g);
	/* Not `whole`: cut the connection, so that the client notices. */
	void (*finish)(struct gateway *g, bool whole);
};

struct gateway {
	const struct gateway_ops *ops;
	char **envp;
	int watch;
	bool blind;  /* poll does not show the end on `watch` as readable */
	bool script; /* SCRIPT_NAME is the program's own name, never a path */
	bool broken; /* CGI, finished: part of the answer is missing */
	void *impl;
};

/* One accept loop for FastCGI: gw_fastcgi_accept blocks; -1 when the process
 * is stopping (see gw_fastcgi_stop) or the accept failed (errno). */
struct gw_fastcgi;
/* Where requests come from. A socket of our own: one that nobody listens on
 * any more is replaced, if it is ours; one at a time may do this. Or the one
 * that systemd has passed: 1, or 0 when it has passed none. */
int gw_fastcgi_listen(const char *path, mode_t mode, struct err *e);
int gw_fastcgi_inherit(struct err *e);
bool gw_is_cgi(void); /* call after these two; sets libfcgi up */
struct gw_fastcgi *gw_fastcgi_new(void);
void gw_fastcgi_free(struct gw_fastcgi *f);
int gw_fastcgi_accept(struct gw_fastcgi *f, struct gateway *g);
/* After this, an accept that is interrupted by a signal returns, and a socket
 * of our own is gone. */
void gw_fastcgi_stop(void);

void gw_cgi_init(struct gateway *g);

#endif
