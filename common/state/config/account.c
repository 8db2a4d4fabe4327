/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/account.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/embed.h"
#include "base/run.h"
#include "state/config/credential.h"
#include "state/config/member.h"
#include "state/pool/standing.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAUDE_CODE_FILE ".credentials.json"
#define KEY_STORE_MS 3000        /* for a key store to answer */
#define KEY_STORE_AGAIN_MS 60000 /* between two questions to it */

void account_file(const char *alias, char *out, size_t n)
{
	snprintf(out, n, "accounts/%s.json", alias);
}

void account_key_file(const char *backend, const char *alias, char *out,
		      size_t n)
{
	snprintf(out, n, "backends/%s/%s.json", backend, alias);
}

const char *account_name(const struct account *a)
{
	return *a->name ? a->name : a->alias;
}

const char *account_kind(const struct account *a)
{
	return a->api_key ? "api-key" : "subscription";
}

void account_sign(const struct account *a, char *out, size_t n)
{
	const char *secret = a->api_key       ? a->api_key
			   : a->refresh_token ? a->refresh_token
					      : a->access_token;

	if (*a->sign)
		snprintf(out, n, "%s", a->sign);
	else
		digest_hex(span_of(secret), out, n);
}

/* Where Claude Code keeps its files; malloced. */
static char *claude_code_folder(void)
{
	const char *dir = embed_getenv("CLAUDE_CONFIG_DIR");
	const char *home = embed_getenv("HOME");
	char path[PATH_MAX];

	if (dir && *dir == '/')
		return xstrdup(dir);
	snprintf(path, sizeof(path), "%s/.claude", home ? home : "");
	return xstrdup(path);
}

void account_release(struct account *a)
{
	free(a->api_key);
	free(a->access_token);
	free(a->refresh_token);
	free(a->problem);
	free(a->proxy);
	free(a->ca_file);
	memset(a, 0, sizeof(*a));
}

int account_copy(struct account *to, const struct account *from)
{
	*to = *from;
	to->api_key = xstrdup(from->api_key);
	to->access_token = xstrdup(from->access_token);
	to->refresh_token = xstrdup(from->refresh_token);
	to->problem = xstrdup(from->problem);
	to->proxy = xstrdup(from->proxy);
	to->ca_file = xstrdup(from->ca_file);
	return 0;
}

void accounts_release(struct accounts *a)
{
	for (size_t i = 0; i < a->n; i++)
		account_release(&a->list[i]);
	free(a->list);
	memset(a, 0, sizeof(*a));
}

const struct account *accounts_find(const struct accounts *a, const char *alias)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->list[i].alias, alias) == 0)
			return &a->list[i];
	return NULL;
}

bool account_fresh(const struct account *a, int64_t ahead_ms)
{
	if (a->api_key)
		return true;
	return a->access_token &&
	       (!a->expires_at || a->expires_at > clock_wall_ms() + ahead_ms);
}

bool account_refreshable(const struct account *a)
{
	return a->refresh_token && !a->borrowed && !a->problem;
}

void account_credential(const struct account *a, struct buf *out)
{
	buf_str(out, a->api_key ? "x-api-key: " : "Authorization: Bearer ");
	buf_str(out, a->api_key ? a->api_key : a->access_token);
}

/* A token goes into a header field: printable ASCII without blanks. */
static int take_secret(struct json_object *o, const char *key, char **out,
		       struct err *e)
{
	struct span s = json_str(o, key);

	*out = NULL;
	if (s.n >= ACCOUNT_TOKEN_MAX)
		return err_set(e, ERR_CONFIG, "%s is longer than %d bytes", key,
			       ACCOUNT_TOKEN_MAX);
	if (!span_visible(s))
		return err_set(e, ERR_CONFIG,
			       "%s has blanks or characters outside ASCII",
			       key);
	if (s.n)
		*out = xstrndup(s.p, s.n);
	return 0;
}

