/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/outcome.h"

#include <stdio.h>

void outcome_local(struct outcome *o, const struct err *e)
{
	*o = (struct outcome){ .error = *e, .local = true };
}

bool outcome_is_final(const struct outcome *o)
{
	return !o->error.code || o->begun || o->content || o->local || o->spent;
}

bool outcome_refused(const struct outcome *o)
{
	return o->error.code == ERR_PASSED;
}

bool outcome_was_left(const struct outcome *o)
{
	return o->error.code == ERR_GONE && o->worked &&
	       (!o->status || o->status / 100 == 2);
}

bool outcome_is_fault(const struct outcome *o)
{
	if (!o->error.code || o->local)
		return false;
	return !outcome_refused(o) || o->status >= 500;
}

const char *outcome_name(const struct outcome *o, char mem[16])
{
	if (!outcome_refused(o))
		return err_name(o->error.code);
	snprintf(mem, 16, "%d", o->status);
	return mem;
}
