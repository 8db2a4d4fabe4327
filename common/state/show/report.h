/* SPDX-License-Identifier: MIT */
/*
 * report: what /analytics and `dario usage` show when nothing is asked for:
 * this hour with the one before and all time, by account and by model, how the
 * accounts' windows fill, and when they will be full at that rate. From the
 * sums of usage.h, by wait_work.
 */
#ifndef DARIO_REPORT_H
#define DARIO_REPORT_H

#include "state/config/snapshot.h"
#include "state/usage/usage-table.h"

#define REPORT_MINUTES 60        /* of the trend */
#define REPORT_STEPS USAGE_STEPS /* of the trend: five minutes each */

/* How one account's windows fill. */
struct trend {
	char alias[ACCOUNT_ALIAS_MAX + 1];
	double h5[REPORT_STEPS], d7[REPORT_STEPS]; /* negative: no answer */
	/* first and last answer in the hour */
	int64_t first_time, last_time;
	double first_h5, last_h5, first_d7, last_d7;
	/* private */
	struct trend_sample *samples;
	size_t n_samples;
};

struct report_sums {
	struct usage_sum all;
	struct usage_table accounts, models;
};

struct report {
	int64_t now;
	int minutes; /* of `recent` */
	struct report_sums recent, ever;
	struct trend *trends;
	size_t n_trends;
};

void report_make(struct report *r, const char *home, const struct snapshot *c);
void report_release(struct report *r); /* one of zeroes is fine */
/* What it knows of an account; "": the backend has none. */
const struct usage_sum *report_account(const struct report *r,
				       const char *backend,
				       const char *account);
/* The name of a row of accounts; "BACKEND/NAME" when another has the same. */
#define REPORT_LABEL_BYTES 336
void report_label(const struct usage_table *t, size_t row,
		  char out[REPORT_LABEL_BYTES]);
void report_put(struct jw *w, const struct report *r, const char *home);

/* Share of a window used per hour (-1: too little is known yet), and when it
 * will be full at that rate (ms since 1970; 0: not before its reset, or not
 * known). */
struct forecast {
	double per_hour;
	int64_t full_at;
};
struct forecast report_forecast(const struct trend *t, bool week, int64_t reset,
				int64_t now);

#endif
