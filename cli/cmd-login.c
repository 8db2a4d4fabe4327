/* SPDX-License-Identifier: MIT */
/* dario login, logout, refresh, status: the log-ins and their tokens. */
#include "config.h"

#include "base/clock.h"
#include "base/install-path.h"
#include "cli/cmd.h"
#include "cli/library.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/sign-in.h"
#include "net/refresh.h"
#include "state/show/account-show.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGIN_FILE "credentials.json"

/* --- login --------------------------------------------------------------- */

/* Claude Code's log-in is used where there is one that is good. */
static bool is_borrowed(const struct snapshot *c)
{
	const struct account *a = accounts_find(&c->accounts,
						ACCOUNT_CLAUDE_CODE);
	char left[32];

	if (!a)
		return false;
	if (a->problem || !account_fresh(a, 0)) {
		say(stderr, "dario: %s\n",
		    a->problem ? a->problem
			       : "Claude Code's log-in has expired: run "
				 "claude once to renew it, or log in here");
		return false;
	}
	show_duration(left, sizeof(left), a->expires_at - clock_wall_ms());
	fprintf(stderr,
		"dario: Claude Code's log-in is used, good for %s; it is only "
		"read, Claude Code renews it\n",
		left);
	sign_in_terms();
	return true;
}

static int run_login(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	bool borrowed;

	if (!cfg)
		return -1;
	borrowed = !cmd_value(c, "manual") && is_borrowed(cfg);
	snapshot_free(cfg);
	return borrowed ? 0 : sign_in(c, LOGIN_FILE, e);
}

static const struct cmd_flag login_flags[] = {
	SIGN_IN_FLAGS,
	{ 0 },
};

static const struct cmd_entry login_entries[] = {
	{ "", "[--manual] [--no-browser]",
	  "log in to a Claude subscription, or use Claude Code's log-in", 0, 0,
	  login_flags, false, run_login },
	{ 0 },
};

static const char *const login_examples[] = {
	"dario login",
	"dario login --manual",
	NULL,
};

const struct cmd_group cmd_login = { "login", "log-in", login_entries,
				     login_examples };

/* --- logout -------------------------------------------------------------- */

static int run_logout(struct cmd *c, struct err *e)
{
	int lock, rc;

	store_clear(c->home, LOGIN_FILE);
	if (!store_exists(c->home, LOGIN_FILE))
		return err_set(e, ERR_CONFIG,
			       "there is no log-in of dario's own: Claude "
			       "Code's is ended there, accounts with dario "
			       "accounts remove");
	lock = store_lock(c->home, LOGIN_FILE, e);
	if (lock < 0)
		return -1;
	rc = store_remove(c->home, LOGIN_FILE, e);
	store_unlock(lock);
	if (rc == 0)
		fputs("dario: logged out\n", stderr);
	return rc;
}

static const struct cmd_entry logout_entries[] = {
	{ "", "", "forget the log-in", 0, 0, NULL, false, run_logout },
	{ 0 },
};

static const char *const logout_examples[] = {
	"dario logout",
	NULL,
};

const struct cmd_group cmd_logout = { "logout", "log-out", logout_entries,
				      logout_examples };

/* --- refresh ------------------------------------------------------------- */

static int nap(void *arg, long ms, struct err *e)
{
	(void)arg;
	(void)e;
	poll(NULL, 0, (int)ms);
	return 0;
}

static int refresh_one(const struct cmd *c, const char *worker,
		       const struct account *a, struct err *e)
{
	struct refresh r = {
		.home = c->home,
		.worker = worker,
		.insist = true,
		.needed = true,
		.wait = nap,
	};
	struct account fresh;
	char left[32];

	if (a->problem)
		return err_set(e, ERR_CONFIG, "%s", a->problem);
	if (!account_refreshable(a))
		return err_set(e, ERR_CONFIG,
			       "account %s has nothing to refresh: %s",
			       a->alias,
			       a->borrowed  ? "run claude once"
			       : a->api_key ? "it is an API key"
					    : "run dario login");
	if (refresh_account(&r, a, &fresh, e))
		return -1;
	/* Whoever asks for it wants to start anew. */
	if (limits_forget(c->home, account_name(a), e)) {
		account_release(&fresh);
		return -1;
	}
	show_duration(left, sizeof(left), fresh.expires_at - clock_wall_ms());
	say(stderr, "dario: account %s: a new token, good for %s\n", a->alias,
	    left);
	account_release(&fresh);
	return 0;
}