/* The way to the provider, where it is another than the backend's. */
static int take_way(struct account *a, struct json_object *o, struct err *e)
{
	const char *proxy, *ca;

	if (member_way(o, &proxy, &ca, e))
		return -1;
	a->proxy = xstrdup(proxy);
	a->ca_file = xstrdup(ca);
	return 0;
}

/* What a person has set. */
static int take_choices(struct account *a, struct json_object *o, struct err *e)
{
	long usual = a->api_key ? ACCOUNT_PRIORITY_KEY : ACCOUNT_PRIORITY_PLAN;

	if (member_number(o, "reserve", 0, 100, 0, &a->reserve, e) ||
	    member_number(o, "priority", 0, ACCOUNT_PRIORITY_MAX, usual,
			  &a->priority, e))
		return -1;
	a->paused = json_flag(o, "paused", false);
	return take_way(a, o, e);
}

static int parse(struct account *a, struct json_object *file, struct err *e)
{
	struct json_object *o = json_get(file, ACCOUNT_OAUTH);

	if (!o)
		o = file;
	if (member_check(file, account_members, e) ||
	    member_check(o, account_members, e) ||
	    take_secret(o, "apiKey", &a->api_key, e) ||
	    take_secret(o, "accessToken", &a->access_token, e) ||
	    take_secret(o, "refreshToken", &a->refresh_token, e))
		return -1;
	a->expires_at = json_count(o, "expiresAt", 0);
	a->shared = credential_is_shared(file);
	if (!a->api_key && !a->access_token && !a->refresh_token)
		return err_set(e, ERR_CONFIG, "there is no token in it");
	return take_choices(a, file, e);
}

static int read_from(const char *root, const char *name, struct account *out,
		     struct err *e)
{
	struct json_object *file;
	int rc = json_load(root, name, &file, e);

	if (rc)
		return rc;
	rc = parse(out, file, e);
	json_object_put(file);
	return rc ? err_add(e, name) : 0;
}

/* The alias of "accounts/work.json"; "login" for credentials.json. */
static void set_names(struct account *a, const char *file)
{
	const char *name = strrchr(file, '/');

	snprintf(a->file, sizeof(a->file), "%s", file);
	if (name)
		snprintf(a->alias, sizeof(a->alias), "%.*s",
			 (int)strlen(name + 1) - 5, name + 1);
	else
		snprintf(a->alias, sizeof(a->alias), "%s", ACCOUNT_LOGIN);
}

int account_read(const char *home, const char *file, struct account *out,
		 struct err *e)
{
	memset(out, 0, sizeof(*out));
	set_names(out, file);
	return read_from(home, file, out, e);
}

static struct account *add(struct accounts *a)
{
	struct account *fresh = xcalloc(a->n + 1, sizeof(*fresh));

	if (a->n)
		memcpy(fresh, a->list, a->n * sizeof(*fresh));
	free(a->list);
	a->list = fresh;
	return &fresh[a->n++];
}

/* One file of ours; what is wrong with it stays with the account. -1 when the
 * machine has too little of something to know. */
static int load_one(struct accounts *list, const char *home, const char *file,
		    struct err *e)
{
	struct account a;
	int rc = account_read(home, file, &a, e);

	if (rc > 0 || (rc < 0 && e->code == ERR_BUSY)) {
		account_release(&a);
		return rc > 0 ? 0 : -1;
	}
	if (rc < 0)
		a.problem = xstrdup(e->msg);
	*add(list) = a;
	return 0;
}

static int is_account(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && strcmp(d->d_name + n - 5, ".json") == 0 &&
	       store_good_name((struct span){ d->d_name, n - 5 });
}

/* Somebody may want to know of each file that is looked at. */
static void look(account_watch_fn *watch, void *arg, const char *root,
		 const char *name)
{
	if (watch)
		watch(arg, root, name);
}

