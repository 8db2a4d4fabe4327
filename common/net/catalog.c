/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/catalog.h"

#include "base/log.h"
#include "net/fetch.h"
#include "state/pool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define KEEP_SECONDS 600 /* what a backend said */
#define KEEP_CLAUDE_SECONDS 3600
#define FAIL_SECONDS 30                  /* that it said nothing */
#define LIST_MAX (STORE_FILE_MAX - 4096) /* bytes of a backend's list */
#define ASK_MS 4000
#define REFUSED_MAX 8 /* accounts that are asked with, one after the other */

static void take_account(struct catalog *c, const struct account *a)
{
	const struct backend *b = c->backend;

	c->proxy = a->proxy ? a->proxy : b->proxy;
	c->ca_file = a->ca_file ? a->ca_file : b->ca_file;
	c->field = a->api_key ? NULL : ACCOUNT_BETA_FIELD;
	buf_reset(&c->credential);
	if (b->claude)
		account_credential(a, &c->credential);
	else
		backend_key_credential(a->api_key, b->protocol, &c->credential);
}

void catalog_init(struct catalog *c, struct http *http, const char *home,
		  const struct backend *b, const struct account *account)
{
	memset(c, 0, sizeof(*c));
	c->http = http;
	c->home = home;
	c->backend = b;
	buf_init(&c->url, 4096);
	buf_init(&c->credential, 16384);
	backend_url(b, b->protocol,
		    b->protocol == DIALECT_ANTHROPIC ? "/models?limit=1000"
						     : "/models",
		    &c->url);
	c->proxy = b->proxy;
	c->ca_file = b->ca_file;
	if (account)
		take_account(c, account);
	else
		backend_credential(b, b->protocol, &c->credential);
	snprintf(c->file, sizeof(c->file), "state/models-%s.json", b->name);
}

void catalog_ask_with(struct catalog *c, const struct accounts *pool)
{
	c->pool = pool;
}

void catalog_release(struct catalog *c)
{
	buf_release(&c->url);
	buf_release(&c->credential);
}

struct json_object *catalog_kept(const struct catalog *c, bool *due)
{
	struct json_object *list;
	struct store_sign s;
	struct err unused;
	int64_t age, keep;

	store_sign(c->home, c->file, &s);
	json_load(c->home, c->file, &list, &unused);
	/* Another address is another provider. */
	if (list && strcmp(c->backend->base_url, json_str(list, "baseUrl").p)) {
		json_object_put(list);
		list = NULL;
	}
	age = (int64_t)time(NULL) - s.sec;
	keep = c->backend->claude ? KEEP_CLAUDE_SECONDS : KEEP_SECONDS;
	if (json_flag(list, "failed", false))
		keep = FAIL_SECONDS;
	*due = !list || age >= keep;
	return list;
}

static void keep(const struct catalog *c, struct json_object *list)
{
	struct err e;
	int lock;

	json_set_str(list, "baseUrl", c->backend->base_url);
	lock = store_folder(c->home, "state", &e)
		     ? -1
		     : store_lock(c->home, c->file, &e);
	if (lock < 0 || store_put(c->home, c->file, json_text(list), &e))
		log_msg("%s", e.msg); /* asked again next time, then */
	store_unlock(lock);
}

static struct json_object *ask(const struct catalog *c, int *status,
			       struct err *e)
{
	struct fetch f = {
		.url = c->url.p,
		.credential = c->credential.n ? c->credential.p : "",
		.field = c->field,
		.proxy = c->proxy,
		.ca_file = c->ca_file,
		.timeout_ms = ASK_MS,
		.on_wait = c->on_wait,
		.arg = c->arg,
	};
	struct json_object *o = NULL;

	buf_init(&f.body, LIST_MAX);
	if (fetch_run(c->http, &f, e) == 0 && f.status == 200)
		o = json_read(buf_get(&f.body), e);
	*status = f.status;
	buf_release(&f.body);
	return o;
}

static bool may_ask(const struct account *a)
{
	return !a->problem && !a->paused && account_fresh(a, 0);
}

/* The best of those that were not tried yet; those that rest come last, for
 * what they have no room for is another thing. */
