/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/cost.h"

bool cost_is_free(const struct backend *b)
{
	return b->demo || b->local;
}

bool cost_is_told(const struct backend *b, const struct usage *u)
{
	return u->has_cost && b->quirks.tells_cost && !cost_is_free(b);
}

double cost_by(const struct prices *p, const struct backend *b,
	       const char *model, int64_t when, const struct usage *u)
{
	if (b && cost_is_free(b))
		return 0;
	if (b && cost_is_told(b, u))
		return u->cost;
	return prices_cost(p, b, model, when, u);
}

double cost_of(const struct snapshot *c, const char *backend, const char *model,
	       int64_t when, const struct usage *u)
{
	return cost_by(c->prices, snapshot_backend(c, span_of(backend)), model,
		       when, u);
}
