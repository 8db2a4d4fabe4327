/* SPDX-License-Identifier: MIT */
/* fetch: one small GET, its whole body in memory. */
#ifndef DARIO_FETCH_H
#define DARIO_FETCH_H

#include "net/http.h"

struct fetch {
	const char *url;
	const char *credential; /* header field with the key, or "" */
	long timeout_ms;        /* for all of it */
	int status;             /* out */
	struct buf body;        /* out; init with its maximum */
	int64_t deadline;       /* private */
};

int fetch_get(struct http *h, struct fetch *f, struct err *e);

#endif
