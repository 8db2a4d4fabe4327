/* SPDX-License-Identifier: MIT */
/*
 * transport: how a client has reached this router, and under which address.
 *
 * The web server says whether it was TLS (HTTPS, as CGI programs have it). A
 * proxy in front of it that runs on this machine says it in X-Forwarded-Proto,
 * and the client's address in X-Forwarded-For; from elsewhere these fields are
 * worth nothing.
 */
#ifndef DARIO_TRANSPORT_H
#define DARIO_TRANSPORT_H

#include "fcgi/request.h"
#include "state/keys/device.h"

/* Is the client this machine itself? A web server that does not say so may
 * serve anybody. */
bool transport_is_local(const struct request *r);
bool transport_is_tls(const struct request *r);
/* Nobody on the way can read it: TLS, or a client of this machine that calls
 * the router by a loopback name. */
bool transport_is_private(const struct request *r);
int transport_check(const struct request *r, struct err *e);
/* "https://gw.example/llm": what paths are appended to. */
const char *transport_base(const struct request *r);
/* Whose tries are counted together. */
struct device_from transport_from(const struct request *r);
/* Is it the origin of this router's own pages? */
bool transport_is_own(const struct request *r, struct span origin);

#endif
