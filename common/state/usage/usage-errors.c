/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/usage-errors.h"

#include "base/wait.h"
#include "state/usage/usage-query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	const char *home, *person;
	int64_t since;
	struct usage_error *ring;
	size_t most, n; /* that have come */
};

static void copy(char to[USAGE_NAME_MAX], const char *from)
{
	snprintf(to, USAGE_NAME_MAX, "%s", from ? from : "");
}

static void take(void *arg, const struct history_record *r)
{
	struct reading *g = arg;
	struct usage_error *x = &g->ring[g->n % g->most];

	if (r->status < 400 || !usage_is_of(r->key ? r->key : "", g->person))
		return;
	x->time = r->time;
	x->took_ms = r->took_ms;
	x->status = r->status;
	copy(x->key, r->key);
	copy(x->model, r->model);
	copy(x->backend, r->backend);
	copy(x->account, r->account);
	g->n++;
}

static void read_history(void *arg)
{
	struct reading *g = arg;

	history_walk(g->home, g->since, take, g);
}

size_t usage_errors(const char *home, int64_t since, const char *person,
		    size_t most, struct usage_error **out)
{
	struct reading g = { .home = home, .person = person, .since = since };
	size_t n;

	g.most = most < 1                ? 1
	       : most < USAGE_ERRORS_MAX ? most
					 : USAGE_ERRORS_MAX;
	g.ring = xcalloc(g.most, sizeof(*g.ring));
	wait_work(read_history, &g);
	n = g.n < g.most ? g.n : g.most;
	*out = xcalloc(n + 1, sizeof(**out));
	for (size_t i = 0; i < n; i++)
		(*out)[i] = g.ring[(g.n - 1 - i) % g.most];
	free(g.ring);
	return n;
}

void usage_errors_put(struct jw *w, const struct usage_error *list, size_t n)
{
	jw_obj(w);
	jw_key(w, "errors");
	jw_arr(w);
	for (size_t i = 0; i < n; i++) {
		const struct usage_error *x = &list[i];

		jw_obj(w);
		jw_kint(w, "time", x->time);
		jw_kint(w, "status", x->status);
		jw_kcstr(w, "key", x->key);
		jw_kcstr(w, "model", x->model);
		jw_kcstr(w, "backend", x->backend);
		jw_kcstr(w, "account", x->account);
		jw_kint(w, "tookMs", x->took_ms);
		jw_obj_end(w);
	}
	jw_arr_end(w);
	jw_obj_end(w);
}
