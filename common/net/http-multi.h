/* SPDX-License-Identifier: MIT */
/*
 * http-multi: libcurl's transfers and connections on one event loop. Private
 * to http*.c.
 *
 * All transfers of a loop share one multi handle, and with it the connections
 * that are kept, the resolver's cache and the TLS sessions. Callbacks of easy
 * handles run in the loop, outside of any task.
 */
#ifndef DARIO_HTTP_MULTI_H
#define DARIO_HTTP_MULTI_H

#include "base/loop.h"
#include "base/tcp.h"

#include <curl/curl.h>

struct http_multi;

/* `done` is called when a transfer has ended, `waits` when libcurl has done
 * what it can for one and waits for its socket. Numbers of sockets come again:
 * `life` tells one from the next. */
struct http_multi_ops {
	void (*done)(CURL *easy, CURLcode rc);
	void (*waits)(CURL *easy, int fd, unsigned life, bool to_send);
};

/* `kept`: idle connections, at most, but for some when many transfers end in
 * one round. */
struct http_multi *http_multi_new(struct loop *l,
				  const struct http_multi_ops *o, long kept);
void http_multi_free(struct http_multi *m); /* no transfer is running */

/* What of a new easy handle belongs to this: TLS sessions, sockets. */
void http_multi_setup(struct http_multi *m, CURL *easy);
/* It begins in this round of the loop. */
int http_multi_add(struct http_multi *m, CURL *easy, struct err *e);
void http_multi_remove(struct http_multi *m, CURL *easy);

/* For the handle's CURLOPT_OPENSOCKETFUNCTION: -1 with errno. plain: what comes
 * is the answer itself, without TLS. */
int http_multi_socket(struct http_multi *m, const struct curl_sockaddr *to,
		      bool plain);
/* A number to be kept with a connection: ms that it took to be made. */
long *http_multi_trip(struct http_multi *m, int fd);
/* How it ended; not known: it is open, or forgotten. */
const struct tcp_end *http_multi_end(struct http_multi *m, int fd,
				     unsigned life);
/* A call to `origin` has ended, its connection is kept `from` now on. Some
 * upstreams close it right after the answer, without a word: what is sent there
 * just then is lost. Was that seen of late? It is when a connection is closed
 * while it is idle, or lost by the next call. */
void http_multi_kept(struct http_multi *m, int fd, uint64_t origin,
		     int64_t from);
bool http_multi_closes(const struct http_multi *m, uint64_t origin);
void http_multi_lost(struct http_multi *m, int fd, unsigned life);

/* libcurl has a part of an answer, which it may have read by itself. */
void http_multi_heard(struct http_multi *m, int fd);
/* Have bytes come since a transfer took the connection up? */
bool http_multi_came(struct http_multi *m, int fd);

#endif
