/* SPDX-License-Identifier: MIT */
/*
 * price: what an answer costs, by share/prices.json. Each row has a date from
 * which it holds and its source; of the rows for a model the latest one that
 * holds counts. Immutable once loaded. Thread-safe.
 */
#ifndef DARIO_PRICE_H
#define DARIO_PRICE_H

#include "base/err.h"
#include "dialect/event.h"

struct prices;
struct prices *prices_load(struct err *e);
void prices_free(struct prices *p); /* NULL is fine */

/* US dollars for a token. */
struct price_rates {
	double input, output, read, write5m, write1h;
};

struct price {
	struct price_rates usual, far;
	int64_t over; /* tokens of the prompt, beyond which it is `far`; or 0 */
};

/* Of the model at `when` (ms since 1970); NULL: not known. It lives as long as
 * p. */
const struct price *prices_find(const struct prices *p, const char *model,
				int64_t when);
/* Where no price is known, for limits: what a large model costs. */
extern const struct price price_unknown;

double price_cost(const struct price *p, const struct usage *u);
/* In US dollars at `when`; negative: not known. */
double prices_cost(const struct prices *p, const char *model, int64_t when,
		   const struct usage *u);

#endif
