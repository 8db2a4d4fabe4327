/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/queue.h"

#include <stdio.h>

static const char *line_of(const struct accounts *pool)
{
	return pool->others ? pool->backend : "claude";
}

int queue_join(const char *home, const struct accounts *pool,
	       const char *family, unsigned priority, struct ticket *t,
	       struct err *e)
{
	return shared_join(home, line_of(pool), family, QUEUE_MAX, priority,
			   &t->place, e);
}

bool queue_first(const char *home, const struct accounts *pool,
		 const char *family, const struct ticket *t)
{
	return t->place.number ? shared_first(home, &t->place)
			       : !shared_length(home, line_of(pool), family);
}

void queue_leave(const char *home, struct ticket *t)
{
	shared_leave(home, &t->place);
}

size_t queue_length(const char *home, const struct accounts *pool)
{
	return shared_length(home, line_of(pool), NULL);
}
