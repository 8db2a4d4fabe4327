/* SPDX-License-Identifier: MIT */
/*
 * history: single requests, what was answered by whom, with how many tokens;
 * shared by all processes. Sums are usage.h's.
 *
 * One line of JSON per request at the end of state/history.jsonl, without a
 * lock. A file of another day, or one that has grown, gets its first moment
 * into its name; after a week, or when there are many, it goes. No content and
 * no secret is in it. It may be lost. Times are milliseconds since 1970.
 * Thread-safe.
 */
#ifndef DARIO_HISTORY_H
#define DARIO_HISTORY_H

#include "base/json.h"
#include "dialect/event.h"

#define HISTORY_FILE_MAX (4u << 20)
#define HISTORY_FILES_MAX 16
#define HISTORY_DAYS 7

struct history_record {
	int64_t time, took_ms;
	int64_t first_ms;    /* until the answer's first byte; -1: none came */
	const char *account; /* "": the backend has no pool */
	const char *backend, *model;
	const char *key; /* the name of the person's; "" or NULL: none */
	/* "" or NULL: not told. Not in the history's lines. */
	const char *session, *agent, *user;
	int status;
	bool stream;
	bool has_usage;
	bool estimated; /* and is not all that the answer has told */
	bool partial;   /* the answer was cut, and so are its counters */
	bool fallback;  /* it did not come from the first choice */
	double h5, d7;  /* the account's windows; negative: not known */
	double cost;    /* US dollars; negative: not known */
	struct usage usage;
};

void history_add(const char *home, const struct history_record *r);
/* From now on this thread's records wait for history_flush, or until there are
 * many; false: no more. history_flush may wait. */
void history_hold(bool on);
bool history_holds(void); /* are there any? */
void history_flush(void);

/* Every record of `since` then or later, oldest first; strings die when fn
 * returns. */
typedef void history_fn(void *arg, const struct history_record *r);
void history_walk(const char *home, int64_t since, history_fn *fn, void *arg);
/* The same of one file, whatever its name. */
void history_walk_file(const char *home, const char *name, history_fn *fn,
		       void *arg);

#endif
