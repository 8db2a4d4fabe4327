/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/install-path.h"
#include "base/wait.h"
#include "lib/folder.h"
#include "net/refresh.h"

#include <stdlib.h>

struct getting {
	struct dario *d;
	const char *alias;
	char *out;
	int64_t expires;
};

static int nap(void *arg, long ms, struct err *e)
{
	(void)arg;
	(void)e;
	wait_ms(ms);
	return 0;
}

static void give(struct getting *g, const struct account *a)
{
	g->out = xstrdup(a->api_key ? a->api_key : a->access_token);
	g->expires = a->api_key ? 0 : a->expires_at;
}

static int refresh(struct getting *g, const struct account *a, struct err *e)
{
	char *worker = install_path_worker(e);
	struct refresh r = { .home = g->d->home,
			     .worker = worker,
			     .wait = nap };
	struct account fresh;
	int rc = -1;

	if (worker && refresh_or_keep(&r, a, &fresh, e) == 0) {
		give(g, &fresh);
		account_release(&fresh);
		rc = 0;
	}
	free(worker);
	return rc;
}

static bool has_one(const struct account *a)
{
	return !a->problem && !a->paused && (a->api_key || a->access_token);
}

static const struct account *choose(const struct accounts *all,
				    const char *alias)
{
	if (alias)
		return accounts_find(all, alias);
	for (size_t i = 0; i < all->n; i++)
		if (has_one(&all->list[i]))
			return &all->list[i];
	return NULL;
}

static int get(struct getting *g, const struct snapshot *c, struct err *e)
{
	const struct account *a = choose(&c->accounts, g->alias);

	if (!a)
		return err_set(e, ERR_NOT_FOUND,
			       g->alias ? "there is no account %.64s"
					: "there is no Claude account%.0s",
			       g->alias ? g->alias : "");
	if (a->problem)
		return err_set(e, ERR_CONFIG, "%s", a->problem);
	if (refresh_is_due(a))
		return refresh(g, a, e);
	if (!account_fresh(a, 0))
		return err_set(
			e, ERR_CONFIG, "the token of account %s has ended: %s",
			a->alias,
			a->borrowed ? "run claude once" : "run dario login");
	give(g, a);
	return 0;
}

static int run(void *arg, struct err *e)
{
	struct getting *g = arg;
	struct snapshot *c = folder_read(g->d, e);
	int rc;

	if (!c)
		return -1;
	rc = get(g, c, e);
	snapshot_put(g->d->config, c);
	return rc;
}

char *dario_token(struct dario *d, const char *account, int64_t *expires,
		  struct dario_error *e)
{
	struct getting g = { .d = d, .alias = account };

	if (!d) {
		lib_misuse(e, "a struct dario is needed");
		return NULL;
	}
	if (lib_call_out(d, run, &g, e))
		return NULL;
	if (expires)
		*expires = g.expires;
	return g.out;
}
