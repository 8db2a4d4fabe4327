/* SPDX-License-Identifier: MIT */
/*
 * dario backend add: a provider that is known by its name needs a key only;
 * another one an address. What was not named stays as the file has it.
 */
#include "config.h"

#include "cli/backend-add.h"

#include "cli/say.h"
#include "cli/secret.h"
#include "net/http.h"
#include "state/save.h"
#include "state/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URL_MAX 2048
#define HEADERS "headers"

/* One call, and what is known of its provider. */
struct adding {
	const struct cmd *cmd;
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
		say(stderr,
		    "dario: backend %s: the base URL is %s: %.*s is put "
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
	const char *given = cmd_value(a->cmd, "base-url");
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
		say(stderr,
		    "dario: warning: the key will go to %s "
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
	const char *protocol = cmd_value(a->cmd, "protocol");
	const char *models = cmd_value(a->cmd, "models");

	json_set_str(file, "provider", "openai");
	json_set_str(file, "name", a->name);
	json_set_str(file, "baseUrl", a->url);
	put_key(a, file);
	if (protocol)
		json_set_str(file, "protocol", protocol);
	if (models)
		json_object_object_add(file, "models", json_split(models));
}

/* A wrong value on the command line is not the file's fault. */
static int check_flags(const struct adding *a, struct err *e)
{
	static const struct {
		const char *flag, *key;
	} rows[] = {
		{ "protocol", "protocol" },
		{ "key", "apiKey" },
		{ "key-env", "keyEnv" },
		{ "key-command", "keyCommand" },
	};
	struct json_object *o = json_object_new_object();
	struct backend b;
	int rc;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = cmd_value(a->cmd, rows[i].flag);

		if (value)
			json_set_str(o, rows[i].key, value);
	}
	json_set_str(o, "baseUrl",
		     cmd_value(a->cmd, "base-url") ? a->url : "http://[::1]");
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

	if (find_url(a, file, e) || check_flags(a, e) ||
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
static void tell(const struct backend *b)
{
	struct buf protocols;

	buf_init(&protocols, 80);
	backend_protocols(b, &protocols);
	say(stderr, "dario: backend %s: %s (%s)\n", b->name, b->base_url,
	    buf_cstr(&protocols));
	buf_release(&protocols);
	if (b->key_problem)
		say(stderr,
		    "dario: %s is not set here: the router takes the key from "
		    "its own environment when it starts\n",
		    b->key_env);
	if (b->key_command && !key_command_is_there(b->key_command))
		say(stderr,
		    "dario: warning: there is no program %s here: install it, "
		    "or name it with its folder, as the router will look for "
		    "it\n",
		    key_command_program(b->key_command));
}

static int save(struct adding *a, struct err *e)
{
	const char *home = a->cmd->home;
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
		tell(&b);
	backend_release(&b);
out:
	json_object_put(file);
	store_unlock(lock);
	return rc;
}

/* From one place. */
static int take_key(struct adding *a, struct buf *key, struct err *e)
{
	static const char *const given[] = { "key", "key-file", "key-stdin",
					     "key-env", "key-command" };
	int n = 0;

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		n += cmd_value(a->cmd, given[i]) != NULL;
	if (n > 1)
		return err_set(e, ERR_USAGE,
			       "give one of --key, --key-file, --key-stdin, "
			       "--key-env and --key-command");
	a->env = cmd_value(a->cmd, "key-env");
	a->command = cmd_value(a->cmd, "key-command");
	if (a->env && secret_check_name(a->env, "a variable's name", e))
		return -1;
	if (secret_take(a->cmd, key, e))
		return -1;
	a->key = buf_get(key);
	return 0;
}

int backend_add(struct cmd *c, struct err *e)
{
	struct adding a = { .cmd = c, .name = c->args[0] };
	const char *models = cmd_value(c, "models");
	struct buf key;
	int rc = -1;

	if (secret_check_name(a.name, BACKEND_NAME, e) ||
	    secret_check_short_name(a.name, BACKEND_NAME, e) ||
	    check_free(a.name, e))
		return -1;
	models = models ? models : ""; /* "": any, as before */
	buf_init(&key, 8192);
	a.known = providers_named(a.name, e);
	if (!a.known && e->code)
		goto out;
	if ((*models && cmd_check_list(c, "models", e)) ||
	    take_key(&a, &key, e) || store_folder(c->home, NULL, e) ||
	    store_folder(c->home, "backends", e))
		goto out;
	rc = save(&a, e);
out:
	json_object_put(a.known);
	buf_release(&key);
	return rc;
}

const struct cmd_flag backend_add_flags[] = {
	SECRET_FLAGS,
	{ "key-env", "VAR",
	  "the router takes the key from this variable of its environment, "
	  "when it starts" },
	{ "key-command", "COMMAND",
	  "a program that prints the key; run without a shell when it is "
	  "needed, for keyTtl seconds (300)" },
	{ "base-url", "URL",
	  "where the API is; known for openai, groq, ollama and many others" },
	{ "protocol", "LIST",
	  "openai (Chat Completions, the default), "
	  "responses, anthropic, or several" },
	{ "models", "GLOB,...", "models that go there, such as llama-*" },
	{ 0 },
};
