/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/cost.h"

bool cost_is_free(const struct backend *b)
{
	return b->demo || b->local;
}

double cost_of(const struct snapshot *c, const char *backend, const char *model,
	       int64_t when, const struct usage *u)
{
	const struct backend *b = snapshot_backend(c, span_of(backend));

	return b && cost_is_free(b) ? 0
				    : prices_cost(c->prices, b, model, when, u);
}
