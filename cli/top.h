/* SPDX-License-Identifier: MIT */
/*
 * top: what dario top shows: the answers of /health, /accounts, /requests and
 * /analytics, from a router that runs or made here from the state.
 */
#ifndef DARIO_TOP_H
#define DARIO_TOP_H

#include "base/json.h"

enum top_part {
	TOP_HEALTH,
	TOP_ACCOUNTS,
	TOP_REQUESTS,
	TOP_ANALYTICS,
	TOP_PARTS
};

struct top {
	char from[1100]; /* whose it is, for people */
	int64_t now;
	/* NULL: not to be had */
	struct json_object *parts[TOP_PARTS];
};

/* On standard output, in so many columns and lines at most. */
void top_draw(const struct top *t, int width, int height);

#endif
