/* SPDX-License-Identifier: MIT */
/*
 * client-fields: the client's own header fields, on their way to an upstream.
 *
 * In the caller's dialect all that are end-to-end go along (base/fields.h); to
 * another dialect those that mean the same in each, and what the backend's
 * `forward` names. CGI keeps neither case nor underscores of a name: it is
 * written in lower case, with hyphens. Fields of one name become one.
 */
#ifndef DARIO_CLIENT_FIELDS_H
#define DARIO_CLIENT_FIELDS_H

#include "fcgi/outgoing.h"

#define CLIENT_FIELDS_MAX 96                /* of one request */
#define CLIENT_FIELDS_BYTES_MAX (32u << 10) /* names and values */

/* Add them to *c. A client that sends more than the caps allow is refused. */
int client_fields(struct request *r, const struct outgoing *o,
		  struct http_call *c, struct err *e);

/* Add to a URL what of the client's query holds no key of this router, however
 * often it is encoded. One that no URL can have is refused. */
int client_query(struct request *r, struct buf *url, struct err *e);

/* One field, unless its value has control characters. */
void client_field(struct request *r, struct http_call *c, struct span name,
		  const char *value);

#endif
