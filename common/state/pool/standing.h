/* SPDX-License-Identifier: MIT */
/*
 * standing: how one account stands: its limits as all processes share them
 * (limits-NAME of shared.h), read once per change, and what was judged from
 * them. It lives as long as the process, or until its home is forgotten.
 * Thread-safe.
 */
#ifndef DARIO_STANDING_H
#define DARIO_STANDING_H

#include "base/err.h"
#include "state/pool/limits.h"
#include "state/shared/shared.h"

#define JUDGED_MAX 4

/* What the limits mean for one thing that is asked for; pool.c's own. */
struct judged {
	uint64_t asked, serial, version; /* of what; asked 0: free */
	int64_t until;                   /* it holds so long, ms since 1970 */
	double headroom, cost;
	int64_t first_reset;
	bool usable, resting;
};

struct standing {
	struct shared_entry *entry;
	/* private, under standing_hold */
	struct shared_entry *trial; /* turns of asking it although it is full */
	uint64_t version;           /* of what was read; 0: nothing yet */
	struct limits limits;
	struct judged judged[JUDGED_MAX];
	unsigned next_judged;
};

/* `name`: of an account, unique among all pools. */
struct standing *standing_of(const char *home, const char *name);
/* As shared_forget, and before it. */
void standing_forget(const char *home);

/* While it is held nobody changes any; it must not wait meanwhile. */
void standing_hold(void);
void standing_release(void);
/* The limits as they are now, while held. After shared_sync. */
const struct limits *standing_limits(struct standing *s);

/* A copy; all zero when there is nothing. */
void limits_read(const char *home, const char *name, struct limits *out);
/* The same as of the last shared_sync, for whoever has just chosen by it. */
void limits_seen(const char *home, const char *name, struct limits *out);
/* Change what is stored, under its lock: `change` gets the stored state and
 * says whether it is to be written. */
typedef bool limits_change_fn(struct limits *l, void *arg);
int limits_update(const char *home, const char *name, limits_change_fn *change,
		  void *arg, struct err *e);
/* The same from a view of it that may be old, and is changed too: nothing is
 * locked when the view knew it all. A share that has moved a little is left
 * out while another process writes: the next answer tells of it again. */
int limits_note(const char *home, const char *name, struct limits *view,
		limits_change_fn *change, void *arg, struct err *e);
/* What was learnt of windows, models and refusals is void. */
int limits_forget(const char *home, const char *name, struct err *e);
/* A text of another store (a struct span) in the place of this one, when it is
 * newer: for shared_update. */
bool limits_merge(void *other, struct span was, struct buf *now);
/* There is no such account any more. */
void limits_remove(const char *home, const char *name);

#endif
