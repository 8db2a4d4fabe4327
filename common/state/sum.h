/* SPDX-License-Identifier: MIT */
/*
 * sum: requests, tokens and cost added up, over all, by account and by model.
 * Token classes are disjoint; what a model costs may be unknown, and is counted
 * as such. Belongs to one thread.
 */
#ifndef DARIO_SUM_H
#define DARIO_SUM_H

#include "base/jw.h"
#include "state/history.h"
#include "state/price.h"

struct sum {
	int64_t requests, errors, partial, fallbacks;
	int64_t unpriced; /* requests whose cost is not known */
	int64_t unknown;  /* requests whose usage is not known */
	struct usage usage;
	double cost; /* US dollars, of the others */
};

struct sum_row {
	char name[160];
	struct sum sum;
};

struct sum_table {
	struct sum_row *rows;
	size_t n;
};

struct sums {
	struct sum all;
	struct sum_table accounts, models;
};

void sums_add(struct sums *s, const struct prices *p,
	      const struct history_record *r);
void sums_release(struct sums *s);
struct sum *sum_row(struct sum_table *t, const char *name);

/* To and from JSON: the form that /analytics shows and totals.json keeps. */
void sum_put(struct jw *w, const struct sum *s);
/* Is there more than `cost` says? */
bool sum_cost_unknown(const struct sum *s);
void sum_table_put(struct jw *w, const struct sum_table *t);
void sums_read(struct sums *s, struct json_object *o); /* adds */
/* `folded`: which file of the history is in them (its inode). */
void sums_write(const struct sums *s, int64_t folded, struct buf *out);

#endif
