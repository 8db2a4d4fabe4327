/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "dialect/dialect.h"
#include "lib/lib.h"
#include "state/usage/cost.h"

void lib_usage(struct dario_usage *to, const struct usage *u)
{
	*to = (struct dario_usage){
		.input = u->input,
		.cache_read = u->cache_read,
		.cache_write = u->cache_write,
		.cache_write_1h = u->cache_write_1h,
		.output = u->output,
		.reasoning = u->reasoning,
	};
}

struct reading {
	const struct dialect *dialect;
	struct span body;
	struct dario_usage *out;
};

static int read_usage(void *arg, struct err *e)
{
	struct reading *r = arg;
	struct usage u = { 0 };
	int rc = usage_find(r->dialect->usage, r->body, &u, e);

	if (rc > 0)
		lib_usage(r->out, &u);
	return rc;
}

int dario_usage(struct dario *d, const char *dialect, const void *body,
		size_t n, struct dario_usage *u, struct dario_error *e)
{
	struct reading r = { dialect_find(span_of(dialect)), { body, n }, u };

	if (!d || !u || (!body && n) || !r.dialect)
		return lib_misuse(e, "a dialect, a body and a place for the "
				     "usage are needed");
	return lib_call(d, read_usage, &r, e);
}

/* Read once; whoever is second waits. */
static const struct prices *prices_of(struct dario *d, struct err *e)
{
	struct prices *p;

	pthread_mutex_lock(&d->lock);
	p = d->prices;
	pthread_mutex_unlock(&d->lock);
	if (p)
		return p;
	p = prices_load(d->home, e);
	if (!p)
		return NULL;
	pthread_mutex_lock(&d->lock);
	if (d->prices) {
		prices_free(p);
		p = d->prices;
	}
	d->prices = p;
	pthread_mutex_unlock(&d->lock);
	return p;
}

static int find_price(void *arg, struct err *e)
{
	const struct lib_cost *c = arg;
	const struct prices *prices = prices_of(c->d, e);
	double dollars;

	if (!prices || prices_ready(prices, e))
		return -1;
	dollars = cost_by(prices, c->backend, c->model,
			  c->when ? c->when : clock_wall_ms(), c->usage);
	if (dollars < 0)
		return 0;
	*c->dollars = dollars;
	return 1;
}

int lib_cost(struct lib_cost *c, struct dario_error *e)
{
	return lib_call_out(c->d, find_price, c, e);
}

int dario_price(struct dario *d, const char *model, int64_t when,
		const struct dario_usage *u, double *dollars,
		struct dario_error *e)
{
	struct usage usage = { 0 };
	struct lib_cost c = { d, NULL, model, when, &usage, dollars };

	if (!d || !model || !u || !dollars || when < 0)
		return lib_misuse(e, "a model, its usage and a place for the "
				     "price are needed");
	usage = (struct usage){
		.input = u->input,
		.cache_read = u->cache_read,
		.cache_write = u->cache_write,
		.cache_write_1h = u->cache_write_1h,
		.output = u->output,
		.reasoning = u->reasoning,
	};
	return lib_cost(&c, e);
}