static const struct account *next_account(const struct pool_request *r,
					  bool *tried)
{
	int i;

	while ((i = pool_peek(r)) >= 0) {
		tried[i] = true;
		if (may_ask(&r->accounts->list[i]))
			return &r->accounts->list[i];
	}
	for (size_t k = 0; k < r->accounts->n; k++) {
		if (tried[k] || !may_ask(&r->accounts->list[k]))
			continue;
		tried[k] = true;
		return &r->accounts->list[k];
	}
	return NULL;
}

static bool is_refused(int status)
{
	return (status >= 401 && status <= 403) || status == 407 ||
	       status == 429;
}

static struct json_object *ask_pool(struct catalog *c, struct err *e)
{
	bool tried[ACCOUNTS_MAX + 2] = { false };
	struct pool_request r = { .home = c->home,
				  .accounts = c->pool,
				  .bound = "",
				  .tried = tried };
	const struct account *a = c->pool ? next_account(&r, tried) : NULL;
	struct json_object *o = NULL;
	int status = 0;

	if (!a)
		return ask(c, &status, e);
	for (int i = 0; a && i < REFUSED_MAX; i++) {
		take_account(c, a);
		o = ask(c, &status, e);
		if (!is_refused(status))
			break;
		a = next_account(&r, tried);
	}
	return o;
}

struct json_object *catalog_ask(struct catalog *c, struct json_object *kept)
{
	struct err e = { 0 };
	struct json_object *o = ask_pool(c, &e);

	/* That nobody waits for the answer any more is not its fault. */
	if (e.code == ERR_GONE || e.code == ERR_SHUTDOWN)
		return kept;
	if (json_length(json_get(o, "data"))) {
		json_object_put(kept);
		kept = o;
	} else {
		json_object_put(o);
		if (!kept)
			kept = json_object_new_object();
		json_object_object_add(kept, "failed",
				       json_object_new_boolean(true));
	}
	keep(c, kept);
	return kept;
}

/* --- names of families --------------------------------------------------- */

static const char *const families[] = { "opus", "sonnet", "haiku" };

static const char *family_named(const char *model, bool *million)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		size_t n = strlen(families[i]);

		if (strncmp(model, families[i], n))
			continue;
		*million = strcmp(model + n, "1m") == 0;
		if (!model[n] || *million)
			return families[i];
	}
	return NULL;
}

/* The later of two by its date, then by its name. Dates are RFC 3339 in UTC,
 * so their order is that of the text. */
static bool later(struct json_object *a, struct json_object *b)
{
	int order;

	if (!b)
		return true;
	order = strcmp(json_str(a, "created_at").p,
		       json_str(b, "created_at").p);
	if (!order)
		order = strcmp(json_str(a, "id").p, json_str(b, "id").p);
	return order > 0;
}

static struct span newest(struct json_object *data, const char *family)
{
	struct json_object *best = NULL;

	for (size_t i = 0; i < json_length(data); i++) {
		struct json_object *o = json_at(data, i);
		struct span id = json_str(o, "id");

		if (span_starts(id, "claude-") && strstr(id.p, family) &&
		    later(o, best))
			best = o;
	}
	return json_str(best, "id");
}

/* The names in share/models.json are in order, the newest first. */
static struct span newest_baked(const struct models *m, const char *family)
{
	struct json_object *list = models_baked(m, DIALECT_ANTHROPIC);

	for (size_t i = 0; i < json_length(list); i++) {
		struct span id = json_span(json_at(list, i));

		if (id.n && strstr(id.p, family))
			return id;
	}
	return span_of(family);
}

bool catalog_alias(struct catalog *c, const struct models *baked,
		   const char *model, char *out, size_t n, bool *million)
{
	const char *family = family_named(model, million);
	struct json_object *list;
	struct span id;
	bool due;

	if (!family)
		return false;
	list = catalog_kept(c, &due);
	if (due && c->credential.n)
		list = catalog_ask(c, list);
	id = newest(json_get(list, "data"), family);
	if (!id.n)
		id = newest_baked(baked, family);
	snprintf(out, n, "%.*s", SPAN_FMT(id));
	json_object_put(list);
	return true;
}
