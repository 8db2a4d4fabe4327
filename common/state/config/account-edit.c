/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/account-edit.h"

#include "base/secret-name.h"
#include "state/pool/standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "15%" or "15"; -1: none was given. */
static int take_number(const char *flag, const char *text, long max,
		       const char *end_ok, long *out, struct err *e)
{
	char *end;

	*out = -1;
	if (!text)
		return 0;
	*out = strtol(text, &end, 10);
	if (end == text || (*end && strcmp(end, end_ok)) || *out < 0 ||
	    *out > max)
		return err_set(e, ERR_USAGE,
			       "--%s must be 0 to %ld%s, not \"%.20s\"", flag,
			       max, end_ok, text);
	return 0;
}

int account_take_choices(struct account_choices *x, const char *reserve,
			 const char *priority, struct err *e)
{
	if (x->proxy && *x->proxy && !strstr(x->proxy, "://"))
		return err_set(e, ERR_USAGE,
			       "--proxy must be a URL such as "
			       "http://host:port");
	if (x->ca_file && *x->ca_file && *x->ca_file != '/')
		return err_set(e, ERR_USAGE,
			       "--ca-file must be an absolute path");
	return take_number("reserve", reserve, 100, "%", &x->reserve, e) ||
			       take_number("priority", priority,
					   ACCOUNT_PRIORITY_MAX, "",
					   &x->priority, e)
		     ? -1
		     : 0;
}

bool account_any_choice(const struct account_choices *x)
{
	return x->reserve >= 0 || x->priority >= 0 || x->proxy || x->ca_file;
}

static void put_number(struct json_object *o, const char *key, long value)
{
	if (value >= 0)
		json_object_object_add(o, key, json_object_new_int64(value));
}

/* An empty one is taken out. */
static void put_text(struct json_object *o, const char *key, const char *value)
{
	if (value && *value)
		json_set_str(o, key, value);
	else if (value)
		json_object_object_del(o, key);
}

/* Key and choices into the file; a key takes the place of tokens. */
int account_change(const char *home, const char *alias, const char *file,
		   struct span key, const struct account_choices *x,
		   struct err *e)
{
	static const char *const tokens[] = { "accessToken", "refreshToken",
					      "expiresAt",   "scopes",
					      "storeToken",  "storeVersion" };
	struct json_object *o = NULL;
	int rc = -1, lock = store_lock(home, file, e);

	if (lock < 0)
		return -1;
	if (json_load_object(home, file, &o, e))
		goto out;
	json_set_str(o, "alias", alias);
	if (key.n) {
		json_set_str(o, "apiKey", key.p);
		for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
			json_object_object_del(o, tokens[i]);
	}
	put_number(o, "reserve", x->reserve);
	put_number(o, "priority", x->priority);
	put_text(o, "proxy", x->proxy);
	put_text(o, "caFile", x->ca_file);
	rc = store_replace(home, file, span_of(json_pretty(o)), e);
out:
	json_object_put(o);
	store_unlock(lock);
	return rc;
}

const struct accounts *accounts_pool(const struct snapshot *cfg, size_t i)
{
	if (i == 0)
		return &cfg->accounts;
	return i <= cfg->n_backends ? &cfg->backends[i - 1].keys : NULL;
}

const char *accounts_pool_name(const struct accounts *p)
{
	return p->others ? p->backend : "claude";
}

/* Does the file belong to this pool? */
static bool is_in(const char *file, const struct accounts *pool)
{
	char folder[ACCOUNT_ALIAS_MAX + 16] = "accounts/";

	if (pool->others)
		snprintf(folder, sizeof(folder), "backends/%s/", pool->backend);
	return strncmp(file, folder, strlen(folder)) == 0;
}

static int check_pool(const char *alias, const struct accounts *p,
		      const char *file, struct span key, struct err *e)
{
	bool same = is_in(file, p);

	for (size_t k = 0; k < p->n; k++) {
		const struct account *a = &p->list[k];

		if (strcmp(a->file, file) == 0)
			continue;
		if (same && strcmp(a->alias, alias) == 0)
			return err_set(e, ERR_USAGE,
				       "the alias %s is taken (%s): choose "
				       "another",
				       a->alias, a->file);
		if (same && key.n && a->api_key && span_is(key, a->api_key))
			return err_set(e, ERR_USAGE,
				       "account %s has this key already: two "
				       "accounts with one key are one limit, "
				       "remove that one first",
				       a->alias);
	}
	return 0;
}

