/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/usage-query.h"

#include "base/clock.h"
#include "base/wait.h"
#include "state/keys/quota.h"
#include "state/usage/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define USUAL_DAYS 7
#define MONTH_DAYS 31

const char *usage_by_name(int by)
{
	return by == USAGE_BY_HOUR ? "hour"
	     : by == USAGE_BY_DAY  ? "day"
				   : usage_dim_names[by];
}

void usage_query_init(struct usage_query *q)
{
	*q = (struct usage_query){ .now = clock_wall_ms() };
	q->since = q->now - USUAL_DAYS * USAGE_DAY_MS;
}

static bool has(const struct usage_query *q, int by)
{
	for (size_t i = 0; i < q->n_by; i++)
		if (q->by[i] == by)
			return true;
	return false;
}

static int unknown(struct span name, struct err *e)
{
	struct buf known;

	buf_init(&known, 256);
	for (int i = 0; i < USAGE_BYS; i++)
		buf_fmt(&known, "%s%s", i ? ", " : "", usage_by_name(i));
	err_set(e, ERR_BAD_REQUEST,
		"usage is not known by \"%.*s\": take one or more of %s",
		(int)(name.n < 40 ? name.n : 40), name.p, buf_cstr(&known));
	buf_release(&known);
	return -1;
}

static int add_by(struct usage_query *q, struct span name, struct err *e)
{
	for (int i = 0; i < USAGE_BYS; i++)
		if (span_is(name, usage_by_name(i))) {
			if (!has(q, i))
				q->by[q->n_by++] = i;
			return 0;
		}
	return unknown(name, e);
}

int usage_query_by(struct usage_query *q, const char *text, struct err *e)
{
	do {
		size_t n = strcspn(text, ",");

		if (add_by(q, (struct span){ text, n }, e))
			return -1;
		text += n;
	} while (*text++);
	if (q->person && has(q, USAGE_ACCOUNT))
		return err_set(e, ERR_BAD_REQUEST,
			       "which accounts pay is for the owner of this "
			       "router to see: leave out account");
	if (has(q, USAGE_BY_HOUR) && has(q, USAGE_BY_DAY))
		return err_set(e, ERR_BAD_REQUEST,
			       "usage is shown by hour or by day, not by both");
	return 0;
}

/* How long ago, or 0. */
static int64_t span_ms(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "m", 60000 },
		      { "h", USAGE_HOUR_MS },
		      { "d", USAGE_DAY_MS },
		      { "w", 7 * USAGE_DAY_MS },
		      { "M", MONTH_DAYS * USAGE_DAY_MS },
		      { "y", 366 * USAGE_DAY_MS } };
	char *end;
	long n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;

	for (size_t i = 0;
	     n > 0 && n <= 100000 && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0)
			return n * units[i].ms;
	return 0;
}

int usage_query_since(struct usage_query *q, const char *text, struct err *e)
{
	int64_t ago = span_ms(text), moment = 0;
	struct err unused;

	if (ago) {
		q->since = q->now > ago ? q->now - ago : 1;
		return 0;
	}
	quota_read_date(text, &moment, &unused);
	if (moment <= 0 || moment > q->now)
		return err_set(e, ERR_BAD_REQUEST,
			       "\"%.40s\" is no time in the past: take for "
			       "instance 7d, 48h, 13M, 2026-11-01 or "
			       "2026-11-01T08:00:00Z",
			       text);
	q->since = moment;
	return 0;
}

/* --- the answer ---------------------------------------------------------- */

/* Hours are there for two days only. */
static int64_t floor_since(const struct usage_query *q)
{
	int64_t hours = q->now - USAGE_HOURS_KEPT * USAGE_HOUR_MS;
	int64_t since = q->since;

	if (has(q, USAGE_BY_HOUR) && since < hours)
		since = hours;
	return since - since % (since < hours ? USAGE_DAY_MS : USAGE_HOUR_MS);
}

struct running {
	struct usage_answer *to;
	const char *home;
	bool by_hour;
	int64_t step; /* 0: all in one */
};

bool usage_is_of(const char *key, const char *person)
{
	size_t n = person ? strlen(person) : 0;

	return !person ||
	       (strncmp(key, person, n) == 0 && (!key[n] || key[n] == '/'));
}

static void take(void *arg, const struct usage_part *p)
{
	struct running *g = arg;
	int64_t time = g->step ? p->time - p->time % g->step : 0;

	if (p->id->kind != USAGE_SUM || (g->by_hour && p->day) ||
	    !usage_is_of(p->id->names[USAGE_KEY], g->to->query.person))
		return;
	usage_sum_merge(&g->to->total, &p->cell->sum);
	if (g->to->query.n_by)
		usage_table_add(&g->to->rows, time, p->id->names,
				&p->cell->sum);
}

static void run(void *arg)
{
	struct running *g = arg;

	usage_walk_all(g->home, g->to->query.since, take, g);
	usage_table_sort(&g->to->rows);
}

void usage_query_run(const struct usage_query *q, const char *home,
		     struct usage_answer *out)
{
	struct running g = { .to = out, .home = home };
	unsigned dims = 0;

	memset(out, 0, sizeof(*out));
	out->query = *q;
	out->query.since = floor_since(q);
	for (size_t i = 0; i < q->n_by; i++)
		if (q->by[i] < USAGE_DIMS)
			dims |= 1u << q->by[i];
	g.by_hour = has(q, USAGE_BY_HOUR);
	g.step = g.by_hour            ? USAGE_HOUR_MS
	       : has(q, USAGE_BY_DAY) ? USAGE_DAY_MS
				      : 0;
	usage_table_init(&out->rows, dims, USAGE_QUERY_ROWS);
	wait_work(run, &g);
}

void usage_answer_release(struct usage_answer *a)
{
	usage_table_release(&a->rows);
}

const char *usage_answer_cell(const struct usage_table_row *r, int by,
			      char mem[32])
{
	time_t t = (time_t)(r->time / 1000);
	struct tm tm;

	if (by < USAGE_DIMS)
		return r->id.names[by];
	gmtime_r(&t, &tm);
	if (by == USAGE_BY_DAY)
		strftime(mem, 32, "%Y-%m-%d", &tm);
	else
		strftime(mem, 32, "%Y-%m-%dT%H:00Z", &tm);
	return mem;
}

void usage_answer_put(struct jw *w, const struct usage_answer *a)
{
	const struct usage_query *q = &a->query;
	char mem[32];

	jw_obj(w);
	jw_kint(w, "since", q->since);
	jw_kint(w, "until", q->now);
	jw_key(w, "by");
	jw_arr(w);
	for (size_t i = 0; i < q->n_by; i++)
		jw_str(w, span_of(usage_by_name(q->by[i])));
	jw_arr_end(w);
	jw_kbool(w, "mine", q->person);
	jw_key(w, "total");
	jw_obj(w);
	usage_sum_put(w, &a->total);
	jw_obj_end(w);
	jw_key(w, "rows");
	jw_arr(w);
	for (size_t i = 0; i < a->rows.n; i++) {
		const struct usage_table_row *r = a->rows.rows[i];

		jw_obj(w);
		for (size_t k = 0; k < q->n_by; k++)
			jw_kcstr(w, usage_by_name(q->by[k]),
				 usage_answer_cell(r, q->by[k], mem));
		usage_sum_put(w, &r->sum);
		jw_obj_end(w);
	}
	jw_arr_end(w);
	jw_kbool(w, "cut", a->rows.cut);
	jw_obj_end(w);
}
