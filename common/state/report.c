/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/report.h"

#include "base/clock.h"
#include "base/wait.h"
#include "state/standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define HOUR_MS (60 * MINUTE_MS)
#define STEP_MS (REPORT_MINUTES * MINUTE_MS / REPORT_STEPS)
#define FAR_MS 1e12              /* as good as never */
#define LEAST_MS (2 * MINUTE_MS) /* of history, for a forecast */

/* NULL: the account is gone, or of another pool. */
static struct trend *trend_of(struct report *r, const struct history_record *h)
{
	for (size_t i = 0; i < r->n_trends; i++)
		if (strcmp(r->trends[i].alias, h->account) == 0 &&
		    strcmp(h->backend, r->backend) == 0)
			return &r->trends[i];
	return NULL;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

/* Of a long answer it may be a little behind; much less is of a new window. */
static bool fell(double was, double now)
{
	return now < was / 2 || now < was - 0.1;
}

/* A window that was reset begins anew. */
static void note_trend(struct trend *t, const struct history_record *r,
		       int64_t now)
{
	int64_t age = now - r->time;
	int step;

	if (r->h5 < 0 || age <= -STEP_MS || age >= REPORT_STEPS * STEP_MS)
		return;
	step = REPORT_STEPS - 1 - (int)(age / STEP_MS);
	t->h5[step] = r->h5;
	t->d7[step] = r->d7;
	if (!t->first_time || fell(t->last_h5, r->h5) ||
	    fell(t->last_d7, r->d7)) {
		t->first_time = r->time;
		t->first_h5 = r->h5;
		t->first_d7 = r->d7;
		t->last_h5 = t->last_d7 = 0;
	}
	t->last_time = r->time;
	t->last_h5 = most(t->last_h5, r->h5);
	t->last_d7 = most(t->last_d7, r->d7);
}

static void take(void *arg, const struct history_record *h)
{
	struct report *r = arg;
	struct trend *t = trend_of(r, h);

	usage_sums_add(&r->ever, r->prices, h);
	if (h->time <= r->now - REPORT_MINUTES * MINUTE_MS)
		return;
	usage_sums_add(&r->hour, r->prices, h);
	if (t)
		note_trend(t, h, r->now);
}

struct reading {
	struct report *to;
	const char *home;
};

/* Megabytes of lines: others are served meanwhile. */
static void read_history(void *arg)
{
	struct reading *g = arg;
	struct json_object *totals = history_totals(g->home);

	usage_sums_read(&g->to->ever, totals);
	history_walk(g->home, totals, take, g->to);
	json_object_put(totals);
}

int report_make(struct report *r, const char *home, const struct snapshot *c,
		struct err *e)
{
	struct reading g = { r, home };