/* All of a folder below the home. */
static int load_folder(struct accounts *list, const char *home,
		       const char *folder, account_watch_fn *watch, void *arg,
		       struct err *e)
{
	char path[PATH_MAX];
	struct dirent **names = NULL;
	int n, rc = 0;

	look(watch, arg, home, folder);
	snprintf(path, sizeof(path), "%s/%s", home, folder);
	n = scandir(path, &names, is_account, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : err_sys(e, "list", path);
	if (n > ACCOUNTS_MAX)
		rc = err_set(e, ERR_CONFIG, "more than %d accounts in %s",
			     ACCOUNTS_MAX, folder);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (rc == 0) {
			/* Watch first: a change while we read is seen. */
			look(watch, arg, home, path);
			rc = load_one(list, home, path, e);
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

/* The log-in, unless the pool has the same one: a refresh token that two files
 * hold would be burnt by the second. */
static int load_login(struct accounts *list, const char *home,
		      account_watch_fn *watch, void *arg, struct err *e)
{
	size_t pool = list->n;
	struct account *a;

	look(watch, arg, home, ACCOUNT_LOGIN_FILE);
	if (accounts_find(list, ACCOUNT_LOGIN))
		return 0;
	if (load_one(list, home, ACCOUNT_LOGIN_FILE, e))
		return -1;
	if (list->n == pool)
		return 0;
	a = &list->list[pool];
	for (size_t i = 0; i < pool; i++) {
		const char *other = list->list[i].refresh_token;

		if (a->refresh_token && other &&
		    strcmp(a->refresh_token, other) == 0) {
			account_release(a);
			list->n--;
			break;
		}
	}
	return 0;
}

static void borrow(struct accounts *list, struct account *a)
{
	a->borrowed = true;
	snprintf(a->alias, sizeof(a->alias), "%s", ACCOUNT_CLAUDE_CODE);
	*add(list) = *a;
}

static int load_claude_code(struct accounts *list, account_watch_fn *watch,
			    void *arg, struct err *e)
{
	char *folder = claude_code_folder();
	struct account a = { 0 };
	bool short_of;
	int rc;

	look(watch, arg, folder, CLAUDE_CODE_FILE);
	rc = read_from(folder, CLAUDE_CODE_FILE, &a, e);
	free(folder);
	short_of = rc < 0 && e->code == ERR_BUSY;
	if (rc < 0) {
		err_add(e, "Claude Code's log-in");
		a.problem = xstrdup(e->msg);
	}
	if (rc > 0 || short_of)
		account_release(&a);
	else
		borrow(list, &a);
	return short_of ? -1 : 0;
}

/* The same from the desktop's key store, where Claude Code puts it on some
 * systems. */
static void ask_key_stores(struct accounts *list)
{
	static const char *const tools[][6] = {
		{ "secret-tool", "lookup", "service", "Claude Code-credentials",
		  NULL },
		{ "security", "find-generic-password", "-s",
		  "Claude Code-credentials", "-w", NULL },
	};

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		struct json_object *o = NULL;
		struct account a = { 0 };
		struct err unused;
		struct buf out;

		if (!run_exists(tools[i][0]))
			continue;
		list->ask_again = clock_ms() + KEY_STORE_AGAIN_MS;
		buf_init(&out, 65536);
		if (run_output(tools[i], &out, KEY_STORE_MS) == 0 && out.n)
			o = json_read(buf_get(&out), &unused);
		buf_release(&out);
		if (o && parse(&a, o, &unused) == 0)
			borrow(list, &a);
		else
			account_release(&a);
		json_object_put(o);
		if (list->n)
			return;
	}
}

/* What is looked at with every request is worked out once. */
static void finish(struct accounts *list, const char *home)
{
	static _Atomic uint64_t serials;

	for (size_t i = 0; i < list->n; i++) {
		struct account *a = &list->list[i];

		if (list->others)
			snprintf(a->name, sizeof(a->name), "%s.%s",
				 list->backend, a->alias);
		else
			snprintf(a->name, sizeof(a->name), "%s", a->alias);
		if (a->api_key || a->refresh_token || a->access_token)
			account_sign(a, a->sign, sizeof(a->sign));
		a->serial = atomic_fetch_add(&serials, 1) + 1;
		a->standing = standing_of(home, a->name);
	}
}

int accounts_load(struct accounts *out, const char *home,
		  account_watch_fn *watch, void *arg, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (load_folder(out, home, "accounts", watch, arg, e) ||
	    load_login(out, home, watch, arg, e) ||
	    (!out->n && load_claude_code(out, watch, arg, e))) {
		accounts_release(out);
		return -1;
	}
	if (!out->n)
		ask_key_stores(out);
	finish(out, home);
	return 0;
}

int accounts_load_keys(struct accounts *out, const char *home, const char *name,
		       struct json_object *file, account_watch_fn *watch,
		       void *arg, struct err *e)
{
	struct account first = { 0 };
	char folder[ACCOUNT_ALIAS_MAX + 16];

	memset(out, 0, sizeof(*out));
	out->others = true;
	snprintf(out->backend, sizeof(out->backend), "%s", name);
	snprintf(folder, sizeof(folder), "backends/%s", name);
	if (take_secret(file, "apiKey", &first.api_key, e) ||
	    take_choices(&first, file, e))
		goto fail;
	if (!store_exists(home, folder)) {
		account_release(&first);
		return 0; /* no pool: the backend serves as it is */
	}
	if (load_folder(out, home, folder, watch, arg, e))
		goto fail;
	snprintf(first.alias, sizeof(first.alias), "%s", name);
	snprintf(first.file, sizeof(first.file), "%s.json", folder);
	/* How the backend is reached its own file says already. */
	free(first.proxy);
	free(first.ca_file);
	first.proxy = first.ca_file = NULL;
	if (first.api_key && !accounts_find(out, name))
		*add(out) = first;
	else
		account_release(&first);
	finish(out, home);
	return 0;
fail:
	account_release(&first);
	accounts_release(out);
	return -1;
}

void accounts_note(struct notes *n, const struct accounts *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].problem)
			notes_add(n, !a->list[i].borrowed,
				  "%s: this account is not used",
				  a->list[i].problem);
}

