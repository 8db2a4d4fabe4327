/* SPDX-License-Identifier: MIT */
/*
 * shared-redis: what all hosts of a router share, in one Redis or Valkey.
 *
 * Each process keeps a mirror of what changes often (limits, counts, turns): it
 * answers what is immediate, and every answer of the store brings the news
 * since the last. To choose an account is one round trip, in which the store
 * refuses a choice that was made of old news; then it is made again. One that
 * no count would change goes by news of some ms. What is noted after an answer
 * is sent without waiting for it.
 *
 * A process that the store has not heard of for some seconds is gone: what it
 * held is given back, its flights end with what was known. One that was only
 * cut off says again what it holds, and what its flights have really cost.
 * While the store is away the mirror is all there is, and what happens is
 * counted in it.
 */
#ifndef DARIO_SHARED_REDIS_H
#define DARIO_SHARED_REDIS_H

#include "state/keys/meter-ops.h"
#include "state/shared/redis-link.h"
#include "state/shared/shared-ops.h"
#include "state/usage/usage.h"

extern const struct shared_ops shared_redis;
extern const struct meter_ops meter_redis;
extern const struct usage_others usage_redis;

/* Before the first entry. */
void shared_redis_use(const struct redis_setup *s);

/* In redis-keeper.c: the thread of a worker that keeps what it holds alive in
 * the store and looks for one that is away; and its end, which gives all back.
 */
void shared_redis_keep(const char *home); /* which outlives it */
void shared_redis_end(void);

/* For a request of the other parts: the number of the last change that is
 * known, who we are ("": nobody that holds anything), and how many wait. */
int64_t shared_redis_since(void);
const char *shared_redis_self(void);
void shared_redis_holds(void); /* from now on this process does */
size_t shared_redis_waiting(void);
bool shared_redis_was_used(void); /* since the last time */
/* Say what has not arrived yet of what we hold, and that we are there. */
void shared_redis_beat(void);
/* Texts that have changed here while the store was away, where they are there
 * as they were. */
void shared_redis_tell_kept(void);

/* Lines, in redis-line.c: as in shared.h. */
int redis_line_join(const char *home, const char *line, const char *lane,
		    size_t max, unsigned priority, struct shared_place *out,
		    struct err *e);
bool redis_line_first(const char *home, const struct shared_place *p);
void redis_line_leave(const char *home, struct shared_place *p);
size_t redis_line_length(const char *home, const char *line, const char *lane);

/* What could not be told to the store: sent again, and how much it is. */
void meter_redis_flush(bool last);
size_t meter_redis_waiting(void);
/* The store may be back with older data: what it holds for requests of ours
 * that have ended is ended once more, and what it has lost of those of the last
 * seconds is told again. False: it does not answer. */
bool meter_redis_look(void);
void meter_redis_know(void); /* whose data are there: now and then */
/* Another number when the store was away, or has lost what was known of it. */
unsigned shared_redis_lost(void);
/* Sums of usage: what has changed, for the other hosts. For the keeper's thread
 * alone, and once more when that has ended. */
void usage_redis_tell(const char *home, bool last);

#endif
