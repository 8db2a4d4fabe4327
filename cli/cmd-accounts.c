/* SPDX-License-Identifier: MIT */
/* dario accounts: the pool of Claude accounts. */
#include "config.h"

#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/sign-in.h"
#include "state/account-show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIAS "an account's alias"

static int check_alias(const char *alias, struct err *e)
{
	if (!store_good_name(span_of(alias)) &&
	    secret_check_name(alias, ALIAS, e))
		return -1;
	if (!store_good_name(span_of(alias)))
		return err_set(e, ERR_USAGE,
			       "an account's alias is 1 to 64 of A-Z a-z 0-9 _ "
			       "-, not \"%.40s\"",
			       alias);
	if (strcmp(alias, ACCOUNT_CLAUDE_CODE) == 0)
		return err_set(e, ERR_USAGE,
			       "the alias \"%s\" is dario's own: choose "
			       "another",
			       alias);
	return 0;
}

/* "15%" or "15"; -1: none was given. */
static int take_reserve(const struct cmd *c, long *out, struct err *e)
{
	const char *text = cmd_value(c, "reserve");
	char *end;

	*out = -1;
	if (!text)
		return 0;
	*out = strtol(text, &end, 10);
	if (end == text || (*end && strcmp(end, "%")) || *out < 0 || *out > 100)
		return err_set(e, ERR_USAGE,
			       "--reserve must be a share such as 15%%, not "
			       "\"%.20s\"",
			       text);
	return 0;
}

/* Key and reserve into the file; a key takes the place of tokens. */
static int change(const struct cmd *c, const char *file, struct span key,
		  long reserve, struct err *e)
{
	static const char *const tokens[] = { "accessToken", "refreshToken",
					      "expiresAt", "scopes" };
	struct json_object *o = NULL;
	int rc = -1, lock = store_lock(c->home, file, e);

	if (lock < 0)
		return -1;
	if (json_load_object(c->home, file, &o, e))
		goto out;
	json_set_str(o, "alias", c->args[0]);
	if (key.n) {
		json_set_str(o, "apiKey", key.p);
		for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
			json_object_object_del(o, tokens[i]);
	}
	if (reserve >= 0)
		json_object_object_add(o, "reserve",
				       json_object_new_int64(reserve));
	rc = store_replace(c->home, file, span_of(json_pretty(o)), e);
out:
	json_object_put(o);
	store_unlock(lock);
	return rc;
}

static int add(const struct cmd *c, struct span key, struct err *e)
{
	char file[128];
	long reserve;

	account_file(c->args[0], file, sizeof(file));
	if (take_reserve(c, &reserve, e) || store_folder(c->home, NULL, e) ||
	    store_folder(c->home, "accounts", e))
		return -1;
	/* A reserve alone changes an account that is there. */
	if (!key.n && !(reserve >= 0 && store_exists(c->home, file)) &&
	    sign_in(c, file, e))
		return -1;
	if ((key.n || reserve >= 0) && change(c, file, key, reserve, e))
		return -1;
	say(stderr, "dario: account %s is in the pool\n", c->args[0]);
	return 0;
}

static int run_add(struct cmd *c, struct err *e)
{
	struct buf key;
	int rc;

	if (secret_check_name(c->args[0], ALIAS, e) ||
	    check_alias(c->args[0], e))
		return -1;
	buf_init(&key, ACCOUNT_TOKEN_MAX - 1);
	rc = secret_take(c, &key, e);
	if (rc == 0 && strpbrk(buf_cstr(&key), " \t\r\n"))
		rc = err_set(e, ERR_CONFIG, "the API key has a blank in it");
	if (rc == 0)
		rc = add(c, buf_get(&key), e);
	buf_release(&key);
	return rc;
}

static void print_seat(const struct seat *s, int64_t now)
{
	const struct account *a = s->account;
	char left[32] = "";

	if (s->until > now)
		show_duration(left, sizeof(left), s->until - now);
	say(stdout, "%-16s %-12s %3.0f%% left", a->alias,
	    a->api_key ? "api-key" : "subscription", s->headroom * 100);
	if (a->reserve)
		printf(" (%ld%% reserved)", a->reserve);
	say(stdout, "  %s%s%s\n", s->usable ? "ready" : s->why,
	    *left ? ", free again in " : "", left);
}

static int run_list(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct buf out;
	struct jw w = jw_to(&out);
	struct pool p;

	if (!cfg)
		return -1;
	if (cmd_value(c, "json")) {
		buf_init(&out, 1u << 20);
		show_accounts(&w, cfg, c->home);
		say_json(buf_get(&out));
		buf_release(&out);
	} else {
		pool_look(&p, c->home, &cfg->accounts, NULL);
		for (size_t i = 0; i < p.n; i++)
			print_seat(&p.seats[i], p.now);
		if (!p.n)
			fputs("dario: no Claude account yet: run dario login, "
			      "or dario accounts add\n",
			      stderr);
		pool_release(&p);
	}
	snapshot_free(cfg);
	return 0;
}

static int not_there(const char *alias, struct err *e)
{
	if (secret_check_name(alias, ALIAS, e))
		return -1;
	return err_set(e, ERR_CONFIG,
		       "there is no account %.64s: see dario accounts list",
		       alias);
}

static int run_remove(struct cmd *c, struct err *e)
{
	static const char *const state[] = { "limits", "pace" };
	struct err unused;
	char file[128];
	int lock, rc;

	if (check_alias(c->args[0], e))
		return -1;
	account_file(c->args[0], file, sizeof(file));
	store_clear(c->home, file);
	if (!store_exists(c->home, file)) {
		if (strcmp(c->args[0], ACCOUNT_LOGIN) == 0)
			return err_set(e, ERR_CONFIG,
				       "the log-in is ended with dario "
				       "logout");
		return not_there(c->args[0], e);
	}
	lock = store_lock(c->home, file, e);
	if (lock < 0)
		return -1;
	rc = store_remove(c->home, file, e);
	store_unlock(lock);
	for (size_t i = 0; rc == 0 && i < sizeof(state) / sizeof(state[0]);
	     i++) {
		snprintf(file, sizeof(file), "state/%s-%s.json", state[i],
			 c->args[0]);
		store_remove(c->home, file, &unused);
	}
	return rc;
}

static int run_resume(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	bool known = cfg && accounts_find(&cfg->accounts, c->args[0]);

	if (!cfg)
		return -1;
	snapshot_free(cfg);
	if (!known)
		return not_there(c->args[0], e);
	return limits_forget(c->home, c->args[0], e);
}

static const struct cmd_flag add_flags[] = {
	SECRET_FLAGS,
	{ "reserve", "SHARE", "leave this share of its limit alone, as 15%" },
	SIGN_IN_FLAGS,
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "list", "[--json]", "show the accounts and what is left of each", 0,
	  0, cmd_json_flags, false, run_list },
	{ "add", "ALIAS", "add an account: by its API key, else by logging in",
	  1, 1, add_flags, false, run_add },
	{ "remove", "ALIAS", "forget an account", 1, 1, NULL, false,
	  run_remove },
	{ "resume", "ALIAS", "use an account again that was halted", 1, 1, NULL,
	  false, run_resume },
	{ 0 },
};

const struct cmd_group cmd_accounts = { "accounts", "Claude accounts",
					entries };
