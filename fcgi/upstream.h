/* SPDX-License-Identifier: MIT */
/* upstream: the HTTP call that takes a request to a backend. */
#ifndef DARIO_UPSTREAM_H
#define DARIO_UPSTREAM_H

#include "fcgi/outgoing.h"

/* Fill *c; strings are in the arena, the body is borrowed. `account` is one of
 * a pool, else NULL. In the caller's own dialect its query string and its
 * header fields go along (client-fields.h), dario named behind the client. */
int upstream_call(struct request *r, const struct outgoing *o,
		  const struct account *account, struct http_call *c,
		  struct err *e);

#endif
