/* SPDX-License-Identifier: MIT */
/*
 * usage-sum: requests, tokens and cost added up, over all, by account and by
 * model.
 * Token classes are disjoint; what a model costs may be unknown, and is counted
 * as such. Belongs to one thread.
 */
#ifndef DARIO_USAGE_SUM_H
#define DARIO_USAGE_SUM_H

#include "base/jw.h"
#include "state/account.h"
#include "state/history.h"
#include "state/price.h"

struct usage_sum {
	int64_t requests, errors, partial, fallbacks;
	int64_t unpriced; /* requests whose cost is not known */
	int64_t unknown;  /* requests whose usage is not known */
	struct usage usage;
	double cost; /* US dollars, of the others */
};

/* A model, or an account of a backend: several may have one name. */
struct usage_sum_row {
	char name[160];
	char backend[ACCOUNT_ALIAS_MAX + 1]; /* "": a model */
	struct usage_sum sum;
};

#define USAGE_LABEL_BYTES 232

struct usage_sum_table {
	struct usage_sum_row *rows;
	size_t n;
};

struct usage_sums {
	struct usage_sum all;
	struct usage_sum_table accounts, models;
};

void usage_sums_add(struct usage_sums *s, const struct prices *p,
		    const struct history_record *r);
void usage_sums_release(struct usage_sums *s);
/* `account` "": the backend has none. */
struct usage_sum *usage_sum_account(struct usage_sums *s, const char *backend,
				    const char *account);
/* Its name; "BACKEND/NAME" when another row has the same. */
void usage_sum_label(const struct usage_sum_table *t, size_t row,
		     char out[USAGE_LABEL_BYTES]);

/* To and from JSON: the form that /analytics shows and totals.json keeps. */
void usage_sum_put(struct jw *w, const struct usage_sum *s);
/* Is there more than `cost` says? */
bool usage_sum_cost_unknown(const struct usage_sum *s);
void usage_sum_table_put(struct jw *w, const struct usage_sum_table *t);
void usage_sums_read(struct usage_sums *s, struct json_object *o); /* adds */
/* `folded`: which file of the history is in them (its inode). */
void usage_sums_write(const struct usage_sums *s, int64_t folded,
		      struct buf *out);

#endif
