/* SPDX-License-Identifier: MIT */
/*
 * rate-fields: rate-limit header fields, from one provider's words to the
 * other's. Anthropic says when a limit is reset (RFC 3339), OpenAI how long it
 * takes ("1m30s"); requests and tokens exist on both sides, the rest does not.
 */
#ifndef DARIO_RATE_FIELDS_H
#define DARIO_RATE_FIELDS_H

#include "fcgi/request.h"

void rate_fields(struct request *r, const struct http_head *head,
		 const struct dialect *upstream);

#endif
