/* SPDX-License-Identifier: MIT */
/*
 * route: which backend answers a model, and under which name.
 *
 * The order: a "NAME:" prefix of a backend that exists ("claude:" is the pool
 * of Claude accounts); the backends' own model patterns, the most specific
 * first; names of OpenAI's models to the backend "openai", else the first that
 * is not Anthropic's; everything else to the Claude accounts; without any, to
 * the one backend, when there is one only. Pure: the same function serves
 * requests and people who ask why.
 */
#ifndef DARIO_ROUTE_H
#define DARIO_ROUTE_H

#include "state/config.h"

struct route {
	const struct backend *backend; /* borrowed from the snapshot */
	const char *model;             /* what the upstream is asked for */
	bool renamed;                  /* differs from what the client wrote */
};

/* `model` must outlive the route. */
int route_pick(const struct config *c, const char *model, struct route *out,
	       struct err *e);

#endif
