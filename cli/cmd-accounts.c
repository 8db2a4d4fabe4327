/* SPDX-License-Identifier: MIT */
/* dario accounts: the Claude accounts, and further keys of other backends. */
#include "config.h"

#include "cli/backend-add.h"
#include "cli/cmd.h"
#include "cli/library.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/sign-in.h"
#include "state/config/account-edit.h"
#include "state/pool/standing.h"
#include "state/show/account-show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_backend(const struct cmd *c, struct err *e)
{
	const char *name = cmd_value(c, "backend");

	return name ? secret_check_short_name(name, BACKEND_NAME, e) : 0;
}

/* --- among all pools ----------------------------------------------------- */

static int not_one(const char *alias, const struct accounts *p,
		   const struct accounts *q, struct err *e)
{
	return err_set(e, ERR_USAGE,
		       "there is an account %.64s of %s and one of %s: say "
		       "which with --backend=%s or --backend=%s",
		       alias, accounts_pool_name(p), accounts_pool_name(q),
		       accounts_pool_name(p), accounts_pool_name(q));
}

/* With the alias, in the pool that the flag names, or in the only one that has
 * it; NULL there is none. -1: it is in several. */
static int find(const struct cmd *c, const struct snapshot *cfg,
		const struct account **out, struct err *e)
{
	const char *backend = cmd_value(c, "backend");
	const struct accounts *p, *first = NULL;

	*out = NULL;
	for (size_t i = 0; (p = accounts_pool(cfg, i)); i++) {
		const struct account *a = accounts_find(p, c->args[0]);

		if (!a || (backend && strcmp(accounts_pool_name(p), backend)))
			continue;
		if (first)
			return not_one(c->args[0], first, p, e);
		first = p;
		*out = a;
	}
	return 0;
}

static int not_there(const char *alias, struct err *e)
{
	if (secret_check_name(alias, ACCOUNT_ALIAS, e))
		return -1;
	return err_set(e, ERR_CONFIG,
		       "there is no account %.64s: see dario accounts list",
		       alias);
}

/* --- add ----------------------------------------------------------------- */

/* Where the account is, or will be; without a key it may be in any pool. */
static int place_of(const struct cmd *c, const struct snapshot *cfg,
		    bool has_key, char *file, size_t n, struct err *e)
{
	const char *backend = cmd_value(c, "backend");
	const struct account *known = NULL;

	if (!has_key && find(c, cfg, &known, e))
		return -1;
	if (known && strchr(known->file, '/')) {
		snprintf(file, n, "%s", known->file);
		return 0;
	}
	return account_place(cfg, c->home, c->args[0], backend, file, n, e);
}

static int take_credential(const struct cmd *c, const char *file,
			   struct span key, const struct account_choices *x,
			   struct err *e)
{
	if (key.n || (account_any_choice(x) && store_exists(c->home, file)))
		return 0; /* choices alone change an account that is there */
	if (strncmp(file, "accounts/", 9))
		return err_set(e, ERR_USAGE,
			       "a key is missing: use --key-file=FILE or "
			       "--key-stdin");
	return sign_in(c, file, e);
}

static int add(const struct cmd *c, struct span key, struct err *e)
{
	struct snapshot *cfg = NULL;
	struct account_choices x;
	char file[192];
	bool was;
	int rc = -1;

	x.proxy = cmd_value(c, "proxy");
	x.ca_file = cmd_value(c, "ca-file");
	if (account_take_choices(&x, cmd_value(c, "reserve"),
				 cmd_value(c, "priority"), e) ||
	    store_folder(c->home, NULL, e) ||
	    store_folder(c->home, "accounts", e))
		return -1;
	cfg = snapshot_load(c->home, e);
	if (!cfg || place_of(c, cfg, key.n > 0, file, sizeof(file), e) ||
	    account_check_others(cfg, c->args[0], file, key, e))
		goto out;
	was = store_exists(c->home, file);
	if (take_credential(c, file, key, &x, e) ||
	    ((key.n || account_any_choice(&x)) &&
	     account_change(c->home, c->args[0], file, key, &x, e)))
		goto out;
	say(stderr, "dario: account %s %s\n", c->args[0],
	    !was    ? "is in the pool"
	    : key.n ? "was there: its credential is replaced"
		    : "is changed");
	rc = 0;
out:
	snapshot_free(cfg);
	return rc;
}

