/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/discovery.h"

#include "base/clock.h"
#include "base/task.h"
#include "net/catalog.h"

#include <stdlib.h>

#define WAIT_MS 280 /* for all lists that were never had */
#define LOOK_MS 10

/* --- asking, beside all requests ------------------------------------------ */

struct asking {
	struct app *app;
	struct snapshot *config; /* that the catalog points into */
	struct catalog catalog;
};

static int must_stop(void *arg, struct err *e)
{
	const struct asking *a = arg;

	return atomic_load(&a->app->stopping)
		     ? err_set(e, ERR_SHUTDOWN, "the router is stopping")
		     : 0;
}

static void asking_free(struct asking *a)
{
	catalog_release(&a->catalog);
	snapshot_put(a->app->config, a->config);
	atomic_fetch_sub(&a->app->asking, 1);
	free(a);
}

static void ask(void *arg)
{
	struct asking *a = arg;

	catalog_ask(&a->catalog);
	asking_free(a);
}

/* With the catalog, which *c gives up. */
static void ask_beside(struct request *r, struct catalog *c)
{
	struct asking *a = xcalloc(1, sizeof(*a));
	struct err unused;

	a->app = r->app;
	a->config = snapshot_share(r->app->config, r->config);
	a->catalog = *c;
	a->catalog.on_wait = must_stop;
	a->catalog.arg = a;
	buf_init(&c->url, 0);
	buf_init(&c->credential, 0);
	atomic_fetch_add(&r->app->asking, 1);
	if (task_start(task_loop(), ask, a, &unused))
		asking_free(a);
}

/* --- one request ---------------------------------------------------------- */

/* The account to ask with: any that has a good token. */
static const struct account *fresh_account(const struct snapshot *c)
{
	for (size_t i = 0; i < c->accounts.n; i++)
		if (!c->accounts.list[i].problem &&
		    account_fresh(&c->accounts.list[i], 0))
			return &c->accounts.list[i];
	return NULL;
}

static bool can_ask(const struct request *r, const struct found *f)
{
	return !f->backend->demo && !atomic_load(&r->app->stopping) &&
	       (!f->backend->claude || fresh_account(r->config));
}

/* Its list as it is kept; true when one may come soon that never was there. */
static bool look(struct request *r, struct found *f, bool first)
{
	struct catalog c;
	bool due;

	catalog_init(&c, r->http, snapshot_home(r->app->config), f->backend,
		     f->backend->claude ? fresh_account(r->config) : NULL);
	if (f->backend->claude)
		catalog_ask_with(&c, &r->config->accounts);
	else if (backend_is_pool(f->backend))
		catalog_ask_with(&c, &f->backend->keys);
	f->list = catalog_kept(&c, &due);
	if (first && due && can_ask(r, f) && catalog_turn(&c))
		ask_beside(r, &c);
	catalog_release(&c);
	return !f->list && can_ask(r, f);
}

/* The lists that were never had, as they come. */
static void wait_for(struct request *r, struct found *all, size_t n)
{
	int64_t end = r->started + WAIT_MS;

	for (;;) {
		size_t missing = 0;

		task_wait(clock_ms() + LOOK_MS);
		for (size_t i = 0; i < n; i++)
			missing += !all[i].list && look(r, &all[i], false);
		if (!missing || clock_ms() >= end || gateway_gone(r->gw))
			return;
	}
}

size_t discover(struct request *r, struct found *out)
{
	const struct snapshot *c = r->config;
	size_t n = 0, missing = 0;

	if (c->accounts.n)
		out[n++].backend = &c->claude;
	for (size_t i = 0; i < c->n_backends; i++)
		out[n++].backend = &c->backends[i];
	for (size_t i = 0; i < n; i++)
		missing += look(r, &out[i], true);
	if (missing)
		wait_for(r, out, n);
	return n;
}

void discovery_release(struct found *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_object_put(all[i].list);
}

void discovery_finish(struct app *app)
{
	while (atomic_load(&app->asking))
		task_wait(clock_ms() + LOOK_MS);
}
