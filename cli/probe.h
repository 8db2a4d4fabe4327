/* SPDX-License-Identifier: MIT */
/*
 * probe: small questions to a provider that tell which switches it needs.
 *
 * A question is a request that some providers refuse. It goes there as it
 * stands, without any switch; what comes back says whether the switch of its
 * row is needed. The first row of a dialect must be answered, or nothing can
 * be told. Some switches no question can tell of: those of one model's size
 * (maxTokens), of several keys (keysApart), of what costs more than a few
 * tokens (webSearch), and lists (topFields).
 */
#ifndef DARIO_PROBE_H
#define DARIO_PROBE_H

#include "base/json.h"
#include "dialect/dialect.h"
#include "state/config/backend.h"

#define PROBE_LIMIT 64 /* tokens of an answer */

/* What it says of its switch. */
enum probe_sign {
	PROBE_NEEDED, /* it is needed when it is refused, or not done */
	PROBE_TAKEN,  /* it is true when it is done, false when it is refused */
};

struct probe_question {
	enum dialect_id dialect;
	const char *what;
	const char *body; /* members of the request, but for model and limit */
	const char *key;  /* the switch, or NULL */
	int number;       /* the switch's value; 0: true */
	const char *moot; /* a switch that makes this one needless, or NULL */
	/* Accepted, but was it done? NULL: that is enough. */
	bool (*done)(struct span answer);
	enum probe_sign sign;
	const char *only; /* with this switch alone it is asked, or NULL */
};

extern const struct probe_question probe_questions[]; /* ends: what == NULL */

struct cmd;
int probe_run(struct cmd *c, struct err *e);

#endif
