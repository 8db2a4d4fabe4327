/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/tally.h"

#include "state/keys/meter.h"
#include "state/usage/price.h"

static double dollars(const struct request *r, const struct history_record *h)
{
	if (h->cost >= 0)
		return h->cost;
	return h->has_usage
		     ? price_cost(prices_default(r->config->prices), &h->usage)
		     : 0;
}

/* Who has made a batch need not be who downloads it. */
static bool is_counted(const struct request *r, const struct key *k)
{
	return !r->batch && r->was_metered && quota_limits(&k->quota);
}

void tally_add(const struct request *r, const struct history_record *h)
{
	const char *home = snapshot_home(r->app->config);
	double cost = h->key ? dollars(r, h) : 0;
	const struct key *k;
	struct err unused;

	if (!(cost > 0))
		return;
	k = keys_named(&r->config->keys, h->key);
	for (; k; k = k->person)
		if (!is_counted(r, k))
			meter_count(home, k->name,
				    (int64_t)(cost * QUOTA_DOLLAR + 0.5),
				    &unused);
}
