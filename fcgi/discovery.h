/* SPDX-License-Identifier: MIT */
/*
 * discovery: the lists of models of all providers, without waiting for them.
 *
 * What is kept is taken as it is; what is due is asked for in tasks that go on
 * when the request has been answered. Only for a provider that was never asked
 * the request waits a moment. So one that is dead or silent holds nobody up,
 * and is missing itself alone.
 */
#ifndef DARIO_DISCOVERY_H
#define DARIO_DISCOVERY_H

#include "fcgi/request.h"

struct found {
	const struct backend *backend;
	struct json_object *list; /* catalog.h; NULL: none is known */
};

/* Into `out`, which has room for all backends and one more: the Claude accounts
 * first, if there are any. How many there are. */
size_t discover(struct request *r, struct found *out);
void discovery_release(struct found *all, size_t n);

/* In a task: until those that still ask have ended. For a process that ends
 * with its request. */
void discovery_finish(struct app *app);

#endif