	memset(r, 0, sizeof(*r));
	r->prices = prices_load(home, e);
	if (!r->prices)
		return -1;
	r->now = clock_wall_ms();
	r->backend = c->claude.name;
	r->n_trends = c->accounts.n;
	r->trends = xcalloc(c->accounts.n + 1, sizeof(*r->trends));
	for (size_t i = 0; i < c->accounts.n; i++) {
		struct trend *t = &r->trends[i];

		snprintf(t->alias, sizeof(t->alias), "%s",
			 c->accounts.list[i].alias);
		for (int k = 0; k < REPORT_STEPS; k++)
			t->h5[k] = t->d7[k] = -1;
	}
	wait_work(read_history, &g);
	return 0;
}

void report_release(struct report *r)
{
	usage_sums_release(&r->hour);
	usage_sums_release(&r->ever);
	free(r->trends);
	prices_free(r->prices);
	memset(r, 0, sizeof(*r));
}

struct forecast report_forecast(const struct trend *t, bool week, int64_t reset,
				int64_t now)
{
	double first = week ? t->first_d7 : t->first_h5;
	double last = week ? t->last_d7 : t->last_h5;
	int64_t span = t->last_time - t->first_time;
	struct forecast f = { 0 };
	double left_ms;

	if (span < LEAST_MS || last <= first)
		return f;
	f.per_hour = (last - first) * HOUR_MS / (double)span;
	left_ms = (1 - last) / f.per_hour * HOUR_MS;
	if (left_ms < 0)
		left_ms = 0;
	if (left_ms > FAR_MS)
		return f;
	if (!reset || (double)(reset - now) > left_ms)
		f.full_at = now + (int64_t)left_ms;
	return f;
}

/* --- as JSON ------------------------------------------------------------- */

static void put_share(struct jw *w, const char *key, double v)
{
	jw_key(w, key);
	if (v >= 0)
		jw_double(w, v);
	else
		jw_null(w);
}

static void put_trends(struct jw *w, const struct report *r)
{
	jw_arr(w);
	for (int k = 0; k < REPORT_STEPS; k++) {
		int64_t t = r->now - (REPORT_STEPS - 1 - k) * STEP_MS;

		for (size_t i = 0; i < r->n_trends; i++) {
			const struct trend *v = &r->trends[i];

			if (v->h5[k] < 0)
				continue;
			jw_obj(w);
			jw_kint(w, "until", t);
			jw_kcstr(w, "alias", v->alias);
			put_share(w, "util5h", v->h5[k]);
			put_share(w, "util7d", v->d7[k]);
			jw_obj_end(w);
		}
	}
	jw_arr_end(w);
}

/* Of what is still to come. */
static void put_moment(struct jw *w, const char *key, int64_t when, int64_t now)
{
	jw_key(w, key);
	if (when > now)
		jw_int(w, when);
	else
		jw_null(w);
}

static void put_prediction(struct jw *w, const struct report *r,
			   const struct trend *t, const char *home)
{
	struct forecast h5, d7;
	int64_t reset5h, reset7d;
	struct limits l;

	limits_read(home, t->alias, &l);
	reset5h = limits_window_reset(&l, "5h");
	reset7d = limits_window_reset(&l, "7d");
	h5 = report_forecast(t, false, reset5h, r->now);
	d7 = report_forecast(t, true, reset7d, r->now);
	jw_obj(w);
	jw_kcstr(w, "alias", t->alias);
	put_share(w, "burnPerHour5h", h5.per_hour);
	put_moment(w, "exhaustedAt5h", h5.full_at, r->now);
	put_moment(w, "resetsAt5h", reset5h, r->now);
	put_share(w, "burnPerHour7d", d7.per_hour);
	put_moment(w, "exhaustedAt7d", d7.full_at, r->now);
	put_moment(w, "resetsAt7d", reset7d, r->now);
	jw_obj_end(w);
}

/* The sum with how long a time it is of. */
static void put_window(struct jw *w, const struct report *r)
{
	jw_key(w, "window");
	jw_obj(w);
	jw_kint(w, "minutes", REPORT_MINUTES);
	jw_key(w, "sum");
	usage_sum_put(w, &r->hour.all);
	jw_key(w, "perAccount");
	usage_sum_table_put(w, &r->hour.accounts);
	jw_key(w, "perModel");
	usage_sum_table_put(w, &r->hour.models);
	jw_obj_end(w);
}

void report_put(struct jw *w, const struct report *r, const char *home)
{
	jw_obj(w);
	put_window(w, r);
	jw_key(w, "allTime");
	usage_sum_put(w, &r->ever.all);
	jw_key(w, "perAccount");
	usage_sum_table_put(w, &r->ever.accounts);
	jw_key(w, "perModel");
	usage_sum_table_put(w, &r->ever.models);
	jw_key(w, "utilization");
	put_trends(w, r);
	jw_key(w, "predictions");
	jw_arr(w);
	for (size_t i = 0; i < r->n_trends; i++)
		put_prediction(w, r, &r->trends[i], home);
	jw_arr_end(w);
	jw_obj_end(w);
}
