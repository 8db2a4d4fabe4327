/* SPDX-License-Identifier: MIT */
/* usage-read: what the files of sums hold, each thing once. */
#include "config.h"

#include "base/buf.h"
#include "state/usage/usage-folder.h"
#include "state/usage/usage.h"

#include <stdlib.h>

/* One file of a day. */
struct opened {
	struct usage_entry entry;
	struct usage_image *image; /* or NULL */
};

struct reading {
	usage_part_fn *fn;
	void *arg;
	struct usage_part part;
};

static void pass_row(void *arg, const struct usage_id *id,
		     const union usage_cell *cell)
{
	struct reading *g = arg;

	g->part.id = id;
	g->part.cell = cell;
	g->fn(g->arg, &g->part);
}

static int64_t day_of(int64_t time)
{
	return time / USAGE_DAY_MS * USAGE_DAY_MS;
}

/* Is what this has in one that it was put into? */
static bool is_in_another(const struct opened *all, size_t n, size_t i)
{
	uint64_t number = usage_image_number(all[i].image);

	for (size_t k = 0; k < n; k++)
		if (all[k].image && all[k].entry.kind > all[i].entry.kind &&
		    usage_image_has(all[k].image, number))
			return true;
	return false;
}

static void open_one(const char *home, struct opened *o,
		     enum usage_file_kind kind, int64_t start)
{
	o->entry.kind = kind;
	o->entry.start = start;
	if (kind == USAGE_FILE_DAY)
		usage_day_name(start, o->entry.name);
	else if (kind == USAGE_FILE_HOUR)
		usage_hour_name(start, o->entry.name);
	o->image = usage_image_open(home, o->entry.name);
}

/* Files go into others meanwhile: what is put together is opened after what it
 * is made of, also when it was not in the list. */
static void read_day(const char *home, const struct usage_entry *list, size_t n,
		     int64_t since, struct reading *g)
{
	struct opened *all = xcalloc(n + 25, sizeof(*all));
	int64_t day = day_of(list[0].start);
	bool hours[24] = { false };
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		hours[list[i].start % USAGE_DAY_MS / USAGE_HOUR_MS] |=
			list[i].kind != USAGE_FILE_DAY;
		if (list[i].kind != USAGE_FILE_LIVE)
			continue;
		all[count].entry = list[i];
		open_one(home, &all[count++], list[i].kind, list[i].start);
	}
	for (int h = 0; h < 24; h++)
		if (hours[h])
			open_one(home, &all[count++], USAGE_FILE_HOUR,
				 day + h * USAGE_HOUR_MS);
	open_one(home, &all[count++], USAGE_FILE_DAY, day);
	for (size_t i = 0; i < count; i++) {
		g->part.time = all[i].entry.start;
		g->part.day = all[i].entry.kind == USAGE_FILE_DAY;
		if (all[i].image && !is_in_another(all, count, i) &&
		    (g->part.day || g->part.time >= since))
			usage_image_walk(all[i].image, pass_row, g);
	}
	for (size_t i = 0; i < count; i++)
		usage_image_close(all[i].image);
	free(all);
}

void usage_walk(const char *home, int64_t since, usage_part_fn *fn, void *arg)
{
	struct reading g = { .fn = fn, .arg = arg };
	struct usage_entry *list;
	size_t n, end;

	list = usage_list(home, &n);
	for (size_t i = 0; i < n; i = end) {
		int64_t day = day_of(list[i].start);

		for (end = i; end < n && day_of(list[end].start) == day;)
			end++;
		if (list[i].kind != USAGE_FILE_TOTAL && day >= day_of(since))
			read_day(home, &list[i], end - i, since, &g);
	}
	free(list);
}

void usage_walk_total(const char *home, usage_row_fn *fn, void *arg)
{
	struct usage_entry *list;
	size_t n;

	list = usage_list(home, &n);
	for (size_t i = 0; i < n; i++) {
		struct usage_image *m;

		if (list[i].kind != USAGE_FILE_TOTAL)
			continue;
		m = usage_image_open(home, list[i].name);
		if (m)
			usage_image_walk(m, fn, arg);
		usage_image_close(m);
	}
	free(list);
}

/* --- and of other hosts -------------------------------------------------- */

static const struct usage_others *others;

void usage_others_use(const struct usage_others *o)
{
	others = o;
}

void usage_walk_all(const char *home, int64_t since, usage_part_fn *fn,
		    void *arg)
{
	usage_walk(home, since, fn, arg);
	if (others)
		others->walk(home, since, fn, arg);
}

void usage_walk_total_all(const char *home, usage_row_fn *fn, void *arg)
{
	usage_walk_total(home, fn, arg);
	if (others)
		others->walk_total(home, fn, arg);
}