static int run_add(struct cmd *c, struct err *e)
{
	struct buf key;
	int rc;

	if (secret_check_name(c->args[0], ACCOUNT_ALIAS, e) ||
	    account_check_alias(c->args[0], e))
		return -1;
	buf_init(&key, ACCOUNT_TOKEN_MAX - 1);
	rc = check_backend(c, e);
	if (rc == 0)
		rc = secret_take(c, &key, e);
	if (rc == 0 && strpbrk(buf_cstr(&key), " \t\r\n"))
		rc = err_set(e, ERR_CONFIG, "the API key has a blank in it");
	if (rc == 0)
		rc = add(c, buf_get(&key), e);
	buf_release(&key);
	return rc;
}

/* --- list ---------------------------------------------------------------- */

static void print_rests(const struct limits *l, int64_t now)
{
	char left[32];

	for (size_t i = 0; i < RESTS_MAX; i++) {
		const struct rest *r = &l->rests[i];

		if (!r->cause || r->until <= now)
			continue;
		show_duration(left, sizeof(left), r->until - now);
		say_line(6, "  not %s: %s, free again in %s", r->what,
			 limit_cause_text(r->cause), left);
	}
	for (size_t i = 0; i < LINKS_MAX && l->links[i].window[0]; i++) {
		const struct window *w =
			limits_known_window(l, l->links[i].window);

		if (!w || w->used < 1 || w->reset <= now)
			continue;
		show_duration(left, sizeof(left), w->reset - now);
		say_line(6,
			 "  not %s: its window %s is used up, free again in "
			 "%s",
			 l->links[i].family, w->name, left);
	}
}

static void print_seat(const struct seat *s, int64_t now)
{
	const struct account *a = s->account;
	char left[32] = "", reserved[40] = "";

	if (s->until > now)
		show_duration(left, sizeof(left), s->until - now);
	if (a->reserve)
		snprintf(reserved, sizeof(reserved), " (%ld%% reserved)",
			 a->reserve);
	say_line(4, "%-16s %-12s %3.0f%% left%s  priority %-3ld  %s%s%s",
		 a->alias, account_kind(a), s->headroom * 100, reserved,
		 a->priority, s->usable ? "ready" : s->why,
		 *left ? ", free again in " : "", left);
	print_rests(&s->limits, now);
}

static void print_pool(const struct cmd *c, const struct accounts *a)
{
	struct pool p;

	pool_look(&p, c->home, a, NULL);
	if (p.n && a->others)
		say(stdout, "%s:\n", a->backend);
	for (size_t i = 0; i < p.n; i++)
		print_seat(&p.seats[i], p.now);
	pool_release(&p);
}

static int run_list(struct cmd *c, struct err *e)
{
	struct snapshot *cfg;
	const struct accounts *p;

	if (cmd_value(c, "json"))
		return library_show(c->home, dario_accounts, e);
	cfg = snapshot_load(c->home, e);
	if (!cfg)
		return -1;
	for (size_t i = 0; (p = accounts_pool(cfg, i)); i++)
		print_pool(c, p);
	if (!cfg->accounts.n)
		fputs("dario: no Claude account yet: run dario login, or dario "
		      "accounts add\n",
		      stderr);
	snapshot_free(cfg);
	return 0;
}

/* --- remove, pause, resume ----------------------------------------------- */

static int drop(const struct cmd *c, const char *file, const char *name,
		struct err *e)
{
	int rc, lock = store_lock(c->home, file, e);

	if (lock < 0)
		return -1;
	rc = store_remove(c->home, file, e);
	store_unlock(lock);
	if (rc == 0)
		limits_remove(c->home, name);
	return rc;
}

