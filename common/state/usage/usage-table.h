/* SPDX-License-Identifier: MIT */
/*
 * usage-table: sums in memory, kept apart by some of their names and by time.
 *
 * There are at most `most` rows, and one for each time beyond: what comes when
 * they are taken is "other". Names are copied. Belongs to one thread.
 */
#ifndef DARIO_USAGE_TABLE_H
#define DARIO_USAGE_TABLE_H

#include "base/arena.h"
#include "state/usage/usage-file.h"

struct usage_table_row {
	struct usage_id id; /* names that nobody asks for are "" */
	int64_t time;
	struct usage_sum sum;
};

struct usage_table {
	unsigned dims; /* 1 << USAGE_KEY, and so on: those that count */
	size_t most;
	bool cut;                      /* there is more than has a row */
	struct usage_table_row **rows; /* in the order in which they came */
	size_t n;
	/* private */
	struct arena arena;
	size_t cap;
	uint32_t *places;
	size_t mask;
};

void usage_table_init(struct usage_table *t, unsigned dims, size_t most);
void usage_table_release(struct usage_table *t);
void usage_table_add(struct usage_table *t, int64_t time,
		     const char *const names[USAGE_DIMS],
		     const struct usage_sum *sum);
/* By time, then what costs most, then what has most requests. */
void usage_table_sort(struct usage_table *t);
/* NULL: nothing was added under these names. */
const struct usage_sum *usage_table_find(const struct usage_table *t,
					 const char *const names[USAGE_DIMS]);

#endif
