/* SPDX-License-Identifier: MIT */
/*
 * redis-move: the store's side of moving sums (meter-move.h). Sums are in the
 * form of struct meter_image.
 */
#ifndef DARIO_REDIS_MOVE_H
#define DARIO_REDIS_MOVE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The id of this store's data; `proposed` when it has none. */
int redis_move_id(const char *proposed, char *out, size_t n, struct err *e);
/* Add to the sums of `name` what `v` has more than this home has moved there
 * before, in one step with the mark; *money gets what that was by month. */
int redis_move_put(const char *name, const char *home, const int64_t *v,
		   int64_t *money, struct err *e);
/* The sums, and what of them this home has moved there. */
int redis_move_get(const char *name, const char *home, int64_t *sums,
		   int64_t *moved, struct err *e);

#endif
