/* SPDX-License-Identifier: MIT */
/* upstream: the HTTP call that takes a request to a backend. */
#ifndef DARIO_UPSTREAM_H
#define DARIO_UPSTREAM_H

#include "fcgi/outgoing.h"

/* Fill *c; strings are in the arena, the body is borrowed. `account` is that of
 * the Claude pool, else NULL. In the caller's own dialect its query string and
 * Anthropic's version and betas go along. No other field of the client does,
 * but for those of Claude Code, and of everybody in pass-through, to a Claude
 * account: those go along as they are, with dario named beside the client. */
int upstream_call(struct request *r, const struct outgoing *o,
		  const struct account *account, struct http_call *c,
		  struct err *e);

#endif
