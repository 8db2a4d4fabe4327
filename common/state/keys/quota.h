/* SPDX-License-Identifier: MIT */
/*
 * quota: the limits of a person's key, as text and as numbers.
 *
 *	spend   20/month,5/day   US dollars by day, week or month of UTC; a week
 *				 begins on Monday (ISO 8601)
 *	rate    60/min           requests
 *	tokens  1M/day           input (not what a cache had) and output
 *
 * Rate and tokens are of any min, hour, day, week or month (30 days) that ends
 * now: such a window slides. K and M are thousands and millions. Pure.
 */
#ifndef DARIO_QUOTA_H
#define DARIO_QUOTA_H

#include "base/buf.h"
#include "base/err.h"
#include "base/jw.h"

enum quota_period {
	QUOTA_DAY,
	QUOTA_WEEK,
	QUOTA_MONTH,
	QUOTA_PERIODS
};

/* Money is in billionths of a dollar, so that sums are exact. */
#define QUOTA_DOLLAR 1000000000
#define QUOTA_DOLLARS_MAX 1000000000 /* of a limit */
#define QUOTA_COUNT_MAX 1000000000000

struct quota_window {
	int64_t most; /* 0: no limit */
	int64_t ms;
};

struct quota {
	int64_t spend[QUOTA_PERIODS]; /* -1: no limit */
	struct quota_window rate, tokens;
	int64_t parallel; /* 0: no limit */
};

void quota_init(struct quota *q); /* no limits */
/* Errors say what is wrong with the text, and how it is written. */
int quota_read_spend(struct quota *q, const char *text, struct err *e);
int quota_read_window(struct quota_window *w, const char *text, struct err *e);
void quota_write_spend(const struct quota *q, struct buf *out);
void quota_write_window(const struct quota_window *w, struct buf *out);
/* All of it as members of an object; what is not limited is null. */
void quota_put(struct jw *w, const struct quota *q);
bool quota_limits_spend(const struct quota *q);
bool quota_limits(const struct quota *q); /* anything? */

/* YYYY-MM-DD (its beginning) or RFC 3339 in UTC; ms since 1970. */
int quota_read_date(const char *text, int64_t *out, struct err *e);
void quota_write_date(int64_t ms, char out[24]); /* RFC 3339 */

/* The number of the period that a moment is in, and when the next begins. */
int64_t quota_period_at(enum quota_period p, int64_t ms);
int64_t quota_period_end(enum quota_period p, int64_t ms);
const char *quota_period_name(enum quota_period p);   /* "day" */
const char *quota_period_adverb(enum quota_period p); /* "daily" */
int quota_period_named(struct span name); /* of "day"; -1: of none */

#endif
