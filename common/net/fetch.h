/* SPDX-License-Identifier: MIT */
/* fetch: one small request, the whole answer in memory. */
#ifndef DARIO_FETCH_H
#define DARIO_FETCH_H

#include "net/http.h"

struct fetch {
	const char *url;
	const char *credential; /* header field with the key, or "" */
	const char *field;      /* another header field, or NULL */
	char *const *more;      /* and further ones */
	size_t n_more;
	const char *type; /* Content-Type of `send`: a POST; NULL: GET */
	struct span send;
	const char *proxy, *ca_file; /* as in http.h */
	long timeout_ms;             /* for all of it */
	/* NULL or: asked now and then; -1 with *e gives up. */
	int (*on_wait)(void *arg, struct err *e);
	void *arg;
	int status;   /* out */
	int64_t date; /* out: the answer's Date, ms since 1970; or 0 */
	int64_t came; /* out: our clock, when the head came */
	struct http_times times; /* out */
	struct buf body;         /* out; init with its maximum */
	int64_t deadline;        /* private */
};

int fetch_run(struct http *h, struct fetch *f, struct err *e);

#endif
