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

#include <curl/curl.h>

struct http_multi;

/* `done` is called when a transfer has ended, `waits` when libcurl has done
 * what it can for one and waits for its socket. */
struct http_multi_ops {
	void (*done)(CURL *easy, CURLcode rc);
	void (*waits)(CURL *easy, int fd, bool to_send);
};

struct http_multi *http_multi_new(struct loop *l,
				  const struct http_multi_ops *o, long kept);
void http_multi_free(struct http_multi *m); /* no transfer is running */

/* What of a new easy handle belongs to this: TLS sessions, sockets. */
void http_multi_setup(struct http_multi *m, CURL *easy);
/* It begins in this round of the loop. */
int http_multi_add(struct http_multi *m, CURL *easy, struct err *e);
void http_multi_remove(struct http_multi *m, CURL *easy);

/* For the handle's CURLOPT_OPENSOCKETFUNCTION: -1 with errno. */
int http_multi_socket(struct http_multi *m, const struct curl_sockaddr *to);
/* A number to be kept with a connection: ms that it took to be made. */
long *http_multi_trip(struct http_multi *m, int fd);
/* Have bytes come since a transfer took the connection up? */
bool http_multi_came(struct http_multi *m, int fd);

#endif
