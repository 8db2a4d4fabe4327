/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/backend-edit.h"

#include "base/secret-name.h"
#include "net/http.h"
#include "state/key-command.h"
#include "state/save.h"
#include "state/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URL_MAX 2048
#define HEADERS "headers"

/* One call, and what is known of its provider. */
struct adding {
	const struct backend_ask *ask;
	const char *name;
	struct json_object *known; /* the row of that name, or NULL */
	struct span key;
	const char *env, *command; /* where else it is from, or NULL */
	char url[URL_MAX];         /* as given, or as known; "" */
	const char *api;           /* that the given one is of, or NULL */
};

static int check_free(const char *name, struct err *e)
{
	if (strcmp(name, "claude") && strcmp(name, "demo"))
		return 0;
	return err_set(e, ERR_USAGE,
		       "the name \"%s\" is dario's own: choose another", name);
}

int backend_check_name(const char *name, struct err *e)
{
	return secret_check_name(name, BACKEND_NAME, e) ||
			       secret_check_short_name(name, BACKEND_NAME, e) ||
			       check_free(name, e)
		     ? -1
		     : 0;
}

/* --- the address ---------------------------------------------------------- */

/* Azure's own API for models has this path in front of the others. */
static bool is_azure_models(struct span url)
{
	return span_has(url, SPAN(".services.ai.azure.com"));
}

/* The path of an API at the end of a base URL, as documents show it; empty:
 * there is none. */
static struct span find_tail(struct span url)
{
	static const char *const tails[] = {
		"/messages/count_tokens",
		"/messages/batches",
		"/messages",
		"/chat/completions",
		"/completions",
		"/responses/compact",
		"/responses",
		"/models",
		"/embeddings",
		"/moderations",
		"/rerank",
		"/images/generations",
		"/images/edits",
		"/audio/speech",
		"/audio/transcriptions",
		"/audio/translations",
		"/files",
		"/batches",
	};

	const char *host = strstr(url.p, "://");
	struct span path = SPAN("");

	if (host)
		path = span_skip(url, (size_t)(host - url.p) + 3);
	path = span_skip(path, strcspn(path.p, "/?"));
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		size_t n = strlen(tails[i]);
		struct span tail = span_skip(path, path.n > n ? path.n - n : 0);

		if (span_ieq(tail, tails[i]) &&
		    !(strcmp(tails[i], "/models") == 0 && is_azure_models(url)))
			return tail;
	}
	return SPAN("");
}

static bool ends_in(struct span url, struct span with)
{
	return url.n >= with.n && span_eq(span_skip(url, url.n - with.n), with);
}

/* The API that has such a path and no other has, or that the provider keeps
 * apart by it; NULL: it can be any. */
static const char *api_of(struct span url, struct span tail)
{
	static const enum dialect_id own[] = { DIALECT_ANTHROPIC,
					       DIALECT_RESPONSES };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		const struct dialect *d = &dialects[own[i]];

		if (tail.n >= strlen(d->path) &&
		    strncasecmp(tail.p, d->path, strlen(d->path)) == 0)
			return d->name;
	}
	if (ends_in(url, SPAN("/anthropic")) ||
	    ends_in(url, SPAN("/anthropic/v1")))
		return dialects[DIALECT_ANTHROPIC].name;
	return NULL;
}

static struct span without_slashes(struct span url)
{
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	return url;
}

/* A base URL without the path of an API behind it; its query stays. */
static int take_url(struct adding *a, const char *given, struct err *e)
{
	struct span query = span_of(given);
	struct span url = span_cut(&query, '?'), tail;
	struct buf out = { .p = a->url, .cap = URL_MAX, .max = URL_MAX - 1 };

	if (strlen(given) >= URL_MAX)
		return err_set(e, ERR_USAGE,
			       "--base-url is longer than %d bytes", URL_MAX);
	url = without_slashes(url);
	tail = find_tail(url);
	url = without_slashes((struct span){ url.p, url.n - tail.n });
	a->api = api_of(url, tail);
	/* That is said with each request, by who makes it. */
	if (tail.n && span_is(query, "beta=true"))
		query.n = 0;
	buf_fmt(&out, "%.*s%s%.*s", SPAN_FMT(url), query.n ? "?" : "",
		SPAN_FMT(query));
	if (tail.n)
		buf_fmt(a->ask->said,
			"backend %s: the base URL is %s: %.*s is put "
			"behind it for each request\n",
			a->name, a->url, SPAN_FMT(tail));
	return 0;
}

