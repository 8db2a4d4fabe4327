/* SPDX-License-Identifier: MIT */
/* http-head: what stands in the head of an answer; see also http.h. */
#ifndef DARIO_HTTP_HEAD_H
#define DARIO_HTTP_HEAD_H

#include "net/http.h"

/* The status of "HTTP/1.1 200 OK" or "HTTP/2 200", else -1. */
int http_head_status(struct span line);
/* Does the line go on with the one at the end of `head` (RFC 9112, 5.2)? That
 * is left open, then. */
bool http_head_unfold(struct buf *head, struct span line);
/* One length, in digits alone: of two the one that we do not believe might be
 * the one that the next server believes. */
int http_head_check(const struct http_head *head, struct err *e);

#endif
