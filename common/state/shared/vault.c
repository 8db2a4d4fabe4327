/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/vault.h"

#include "base/clock.h"
#include "base/digest.h"
#include "state/shared/keyring.h"

#ifdef HAVE_HIREDIS
#include "state/shared/shared-redis.h"
#endif

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define AHEAD_MAX_MS (24LL * 3600 * 1000)

/* Of this process, once it is set up. The key file is read again when it has
 * changed: a key that is added is of use at once. */
static struct {
	char *path;
	bool on;
} vault;

char *vault_key_path(const char *home, const struct settings *s)
{
	char path[PATH_MAX];

	if (*s->store_key_file)
		return xstrdup(s->store_key_file);
	snprintf(path, sizeof(path), "%s/" KEYRING_FILE, home);
	return xstrdup(path);
}

bool vault_exists(void)
{
	return vault.on;
}

int vault_setup(const char *home, const struct settings *s, struct err *e)
{
	struct keyring keys;
	int rc = 0;

	free(vault.path);
	vault.path = vault_key_path(home, s);
	vault.on = false;
	if (!*s->store)
		return 0;
	rc = keyring_load(&keys, vault.path, e);
	vault.on = rc == 0;
	if (rc > 0 && *s->store_key_file)
		rc = err_set(e, ERR_CONFIG,
			     "storeKeyFile: there is no %s: make it with dario "
			     "store key, or copy that of another host",
			     vault.path);
	keyring_forget(&keys);
	return rc < 0 ? -1 : 0;
}

void vault_release(struct vault_thing *t)
{
	buf_release(&t->text);
}

int64_t vault_next(int64_t after)
{
	int64_t now = clock_wall_ms();

	return now > after ? now : after + 1;
}

void vault_token(struct span token, char out[VAULT_TOKEN_CHARS + 1])
{
	out[0] = '\0';
	if (token.n)
		digest_hex(token, out, VAULT_TOKEN_CHARS + 1);
}

#ifdef HAVE_HIREDIS

static int load_keys(struct keyring *k, struct err *e)
{
	int rc;

	if (!vault.on)
		return err_set(e, ERR_CONFIG,
			       "there is no store with a key file here: set "
			       "store, and make the key with dario store key");
	rc = keyring_load(k, vault.path, e);
	if (rc > 0)
		return err_set(e, ERR_CONFIG,
			       "%s is gone: copy it from another "
			       "host",
			       vault.path);
	return rc;
}

static void begin(struct redis_args *a, const char *op, const char *name)
{
	redis_args(a, op, shared_redis_self(), shared_redis_since());
	redis_word(a, name);
}

/* --- reading ------------------------------------------------------------- */

static void copy(char *out, size_t n, struct span s)
{
	snprintf(out, n, "%.*s", s.n < n ? (int)s.n : 0, s.n ? s.p : "");
}

static void got(void *arg, const redisReply *answer)
{
	struct vault_thing *t = arg;

	if (!answer)
		return;
	t->version = redis_int_at(answer, 0);
	copy(t->token, sizeof(t->token), redis_text_at(answer, 1));
	buf_span(&t->text, redis_text_at(answer, 2));
	t->busy = redis_int_at(answer, 3);
	if (span_is(redis_text_at(answer, 4), redis_link_self()))
		t->busy = 0;
	t->doubt = redis_int_at(answer, 5);
	keyring_id(buf_get(&t->text), t->key);
}

int vault_look(const char *name, struct vault_thing *out, struct err *e)
{
	struct redis_args a;

	memset(out, 0, sizeof(*out));
	buf_init(&out->text, VAULT_TEXT_MAX + 1024);
	begin(&a, "vget", name);
	if (redis_ask(&a, got, out, e))
		return -1;
	/* What is counted on from there must not run away. */
	if (out->version <= clock_wall_ms() + AHEAD_MAX_MS)
		return 0;
	return err_set(e, ERR_CONFIG,
		       "%s: the store has a version of a time to come, which "
		       "no host has put there: delete it in the store, and run "
		       "dario store push",
		       name);
}

static int open_thing(const struct keyring *k, const char *name,
		      struct vault_thing *t, struct err *e)
{
	struct keyring_name what = { name, t->version, t->token };
	struct buf plain;
	int rc;

	buf_init(&plain, VAULT_TEXT_MAX + 1024);
	rc = keyring_open(k, &what, buf_get(&t->text), &plain, e);
	buf_release(&t->text);
	t->text = plain;
	return rc;
}

int vault_get(const char *name, struct vault_thing *out, struct err *e)
{
	struct keyring keys;
	int rc = load_keys(&keys, e);

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = vault_look(name, out, e);
	if (rc == 0 && out->version)
		rc = open_thing(&keys, name, out, e);
	keyring_forget(&keys);
	return rc;
}

/* --- writing ------------------------------------------------------------- */

struct putting {
	struct vault_thing *to;
	bool done;
};