/* One by name, or all that can be. */
static int refresh_all(const struct cmd *c, const struct accounts *list,
		       const char *worker, struct err *e)
{
	const struct account *one = c->n ? accounts_find(list, c->args[0])
					 : NULL;
	int rc = 0;
	bool any = false;

	if (c->n && !one &&
	    secret_check_name(c->args[0], "an account's alias", e))
		return -1;
	if (c->n && !one)
		return err_set(e, ERR_CONFIG,
			       "there is no account %.64s: see dario accounts "
			       "list",
			       c->args[0]);
	if (one)
		return refresh_one(c, worker, one, e);
	for (size_t i = 0; i < list->n && rc == 0; i++) {
		if (list->list[i].api_key)
			continue;
		any = true;
		rc = refresh_one(c, worker, &list->list[i], e);
	}
	if (rc == 0 && !any)
		rc = err_set(e, ERR_CONFIG,
			     "there is no log-in to refresh: run dario login");
	return rc;
}

static int run_refresh(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = NULL;
	char *worker;
	int rc;

	if (c->n &&
	    secret_check_short_name(c->args[0], "an account's alias", e))
		return -1;
	cfg = snapshot_load(c->home, e);
	worker = cfg ? install_path_worker(e) : NULL;
	rc = worker ? refresh_all(c, &cfg->accounts, worker, e) : -1;

	free(worker);
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_entry refresh_entries[] = {
	{ "", "[ALIAS]", "get new tokens now", 0, 1, NULL, false, run_refresh },
	{ 0 },
};

static const char *const refresh_examples[] = {
	"dario refresh",
	NULL,
};

const struct cmd_group cmd_refresh = { "refresh", "tokens", refresh_entries,
				       refresh_examples };

/* --- status -------------------------------------------------------------- */

static void print_status(const struct snapshot *cfg, const char *home)
{
	struct pool p;
	char left[32];

	pool_look(&p, home, &cfg->accounts, NULL);
	for (size_t i = 0; i < p.n; i++) {
		const struct seat *s = &p.seats[i];
		const struct account *a = s->account;

		*left = '\0';
		if (!a->api_key && a->expires_at)
			show_duration(left, sizeof(left),
				      a->expires_at - p.now);
		say_line(4, "%-16s %-12s %-12s%s%s%s%s", a->alias,
			 a->api_key ? "api-key" : "subscription",
			 show_token_state(s), *left ? " expires in " : "", left,
			 s->why[0] ? "  " : "", s->why);
	}
	if (!p.n)
		fputs("dario: no Claude account: run dario login, or dario "
		      "accounts add ALIAS --key-file=FILE\n",
		      stderr);
	pool_release(&p);
}

static int run_status(struct cmd *c, struct err *e)
{
	struct snapshot *cfg;

	if (cmd_value(c, "json"))
		return library_show(c->home, dario_status, e);
	cfg = snapshot_load(c->home, e);
	if (!cfg)
		return -1;
	print_status(cfg, c->home);
	snapshot_free(cfg);
	return 0;
}

static const struct cmd_entry status_entries[] = {
	{ "", "[--json]", "show the log-ins and how long they are good", 0, 0,
	  cmd_json_flags, false, run_status },
	{ 0 },
};

static const char *const status_examples[] = {
	"dario status --json",
	NULL,
};

const struct cmd_group cmd_status = { "status", "log-ins", status_entries,
				      status_examples };
