/* SPDX-License-Identifier: MIT */
/*
 * redis-lane: the connection of one loop to the store: requests of its tasks,
 * several of one round in one packet. For redis-link.c alone, which says what a
 * request is and whether the store can be asked.
 */
#ifndef DARIO_REDIS_LANE_H
#define DARIO_REDIS_LANE_H

#include "state/shared/redis-link.h"
#include "state/shared/redis-open.h"

/* For a task: as redis_ask, or with `fill` as redis_ask_late, and redis_tell;
 * -1 of the latter: `done` was not called. */
int redis_lane_ask(struct redis_args *a, redis_fill *fill, redis_done *done,
		   void *arg, struct err *e);
int redis_lane_tell(struct redis_args *a, redis_done *done, void *arg,
		    struct err *e);
/* Has this thread one that is connected? Then it can tell without a task. */
bool redis_lane_is_open(void);
void redis_lane_leave(void); /* when this thread's loop ends */

/* In redis-link.c: */
const struct redis_setup *redis_link_config(void);
/* Where it is, and the hash of the script. */
int redis_link_place(struct redis_place *out, struct err *e);

#endif
