/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/gateway.h"

#include "base/clock.h"
#include "base/task.h"

bool gateway_gone(struct gateway *g)
{
	return g->left || g->ops->gone(g);
}

bool gateway_wait(struct gateway *g, long ms)
{
	int64_t until = clock_ms() + ms;

	if (!gateway_gone(g))
		task_wait(until);
	return gateway_gone(g);
}
