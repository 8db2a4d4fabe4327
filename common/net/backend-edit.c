/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/backend-edit.h"

#include "base/nearest.h"
#include "base/secret-name.h"
#include "net/base-url.h"
#include "net/http.h"
#include "state/config/key-command.h"
#include "state/config/save.h"
#include "state/config/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADERS "headers"

/* One call, and what is known of its provider. */
struct adding {
	const struct backend_ask *ask;
	const char *name;
	struct buf *said;
	struct json_object *known; /* the row of that name, or NULL */
	struct span key;
	const char *env, *command; /* where else it is from, or NULL */
	char url[BASE_URL_MAX];    /* as given, or as known; "" */
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

/* A provider's host, or a part of the way to its API: the rest is known. To a
 * host alone the version is added anyway. */
static bool complete(struct adding *a)
{
	char known[BASE_URL_MAX], with[BASE_URL_MAX + 2];
	const char *host = strstr(a->url, "://");
	size_t n = strlen(a->url);

	if (!host)
		return false;
	snprintf(with, sizeof(with), "%s/", a->url);
	providers_url(with, known, sizeof(known));
	if (strncmp(known, with, n + 1) ||
	    (!strchr(host + 3, '/') && strcmp(known + n, "/v1") == 0))
		return false;
	memcpy(a->url, known, sizeof(a->url));
	return true;
}

static int take_url(struct adding *a, const char *given, struct err *e)
{
	struct base_url url;

	if (base_url_read(&url, given, e))
		return -1;
	snprintf(a->url, sizeof(a->url), "%s", url.text);
	a->api = url.api;
	if (!a->api && !a->ask->protocol && complete(a))
		buf_fmt(a->said,
			"backend %s: the base URL is %s: the provider has "
			"this API there\n",
			a->name, a->url);
	else if (url.tail.n)
		buf_fmt(a->said,
			"backend %s: the base URL is %s: %.*s is put "
			"behind it for each request\n",
			a->name, a->url, SPAN_FMT(url.tail));
	return 0;
}

/* "RESOURCE is the name of your Azure resource", for each in `form`. */
static void explain_form(const char *form, struct buf *out)
{
	struct err unused;
	struct json_object *known = providers_placeholders(&unused);

	if (!known)
		return;
	json_object_object_foreach(known, word, meaning)
	{
		const char *at = strstr(form, word);

		/* REGION, and not what is a part of another word */
		if (at && at > form && strchr("/.-", at[-1]) &&
		    strchr("/.-?", at[strlen(word)]))
			buf_fmt(out, "%s%s is %s", out->n ? ", " : "; ", word,
				json_object_get_string(meaning));
	}
	json_object_put(known);
}

static int ask_for_own(const struct adding *a, const char *form, struct err *e)
{
	char mem[400] = "";
	struct buf words = { .p = mem, .cap = sizeof(mem), .max = 399 };

	explain_form(form, &words);
	return err_set(e, ERR_USAGE,
		       "%s has an address of its own for each "
		       "customer: give it with --base-url=%s%s",
		       json_cstr(a->known, "name"), form, mem);
}

/* A known provider that is not the one address that all share. */
static int ask_for_url(const struct adding *a, struct err *e)
{
	char ids[600] = "";
	struct buf list = { .p = ids, .cap = sizeof(ids), .max = 599 };
	const char *form = json_cstr(a->known, "form");
	char meant[80];

	if (form)
		return ask_for_own(a, form, e);
	if (providers_meant(a->name, meant, sizeof(meant)))
		return err_set(e, ERR_USAGE,
			       "no address is known for %s: did you mean %s? "
			       "Else give --base-url=URL",
			       a->name, meant);
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

	if (http_check_url(url, &tls, &loopback, &has_path, e)) {
		if (a->ask->base_url) /* it was given, not stored */
			e->code = ERR_USAGE;
		return -1;
	}
	if (!has_key && !loopback && tls)
		return err_set(e, ERR_USAGE,
			       "a key is missing: use "
			       "--key-file=FILE, --key-stdin, --key-env=VAR or "
			       "--key-command=COMMAND%s%s",
			       page ? "; one is got at " : "",
			       page ? page : "");
	if (has_key && !tls && !loopback)
		buf_fmt(a->said,
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

/* What the owner has written for the provider at an address; some of it is
 * secret. */
static const char *const own[] = { HEADERS, "forward", "organization",
				   "project" };
#define OWN (sizeof(own) / sizeof(own[0]))

/* False: there is none. */
static bool put_own(struct json_object *file, struct buf *names)
{
	for (size_t i = 0; i < OWN; i++) {
		struct json_object *o = json_get(file, own[i]);

		if (!o)
			continue;
		buf_fmt(names, "%s%s", names->n ? ", " : "", own[i]);
		if (strcmp(own[i], HEADERS) ||
		    !json_object_is_type(o, json_type_object))
			continue;
		json_object_object_foreach(o, field, value)
		{
			(void)value;
			buf_fmt(names, " %.60s", field);
		}
	}
	return names->n > 0;
}

static void leave_own(const struct adding *a, struct json_object *file,
		      const char *was)
{
	struct buf names;

	buf_init(&names, 2048);
	if (put_own(file, &names))
		buf_fmt(a->said,
			"backend %s: what it had for %s is left out: %s: write "
			"into backends/%s.json what the new address shall get "
			"of it\n",
			a->name, was, buf_cstr(&names), a->name);
	for (size_t i = 0; i < OWN; i++)
		json_object_object_del(file, own[i]);
	buf_release(&names);
}

/* Another provider's key, habits and header fields do not go along to a new
 * address. */
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
	if (!set && e->code)
		return -1;
	if (set)
		leave_known(file, set);
	json_object_put(set);
	leave_own(a, file, was);
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

/* The file as it is to be; *file is to be put, *b to be released. */
static int prepare(struct adding *a, struct json_object **file,
		   struct backend *b, struct err *e)
{
	char path[300];

	*file = NULL;
	memset(b, 0, sizeof(*b));
	backend_file(a->name, path, sizeof(path));
	return json_load_object(a->ask->home, path, file, e) ||
			       make(a, *file, e) ||
			       backend_parse(b, a->name, *file, e) ||
			       check_url(a, b->base_url, backend_has_key(b), e)
		     ? -1
		     : 0;
}

/* What is refused leaves nothing behind, not even a lock. */
static int try(struct adding *a, struct err *e)
{
	struct json_object *file;
	struct backend b;
	struct buf unsaid;
	int rc;

	buf_init(&unsaid, 16384);
	a->said = &unsaid;
	rc = prepare(a, &file, &b, e);
	backend_release(&b);
	json_object_put(file);
	buf_release(&unsaid);
	a->said = a->ask->said;
	return rc;
}

static int save(struct adding *a, struct err *e)
{
	const char *home = a->ask->home;
	struct json_object *file;
	struct backend b;
	char path[300];
	int lock, rc;

	backend_file(a->name, path, sizeof(path));
	lock = store_lock(home, path, e);
	if (lock < 0)
		return -1;
	rc = prepare(a, &file, &b, e);
	if (rc == 0)
		rc = save_checked(home, path, file, e);
	if (rc == 0)
		tell(&b, a->said);
	backend_release(&b);
	json_object_put(file);
	store_unlock(lock);
	return rc;
}

int backend_edit_add(const struct backend_ask *ask, struct err *e)
{
	struct adding a = { .ask = ask,
			    .name = ask->name,
			    .said = ask->said,
			    .key = ask->key,
			    .env = ask->env,
			    .command = ask->command };
	int rc = -1;

	if (backend_check_name(a.name, e))
		return -1;
	a.known = providers_named(a.name, e);
	if (!a.known && e->code)
		goto out;
	if (try(&a, e) || store_folder(ask->home, NULL, e) ||
	    store_folder(ask->home, "backends", e))
		goto out;
	rc = save(&a, e);
out:
	json_object_put(a.known);
	return rc;
}
