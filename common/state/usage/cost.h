/* SPDX-License-Identifier: MIT */
/*
 * cost: what an answer of a backend costs, by the prices of a configuration.
 * What answers on the user's own machine costs nothing, and so does the demo.
 * Thread-safe.
 */
#ifndef DARIO_COST_H
#define DARIO_COST_H

#include "state/config/snapshot.h"
#include "state/usage/price.h"

bool cost_is_free(const struct backend *b);
/* Does the answer itself tell it, u->cost, at a backend whose telling counts
 * (tellsCost)? It is all that it bills: tools, tiers and fees, too. */
bool cost_is_told(const struct backend *b, const struct usage *u);
/* In US dollars at `when`, as it is told or by prices; negative: not known.
 * `b`: who has answered, or NULL. */
double cost_by(const struct prices *p, const struct backend *b,
	       const char *model, int64_t when, const struct usage *u);
/* The same by the backend's name. */
double cost_of(const struct snapshot *c, const char *backend, const char *model,
	       int64_t when, const struct usage *u);

#endif
