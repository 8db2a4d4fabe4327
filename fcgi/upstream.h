/* SPDX-License-Identifier: MIT */
/* upstream: the HTTP call that takes a request to a backend. */
#ifndef DARIO_UPSTREAM_H
#define DARIO_UPSTREAM_H

#include "fcgi/request.h"

/* Fill *c; strings are in the arena, the body is borrowed. `path` is below the
 * API's base. In the caller's own dialect its query string and Anthropic's
 * version and betas go along; no other field of the client ever does. */
int upstream_call(struct request *r, const struct backend *b,
		  enum dialect_id dialect, const char *path, bool stream,
		  struct http_call *c, struct err *e);

#endif
