/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/quota.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS 86400000
#define MONDAY 3 /* 1970-01-01 was a Thursday */

static const struct {
	const char *name, *adverb;
} periods[QUOTA_PERIODS] = {
	[QUOTA_DAY] = { "day", "daily" },
	[QUOTA_WEEK] = { "week", "weekly" },
	[QUOTA_MONTH] = { "month", "monthly" },
};

static const struct {
	const char *name;
	int64_t ms;
} windows[] = {
	{ "min", 60000 },
	{ "hour", 3600000 },
	{ "day", DAY_MS },
	{ "week", 7 * (int64_t)DAY_MS },
	{ "month", 30 * (int64_t)DAY_MS },
};

#define WINDOWS (sizeof(windows) / sizeof(windows[0]))

void quota_init(struct quota *q)
{
	memset(q, 0, sizeof(*q));
	for (int p = 0; p < QUOTA_PERIODS; p++)
		q->spend[p] = -1;
}

const char *quota_period_name(enum quota_period p)
{
	return periods[p].name;
}

const char *quota_period_adverb(enum quota_period p)
{
	return periods[p].adverb;
}

bool quota_limits_spend(const struct quota *q)
{
	for (int p = 0; p < QUOTA_PERIODS; p++)
		if (q->spend[p] >= 0)
			return true;
	return false;
}

bool quota_limits(const struct quota *q)
{
	return q->rate.most || q->tokens.most || q->parallel ||
	       quota_limits_spend(q);
}

/* --- text ---------------------------------------------------------------- */

/* "12.5" as 12500 with three places; -1: it is no such number, or too large. */
static int64_t decimal(struct span s, int places)
{
	int64_t v = 0;
	int after = -1;

	if (!s.n || !isdigit((unsigned char)s.p[0]) ||
	    !isdigit((unsigned char)s.p[s.n - 1]))
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && after < 0) {
			after = 0;
			continue;
		}
		if (!isdigit((unsigned char)s.p[i]) || v > INT64_MAX / 10 - 1 ||
		    after == places)
			return -1;
		v = v * 10 + (s.p[i] - '0');
		after += after >= 0;
	}
	for (after = after < 0 ? 0 : after; after < places; after++) {
		if (v > INT64_MAX / 10)
			return -1;
		v *= 10;
	}
	return v;
}

/* "60", "1.5K", "1M"; -1. */
static int64_t count(struct span s)
{
	char unit = s.n ? (char)toupper((unsigned char)s.p[s.n - 1]) : '\0';

	if (unit == 'K' || unit == 'M') {
		s.n--;
		return decimal(s, unit == 'K' ? 3 : 6);
	}
	return decimal(s, 0);
}

int quota_period_named(struct span name)
{
	for (int p = 0; p < QUOTA_PERIODS; p++)
		if (span_is(name, periods[p].name))
			return p;
	return -1;
}

static int read_sum(struct quota *q, struct span item, struct err *e)
{
	struct span rest = item, sum = span_cut(&rest, '/');
	int64_t v = decimal(sum, 9);
	int p = quota_period_named(rest);

	if (v < 0 || p < 0 || v > (int64_t)QUOTA_DOLLARS_MAX * QUOTA_DOLLAR)
		return err_set(e, ERR_CONFIG,
			       "spend must be dollars by day, week or month, "
			       "such as 20/month,5/day, not \"%.*s\"",
			       (int)(item.n < 40 ? item.n : 40), item.p);
	if (q->spend[p] >= 0)
		return err_set(e, ERR_CONFIG, "spend has two limits for a %s",
			       periods[p].name);
	q->spend[p] = v;
	return 0;
}

int quota_read_spend(struct quota *q, const char *text, struct err *e)
{
	struct quota was = *q;
	size_t n;

	for (int p = 0; p < QUOTA_PERIODS; p++)
		q->spend[p] = -1;
	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (read_sum(q, (struct span){ text, n }, e)) {
			*q = was;
			return -1;
		}
		if (!text[n])
			return 0;
	}
}

int quota_read_window(struct quota_window *w, const char *text, struct err *e)
{
	struct span rest = span_of(text), number = span_cut(&rest, '/');
	int64_t v = count(number);

	for (size_t i = 0; i < WINDOWS; i++) {
		if (!span_is(rest, windows[i].name) || v < 1 ||
		    v > QUOTA_COUNT_MAX)
			continue;
		*w = (struct quota_window){ v, windows[i].ms };
		return 0;
	}
	return err_set(e, ERR_CONFIG,
		       "it must be a number by min, hour, day, week or month, "
		       "such as 60/min or 1M/day, not \"%.40s\"",
		       text);
}

