/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/meter-ops.h"

static const struct meter_ops *ops = &meter_files;

void meter_store(const struct meter_ops *other)
{
	ops = other;
}

int meter_take(const char *home, const char *name, const struct quota *q,
	       const struct meter_ask *ask, struct meter_lease *out,
	       struct meter_answer *answer, struct err *e)
{
	return ops->take(home, name, q, ask, out, answer, e);
}

void meter_note(struct meter_lease *l, int64_t cost, int64_t tokens)
{
	l->by->note(l, cost, tokens);
}

void meter_settle(struct meter_lease *l, int64_t cost, int64_t tokens)
{
	if (l->flight)
		l->by->settle(l, cost, tokens);
}

void meter_cancel(struct meter_lease *l)
{
	if (l->flight)
		l->by->cancel(l);
}

int meter_count(const char *home, const char *name, int64_t cost, struct err *e)
{
	struct meter_lease l;

	if (ops->begin(home, name, &l, e))
		return -1;
	meter_settle(&l, cost, 0);
	return 0;
}

int meter_use(const char *home, const char *name, const struct quota *q,
	      struct meter_use *out, struct err *e)
{
	return ops->use(home, name, q, out, e);
}

void meter_forget(const char *home, const char *name)
{
	ops->forget(home, name);
}
