/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/usage-trends.h"

#include <stdlib.h>
#include <string.h>

void usage_trends_init(struct usage_trends *t)
{
	memset(t, 0, sizeof(*t));
	arena_init(&t->arena);
}

void usage_trends_release(struct usage_trends *t)
{
	arena_release(&t->arena);
	free(t->rows);
	memset(t, 0, sizeof(*t));
}

static bool same(const struct usage_id *a, const struct usage_id *b)
{
	for (int i = 0; i < USAGE_DIMS; i++)
		if (strcmp(a->names[i], b->names[i]))
			return false;
	return true;
}

static struct usage_trend *row_of(struct usage_trends *t,
				  const struct usage_id *id)
{
	struct usage_trends_row *r;

	for (size_t i = 0; i < t->n; i++)
		if (same(&t->rows[i].id, id))
			return &t->rows[i].trend;
	if (t->n == USAGE_TRENDS_MAX)
		return NULL;
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->rows = xrealloc(t->rows, t->cap * sizeof(*t->rows));
	}
	r = &t->rows[t->n++];
	memset(r, 0, sizeof(*r));
	r->id = *id;
	for (int i = 0; i < USAGE_DIMS; i++)
		r->id.names[i] = arena_str(&t->arena, span_of(id->names[i]));
	return &r->trend;
}

static void merge_step(struct usage_step *to, const struct usage_step *more)
{
	if (!more->first_time)
		return;
	if (!to->first_time || more->first_time < to->first_time) {
		to->first_time = more->first_time;
		to->first_h5 = more->first_h5;
		to->first_d7 = more->first_d7;
	}
	if (more->last_time >= to->last_time) {
		to->last_time = more->last_time;
		to->last_h5 = more->last_h5;
		to->last_d7 = more->last_d7;
	}
}

void usage_trends_add(struct usage_trends *t, const struct usage_id *id,
		      const struct usage_trend *more)
{
	struct usage_trend *to = row_of(t, id);

	for (int i = 0; to && i < USAGE_STEPS; i++)
		merge_step(&to->steps[i], &more->steps[i]);
}
