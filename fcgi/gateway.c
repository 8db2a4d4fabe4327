/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/gateway.h"

#include "base/clock.h"
#include "base/task.h"

#include <string.h>

#define REST_LIGHTTPD_MAX (1u << 20)

bool gateway_spools(const struct gateway *g)
{
	const char *server = ""; /* it may be lighttpd with its name taken */

	for (size_t i = 0; i < g->n_vars; i++)
		if (span_is(g->vars[i].name, "SERVER_SOFTWARE"))
			server = g->vars[i].value;
	return !*server || strncmp(server, "lighttpd", 8) == 0;
}

size_t gateway_rest_max(const struct gateway *g)
{
	return gateway_spools(g) ? REST_LIGHTTPD_MAX : GATEWAY_REST_MAX;
}

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
