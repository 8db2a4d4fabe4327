/* SPDX-License-Identifier: MIT */
/*
 * redis-open: finds the server, by its address or through sentinels, connects
 * and introduces us. It blocks, at most for the time to connect. For
 * redis-link.c alone.
 */
#ifndef DARIO_REDIS_OPEN_H
#define DARIO_REDIS_OPEN_H

#include "state/shared/redis-link.h"

/* Where it was found, in numbers, by which name, and the hash of the script
 * there. */
struct redis_place {
	char path[108];
	char host[64], name[256];
	int port;
	char sha[48];
};

redisContext *redis_open(const struct redis_setup *s, struct redis_place *out,
			 struct err *e);
/* The same of a loop's connection to such a place; it waits for nothing. */
int redis_open_loop(redisAsyncContext *ac, const struct redis_setup *s,
		    const struct redis_place *place, struct err *e);
/* Where the first sentinel that knows the master says that it is. */
int redis_find_master(const struct redis_setup *s, struct redis_host *out,
		      struct err *e);
void redis_load_script(redisAsyncContext *ac);

#endif
