/* SPDX-License-Identifier: MIT */
/*
 * report: what /analytics and `dario usage` show, from the history: the last
 * hour and all time, by account and by model, how the accounts' windows fill,
 * and when they will be full at that rate. Reads all of the history, by
 * wait_work.
 */
#ifndef DARIO_REPORT_H
#define DARIO_REPORT_H

#include "state/snapshot.h"
#include "state/usage-sum.h"

#define REPORT_MINUTES 60
#define REPORT_STEPS 12 /* of the trend: five minutes each */

/* How one account's windows fill. */
struct trend {
	char alias[ACCOUNT_ALIAS_MAX + 1];
	double h5[REPORT_STEPS], d7[REPORT_STEPS]; /* negative: no answer */
	/* first and last answer in the hour */
	int64_t first_time, last_time;
	double first_h5, last_h5, first_d7, last_d7;
};

struct report {
	int64_t now;
	struct usage_sums hour, ever;
	struct trend *trends;
	size_t n_trends;
	/* private */
	const char *backend; /* of the trends, while it is made */
	struct prices *prices;
};

int report_make(struct report *r, const char *home, const struct snapshot *c,
		struct err *e);
void report_release(struct report *r);
void report_put(struct jw *w, const struct report *r, const char *home);

/* Share of a window used per hour, and when it will be full at that rate (ms
 * since 1970; 0: not before its reset, or not known). */
struct forecast {
	double per_hour;
	int64_t full_at;
};
struct forecast report_forecast(const struct trend *t, bool week, int64_t reset,
				int64_t now);

#endif
