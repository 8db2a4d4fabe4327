/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/usage-table.h"

#include "base/fnv.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_PLACES 256 /* a power of two */

void usage_table_init(struct usage_table *t, unsigned dims, size_t most)
{
	*t = (struct usage_table){ .dims = dims, .most = most };
	arena_init(&t->arena);
	t->places = xcalloc(FIRST_PLACES, sizeof(*t->places));
	t->mask = FIRST_PLACES - 1;
}

void usage_table_release(struct usage_table *t)
{
	if (!t->places)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->rows[i]);
	free(t->rows);
	free(t->places);
	arena_release(&t->arena);
	*t = (struct usage_table){ 0 };
}

static bool same(const struct usage_id *a, const struct usage_id *b)
{
	for (int i = 0; i < USAGE_DIMS; i++)
		if (strcmp(a->names[i], b->names[i]))
			return false;
	return true;
}

static uint64_t hash_of(const struct usage_id *id, int64_t time)
{
	struct span bytes = { (const char *)&time, sizeof(time) };

	return usage_hash(fnv(FNV_START, bytes), id, 0, USAGE_DIMS);
}

/* Where it stands or could stand: a row from 1. */
static uint32_t *place_of(const struct usage_table *t,
			  const struct usage_id *id, int64_t time)
{
	for (size_t i = 0;; i++) {
		uint32_t *p = &t->places[(id->hash + i) & t->mask];
		const struct usage_table_row *r;

		if (!*p)
			return p;
		r = t->rows[*p - 1];
		if (r->id.hash == id->hash && r->time == time &&
		    same(&r->id, id))
			return p;
	}
}

static void spread(struct usage_table *t)
{
	free(t->places);
	t->mask = t->mask * 2 + 1;
	t->places = xcalloc(t->mask + 1, sizeof(*t->places));
	for (size_t i = 0; i < t->n; i++)
		*place_of(t, &t->rows[i]->id, t->rows[i]->time) = (uint32_t)i +
								  1;
}

static struct usage_table_row *make_row(struct usage_table *t,
					const struct usage_id *id, int64_t time)
{
	struct usage_table_row *r = xcalloc(1, sizeof(*r));

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : FIRST_PLACES / 2;
		t->rows = xrealloc(t->rows, t->cap * sizeof(*t->rows));
	}
	if (2 * t->n > t->mask)
		spread(t);
	r->id.hash = id->hash;
	r->time = time;
	for (int i = 0; i < USAGE_DIMS; i++)
		r->id.names[i] = arena_str(&t->arena, span_of(id->names[i]));
	*place_of(t, id, time) = (uint32_t)t->n + 1;
	t->rows[t->n++] = r;
	return r;
}

static struct usage_table_row *row_of(struct usage_table *t,
				      struct usage_id *id, int64_t time)
{
	uint32_t *p;

	id->hash = hash_of(id, time);
	p = place_of(t, id, time);
	if (*p)
		return t->rows[*p - 1];
	if (t->n < t->most)
		return make_row(t, id, time);
	t->cut = true;
	for (int i = 0; i < USAGE_DIMS; i++)
		if (t->dims & 1u << i)
			id->names[i] = usage_other;
	id->hash = hash_of(id, time);
	p = place_of(t, id, time);
	return *p ? t->rows[*p - 1] : make_row(t, id, time);
}

static struct usage_id wanted(const struct usage_table *t,
			      const char *const names[USAGE_DIMS])
{
	struct usage_id id = { .kind = USAGE_SUM };

	for (int i = 0; i < USAGE_DIMS; i++)
		id.names[i] = t->dims & 1u << i ? names[i] : "";
	return id;
}

void usage_table_add(struct usage_table *t, int64_t time,
		     const char *const names[USAGE_DIMS],
		     const struct usage_sum *sum)
{
	struct usage_id id = wanted(t, names);

	usage_sum_merge(&row_of(t, &id, time)->sum, sum);
}

const struct usage_sum *usage_table_find(const struct usage_table *t,
					 const char *const names[USAGE_DIMS])
{
	struct usage_id id = wanted(t, names);
	uint32_t at;

	if (!t->places)
		return NULL;
	id.hash = hash_of(&id, 0);
	at = *place_of(t, &id, 0);
	return at ? &t->rows[at - 1]->sum : NULL;
}

static int larger(int64_t a, int64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int compare(const void *a, const void *b)
{
	const struct usage_table_row *x = *(struct usage_table_row *const *)a;
	const struct usage_table_row *y = *(struct usage_table_row *const *)b;
	int c = larger(y->time, x->time);

	if (!c)
		c = larger(x->sum.cost, y->sum.cost);
	if (!c)
		c = larger(x->sum.requests, y->sum.requests);
	for (int i = 0; i < USAGE_DIMS && !c; i++)
		c = strcmp(x->id.names[i], y->id.names[i]);
	return c;
}

/* Rows are not found by their names any more. */
void usage_table_sort(struct usage_table *t)
{
	if (t->n)
		qsort(t->rows, t->n, sizeof(struct usage_table_row *), compare);
}