static int check_removable(const char *alias, const char *file, struct err *e)
{
	const char *slash = strchr(file, '/');

	if (!slash)
		return err_set(e, ERR_CONFIG,
			       "the log-in is ended with dario logout");
	if (strncmp(file, "backends/", 9) == 0 && !strchr(slash + 1, '/'))
		return err_set(e, ERR_CONFIG,
			       "%s is the first key of its backend: it goes "
			       "with dario backend remove",
			       alias);
	return 0;
}

/* Where the account is, and its name among all. A Claude account goes even
 * when the configuration is broken. */
static int look_up(const struct cmd *c, char file[192], char name[160],
		   struct err *e)
{
	const char *backend = cmd_value(c, "backend");
	const struct account *a = NULL;
	struct snapshot *cfg;
	bool claude;
	int rc;

	account_file(c->args[0], file, 192);
	snprintf(name, 160, "%s", c->args[0]);
	store_clear(c->home, file);
	claude = (!backend || strcmp(backend, "claude") == 0) &&
		 store_exists(c->home, file);
	cfg = snapshot_load(c->home, e);
	if (!cfg)
		return claude ? 0 : -1;
	rc = find(c, cfg, &a, e);
	if (a) {
		snprintf(file, 192, "%s", a->file);
		snprintf(name, 160, "%s", account_name(a));
	}
	snapshot_free(cfg);
	return rc == 0 && !a && !claude ? not_there(c->args[0], e) : rc;
}

static int run_remove(struct cmd *c, struct err *e)
{
	char file[192], name[160];

	if (account_check_alias(c->args[0], e) || check_backend(c, e) ||
	    look_up(c, file, name, e) || check_removable(c->args[0], file, e))
		return -1;
	return drop(c, file, name, e);
}

static int pause_or_resume(const struct cmd *c, bool paused, struct err *e)
{
	struct snapshot *cfg = NULL;
	const struct account *a;
	int rc;

	if (secret_check_short_name(c->args[0], ACCOUNT_ALIAS, e) == 0 &&
	    check_backend(c, e) == 0)
		cfg = snapshot_load(c->home, e);
	if (!cfg)
		return -1;
	rc = find(c, cfg, &a, e);
	if (rc)
		; /* which of them? */
	else if (!a)
		rc = not_there(c->args[0], e);
	else
		rc = account_pause(c->home, a, paused, e);
	snapshot_free(cfg);
	return rc;
}

static int run_pause(struct cmd *c, struct err *e)
{
	return pause_or_resume(c, true, e);
}

static int run_resume(struct cmd *c, struct err *e)
{
	return pause_or_resume(c, false, e);
}

#define BACKEND_FLAG \
	{ \
		"backend", "NAME", "a key of this backend" \
	}

static const struct cmd_flag add_flags[] = {
	SECRET_FLAGS,
	BACKEND_FLAG,
	{ "priority", "N",
	  "smaller ones are used first; 10 for subscriptions, 20 for keys" },
	{ "reserve", "SHARE", "leave this share of its limit alone, as 15%" },
	{ "proxy", "URL", "reach the provider by this proxy; \"\" as before" },
	{ "ca-file", "FILE", "trust these certificates; \"\" as before" },
	SIGN_IN_FLAGS,
	{ 0 },
};

static const struct cmd_flag backend_flags[] = { BACKEND_FLAG, { 0 } };

static const struct cmd_entry entries[] = {
	{ "list", "[--json]", "show the accounts and what is left of each", 0,
	  0, cmd_json_flags, false, run_list },
	{ "add", "ALIAS",
	  "add an account: by its key, else by logging in to Claude", 1, 1,
	  add_flags, false, run_add },
	{ "remove", "ALIAS", "forget an account", 1, 1, backend_flags, false,
	  run_remove },
	{ "pause", "ALIAS", "leave an account alone until it is resumed", 1, 1,
	  backend_flags, false, run_pause },
	{ "resume", "ALIAS",
	  "use an account again, and forget what was learnt of it", 1, 1,
	  backend_flags, false, run_resume },
	{ 0 },
};

static const char *const accounts_examples[] = {
	"dario accounts add work",
	"dario accounts add second --backend=groq --key-file=groq.key",
	"dario accounts list",
	NULL,
};

const struct cmd_group cmd_accounts = { "accounts", "accounts and further keys",
					entries, accounts_examples };
