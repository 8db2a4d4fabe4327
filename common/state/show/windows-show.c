/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/show/windows-show.h"

#include "base/clock.h"
#include "base/wait.h"
#include "state/usage/usage.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_MS (USAGE_HOUR_MS / USAGE_STEPS)
#define STEPS_WANTED 48

/* The last answer in one step. */
struct step {
	int64_t time; /* 0: there was none */
	double h5, d7;
};

struct reading {
	const struct snapshot *c;
	const char *home;
	int64_t since, until, step_ms;
	size_t n;           /* steps */
	struct step *steps; /* of each account n */
};

/* A round one: 5 minutes, 10, 20, 30, an hour. */
static int64_t step_of(int64_t span)
{
	static const int minutes[] = { 5, 10, 20, 30 };

	for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++)
		if (span <= STEPS_WANTED * minutes[i] * INT64_C(60000))
			return minutes[i] * INT64_C(60000);
	return USAGE_HOUR_MS;
}

static void set_span(struct reading *g, int64_t since)
{
	int64_t now = clock_wall_ms();
	int64_t first = now - USAGE_HOURS_KEPT * USAGE_HOUR_MS;

	if (since < first)
		since = first;
	if (since > now - LEAST_MS)
		since = now - LEAST_MS;
	g->step_ms = step_of(now - since);
	g->since = since / g->step_ms * g->step_ms;
	g->n = (size_t)((now - g->since) / g->step_ms + 1);
	g->until = g->since + (int64_t)g->n * g->step_ms;
}

static bool is_share(double v)
{
	return v >= 0 && v <= (double)JSON_COUNT_MAX;
}

static void take_steps(struct reading *g, struct step *to,
		       const struct usage_trend *t)
{
	for (int i = 0; i < USAGE_STEPS; i++) {
		const struct usage_step *s = &t->steps[i];
		struct step *x;

		if (s->last_time < g->since || s->last_time >= g->until ||
		    !is_share(s->last_h5) || !is_share(s->last_d7))
			continue;
		x = &to[(s->last_time - g->since) / g->step_ms];
		if (s->last_time >= x->time)
			*x = (struct step){ s->last_time, s->last_h5,
					    s->last_d7 };
	}
}

static void take_part(void *arg, const struct usage_part *p)
{
	struct reading *g = arg;
	const struct accounts *pool = &g->c->accounts;
	const char *name = g->c->claude.name ? g->c->claude.name : "";

	if (p->id->kind != USAGE_TREND ||
	    strcmp(p->id->names[USAGE_BACKEND], name))
		return;
	for (size_t i = 0; i < pool->n; i++)
		if (strcmp(pool->list[i].alias, p->id->names[USAGE_ACCOUNT]) ==
		    0)
			take_steps(g, &g->steps[i * g->n], &p->cell->trend);
}

static void read_parts(void *arg)
{
	struct reading *g = arg;

	usage_walk_all(g->home, g->since / USAGE_HOUR_MS * USAGE_HOUR_MS,
		       take_part, g);
}

static void put_steps(struct jw *w, const struct reading *g)
{
	for (size_t k = 0; k < g->n; k++) {
		for (size_t i = 0; i < g->c->accounts.n; i++) {
			const struct step *s = &g->steps[i * g->n + k];

			if (!s->time)
				continue;
			jw_obj(w);
			jw_kint(w, "until",
				g->since + (int64_t)(k + 1) * g->step_ms);
			jw_kcstr(w, "alias", g->c->accounts.list[i].alias);
			jw_key(w, "util5h");
			jw_double(w, s->h5);
			jw_key(w, "util7d");
			jw_double(w, s->d7);
			jw_obj_end(w);
		}
	}
}

void show_windows(struct jw *w, const struct snapshot *c, const char *home,
		  int64_t since)
{
	struct reading g = { .c = c, .home = home };

	set_span(&g, since);
	g.steps = xcalloc(c->accounts.n * g.n + 1, sizeof(*g.steps));
	wait_work(read_parts, &g);
	jw_obj(w);
	jw_kint(w, "since", g.since);
	jw_kint(w, "until", g.until);
	jw_kint(w, "stepMs", g.step_ms);
	jw_key(w, "utilization");
	jw_arr(w);
	put_steps(w, &g);
	jw_arr_end(w);
	jw_obj_end(w);
	free(g.steps);
}
