/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/catalog.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/jw.h"
#include "base/log.h"
#include "net/fetch.h"
#include "net/model-list.h"
#include "state/config/model-name.h"
#include "state/pool/pool.h"

#include <stdio.h>
#include <string.h>

#define KEEP_MS 600000 /* what a backend said */
#define KEEP_CLAUDE_MS 3600000
#define FAIL_MS 30000         /* that it said nothing */
#define ANSWER_MAX (8u << 20) /* bytes of a backend's list */
#define LIST_MAX (SHARED_TEXT_MAX - 4096)
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
		backend_key_credential(b, a->api_key, b->protocol,
				       &c->credential);
}

/* Which provider, and for whom: what another one said is nobody's list. A
 * pool's members all see the same. */
static void sign(struct catalog *c)
{
	struct buf text;

	buf_init(&text, 24576);
	buf_str(&text, c->backend->base_url);
	if (!backend_is_pool(c->backend) && c->backend->api_key)
		buf_str(&text, c->backend->api_key);
	digest_hex(buf_get(&text), c->sign, sizeof(c->sign));
	buf_release(&text);
}

static struct shared_entry *entry_of(const char *home, const char *backend)
{
	char name[SHARED_NAME_MAX];

	snprintf(name, sizeof(name), "models-%s", backend);
	return shared_entry(home, name);
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
	backend_models_url(b, &c->url);
	c->proxy = b->proxy;
	c->ca_file = b->ca_file;
	if (account)
		take_account(c, account);
	sign(c);
	c->entry = entry_of(home, b->name);
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

void catalog_forget(const char *home, const char *backend)
{
	shared_remove(entry_of(home, backend));
}

static struct json_object *read_kept(const struct catalog *c, struct span text)
{
	struct err unused;
	struct json_object *list = text.n ? json_read(text, &unused) : NULL;

	if (span_is(json_str(list, "sign"), c->sign))
		return list;
	json_object_put(list);
	return NULL;
}

struct json_object *catalog_kept(const struct catalog *c, bool *due)
{
	struct json_object *list;
	struct err unused;
	struct buf text;
	int64_t age, keep;

	buf_init(&text, SHARED_TEXT_MAX);
	shared_read(c->entry, &text, &unused);
	list = read_kept(c, buf_get(&text));
	buf_release(&text);
	age = clock_wall_ms() - json_count(list, "asked", 0);
	keep = c->backend->claude ? KEEP_CLAUDE_MS : KEEP_MS;
	if (json_flag(list, "failed", false))
		keep = FAIL_MS;
	*due = !list || age < 0 || age >= keep;
	return list;
}

/* One that has moved does not wait for who asks at its old address. */
bool catalog_turn(const struct catalog *c)
{
	char name[SHARED_NAME_MAX];

	snprintf(name, sizeof(name), "ask-%s-%s", c->backend->name, c->sign);
	return shared_turn(shared_entry(c->home, name), ASK_MS, 0) >= 0;
}

/* What is to be kept of an answer; `models` is empty when there was none. */
struct said {
	const struct catalog *catalog;
	struct span models;
};

static bool change(void *arg, struct span was, struct buf *now)
{
	const struct said *a = arg;
	struct json_object *old = NULL;
	struct jw w = jw_to(now);
	struct span models = a->models;

	if (!models.n) { /* what it said before is better than nothing */
		old = read_kept(a->catalog, was);
		if (json_get(old, "data"))
			models = json_text(json_get(old, "data"));
	}
	jw_obj(&w);
	jw_kcstr(&w, "sign", a->catalog->sign);
	jw_kint(&w, "asked", clock_wall_ms());
	if (!a->models.n)
		jw_kbool(&w, "failed", true);
	if (models.n) {
		jw_key(&w, "data");
		jw_raw(&w, models);
	}
	jw_obj_end(&w);
	json_object_put(old);
	return true;
}

int catalog_credential(struct catalog *c, struct err *e)
{
	if (c->credential.n || c->backend->claude)
		return 0;
	return backend_credential(c->backend, c->home, c->backend->protocol,
				  &c->credential, e);
}

/* The models of its answer; 0 when it had any. */
static int ask(struct catalog *c, struct buf *models, int *status,
	       struct err *e)
{
	struct fetch f = {
		.url = c->url.p,
		.field = c->field,
		.more = c->backend->fields,
		.n_more = c->backend->n_fields,
		.proxy = c->proxy,
		.ca_file = c->ca_file,
		.timeout_ms = ASK_MS,
		.on_wait = c->on_wait,
		.arg = c->arg,
	};
	int n = 0;