/* A known provider that is not the one address that all share. */
static int ask_for_url(const struct adding *a, struct err *e)
{
	char ids[600];
	struct buf list = { .p = ids, .cap = sizeof(ids), .max = 599 };
	const char *form = json_cstr(a->known, "form");

	if (form)
		return err_set(e, ERR_USAGE,
			       "%s has an address of its own for each "
			       "customer: give it with --base-url=%s",
			       json_cstr(a->known, "name"), form);
	ids[0] = '\0';
	providers_ids(&list);
	return err_set(e, ERR_USAGE,
		       "no address is known for %s: give --base-url=URL, or "
		       "take one of these names: %s",
		       a->name, ids);
}

/* a->url: as given, as the file has it, or as the provider's name says. */
static int find_url(struct adding *a, struct json_object *file, struct err *e)
{
	const char *given = a->ask->base_url;
	const char *was = json_cstr(file, "baseUrl");
	const char *known = json_cstr(a->known, "url");

	if (given)
		return take_url(a, given, e);
	if (!was && !known)
		return ask_for_url(a, e);
	snprintf(a->url, sizeof(a->url), "%s", was ? was : known);
	return 0;
}

/* Sending a key in the clear must be a choice, not an accident. */
static int check_url(const struct adding *a, const char *url, bool has_key,
		     struct err *e)
{
	const char *page = json_cstr(a->known, "keys");
	bool tls, loopback, has_path;

	if (http_check_url(url, &tls, &loopback, &has_path, e))
		return -1;
	if (!has_key && !loopback && tls)
		return err_set(e, ERR_USAGE,
			       "a key is missing: use "
			       "--key-file=FILE, --key-stdin, --key-env=VAR or "
			       "--key-command=COMMAND%s%s",
			       page ? "; one is got at " : "",
			       page ? page : "");
	if (has_key && !tls && !loopback)
		buf_fmt(a->ask->said,
			"warning: the key will go to %s "
			"unencrypted\n",
			url);
	return 0;
}

/* --- the file ------------------------------------------------------------- */

/* A field for the provider's keys is none for a token, which goes as Bearer,
 * nor for a key in Anthropic's API. */
static bool is_other_way(const struct adding *a, struct json_object *file)
{
	const char *command = json_cstr(file, "keyCommand");

	return (command && strcasestr(command, "token")) ||
	       (a->api && strcmp(a->api, "anthropic") == 0) ||
	       span_is(json_str(file, "protocol"), "anthropic");
}

/* What is known of the provider at this address, where the file is silent. One
 * that has no address of its own is known by its name. */
static int add_known(const struct adding *a, struct json_object *file,
		     struct err *e)
{
	struct json_object *set = providers_find(json_cstr(file, "baseUrl"), e);

	if (!set && e->code)
		return -1;
	if (!set &&
	    (json_flag(a->known, "local", false) || json_get(a->known, "form")))
		set = json_object_get(json_get(a->known, "set"));
	if (!set)
		return 0;
	json_object_object_foreach(set, key, value)
	{
		bool aside = strcmp(key, HEADERS) == 0 && is_other_way(a, file);

		if (!json_get(file, key) && !aside)
			json_object_object_add(file, key,
					       json_object_get(value));
		else if (aside && a->command &&
			 json_object_equal(json_get(file, key), value))
			json_object_object_del(file, key);
	}
	json_object_put(set);
	return 0;
}

static const char *const key_members[] = { "apiKey", "keyEnv", "keyCommand" };
#define KEY_MEMBERS (sizeof(key_members) / sizeof(key_members[0]))

static bool has_key(struct json_object *file)
{
	bool any = false;

	for (size_t i = 0; i < KEY_MEMBERS; i++)
		any |= json_cstr(file, key_members[i]) != NULL;
	return any;
}

/* A new key takes the place of the old one, wherever that was from. */
static void put_key(const struct adding *a, struct json_object *file)
{
	const char *const given[KEY_MEMBERS] = { a->key.n ? a->key.p : NULL,
						 a->env, a->command };

	if (!a->key.n && !a->env && !a->command)
		return;
	for (size_t i = 0; i < KEY_MEMBERS; i++)
		if (given[i])
			json_set_str(file, key_members[i], given[i]);
		else
			json_object_object_del(file, key_members[i]);
}

/* What the owner has written there is the owner's. */
static void leave_known(struct json_object *file, struct json_object *set)
{
	json_object_object_foreach(set, name, value)
	{
		if (strcmp(name, HEADERS) ||
		    json_object_equal(json_get(file, name), value))
			json_object_object_del(file, name);
	}
}

/* Has it further keys, which are in files of their own? */
static bool has_more_keys(const struct adding *a)
{
	struct accounts keys;
	struct err ignored = { 0 };
	bool any;

	if (accounts_load_keys(&keys, a->ask->home, a->name, NULL, NULL, NULL,
			       &ignored))
		return true;
	any = keys.n > 0;
	accounts_release(&keys);
	return any;
}

