/* SPDX-License-Identifier: MIT */
/*
 * history: what was answered by whom, with how many tokens; shared by all
 * processes.
 *
 * One line of JSON per request at the end of state/history.jsonl, without a
 * lock. A file that has grown becomes history-old.jsonl; what that held goes
 * into the sums of totals.json. No content and no secret is in it. It may be
 * lost. Times are milliseconds since 1970. Thread-safe.
 */
#ifndef DARIO_HISTORY_H
#define DARIO_HISTORY_H

#include "base/json.h"
#include "dialect/event.h"

#define HISTORY_FILE_MAX (4u << 20)

struct history_record {
	int64_t time, took_ms;
	const char *account; /* of the Claude pool, else "" */
	const char *backend, *model;
	const char *key; /* the name of the person's; "" or NULL: none */
	int status;
	bool has_usage;
	bool partial;  /* the answer was cut, and so are its counters */
	bool fallback; /* it did not come from the first choice */
	double h5, d7; /* the account's windows; negative: not known */
	struct usage usage;
};

void history_add(const char *home, const struct history_record *r);
/* From now on this thread's records wait for history_flush, or until there are
 * many; false: no more. history_flush may wait. */
void history_hold(bool on);
bool history_holds(void); /* are there any? */
void history_flush(void);

/* Every record that is kept and not in these totals, oldest first; strings die
 * when fn returns. */
typedef void history_fn(void *arg, const struct history_record *r);
void history_walk(const char *home, struct json_object *totals, history_fn *fn,
		  void *arg);

/* The sums of what is not kept any more, or NULL: see usage-sum.h. */
struct json_object *history_totals(const char *home);

#endif
