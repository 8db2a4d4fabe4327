/* SPDX-License-Identifier: MIT */
/* dario store push, pull, leave. */
#include "config.h"

#include "base/secret-name.h"
#include "base/store.h"
#include "base/wait.h"
#include "cli/say.h"
#include "cli/store.h"
#include "state/config/account-edit.h"
#include "state/config/credential.h"
#include "state/shared/config-share.h"
#include "state/shared/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* News that other hosts may go by are no older: each request that comes when
 * this is over goes by what was pushed. */
#define TAKEN_MS 200
#define FILE_MAX (ACCOUNT_ALIAS_MAX + 32)

/* What is done with one account's file, under its lock. */
typedef int share_fn(const struct cmd *c, const char *file, struct err *e);

struct sharing {
	const struct cmd *c;
	share_fn *fn;
	const char *done; /* what is said of each */
	struct err *e;
	int rc;
	size_t n;
};

static void share(void *arg, const char *file)
{
	struct sharing *s = arg;
	int lock;

	if (s->rc)
		return;
	lock = store_lock(s->c->home, file, s->e);
	s->rc = lock < 0 ? -1 : s->fn(s->c, file, s->e);
	store_unlock(lock);
	if (s->rc == 0) {
		say(stderr, "dario: %s: %s\n", file, s->done);
		s->n++;
	}
}

/* The file of an alias, or of a file's name. */
static int file_of(const char *name, char file[FILE_MAX], struct err *e)
{
	size_t n = strlen(name);

	if (strcmp(name, ACCOUNT_LOGIN_FILE) == 0) {
		snprintf(file, FILE_MAX, "%s", name);
		return 0;
	}
	if (strncmp(name, "accounts/", 9) == 0 && n > 14 &&
	    strcmp(name + n - 5, ".json") == 0) {
		name += 9;
		n -= 14;
	}
	if (!store_good_name((struct span){ name, n }))
		return secret_check_name(name, ACCOUNT_ALIAS, e)
			     ? -1
			     : err_set(e, ERR_USAGE,
				       "%.80s is not an account's alias", name);
	if (n == strlen(ACCOUNT_LOGIN) && strncmp(name, ACCOUNT_LOGIN, n) == 0)
		snprintf(file, FILE_MAX, "%s", ACCOUNT_LOGIN_FILE);
	else
		snprintf(file, FILE_MAX, "accounts/%.*s.json", (int)n, name);
	return 0;
}

static int share_named(struct sharing *s)
{
	char file[FILE_MAX];

	for (int i = 0; i < s->c->n && s->rc == 0; i++) {
		s->rc = file_of(s->c->args[i], file, s->e);
		if (s->rc == 0)
			share(s, file);
	}
	return s->rc;
}

/* --- push ---------------------------------------------------------------- */

static int push_one(const struct cmd *c, const char *file, struct err *e)
{
	return credential_share(c->home, file, cmd_value(c, "force"), e);
}

static int need_vault(struct err *e)
{
	if (vault_exists())
		return 0;
	return err_set(e, ERR_CONFIG,
		       "there is no store with a key file here: set the "
		       "store's address (store, DARIO_STORE), and make the key "
		       "with dario store key, or copy that of another host");
}

int store_push(struct cmd *c, struct err *e)
{
	struct sharing s = { c, push_one, "in the store", e, 0, 0 };
	size_t n;

	if (need_vault(e))
		return -1;
	if (c->n)
		return share_named(&s);
	credential_each(c->home, share, &s);
	if (s.rc || config_push(c->home, cmd_value(c, "force"), &n, e))
		return -1;
	wait_ms(TAKEN_MS);
	say(stderr, "dario: the configuration, of %zu files: in the store\n",
	    n);
	return 0;
}

/* --- pull ---------------------------------------------------------------- */

static int pull_one(const struct cmd *c, const char *file, struct err *e)
{
	bool ahead, force = cmd_value(c, "force");
	int64_t version = credential_version(c->home, file, &ahead);

	if (version && !force)
		return credential_sync(c->home, file, e);
	if (store_exists(c->home, file) && !force)
		return err_set(e, ERR_CONFIG,
			       "%s is an account of this host alone: dario "
			       "store push shares it, dario store pull --force "
			       "puts that of the store in its place",
			       file);
	return credential_fetch(c->home, file, e);
}

#define FOUND_MAX 256

struct found {
	char list[FOUND_MAX][FILE_MAX];
	size_t n;
};

/* Names are the store's, and may be anything. */
static void take_name(void *arg, const char *name, int64_t version)
{
	struct found *all = arg;
	struct err unused;

	(void)version;
	if (strchr(name, '.') && all->n < FOUND_MAX &&
	    file_of(name, all->list[all->n], &unused) == 0)
		all->n++;
}

static int pull_all(struct sharing *s)
{
	struct found *names = xcalloc(1, sizeof(*names));

	s->rc = vault_list(take_name, names, s->e);
	for (size_t i = 0; i < names->n; i++)
		share(s, names->list[i]);
	free(names);
	return s->rc;
}

int store_pull(struct cmd *c, struct err *e)
{
	struct sharing s = { c, pull_one, "as in the store", e, 0, 0 };
	size_t n;

	if (need_vault(e) || store_folder(c->home, NULL, e) ||
	    store_folder(c->home, "accounts", e))
		return -1;
	if (c->n)
		return share_named(&s);
	if (pull_all(&s) || config_pull(c->home, cmd_value(c, "force"), &n, e))
		return -1;
	if (n)
		say(stderr,
		    "dario: the configuration, of %zu files: as in the store\n",
		    n);
	else if (!s.n && !config_version(c->home))
		return err_set(e, ERR_CONFIG,
			       "nothing is in the store: run dario store push "
			       "on another host");
	return 0;
}

/* --- leave --------------------------------------------------------------- */

static int leave_one(const struct cmd *c, const char *file, struct err *e)
{
	return credential_leave(c->home, file, e);
}

int store_leave(struct cmd *c, struct err *e)
{
	struct sharing s = { c, leave_one, "of this host alone", e, 0, 0 };

	return share_named(&s);
}
