/* SPDX-License-Identifier: MIT */
/*
 * usage-trends: how accounts' windows fill, of several files of one hour as
 * one. At most USAGE_TRENDS_MAX accounts; the rest is left out. Belongs to one
 * thread.
 */
#ifndef DARIO_USAGE_TRENDS_H
#define DARIO_USAGE_TRENDS_H

#include "base/arena.h"
#include "state/usage/usage-file.h"

#define USAGE_TRENDS_MAX 512

struct usage_trends {
	struct usage_trends_row {
		struct usage_id id;
		struct usage_trend trend;
	} * rows;
	size_t n;
	/* private */
	size_t cap;
	struct arena arena; /* names */
};

void usage_trends_init(struct usage_trends *t);
void usage_trends_release(struct usage_trends *t);
void usage_trends_add(struct usage_trends *t, const struct usage_id *id,
		      const struct usage_trend *more);

#endif
