/* SPDX-License-Identifier: MIT */
/* The plan: what is found becomes things to add, each once. */
#include "config.h"

#include "cli/setup.h"

#include "base/secret-name.h"
#include "base/utf8.h"
#include "net/backend-edit.h"
#include "net/base-url.h"
#include "net/http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *copy(struct setup *s, const char *text)
{
	return text ? arena_str(&s->arena, span_of(text)) : NULL;
}

/* Texts of other programs' files are shown. */
static const char *clean(struct setup *s, const char *text)
{
	char mem[512];

	if (!text)
		return NULL;
	snprintf(mem, sizeof(mem), "%.511s", text);
	utf8_clean_str(mem);
	return copy(s, mem);
}

static struct setup_item *add_item(struct setup *s, enum setup_kind kind,
				   const char *name, const char *source)
{
	static struct setup_item unused;
	struct setup_item *i = &unused;

	if (s->n < SETUP_MAX)
		i = &s->items[s->n++];
	else
		s->cut++;
	*i = (struct setup_item){ .kind = kind,
				  .name = clean(s, name),
				  .source = clean(s, source) };
	return i;
}

void setup_other(struct setup *s, enum setup_state state, const char *name,
		 const char *source, const char *note)
{
	struct setup_item *i = add_item(s, SETUP_OTHER, name, source);

	i->state = state;
	i->note = clean(s, note);
}

size_t setup_count(const struct setup *s, enum setup_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->items[i].state == state;
	return n;
}

const char *setup_home_path(struct setup *s, const char *name)
{
	const char *home = getenv("HOME");

	return arena_fmt(&s->arena, "%s/%s", home ? home : "", name);
}

const char *setup_shown_path(struct setup *s, const char *path)
{
	const char *home = getenv("HOME");
	size_t n = home ? strlen(home) : 0;

	if (n > 1 && strncmp(path, home, n) == 0 && path[n] == '/')
		return arena_fmt(&s->arena, "~%s", path + n);
	return path;
}

/* --- providers ------------------------------------------------------------ */

static bool is_listed(struct json_object *list, const char *name)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (span_is(json_span(json_at(list, i)), name))
			return true;
	return false;
}

struct json_object *setup_row(const struct setup *s, const char *id)
{
	for (size_t i = 0; i < json_length(s->rows); i++) {
		struct json_object *row = json_at(s->rows, i);

		if (span_is(json_str(row, "id"), id) ||
		    is_listed(json_get(row, "litellm"), id))
			return row;
	}
	return NULL;
}

/* --- names ---------------------------------------------------------------- */

static bool is_taken(const struct setup *s, enum setup_kind kind,
		     const char *pool, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct setup_item *x = &s->items[i];

		if (x->kind == kind && strcmp(x->name, name) == 0 &&
		    strcmp(x->pool ? x->pool : "", pool ? pool : "") == 0)
			return true;
	}
	return false;
}