	if (catalog_credential(c, e))
		return -1;
	f.credential = c->credential.n ? c->credential.p : "";
	buf_init(&f.body, ANSWER_MAX);
	if (fetch_run(c->http, &f, e) == 0 && f.status == 200)
		n = model_list_read(buf_get(&f.body), models);
	*status = f.status;
	buf_release(&f.body);
	return n > 0 ? 0 : -1;
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

/* With another key than the one that was refused, if a command has one. */
static bool has_new_key(struct catalog *c)
{
	struct key_command *k = c->backend->key_command;
	const char *key = strrchr(buf_cstr(&c->credential), ' ');

	if (!k || !key || !key_command_refused(k, c->home, span_of(key + 1)))
		return false;
	buf_reset(&c->credential);
	return true;
}

static int ask_pool(struct catalog *c, struct buf *models, struct err *e)
{
	bool tried[ACCOUNTS_MAX + 2] = { false };
	struct pool_request r = { .home = c->home,
				  .accounts = c->pool,
				  .tried = tried };
	const struct account *a = c->pool ? next_account(&r, tried) : NULL;
	int status = 0, rc = -1;

	if (!a) {
		rc = ask(c, models, &status, e);
		return status == 401 && has_new_key(c)
			     ? ask(c, models, &status, e)
			     : rc;
	}
	for (int i = 0; a && i < REFUSED_MAX; i++) {
		take_account(c, a);
		rc = ask(c, models, &status, e);
		if (!is_refused(status))
			break;
		a = next_account(&r, tried);
	}
	return rc;
}

void catalog_ask(struct catalog *c)
{
	struct said a = { .catalog = c };
	struct err e = { 0 };
	struct buf models;

	buf_init(&models, LIST_MAX);
	if (ask_pool(c, &models, &e) == 0)
		a.models = buf_get(&models);
	/* That nobody waits for the answer any more is not its fault. */
	if (e.code != ERR_GONE && e.code != ERR_SHUTDOWN &&
	    shared_update(c->entry, change, &a, &e))
		log_msg("%s", e.msg); /* asked again next time, then */
	buf_release(&models);
}

/* --- names of families --------------------------------------------------- */

const char *const catalog_families[] = { "opus", "sonnet", "haiku", NULL };

/* The later of two by its date, then by its name. */
static bool later(struct json_object *a, struct json_object *b)
{
	int64_t one = json_count(a, "created", 0);
	int64_t other = json_count(b, "created", 0);

	if (!b || one != other)
		return !b || one > other;
	return strcmp(json_str(a, "id").p, json_str(b, "id").p) > 0;
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

struct span catalog_newest(struct json_object *list, const struct models *baked,
			   const char *family)
{
	struct span id = newest(json_get(list, "data"), family);

	return id.n ? id : newest_baked(baked, family);
}

bool catalog_alias(struct catalog *c, const struct models *baked,
		   const char *model, char *out, size_t n, bool *million)
{
	const char *family = model_name_family(model, million);
	struct json_object *list;
	struct span id;
	bool due;

	if (!family)
		return false;
	list = catalog_kept(c, &due);
	if (due && c->credential.n) {
		catalog_ask(c);
		json_object_put(list);
		list = catalog_kept(c, &due);
	}
	id = catalog_newest(list, baked, family);
	span_text(out, n, id);
	json_object_put(list);
	return true;
}
