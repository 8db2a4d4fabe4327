/* SPDX-License-Identifier: MIT */
/*
 * floor: what both forms of it share: connections in one epoll, and the
 * records toward the web server.
 */
#ifndef DARIO_FLOOR_H
#define DARIO_FLOOR_H

#include "base/buf.h"

#define BUF_MAX (256u << 20)

struct call;
struct conn {
	int fd;
	void (*on_event)(struct conn *c, unsigned events);
	bool wants_out;    /* epoll waits for room */
	struct conn *peer; /* the other side of the request; or NULL */
	struct call *call; /* the same, when libcurl is the other side */
	struct buf in, out;
	/* front */
	struct buf params, body;
	bool keep;
	unsigned id;
	/* upstream */
	bool head_done, chunked;
	size_t left; /* of the body, or of the chunk */
	struct conn *next;
};

/* What is in `out`, as far as it goes; -1: the other end is gone. */
int flush(struct conn *c);
void conn_close(struct conn *c);

/* Into `out` of a front: the head, a piece of the body, the end. */
void put_head(struct conn *f, const char *status, struct span type);
void put_body(struct conn *f, struct span content);
void put_end(struct conn *f);

/* floor-curl.c: the request to `url`; its front is gone; libcurl's clock: ms
 * for epoll_wait, and the round when it has run out. */
void curl_forward(struct conn *f, int port, struct span path);
void curl_left(struct call *c);
int curl_until(void);
void curl_tick(void);
void curl_begin(int epoll);

#endif
