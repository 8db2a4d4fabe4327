/* SPDX-License-Identifier: MIT */
/*
 * shared-table: the table that all processes of a home map: counts, turns and
 * places in lines, for shared-files.c alone. Without a table (no space, no
 * file) nothing is counted and every turn is free. Thread-safe, never waits.
 *
 * A process marks its own row by a lock that goes with it; whoever finds a row
 * without one gives back what it held.
 */
#ifndef DARIO_SHARED_TABLE_H
#define DARIO_SHARED_TABLE_H

#include "state/shared/shared.h"

/* What one name has in it: never NULL, of this process alone when there is no
 * room. `key` is a hash of the name. */
struct shared_slot;
struct shared_slot *shared_slot(const char *home, uint64_t key);

uint32_t shared_slot_count(const struct shared_slot *s);
bool shared_slot_add(const char *home, struct shared_slot *s, uint32_t seen);
void shared_slot_sub(const char *home, struct shared_slot *s);
bool shared_slot_is_older(const struct shared_slot *a,
			  const struct shared_slot *b);
int64_t shared_slot_turn(struct shared_slot *s, int64_t interval, int64_t max);
int64_t shared_slot_turn_in(const struct shared_slot *s, int64_t now);

/* Another number after another table has taken the place of the last. */
unsigned shared_table_sync(const char *home);
/* Nobody holds a slot of this home's any more. */
void shared_table_forget(const char *home);

/* Lines: as in shared.h. */
int shared_table_join(const char *home, const char *line, const char *lane,
		      size_t max, unsigned priority, struct shared_place *out,
		      struct err *e);
bool shared_table_first(const char *home, const struct shared_place *p);
void shared_table_leave(const char *home, struct shared_place *p);
size_t shared_table_length(const char *home, const char *line,
			   const char *lane);

uint64_t shared_hash(const char *a, const char *b); /* of both; never 0 */

#endif