/* Letters, digits, "-" and "_" of it; "" when none is left. */
static void good_name(const char *text, char out[ACCOUNT_ALIAS_MAX + 1])
{
	size_t n = 0;
	struct err unused;

	if (secret_check_name(text, BACKEND_NAME, &unused))
		text = "";
	for (; *text && n < ACCOUNT_ALIAS_MAX - 4; text++) {
		bool good = isalnum((unsigned char)*text) || *text == '_';

		if (good)
			out[n++] = *text;
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

/* "api.groq.example:99" is groq; an address or a lone name is all of it. */
static void name_of_url(const char *url, char out[ACCOUNT_ALIAS_MAX + 1])
{
	const char *host = strstr(url, "://");
	char mem[256], *last, *before;

	snprintf(mem, sizeof(mem), "%s", host ? host + 3 : url);
	mem[strcspn(mem, "/?")] = '\0';
	last = strrchr(mem, '.');
	if (last && isalpha((unsigned char)last[1]) && *mem != '[') {
		mem[strcspn(mem, ":")] = '\0';
		*last = '\0';
		before = strrchr(mem, '.');
		good_name(before ? before + 1 : mem, out);
	} else {
		good_name(mem, out);
	}
}

/* NAME, or NAME-2 and so on where that is taken. */
static const char *free_backend(struct setup *s, const char *wanted)
{
	const char *name = wanted;

	for (int k = 2; k < 1000; k++) {
		bool own = strcmp(name, "claude") == 0 ||
			   strcmp(name, "demo") == 0;

		if (!own && !snapshot_backend(s->config, span_of(name)) &&
		    !is_taken(s, SETUP_BACKEND, NULL, name))
			break;
		name = arena_fmt(&s->arena, "%s-%d", wanted, k);
	}
	return copy(s, name);
}

static const struct accounts *pool_of(const struct setup *s, const char *pool)
{
	const struct backend *b;

	if (!pool)
		return &s->config->accounts;
	b = snapshot_backend(s->config, span_of(pool));
	return b ? &b->keys : NULL;
}

static const char *free_alias(struct setup *s, const char *pool,
			      const char *wanted)
{
	const struct accounts *there = pool_of(s, pool);
	const char *name = wanted;

	for (int k = 2; k < 1000; k++) {
		if ((!pool || strcmp(pool, name)) &&
		    !(there && accounts_find(there, name)) &&
		    !is_taken(s, SETUP_ACCOUNT, pool, name))
			break;
		name = arena_fmt(&s->arena, "%s-%d", wanted, k);
	}
	return copy(s, name);
}

/* --- keys ----------------------------------------------------------------- */

struct found_key {
	const char *key, *env, *from; /* as in setup_item */
	const char *note;
};

/* What is copied, or stays in its variable; false: it is no key. */
static bool take_key(struct setup *s, const struct setup_offer *o,
		     struct found_key *k)
{
	const char *value = o->env ? getenv(o->env) : o->key;

	memset(k, 0, sizeof(*k));
	if (o->env && (!value || !*value)) {
		k->env = copy(s, o->env);
		k->note = arena_fmt(&s->arena, "%s is not set here", o->env);
		return true;
	}
	if (!value || !*value)
		return true;
	if (!span_visible(span_of(value)) || strlen(value) > ACCOUNT_TOKEN_MAX)
		return false;
	if (o->env && s->no_copy) {
		k->env = copy(s, o->env);
		return true;
	}
	k->key = copy(s, value);
	k->from = copy(s, o->env);
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Has the pool, as it is or will be, this key? The name of who has it. */
static const char *who_has(const struct setup *s, const char *pool,
			   const struct found_key *k)
{
	const struct accounts *there = pool_of(s, pool);

	for (size_t i = 0; there && k->key && i < there->n; i++)
		if (there->list[i].api_key &&
		    strcmp(there->list[i].api_key, k->key) == 0)
			return there->list[i].alias;
	for (size_t i = 0; i < s->n; i++) {
		const struct setup_item *x = &s->items[i];
		bool first = pool && x->kind == SETUP_BACKEND &&
			     strcmp(x->name, pool) == 0;
		bool more = x->kind == SETUP_ACCOUNT &&
			    same_text(x->pool, pool);

		if ((first || more) && same_text(x->key, k->key) &&
		    same_text(x->env, k->env))
			return x->name;
	}
	return NULL;
}

/* --- accounts ------------------------------------------------------------- */

static void there(struct setup *s, enum setup_kind kind, const char *pool,
		  const char *name, const char *source)
{
	struct setup_item *i;

	if (is_taken(s, kind, pool, name))
		return;
	i = add_item(s, kind, name, source);
	i->state = SETUP_THERE;
	i->pool = copy(s, pool);
}

/* One more key of a pool. */
static void add_account(struct setup *s, const struct setup_offer *o,
			const char *pool, const char *wanted,
			const struct found_key *k)
{
	const char *who = who_has(s, pool, k);
	struct setup_item *i;

	if (who && pool_of(s, pool) && accounts_find(pool_of(s, pool), who))
		there(s, SETUP_ACCOUNT, pool, who, o->source);
	if (who)
		return;
	i = add_item(s, SETUP_ACCOUNT, free_alias(s, pool, wanted), o->source);
	i->pool = copy(s, pool);
	i->key = k->key;
	i->key_from = k->from;
	if (k->key)
		return;
	i->state = SETUP_LEFT;
	i->note = k->env ? "a further key is copied into its file: set the "
			   "variable, and leave --no-copy out"
			 : "it has no key";
}

/* Claude Code's log-in is used only as long as there is no account. */
static bool borrows(const struct setup *s)
{
	return s->config->accounts.n && s->config->accounts.list[0].borrowed;
}

/* --- backends ------------------------------------------------------------- */

/* The backend at this address that is there or comes, or NULL. */
static const char *name_at(const struct setup *s, const char *url)
{
	for (size_t i = 0; i < s->config->n_backends; i++)
		if (strcmp(s->config->backends[i].base_url, url) == 0)
			return s->config->backends[i].name;
	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].url && s->items[i].state == SETUP_ADD &&
		    strcmp(s->items[i].url, url) == 0)
			return s->items[i].name;
	return NULL;
}

static const char *leave(struct setup *s, const struct setup_offer *o,
			 const char *note)
{
	const char *name = o->name ? o->name : o->provider;
	struct setup_item *i = add_item(s, SETUP_BACKEND, name ? name : "?",
					o->source);

	i->state = SETUP_LEFT;
	i->note = clean(s, note);
	return NULL;
}

/* What is at an address twice is one backend, whose further keys are a pool. */
static const char *join_backend(struct setup *s, const struct setup_offer *o,
				const char *name, const struct found_key *k)
{
	const struct backend *b = snapshot_backend(s->config, span_of(name));

	if (b && (!k->key || (b->api_key && !strcmp(b->api_key, k->key))))
		there(s, SETUP_BACKEND, NULL, b->name, o->source);
	else if (k->key || !k->env)
		add_account(s, o, name, arena_fmt(&s->arena, "%s-2", name), k);
	return name;
}

static const char *add_backend(struct setup *s, const struct setup_offer *o,
			       struct json_object *row, const char *url,
			       const struct found_key *k)
{
	char mem[ACCOUNT_ALIAS_MAX + 1] = "";
	const char *id = json_cstr(row, "id");
	const char *name = o->name ? o->name : id;
	struct setup_item *i;

	if (name)
		good_name(name, mem);
	if (!*mem)
		name_of_url(url, mem);
	/* A name that says where, when there is such a backend elsewhere. */
	if (!o->name && id && snapshot_backend(s->config, span_of(id))) {
		there(s, SETUP_BACKEND, NULL, id, o->source);
		return copy(s, id);
	}
	name = free_backend(s, *mem ? mem : "backend");
	i = add_item(s, SETUP_BACKEND, name, o->source);
	i->url = url;
	i->protocol = copy(s, o->protocol);
	i->models = copy(s, o->models);
	i->key = k->key;
	i->env = k->env;
	i->key_from = k->from;
	i->note = k->note;
	return i->name;
}

/* Its address, as it will be stored; NULL: none is known. */
static const char *url_of(struct setup *s, const struct setup_offer *o,
			  struct json_object *row, struct err *e)
{
	struct base_url base;
	const char *url = o->url ? o->url : json_cstr(row, "url");
	const char *form = json_cstr(row, "form");

	if (!url || !*url) {
		err_set(e, ERR_CONFIG,
			"its address is not known: dario backend add %s "
			"--base-url=%s",
			o->provider ? o->provider : "NAME",
			form ? form : "URL");
		return NULL;
	}
	return base_url_read(&base, url, e) ? NULL : copy(s, base.text);
}

/* What dario backend add would refuse. */
static bool can_be_asked(const char *url, const struct found_key *k,
			 struct err *e)
{
	bool tls, loopback, has_path;
	char mem[BASE_URL_MAX];

	snprintf(mem, sizeof(mem), "%s", url);
	mem[strcspn(mem, "?")] = '\0';
	if (http_check_url(mem, &tls, &loopback, &has_path, e))
		return false;
	if (k->key || k->env || loopback || !tls)
		return true;
	err_set(e, ERR_CONFIG,
		"it has no key: add it with dario backend add NAME "
		"--key-file=FILE");
	return false;
}

/* Elsewhere than at its own address a provider's name says something only of
 * those that each runs for oneself. */
static struct json_object *row_at(const struct setup *s, const char *url,
				  struct json_object *named)
{
	struct json_object *row = providers_row(s->rows, url);

	if (row)
		return row;
	return json_flag(named, "local", false) ? named : NULL;
}

const char *setup_offer(struct setup *s, const struct setup_offer *o)
{
	struct json_object *row = o->provider ? setup_row(s, o->provider)
					      : NULL;
	struct err e = { 0 };
	struct found_key k;
	const char *url = url_of(s, o, row, &e), *name;
	bool claude;

	if (!url)
		return leave(s, o, e.msg);
	if (!take_key(s, o, &k))
		return leave(s, o, "its key is no key");
	if (!can_be_asked(url, &k, &e))
		return leave(s, o, e.msg);
	if (!row || o->url)
		row = row_at(s, url, row);
	claude = span_is(json_str(row, "id"), "anthropic");
	if (claude && k.key && !borrows(s)) {
		add_account(s, o, NULL, "anthropic", &k);
		return "claude";
	}
	name = name_at(s, url);
	return name ? join_backend(s, o, name, &k)
		    : add_backend(s, o, row, url, &k);
}

/* --- rules ---------------------------------------------------------------- */

static bool has_rule(const struct setup *s, const char *match)
{
	for (size_t i = 0; i < s->config->rules.n; i++)
		if (strcmp(s->config->rules.list[i].match.text, match) == 0)
			return true;
	return false;
}

void setup_rule(struct setup *s, const char *match, const char *target,
		const char *fallback, const char *source)
{
	const char *model = strchr(target, ':');
	struct setup_item *i;
	struct err e;

	if (secret_check_name(match, "a model", &e) ||
	    secret_check_name(model ? model + 1 : target, "a target", &e)) {
		setup_other(s, SETUP_LEFT, "a rule", source, e.msg);
		return;
	}
	if (is_taken(s, SETUP_ROUTE, NULL, match))
		return;
	i = add_item(s, SETUP_ROUTE, match, source);
	i->target = clean(s, target);
	i->fallback = clean(s, fallback);
	if (has_rule(s, match))
		i->state = SETUP_THERE;
}
