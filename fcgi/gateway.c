/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/gateway.h"

#include "base/clock.h"
#include "base/task.h"

bool gateway_wait(struct gateway *g, long ms)
{
	int64_t until = clock_ms() + ms;

	if (!g->ops->gone(g))
		task_wait(until);
	return g->ops->gone(g);
}
