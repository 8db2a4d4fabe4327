/* SPDX-License-Identifier: MIT */
/*
 * meter-ops: what stands behind meter.h: one table per store, as shared-ops.h
 * has it for what the pool shares. A lease is ended by who has given it.
 */
#ifndef DARIO_METER_OPS_H
#define DARIO_METER_OPS_H

#include "state/keys/meter.h"

struct meter_ops {
	int (*take)(const char *home, const char *name, const struct quota *q,
		    const struct meter_ask *ask, struct meter_lease *out,
		    struct meter_answer *answer, struct err *e);
	/* one that reserves nothing, and that nobody is asked for */
	int (*begin)(const char *home, const char *name,
		     struct meter_lease *out, struct err *e);
	/* of a lease that is not zero */
	void (*note)(struct meter_lease *l, int64_t cost, int64_t tokens);
	void (*settle)(struct meter_lease *l, int64_t cost, int64_t tokens);
	void (*cancel)(struct meter_lease *l);
	int (*use)(const char *home, const char *name, const struct quota *q,
		   struct meter_use *out, struct err *e);
	void (*forget)(const char *home, const char *name);
};

extern const struct meter_ops meter_files;

/* Of sums, wherever they are kept: time goes by, then may it? And for people.
 */
struct meter_sums;
bool meter_judge(struct meter_sums *s, const struct quota *q,
		 const struct meter_ask *ask, int64_t now,
		 struct meter_answer *answer);
void meter_show(struct meter_sums *s, const struct quota *q, int64_t now,
		struct meter_use *out);

/* Before anything is counted: it holds for all of the process. */
void meter_store(const struct meter_ops *ops);

#endif
