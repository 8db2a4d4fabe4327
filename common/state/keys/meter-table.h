/* SPDX-License-Identifier: MIT */
/*
 * meter-table: the counters of people's keys, in one file that all processes
 * map; for meter.c alone.
 *
 * Each key has a slot with two copies of its sums. Whoever holds the slot's
 * lock writes the copy that is not in force and then, with one store, puts it
 * in force: a process that is killed at any point leaves the sums from before
 * its change or those from after it, never a part. The lock is a word in the
 * file with the number of the process that has it, so taking it is no system
 * call; a process proves that it lives by a lock of the kernel on a byte of
 * its own, which goes with it. Whoever finds that byte free gives back what
 * the process held: its slots' locks, and its flights.
 *
 * A flight is one request that is under way: what it has reserved, and what is
 * known so far of what it costs. It is in the sums from the change that took it
 * (METER_TAKE) to the one that ends it (METER_END); of a process that is gone
 * it ends with what was known.
 *
 * A slot comes free with its key (meter_table_forget); those of files that were
 * removed by hand do when there is no other.
 *
 * The file stays when everything is stopped. After a crash of the machine the
 * sums may be some seconds old. An operation may park the coroutine that calls
 * it, but never with a lock held. Thread-safe.
 */
#ifndef DARIO_METER_TABLE_H
#define DARIO_METER_TABLE_H

#include "state/keys/quota.h"

#define METER_SLICES 16 /* of a window; one more is counted, in part */

struct meter_window {
	int64_t ms;     /* 0: nothing is counted */
	int64_t newest; /* where its slice is */
	int64_t n[METER_SLICES + 1];
};

enum meter_change {
	METER_NONE,
	METER_TAKE,
	METER_END
};

/* What is counted of one key. Money in billionths of a dollar. */
struct meter_sums {
	int64_t last, latest; /* moments: of the last change, and the highest */
	int64_t steady;       /* clock_ms then, while last < latest */
	int64_t period[QUOTA_PERIODS], spent[QUOTA_PERIODS];
	int64_t hold, token_hold; /* reserved by flights */
	int64_t flights;
	struct meter_window rate, tokens;
	/* the change that led here; of which flight */
	uint64_t serial;
	uint32_t flight;
	uint32_t change; /* enum meter_change */
};

/* Of meter_ask and the like; plain data, valid until the process ends. */
struct meter_flight {
	_Atomic uint32_t owner; /* number of its process; 0: free */
	uint32_t slot;
	uint64_t name; /* of the key, as its slot has it */
	_Atomic uint64_t serial;
	_Atomic uint32_t counted; /* it is in the sums */
	int64_t hold, token_hold;
	/* as far as known */
	_Atomic int64_t cost, tokens;
};

struct meter_table;
struct meter_slot;

/* What a change does to the sums, with the lock held: false leaves them. */
typedef bool meter_fn(void *arg, struct meter_sums *s);

/* The table of the home, mapped, with a row of ours; NULL with an error. */
struct meter_table *meter_table(const char *home, struct err *e);
/* A flight of this process at the slot of that name, in no sums yet; NULL when
 * there are too many of one or the other. */
struct meter_flight *meter_flight(struct meter_table *t, const char *home,
				  const char *name, struct err *e);
void meter_flight_free(struct meter_flight *f); /* one that is in no sums */

/* Change the sums of f's slot. `change` says what becomes of the flight when fn
 * is true. -1: the lock was not to be had, or the key was removed just now.
 * *done: fn's answer. */
int meter_change(struct meter_table *t, struct meter_flight *f,
		 enum meter_change change, meter_fn *fn, void *arg, bool *done,
		 struct err *e);

/* The sums as they are; all zero when nothing was counted. */
int meter_table_read(const char *home, const char *name, struct meter_sums *out,
		     struct err *e);

/* How a flight ends: cost and tokens into the sums. In meter.c. */
void meter_end(struct meter_sums *s, const struct meter_flight *f, int64_t now);

/* Brings sums up to that moment. In meter.c. */
void meter_pass(struct meter_sums *s, int64_t now);

/* The name of the slot that says what of a key's sums was moved to this home
 * (meter-move.h). It goes with the key's. */
void meter_table_mark(const char *name, char *out, size_t n);
/* As meter_forget of meter.h. */
void meter_table_forget(const char *home, const char *name);

#endif