/* Another provider's key and habits do not go along to a new address. */
static int leave_old_address(const struct adding *a, struct json_object *file,
			     struct err *e)
{
	const char *was = json_cstr(file, "baseUrl");
	struct json_object *set;

	if (!was || strcmp(a->url, was) == 0)
		return 0;
	if (has_key(file) && !a->key.n && !a->env && !a->command)
		return err_set(e, ERR_USAGE,
			       "backend %s has a key for %s: give the one for "
			       "the new address too",
			       a->name, was);
	if (has_more_keys(a))
		return err_set(
			e, ERR_USAGE,
			"backend %s has further keys for %s: remove them "
			"first, with dario accounts remove ALIAS "
			"--backend=%s",
			a->name, was, a->name);
	set = providers_find(was, e);
	if (!set)
		return e->code ? -1 : 0;
	leave_known(file, set);
	json_object_put(set);
	return 0;
}

/* What the flags say goes over what the file had. */
static void merge(const struct adding *a, struct json_object *file)
{
	const char *protocol = a->ask->protocol;
	const char *models = a->ask->models;

	json_set_str(file, "provider", "openai");
	json_set_str(file, "name", a->name);
	json_set_str(file, "baseUrl", a->url);
	put_key(a, file);
	if (protocol)
		json_set_str(file, "protocol", protocol);
	if (models)
		json_object_object_add(file, "models", json_split(models));
}

/* A wrong value that was given is not the file's fault. */
static int check_given(const struct adding *a, struct err *e)
{
	const struct {
		const char *key, *value;
	} rows[] = {
		{ "protocol", a->ask->protocol },
		{ "keyEnv", a->env },
		{ "keyCommand", a->command },
		{ "baseUrl", a->ask->base_url ? a->url : "http://[::1]" },
	};
	struct json_object *o = json_object_new_object();
	struct backend b;
	int rc;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].value)
			json_set_str(o, rows[i].key, rows[i].value);
	rc = backend_parse(&b, a->name, o, e);
	if (rc == 0)
		backend_release(&b);
	else
		e->code = ERR_USAGE;
	json_object_put(o);
	return rc;
}

static int make(struct adding *a, struct json_object *file, struct err *e)
{
	bool open;

	if (find_url(a, file, e) || check_given(a, e) ||
	    leave_old_address(a, file, e))
		return -1;
	merge(a, file);
	open = !json_cstr(file, "protocol");
	if (add_known(a, file, e))
		return -1;
	if (open && a->api &&
	    !span_listed(json_str(file, "protocol"), span_of(a->api)))
		json_set_str(file, "protocol", a->api);
	if (!json_cstr(file, "protocol"))
		json_set_str(file, "protocol", "openai");
	return 0;
}

/* What was stored, and what it still needs. */
static void tell(const struct backend *b, struct buf *said)
{
	struct buf protocols;

	buf_init(&protocols, 80);
	backend_protocols(b, &protocols);
	buf_fmt(said, "backend %s: %s (%s)\n", b->name, b->base_url,
		buf_cstr(&protocols));
	buf_release(&protocols);
	if (b->key_problem)
		buf_fmt(said,
			"%s is not set here: the router takes the key from "
			"its own environment when it starts\n",
			b->key_env);
	if (b->key_command && !key_command_is_there(b->key_command))
		buf_fmt(said,
			"warning: there is no program %s here: install it, or "
			"name it with its folder, as the router will look for "
			"it\n",
			key_command_program(b->key_command));
}

static int save(struct adding *a, struct err *e)
{
	const char *home = a->ask->home;
	struct json_object *file = NULL;
	struct backend b;
	char path[300];
	int lock, rc = -1;

	backend_file(a->name, path, sizeof(path));
	lock = store_lock(home, path, e);
	if (lock < 0)
		return -1;
	if (json_load_object(home, path, &file, e) || make(a, file, e) ||
	    backend_parse(&b, a->name, file, e))
		goto out;
	if (check_url(a, b.base_url, backend_has_key(&b), e) == 0)
		rc = save_checked(home, path, file, e);
	if (rc == 0)
		tell(&b, a->ask->said);
	backend_release(&b);
out:
	json_object_put(file);
	store_unlock(lock);
	return rc;
}

int backend_edit_add(const struct backend_ask *ask, struct err *e)
{
	struct adding a = { .ask = ask,
			    .name = ask->name,
			    .key = ask->key,
			    .env = ask->env,
			    .command = ask->command };
	int rc = -1;

	if (backend_check_name(a.name, e))
		return -1;
	a.known = providers_named(a.name, e);
	if (!a.known && e->code)
		goto out;
	if (store_folder(ask->home, NULL, e) ||
	    store_folder(ask->home, "backends", e))
		goto out;
	rc = save(&a, e);
out:
	json_object_put(a.known);
	return rc;
}
