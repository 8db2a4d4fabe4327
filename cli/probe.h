/* SPDX-License-Identifier: MIT */
/*
 * probe: small questions to a provider that tell which switches it needs.
 *
 * A question is a request that some providers refuse. It goes there as it
 * stands, without any switch; what comes back says whether the switch of its
 * row is needed. The first row of a dialect must be answered, or nothing can
 * be told.
 */
#ifndef DARIO_PROBE_H
#define DARIO_PROBE_H

#include "base/json.h"
#include "dialect/dialect.h"
#include "state/backend.h"

#define PROBE_LIMIT 64 /* tokens of an answer */

struct probe_question {
	enum dialect_id dialect;
	const char *what;
	const char *body; /* members of the request, but for model and limit */
	const char *key;  /* the switch, when it is refused; or NULL */
	int number;       /* the switch's value; 0: true */
	const char *moot; /* a switch that makes this one needless, or NULL */
	/* Accepted, but was it done? NULL: that is enough. */
	bool (*done)(struct span answer);
};

extern const struct probe_question probe_questions[]; /* ends: what == NULL */

struct cmd;
int probe_run(struct cmd *c, struct err *e);

#endif