static void was_put(void *arg, const redisReply *answer)
{
	struct putting *p = arg;

	if (!answer)
		return;
	p->done = redis_int_at(answer, 0);
	p->to->version = redis_int_at(answer, 1);
	copy(p->to->token, sizeof(p->to->token), redis_text_at(answer, 2));
}

static void put_base(struct redis_args *a, const struct vault_base *b)
{
	if (b->version == VAULT_ANY_VERSION)
		redis_word(a, "*");
	else
		redis_int(a, b->version);
	redis_word(a, b->token);
}

int vault_put(const char *name, struct vault_thing *to,
	      const struct vault_base *base, struct span text, struct err *e)
{
	struct keyring_name what = { name, to->version, to->token };
	struct putting p = { to, false };
	struct keyring keys;
	struct redis_args a;
	struct buf sealed;
	int rc = load_keys(&keys, e);

	if (rc)
		return -1;
	buf_init(&sealed, VAULT_TEXT_MAX + 1024);
	rc = text.n > VAULT_TEXT_MAX
		   ? err_set(e, ERR_TOO_BIG, "%s is too large to be shared",
			     name)
		   : keyring_seal(&keys, &what, text, &sealed, e);
	keyring_forget(&keys);
	if (rc == 0) {
		begin(&a, "vput", name);
		redis_int(&a, to->version);
		redis_word(&a, to->token);
		put_base(&a, base);
		redis_text(&a, buf_get(&sealed));
		rc = redis_ask(&a, was_put, &p, e);
	}
	buf_release(&sealed);
	return rc ? -1 : !p.done;
}

static void nothing(void *arg, const redisReply *answer)
{
	(void)arg;
	(void)answer;
}

/* --- turns --------------------------------------------------------------- */

struct turning {
	int64_t said, doubt;
};

static void turned(void *arg, const redisReply *answer)
{
	struct turning *t = arg;

	if (!answer)
		return;
	t->said = redis_int_at(answer, 0);
	t->doubt = redis_int_at(answer, 2);
}

int vault_turn(const char *name, int64_t version, int64_t ms,
	       enum vault_turn *turn, int64_t *doubt, struct err *e)
{
	static const enum vault_turn said[] = { VAULT_THEIRS, VAULT_OURS,
						VAULT_CHANGED };
	struct turning t = { 0, -1 };
	struct redis_args a;

	begin(&a, "vturn", name);
	redis_int(&a, version);
	redis_word(&a, redis_link_self());
	redis_int(&a, ms);
	if (redis_ask(&a, turned, &t, e))
		return -1;
	*turn = said[t.said < 0 || t.said > 2 ? 0 : t.said];
	*doubt = t.doubt;
	return 0;
}

void vault_free(const char *name)
{
	struct redis_args a;
	struct err unused;

	begin(&a, "vfree", name);
	redis_word(&a, redis_link_self());
	redis_ask(&a, nothing, NULL, &unused);
}

/* --- all ----------------------------------------------------------------- */

struct listing {
	vault_list_fn *fn;
	void *arg;
};

static void listed(void *arg, const redisReply *answer)
{
	struct listing *l = arg;
	char name[VAULT_NAME_MAX + 1], version[24];

	for (size_t i = 0; answer; i += 2) {
		struct span s = redis_text_at(answer, i);

		if (!s.n)
			return;
		copy(name, sizeof(name), s);
		copy(version, sizeof(version), redis_text_at(answer, i + 1));
		if (*name)
			l->fn(l->arg, name, strtoll(version, NULL, 10));
	}
}

int vault_list(vault_list_fn *fn, void *arg, struct err *e)
{
	struct listing l = { fn, arg };
	struct redis_args a;

	redis_args(&a, "vlist", shared_redis_self(), shared_redis_since());
	return redis_ask(&a, listed, &l, e);
}

uint64_t vault_version(void)
{
	return shared_version(shared_entry("", "sealed"));
}

#else

static int none(struct err *e)
{
	return err_set(e, ERR_CONFIG,
		       "this dario was built without hiredis: there is no "
		       "store but files");
}

int vault_look(const char *name, struct vault_thing *out, struct err *e)
{
	(void)name;
	memset(out, 0, sizeof(*out));
	return none(e);
}

int vault_get(const char *name, struct vault_thing *out, struct err *e)
{
	return vault_look(name, out, e);
}

int vault_put(const char *name, struct vault_thing *to,
	      const struct vault_base *base, struct span text, struct err *e)
{
	(void)name;
	(void)to;
	(void)base;
	(void)text;
	return none(e);
}

int vault_turn(const char *name, int64_t version, int64_t ms,
	       enum vault_turn *turn, int64_t *doubt, struct err *e)
{
	(void)name;
	(void)version;
	(void)ms;
	(void)turn;
	(void)doubt;
	return none(e);
}

void vault_free(const char *name)
{
	(void)name;
}

int vault_list(vault_list_fn *fn, void *arg, struct err *e)
{
	(void)fn;
	(void)arg;
	return none(e);
}

uint64_t vault_version(void)
{
	return 0;
}

#endif
