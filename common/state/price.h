/* SPDX-License-Identifier: MIT */
/*
 * price: what an answer costs, by share/prices.json. Each row has a date from
 * which it holds and its source; of the rows for a model the latest one that
 * holds counts. Immutable once loaded.
 */
#ifndef DARIO_PRICE_H
#define DARIO_PRICE_H

#include "base/err.h"
#include "dialect/event.h"

struct prices;
struct prices *prices_load(struct err *e);
void prices_free(struct prices *p); /* NULL is fine */

/* In US dollars at `when` (ms since 1970); negative: not known. */
double prices_cost(const struct prices *p, const char *model, int64_t when,
		   const struct usage *u);

#endif