/* One key twice in a pool would be one limit that is counted twice; one name
 * twice in it could not be told apart. */
int account_check_others(const struct snapshot *cfg, const char *alias,
			 const char *file, struct span key, struct err *e)
{
	const struct accounts *p;

	for (size_t i = 0; (p = accounts_pool(cfg, i)); i++)
		if (check_pool(alias, p, file, key, e))
			return -1;
	for (size_t i = 0; i < cfg->n_backends; i++) {
		const struct backend *b = &cfg->backends[i];
		struct accounts pool = { .others = true };

		snprintf(pool.backend, sizeof(pool.backend), "%s", b->name);
		if (!is_in(file, &pool))
			continue;
		if (key.n && b->api_key && span_is(key, b->api_key) &&
		    !b->keys.n)
			return err_set(e, ERR_USAGE,
				       "backend %s has this key already: give "
				       "another",
				       b->name);
		if (strcmp(b->name, alias) == 0)
			return err_set(e, ERR_USAGE,
				       "the alias %s is that of the backend's "
				       "first key: choose another",
				       b->name);
	}
	return 0;
}

static int set_paused(const char *home, const char *file, bool paused,
		      struct err *e)
{
	struct json_object *o = NULL;
	int rc = -1, lock = store_lock(home, file, e);

	if (lock < 0)
		return -1;
	if (json_load_object(home, file, &o, e) == 0) {
		if (paused)
			json_object_object_add(o, "paused",
					       json_object_new_boolean(1));
		else
			json_object_object_del(o, "paused");
		rc = store_replace(home, file, span_of(json_pretty(o)), e);
	}
	json_object_put(o);
	store_unlock(lock);
	return rc;
}

int account_pause(const char *home, const struct account *a, bool paused,
		  struct err *e)
{
	int rc = 0;

	if (a->paused != paused && !*a->file)
		rc = err_set(e, ERR_CONFIG,
			     "%s is Claude Code's log-in, which dario does not "
			     "write: add an account of its own",
			     a->alias);
	else if (a->paused != paused)
		rc = set_paused(home, a->file, paused, e);
	if (rc == 0 && !paused)
		rc = limits_forget(home, account_name(a), e);
	return rc;
}

/* --- where a key goes ---------------------------------------------------- */

int account_check_alias(const char *alias, struct err *e)
{
	if (secret_check_short_name(alias, ACCOUNT_ALIAS, e))
		return -1;
	if (strcmp(alias, ACCOUNT_CLAUDE_CODE) == 0)
		return err_set(e, ERR_USAGE,
			       "the alias \"%s\" is dario's own: choose "
			       "another",
			       alias);
	return 0;
}

static int make_folder(const char *home, const char *backend, struct err *e)
{
	char folder[ACCOUNT_ALIAS_MAX + 16];

	snprintf(folder, sizeof(folder), "backends/%s", backend);
	return store_folder(home, folder, e);
}

int account_place(const struct snapshot *cfg, const char *home,
		  const char *alias, const char *backend, char *file, size_t n,
		  struct err *e)
{
	const struct backend *b;

	account_file(alias, file, n);
	if (!backend || strcmp(backend, "claude") == 0)
		return 0;
	b = snapshot_backend(cfg, span_of(backend));
	if (!b)
		return err_set(e, ERR_CONFIG,
			       "there is no backend %.64s: its first key is "
			       "added with dario backend add",
			       backend);
	if (b->key_command)
		return err_set(e, ERR_USAGE,
			       "backend %s has its key from a program, which "
			       "has no place in a pool: give it a key with "
			       "dario backend add %s --key-file=FILE first",
			       b->name, b->name);
	account_key_file(backend, alias, file, n);
	return make_folder(home, backend, e);
}