void quota_write_spend(const struct quota *q, struct buf *out)
{
	const char *comma = "";

	for (int p = QUOTA_PERIODS - 1; p >= 0; p--) {
		int64_t v = q->spend[p], part = v % QUOTA_DOLLAR;
		char digits[16];
		int n = 9;

		if (v < 0)
			continue;
		snprintf(digits, sizeof(digits), "%09lld", (long long)part);
		while (n && digits[n - 1] == '0')
			n--;
		buf_fmt(out, "%s%lld%s%.*s/%s", comma,
			(long long)(v / QUOTA_DOLLAR), n ? "." : "", n, digits,
			periods[p].name);
		comma = ",";
	}
}

void quota_write_window(const struct quota_window *w, struct buf *out)
{
	int64_t v = w->most;
	const char *unit = "";

	if (!v)
		return;
	if (v % 1000000 == 0) {
		v /= 1000000;
		unit = "M";
	} else if (v % 1000 == 0) {
		v /= 1000;
		unit = "K";
	}
	for (size_t i = 0; i < WINDOWS; i++)
		if (windows[i].ms == w->ms)
			buf_fmt(out, "%lld%s/%s", (long long)v, unit,
				windows[i].name);
}

/* --- dates --------------------------------------------------------------- */

/* Does `text` have the form of `form`, where 0 stands for any digit? */
static bool has_form(const char *text, const char *form)
{
	for (; *form; text++, form++)
		if (*form == '0' ? !isdigit((unsigned char)*text)
				 : *text != *form)
			return false;
	return !*text;
}

int quota_read_date(const char *text, int64_t *out, struct err *e)
{
	bool day = has_form(text, "0000-00-00");
	struct tm tm = { 0 }, was;
	time_t t;

	if (!day && !has_form(text, "0000-00-00T00:00:00Z"))
		return err_set(e, ERR_CONFIG,
			       "a date is YYYY-MM-DD or "
			       "YYYY-MM-DDThh:mm:ssZ (UTC), not \"%.40s\"",
			       text);
	sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon,
	       &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	was = tm;
	t = timegm(&tm); /* makes 1 March of 29 February */
	if (t < 0 || tm.tm_mday != was.tm_mday || tm.tm_mon != was.tm_mon ||
	    tm.tm_hour != was.tm_hour || tm.tm_min != was.tm_min ||
	    tm.tm_sec != was.tm_sec)
		return err_set(e, ERR_CONFIG, "there is no date %.40s", text);
	*out = (int64_t)t * 1000;
	return 0;
}

void quota_write_date(int64_t ms, char out[24])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* --- periods ------------------------------------------------------------- */

/* Days from 1970-01-01 to the first of a month, which counts from January of
 * year 0. A year is taken to begin in March: what leap years add comes last. */
static int64_t first_day(int64_t month)
{
	int64_t m = month - 2, year = m / 12, of_year = m % 12;

	return 365 * year + year / 4 - year / 100 + year / 400 +
	       (153 * of_year + 2) / 5 - 719468;
}

/* This is asked for each request: gmtime and timegm take a lock. */
static int64_t month_of(int64_t day)
{
	int64_t month = 1970 * 12 + day / 31; /* at most what it is */

	month += (day - first_day(month)) / 31;
	while (first_day(month + 1) <= day)
		month++;
	return month;
}

int64_t quota_period_at(enum quota_period p, int64_t ms)
{
	switch (p) {
	case QUOTA_DAY:
		return ms / DAY_MS;
	case QUOTA_WEEK:
		return (ms / DAY_MS + MONDAY) / 7;
	case QUOTA_MONTH:
	case QUOTA_PERIODS:
		break;
	}
	return month_of(ms / DAY_MS);
}

int64_t quota_period_end(enum quota_period p, int64_t ms)
{
	int64_t next = quota_period_at(p, ms) + 1;

	switch (p) {
	case QUOTA_DAY:
		return next * DAY_MS;
	case QUOTA_WEEK:
		return (next * 7 - MONDAY) * DAY_MS;
	case QUOTA_MONTH:
	case QUOTA_PERIODS:
		break;
	}
	return first_day(next) * DAY_MS;
}

void quota_put(struct jw *w, const struct quota *q)
{
	struct buf text;

	buf_init(&text, 256);
	quota_write_spend(q, &text);
	jw_kcstr(w, "spend", text.n ? buf_cstr(&text) : NULL);
	buf_reset(&text);
	quota_write_window(&q->rate, &text);
	jw_kcstr(w, "rate", text.n ? buf_cstr(&text) : NULL);
	buf_reset(&text);
	quota_write_window(&q->tokens, &text);
	jw_kcstr(w, "tokens", text.n ? buf_cstr(&text) : NULL);
	buf_release(&text);
	if (q->parallel)
		jw_kint(w, "parallel", q->parallel);
	else
		jw_knull(w, "parallel");
}
