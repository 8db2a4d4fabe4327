/* SPDX-License-Identifier: MIT */
/*
 * usage: sums of all requests: by hour for two days, by day for thirteen
 * months, and of all time; shared by all processes.
 *
 * Each process adds to mapped files of its own (usage-file.h), so a request
 * costs no system call, and one that is killed loses nothing that was added.
 * usage_tidy puts together what processes have left: hours that are over into
 * one file each, days that are over into one file each. A file says which
 * others are in it, so that nothing is lost or counted twice when that is cut
 * short. May be lost. Thread-safe. Times are milliseconds since 1970, days are
 * UTC.
 */
#ifndef DARIO_USAGE_STORE_H
#define DARIO_USAGE_STORE_H

#include "state/usage/usage-file.h"

#define USAGE_HOUR_MS INT64_C(3600000)
#define USAGE_DAY_MS (24 * USAGE_HOUR_MS)
#define USAGE_HOURS_KEPT 48
#define USAGE_DAYS_KEPT 397 /* thirteen months */

void usage_add(const char *home, const struct history_record *r);

/* Once an hour there is something to tidy; for wait_work. */
bool usage_is_due(void);
void usage_tidy(const char *home);

/* What is `since` then or later, by hour and, where there are no hours any
 * more, by day. Oldest first. */
struct usage_part {
	int64_t time; /* when it begins */
	bool day;     /* it is of a day, else of an hour */
	const struct usage_id *id;
	const union usage_cell *cell;
};
typedef void usage_part_fn(void *arg, const struct usage_part *p);
void usage_walk(const char *home, int64_t since, usage_part_fn *fn, void *arg);
/* Of all time, by the first USAGE_LASTING names. */
void usage_walk_total(const char *home, usage_row_fn *fn, void *arg);

/* The same of all hosts that share a store. What others have told there may be
 * some seconds old; while the store is away there is this host alone. */
void usage_walk_all(const char *home, int64_t since, usage_part_fn *fn,
		    void *arg);
void usage_walk_total_all(const char *home, usage_row_fn *fn, void *arg);

/* How the sums of the others are read. */
struct usage_others {
	void (*walk)(const char *home, int64_t since, usage_part_fn *fn,
		     void *arg);
	void (*walk_total)(const char *home, usage_row_fn *fn, void *arg);
};
void usage_others_use(const struct usage_others *o);

#endif
