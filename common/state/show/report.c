/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/show/report.h"

#include "base/clock.h"
#include "base/wait.h"
#include "state/pool/standing.h"
#include "state/usage/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 512 /* names from outside; the rest goes under "other" */
#define MINUTE_MS 60000
#define HOUR_MS (60 * MINUTE_MS)
#define STEP_MS (REPORT_MINUTES * MINUTE_MS / REPORT_STEPS)
#define FAR_MS 1e12              /* as good as never */
#define LEAST_MS (2 * MINUTE_MS) /* of history, for a forecast */

struct trend_sample {
	int64_t time;
	double h5, d7;
};

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
static void note_trend(struct trend *t, const struct trend_sample *r,
		       int64_t now)
{
	int64_t age = now - r->time;
	int step;

	if (age <= -STEP_MS || age >= REPORT_STEPS * STEP_MS)
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

/* --- from the sums ------------------------------------------------------- */

struct reading {
	struct report *to;
	const char *home;
	const char *backend; /* of the trends */
};

static void add_sample(struct trend *t, int64_t time, float h5, float d7)
{
	struct trend_sample *s;

	if (!time || !(h5 >= 0 && h5 <= (double)JSON_COUNT_MAX) ||
	    !(d7 >= 0 && d7 <= (double)JSON_COUNT_MAX))
		return;
	/* Room for twice as many each time that they are a power of two. */
	if (!(t->n_samples & (t->n_samples - 1)))
		t->samples = xrealloc(t->samples, (2 * t->n_samples + 1) *
							  sizeof(*t->samples));
	s = &t->samples[t->n_samples++];
	*s = (struct trend_sample){ time, h5, d7 };
}

/* The account may be gone, or of another pool. */
static void take_trend(struct reading *g, const struct usage_id *id,
		       const struct usage_trend *from)
{
	struct report *r = g->to;

	if (strcmp(id->names[USAGE_BACKEND], g->backend))
		return;
	for (size_t i = 0; i < r->n_trends; i++) {
		struct trend *t = &r->trends[i];

		if (strcmp(t->alias, id->names[USAGE_ACCOUNT]))
			continue;
		for (int k = 0; k < USAGE_STEPS; k++) {
			const struct usage_step *s = &from->steps[k];

			add_sample(t, s->first_time, s->first_h5, s->first_d7);
			add_sample(t, s->last_time, s->last_h5, s->last_d7);
		}
	}
}

static void take_sum(struct report_sums *to, const struct usage_id *id,
		     const struct usage_sum *s)
{
	usage_sum_merge(&to->all, s);
	if (*id->names[USAGE_MODEL]) /* a list of files has none */
		usage_table_add(&to->models, 0, id->names, s);
	if (*id->names[USAGE_BACKEND])
		usage_table_add(&to->accounts, 0, id->names, s);
}

static void take_recent(void *arg, const struct usage_part *p)
{
	struct reading *g = arg;

	if (p->id->kind == USAGE_TREND)
		take_trend(g, p->id, &p->cell->trend);
	else if (p->id->kind == USAGE_SUM && !p->day)
		take_sum(&g->to->recent, p->id, &p->cell->sum);
}

static void take_total(void *arg, const struct usage_id *id,
		       const union usage_cell *cell)
{
	struct reading *g = arg;

	if (id->kind == USAGE_SUM)
		take_sum(&g->to->ever, id, &cell->sum);
}

static void read_sums(void *arg)
{
	struct reading *g = arg;
	int64_t now = g->to->now;

	usage_walk_all(g->home, now - now % HOUR_MS - HOUR_MS, take_recent, g);
	usage_walk_total_all(g->home, take_total, g);
}

static int by_time(const void *a, const void *b)
{
	const struct trend_sample *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

static void init_sums(struct report_sums *s)
{
	usage_table_init(&s->accounts,
			 1u << USAGE_BACKEND | 1u << USAGE_ACCOUNT, ROWS_MAX);
	usage_table_init(&s->models, 1u << USAGE_MODEL, ROWS_MAX);
}

static void init_trends(struct report *r, const struct snapshot *c)
{
	r->n_trends = c->accounts.n;
	r->trends = xcalloc(c->accounts.n + 1, sizeof(*r->trends));
	for (size_t i = 0; i < c->accounts.n; i++) {
		struct trend *t = &r->trends[i];

		snprintf(t->alias, sizeof(t->alias), "%s",
			 c->accounts.list[i].alias);
		for (int k = 0; k < REPORT_STEPS; k++)
			t->h5[k] = t->d7[k] = -1;
	}
}

void report_make(struct report *r, const char *home, const struct snapshot *c)
{
	struct reading g = { r, home, c->claude.name ? c->claude.name : "" };

	memset(r, 0, sizeof(*r));
	r->now = clock_wall_ms();
	r->minutes = (int)((r->now % HOUR_MS + HOUR_MS) / MINUTE_MS);
	init_sums(&r->recent);
	init_sums(&r->ever);
	init_trends(r, c);
	wait_work(read_sums, &g);
	for (size_t i = 0; i < r->n_trends; i++) {
		struct trend *t = &r->trends[i];

		if (t->n_samples)
			qsort(t->samples, t->n_samples, sizeof(*t->samples),
			      by_time);
		for (size_t k = 0; k < t->n_samples; k++)
			note_trend(t, &t->samples[k], r->now);
	}
}

static void release_sums(struct report_sums *s)
{
	usage_table_release(&s->accounts);
	usage_table_release(&s->models);
}

void report_release(struct report *r)
{
	release_sums(&r->recent);
	release_sums(&r->ever);
	for (size_t i = 0; i < r->n_trends; i++)
		free(r->trends[i].samples);
	free(r->trends);
	memset(r, 0, sizeof(*r));
}

const struct usage_sum *report_account(const struct report *r,
				       const char *backend, const char *account)
{
	const char *names[USAGE_DIMS] = {
		[USAGE_BACKEND] = backend,
		[USAGE_ACCOUNT] = *account ? account : backend,
	};

	return usage_table_find(&r->ever.accounts, names);
}

void report_label(const struct usage_table *t, size_t row,
		  char out[REPORT_LABEL_BYTES])
{
	const char *const *names = t->rows[row]->id.names;
	const char *name = names[USAGE_ACCOUNT];
	size_t alike = 0;

	if (!*name)
		name = names[USAGE_MODEL];
	for (size_t i = 0; i < t->n && *names[USAGE_ACCOUNT]; i++)
		alike += strcmp(t->rows[i]->id.names[USAGE_ACCOUNT], name) == 0;
	snprintf(out, REPORT_LABEL_BYTES, "%s%s%s",
		 alike > 1 ? names[USAGE_BACKEND] : "",
		 alike > 1 && *names[USAGE_BACKEND] ? "/" : "", name);
}

struct forecast report_forecast(const struct trend *t, bool week, int64_t reset,
				int64_t now)
{
	double first = week ? t->first_d7 : t->first_h5;
	double last = week ? t->last_d7 : t->last_h5;
	int64_t span = t->last_time - t->first_time;
	struct forecast f = { .per_hour = span < LEAST_MS ? -1 : 0 };
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

static void put_table(struct jw *w, const char *key,
		      const struct usage_table *t)
{
	char label[REPORT_LABEL_BYTES];

	jw_key(w, key);
	jw_obj(w);
	for (size_t i = 0; i < t->n; i++) {
		const struct usage_table_row *r = t->rows[i];

		report_label(t, i, label);
		jw_name(w, span_of(label));
		jw_obj(w);
		if (*r->id.names[USAGE_ACCOUNT]) {
			jw_kcstr(w, "backend", r->id.names[USAGE_BACKEND]);
			jw_kcstr(w, "account", r->id.names[USAGE_ACCOUNT]);
		}
		usage_sum_put(w, &r->sum);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static void put_sums(struct jw *w, const char *key, const struct report_sums *s)
{
	jw_key(w, key);
	jw_obj(w);
	usage_sum_put(w, &s->all);
	jw_obj_end(w);
	put_table(w, "perAccount", &s->accounts);
	put_table(w, "perModel", &s->models);
}

void report_put(struct jw *w, const struct report *r, const char *home)
{
	jw_obj(w);
	jw_key(w, "window");
	jw_obj(w);
	jw_kint(w, "minutes", r->minutes);
	put_sums(w, "sum", &r->recent);
	jw_obj_end(w);
	put_sums(w, "allTime", &r->ever);
	jw_key(w, "utilization");
	put_trends(w, r);
	jw_key(w, "predictions");
	jw_arr(w);
	for (size_t i = 0; i < r->n_trends; i++)
		put_prediction(w, r, &r->trends[i], home);
	jw_arr_end(w);
	jw_obj_end(w);
}
