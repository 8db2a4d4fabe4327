/* SPDX-License-Identifier: MIT */
/*
 * usage-query: sums by whatever is asked for: /analytics?by=... and
 * `dario usage --by=...`.
 *
 * Fill a query with usage_query_by and usage_query_since, run it, show the
 * answer, release it. What lies further back than two days is known by whole
 * days. Times are milliseconds since 1970.
 */
#ifndef DARIO_USAGE_QUERY_H
#define DARIO_USAGE_QUERY_H

#include "state/usage/usage-table.h"

#define USAGE_QUERY_ROWS 4096
#define USAGE_BY_MAX 9 /* dimensions, hour and day */

enum usage_by { /* an enum usage_dim, or */
	USAGE_BY_HOUR = USAGE_DIMS,
	USAGE_BY_DAY,
	USAGE_BYS
};

struct usage_query {
	int by[USAGE_BY_MAX]; /* in the order in which they were asked for */
	size_t n_by;
	int64_t now, since;
	const char *person; /* whose sums; NULL: all */
};

struct usage_answer {
	struct usage_query query;
	struct usage_sum total;
	struct usage_table rows; /* as usage_table_sort has them */
};

/* A week, by nothing. */
void usage_query_init(struct usage_query *q);
/* "key,model": -1 with the known names. */
int usage_query_by(struct usage_query *q, const char *text, struct err *e);
/* "7d", "48h", "13M", "2026-11-01", "2026-11-01T08:00:00Z" */
int usage_query_since(struct usage_query *q, const char *text, struct err *e);

/* Is what the key has used the person's? A person's devices are. */
bool usage_is_of(const char *key, const char *person);

/* By wait_work. */
void usage_query_run(const struct usage_query *q, const char *home,
		     struct usage_answer *out);
void usage_answer_release(struct usage_answer *a);

const char *usage_by_name(int by);
/* What a row has there: a name, or a moment in `mem`. */
const char *usage_answer_cell(const struct usage_table_row *r, int by,
			      char mem[32]);
void usage_answer_put(struct jw *w, const struct usage_answer *a);

#endif