void accounts_unknown(struct notes *n, const char *home,
		      const struct accounts *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const char *file = a->list[i].file;
		struct json_object *o;
		struct err unused;

		/* credentials.json has the form of Claude Code's */
		if (!strchr(file, '/'))
			continue;
		json_load(home, file, &o, &unused);
		member_unknown(n, false, file, o, account_members);
		json_object_put(o);
	}
}

static void put_scopes(struct json_object *o, const char *scopes)
{
	struct json_object *list = json_object_new_array();

	while (*scopes) {
		size_t n = strcspn(scopes, " ");

		if (n)
			json_object_array_add(list, json_object_new_string_len(
							    scopes, (int)n));
		scopes += n + (scopes[n] == ' ');
	}
	json_object_object_add(o, "scopes", list);
}

struct json_object *account_with_tokens(const char *home, const char *file,
					const struct tokens *t, struct err *e)
{
	bool login = strcmp(file, ACCOUNT_LOGIN_FILE) == 0;
	struct json_object *root, *o;
	struct account names = { 0 };

	if (json_load_object(home, file, &root, e))
		return NULL;
	o = login ? json_get(root, ACCOUNT_OAUTH) : root;
	if (!json_object_is_type(o, json_type_object)) {
		o = json_object_new_object();
		json_object_object_add(root, ACCOUNT_OAUTH, o);
	}
	if (!login) {
		set_names(&names, file);
		json_set_str(o, "alias", names.alias);
	}
	json_set_str(o, "accessToken", t->access);
	json_set_str(o, "refreshToken", t->refresh);
	json_object_object_add(o, "expiresAt",
			       json_object_new_int64(t->expires_at));
	if (*t->scopes)
		put_scopes(o, t->scopes);
	return root;
}
