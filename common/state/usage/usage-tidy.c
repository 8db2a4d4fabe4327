/* SPDX-License-Identifier: MIT */
/* usage-tidy: puts files of sums that are over together, and forgets old
 * ones. */
#include "config.h"

#include "base/clock.h"
#include "base/store.h"
#include "state/usage/usage-folder.h"
#include "state/usage/usage-table.h"
#include "state/usage/usage-trends.h"
#include "state/usage/usage.h"

#include <stdlib.h>
#include <string.h>

#define LOCK USAGE_FOLDER "/tidy"
#define OVER_MS (2 * USAGE_HOUR_MS) /* then nobody adds to an hour any more */
#define ALL_DIMS ((1u << USAGE_DIMS) - 1)

/* Files that become one. */
struct merging {
	const char *home;
	struct usage_table sums;
	struct usage_trends trends;
	bool hour; /* they become one of an hour: trends stay */
	uint64_t numbers[USAGE_FOLDED_MAX];
	const struct usage_entry *gone[USAGE_FOLDED_MAX];
	size_t n, fresh;
};

/* A day has room for fewer sessions than its hours have. */
static void add_row(void *arg, const struct usage_id *id,
		    const union usage_cell *cell)
{
	struct merging *m = arg;
	struct usage_table *t = &m->sums;
	const char *names[USAGE_DIMS];

	if (id->kind == USAGE_TREND && m->hour)
		usage_trends_add(&m->trends, id, &cell->trend);
	if (id->kind != USAGE_SUM)
		return;
	memcpy(names, id->names, sizeof(names));
	if (t->n >= USAGE_ROWS / 2 && !usage_table_find(t, names))
		for (int i = USAGE_LASTING; i < USAGE_DIMS; i++)
			if (*names[i])
				names[i] = usage_other;
	usage_table_add(t, 0, names, &cell->sum);
}

static void take(struct merging *m, const struct usage_entry *from,
		 const struct usage_image *into)
{
	struct usage_image *image;

	if (m->n == USAGE_FOLDED_MAX ||
	    (from->kind == USAGE_FILE_LIVE &&
	     usage_file_is_held(m->home, from->name)))
		return;
	image = usage_image_open(m->home, from->name);
	if (image) {
		m->numbers[m->n] = usage_image_number(image);
		if (!into || !usage_image_has(into, m->numbers[m->n])) {
			usage_image_walk(image, add_row, m);
			m->fresh++;
		}
	}
	/* Nobody can make anything of the others. */
	m->gone[m->n++] = from;
	usage_image_close(image);
}

static void merge(const char *home, const struct usage_entry *from, size_t n,
		  enum usage_file_kind below, const char *into, int64_t start)
{
	struct merging *m = xcalloc(1, sizeof(*m));
	struct usage_image *had = usage_image_open(home, into);
	struct err unused;
	bool ok = true;

	m->home = home;
	m->hour = below == USAGE_FILE_HOUR;
	usage_table_init(&m->sums, ALL_DIMS, USAGE_ROWS);
	usage_trends_init(&m->trends);
	if (had)
		usage_image_walk(had, add_row, m);
	for (size_t i = 0; i < n; i++)
		if (from[i].kind < below)
			take(m, &from[i], had);
	if (m->fresh)
		ok = usage_image_write(
			     home, into,
			     &(struct usage_content){ .sums = &m->sums,
						      .trends = &m->trends,
						      .start = start,
						      .folded = m->numbers,
						      .n_folded = m->n },
			     &unused) == 0;
	for (size_t i = 0; ok && i < m->n; i++)
		store_remove(home, m->gone[i]->name, &unused);
	usage_image_close(had);
	usage_table_release(&m->sums);
	usage_trends_release(&m->trends);
	free(m);
}

static int64_t floor_to(int64_t time, int64_t step)
{
	return time / step * step;
}

/* All that lie in the step that the first one begins in. */
static size_t run_of(const struct usage_entry *list, size_t n, int64_t step)
{
	size_t end = 0;

	while (end < n &&
	       floor_to(list[end].start, step) == floor_to(list[0].start, step))
		end++;
	return end;
}

static void tidy_hours(const char *home, const struct usage_entry *list,
		       size_t n, int64_t now)
{
	char name[48];

	for (size_t i = 0, end; i < n; i += end) {
		end = run_of(&list[i], n - i, USAGE_HOUR_MS);
		if (list[i].start + USAGE_HOUR_MS + OVER_MS > now)
			continue;
		usage_hour_name(list[i].start, name);
		if (list[i].kind == USAGE_FILE_LIVE)
			merge(home, &list[i], end, USAGE_FILE_HOUR, name,
			      floor_to(list[i].start, USAGE_HOUR_MS));
	}
}

static void tidy_day(const char *home, const struct usage_entry *list, size_t n,
		     int64_t now)
{
	int64_t day = floor_to(list[0].start, USAGE_DAY_MS);
	struct err unused;
	char name[48];

	usage_day_name(day, name);
	if (day + (USAGE_DAYS_KEPT + 1) * USAGE_DAY_MS < now) {
		for (size_t i = 0; i < n; i++)
			store_remove(home, list[i].name, &unused);
		return;
	}
	if (day + USAGE_DAY_MS + USAGE_HOURS_KEPT * USAGE_HOUR_MS > now)
		tidy_hours(home, list, n, now);
	else if (n > 1 || list[0].kind != USAGE_FILE_DAY)
		merge(home, list, n, USAGE_FILE_DAY, name, day);
}

void usage_tidy(const char *home)
{
	struct usage_entry *list;
	struct err unused;
	size_t n = 0;
	bool busy;
	int lock = store_try_lock(home, LOCK, &busy, &unused);

	if (lock < 0)
		return;
	list = usage_list(home, &n);
	for (size_t i = 0, end; i < n; i += end) {
		end = run_of(&list[i], n - i, USAGE_DAY_MS);
		if (list[i].kind != USAGE_FILE_TOTAL)
			tidy_day(home, &list[i], end, clock_wall_ms());
	}
	free(list);
	usage_carry(home);
	store_unlock(lock);
}
