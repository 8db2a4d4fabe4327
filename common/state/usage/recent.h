/* SPDX-License-Identifier: MIT */
/*
 * recent: the last requests, without what was in them: who asked, where it
 * went, what came of it. Shared by all processes of a home.
 *
 * A ring in state/recent, which they map: adding one is a few stores, without
 * a lock and without waiting. A row whose writer was killed is passed over
 * until it is written anew. It may be lost, and begins anew when its file was
 * made by another version. Thread-safe. Times are milliseconds since 1970.
 */
#ifndef DARIO_RECENT_H
#define DARIO_RECENT_H

#include "dialect/event.h"

#include <stdint.h>

#define RECENT_MAX 200

/* NULL and "" are the same: not known, or none. */
struct recent_texts {
	const char *id, *path, *key, *model, *backend, *account;
	const char *upstream_model, *fallback, *dropped, *error;
};

struct recent {
	int64_t time; /* of its end */
	int64_t took_ms, first_ms;
	int status;
	bool stream;
	bool has_usage;
	bool estimated; /* and is not all that the answer has told */
	bool partial;   /* the answer was cut, and so are its counters */
	struct usage usage;
	struct recent_texts texts;
};

void recent_add(const char *home, const struct recent *r);

/* The newest first, RECENT_MAX at most; strings die when fn returns. */
typedef void recent_fn(void *arg, const struct recent *r);
void recent_walk(const char *home, recent_fn *fn, void *arg);

#endif
