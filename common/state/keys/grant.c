/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/grant.h"

#include "base/clock.h"
#include "base/jw.h"
#include "state/shared/shared.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS KEY_PREFIX "at-"
#define REFRESH KEY_PREFIX "rt-"
#define ID_CHARS 24
#define TOKEN_CHARS (sizeof(ACCESS) - 1 + ID_CHARS + 1 + DIGEST_URL_BYTES - 1)
#define HEX_BYTES (2 * DIGEST_SHA256_BYTES + 1)
#define TEXTS 64
#define GRANTS_MAX 1500 /* in one text; the least used makes room */
#define ACCESSES 2      /* the last token, and the one before */

struct grant {
	char id[HEX_BYTES]; /* hashes, as hex */
	char refresh[HEX_BYTES];
	struct {
		char hash[HEX_BYTES];
		int64_t until; /* ms since 1970 */
	} access[ACCESSES];
	char key[KEY_NAME_MAX + 1], sign[GRANT_SIGN_BYTES];
	int64_t used; /* when it was made, or last refreshed */
};

struct grants {
	struct grant *list;
	size_t n;
};

/* As last read by this process. */
static struct {
	pthread_mutex_t lock;
	struct {
		struct shared_entry *entry; /* NULL: not read yet */
		uint64_t version;
		struct grants grants;
	} texts[TEXTS];
} known = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* --- tokens -------------------------------------------------------------- */

static void hash_of(struct span text, char out[HEX_BYTES])
{
	digest_hex(text, out, HEX_BYTES);
}

static bool same_hash(const char *a, const char *b)
{
	return digest_same((const unsigned char *)a, (const unsigned char *)b,
			   HEX_BYTES - 1);
}

static bool is_token(struct span token, const char *prefix)
{
	return token.n == TOKEN_CHARS && span_starts(token, prefix) &&
	       token.p[strlen(prefix) + ID_CHARS] == '-';
}

bool grant_is(struct span token)
{
	return is_token(token, ACCESS);
}

static struct span id_of(struct span token)
{
	return (struct span){ token.p + strlen(ACCESS), ID_CHARS };
}

static void make_token(char out[GRANT_TOKEN_BYTES], const char *prefix,
		       const char *id)
{
	char secret[DIGEST_URL_BYTES];

	digest_random_url(secret);
	snprintf(out, GRANT_TOKEN_BYTES, "%s%s-%s", prefix, id, secret);
}

/* A new pair for g. */
static void give(struct grant *g, const char *id, struct grant_tokens *out)
{
	int64_t now = clock_wall_ms();

	make_token(out->access, ACCESS, id);
	make_token(out->refresh, REFRESH, id);
	g->access[1] = g->access[0];
	hash_of(span_of(out->access), g->access[0].hash);
	g->access[0].until = now + GRANT_ACCESS_MS;
	hash_of(span_of(out->refresh), g->refresh);
	g->used = now;
}

static unsigned place_of(const char *id_hash)
{
	const char two[3] = { id_hash[0], id_hash[1], '\0' };

	return (unsigned)strtoul(two, NULL, 16) % TEXTS;
}

static struct shared_entry *entry_of(const char *home, unsigned place)
{
	char name[24];

	snprintf(name, sizeof(name), "grants-%02x", place);
	return shared_entry(home, name);
}

/* --- a text -------------------------------------------------------------- */

static void take_str(struct json_object *o, const char *member, char *out,
		     size_t n)
{
	struct span s = json_str(o, member);

	span_text(out, n, s);
}

static void read_grant(struct grant *g, struct json_object *o)
{
	memset(g, 0, sizeof(*g));
	take_str(o, "id", g->id, sizeof(g->id));
	take_str(o, "refresh", g->refresh, sizeof(g->refresh));
	take_str(o, "key", g->key, sizeof(g->key));
	take_str(o, "sign", g->sign, sizeof(g->sign));
	g->used = json_count(o, "used", 0);
	for (size_t i = 0; i < ACCESSES; i++) {
		struct json_object *a = json_at(json_get(o, "access"), i);

		take_str(a, "hash", g->access[i].hash, HEX_BYTES);
		g->access[i].until = json_count(a, "until", 0);
	}
}

/* Room for one more is there. */
static void read_grants(struct grants *all, struct span text)
{
	int64_t oldest = clock_wall_ms() - GRANT_IDLE_MS;
	struct err unused;
	struct json_object *o = text.n ? json_read(text, &unused) : NULL;
	struct json_object *list = json_get(o, "grants");
	size_t n = json_length(list);

	all->list = xcalloc(n + 1, sizeof(*all->list));
	all->n = 0;
	for (size_t i = 0; i < n; i++) {
		read_grant(&all->list[all->n], json_at(list, i));
		if (all->list[all->n].used > oldest)
			all->n++;
	}
	json_object_put(o);
}

static void write_grant(struct jw *w, const struct grant *g)
{
	jw_obj(w);
	jw_kcstr(w, "id", g->id);
	jw_kcstr(w, "key", g->key);
	jw_kcstr(w, "sign", g->sign);
	jw_kint(w, "used", g->used);
	jw_kcstr(w, "refresh", g->refresh);
	jw_key(w, "access");
	jw_arr(w);
	for (size_t i = 0; i < ACCESSES && g->access[i].until; i++) {
		jw_obj(w);
		jw_kcstr(w, "hash", g->access[i].hash);
		jw_kint(w, "until", g->access[i].until);
		jw_obj_end(w);
	}
	jw_arr_end(w);
	jw_obj_end(w);
}

static void write_grants(const struct grants *all, struct buf *out)
{
	struct jw w = jw_to(out);

	jw_obj(&w);
	jw_key(&w, "grants");
	jw_arr(&w);
	for (size_t i = 0; i < all->n; i++)
		write_grant(&w, &all->list[i]);
	jw_arr_end(&w);
	jw_obj_end(&w);
}

static struct grant *find(const struct grants *all, const char *id_hash)
{
	struct grant *found = NULL;

	for (size_t i = 0; i < all->n; i++)
		if (same_hash(all->list[i].id, id_hash))
			found = &all->list[i];
	return found;
}

static void drop(struct grants *all, struct grant *g)
{
	*g = all->list[--all->n];
}

/* --- changes ------------------------------------------------------------- */

struct change {
	const struct keys *keys;
	const struct key *key; /* of a new grant */
	struct span token;
	const char *id;
	char id_hash[HEX_BYTES];
	struct grant_tokens *out;
	bool good;
};

static bool add(void *arg, struct span was, struct buf *now)
{
	struct change *c = arg;
	struct grants all;
	struct grant *g;

	read_grants(&all, was);
	if (all.n >= GRANTS_MAX) {
		g = &all.list[0];
		for (size_t i = 1; i < all.n; i++)
			if (all.list[i].used < g->used)
				g = &all.list[i];
		drop(&all, g);
	}
	g = &all.list[all.n++];
	memset(g, 0, sizeof(*g));
	memcpy(g->id, c->id_hash, sizeof(g->id));
	snprintf(g->key, sizeof(g->key), "%s", c->key->name);
	grant_sign(c->key, g->sign);
	give(g, c->id, c->out);
	write_grants(&all, now);
	free(all.list);
	return true;
}

static bool refresh(void *arg, struct span was, struct buf *now)
{
	struct change *c = arg;
	char hash[HEX_BYTES];
	struct grants all;
	struct grant *g;
	bool write = false;

	read_grants(&all, was);
	hash_of(c->token, hash);
	g = find(&all, c->id_hash);
	if (g && !same_hash(g->refresh, hash)) {
		drop(&all, g);
		write = true;
	} else if (g && grant_key(c->keys, g->key, g->sign)) {
		give(g, c->id, c->out);
		write = c->good = true;
	}
	if (write)
		write_grants(&all, now);
	free(all.list);
	return write;
}

static bool revoke(void *arg, struct span was, struct buf *now)
{
	struct change *c = arg;
	char hash[HEX_BYTES];
	struct grants all;
	struct grant *g;
	bool write = false;

	read_grants(&all, was);
	hash_of(c->token, hash);
	g = find(&all, c->id_hash);
	if (g) { /* all three, whichever it is */
		write = same_hash(g->refresh, hash);
		write |= same_hash(g->access[0].hash, hash);
		write |= same_hash(g->access[1].hash, hash);
	}
	if (write) {
		drop(&all, g);
		write_grants(&all, now);
	}
	free(all.list);
	return write;
}

static int change(const char *home, struct change *c, shared_change_fn *fn,
		  struct err *e)
{
	char id[ID_CHARS + 1];

	if (c->token.n) {
		struct span s = id_of(c->token);

		span_text(id, sizeof(id), s);
		c->id = id;
	}
	hash_of(span_of(c->id), c->id_hash);
	return shared_update(entry_of(home, place_of(c->id_hash)), fn, c, e);
}

int grant_make(const char *home, const struct key *k, struct grant_tokens *out,
	       struct err *e)
{
	char id[ID_CHARS + 1];
	struct change c = { .key = k, .id = id, .out = out };

	digest_random_id(id, sizeof(id), "");
	return change(home, &c, add, e);
}

int grant_refresh(const char *home, const struct keys *all, struct span token,
		  struct grant_tokens *out, struct err *e)
{
	struct change c = { .keys = all, .token = token, .out = out };

	if (!is_token(token, REFRESH))
		return 1;
	if (change(home, &c, refresh, e))
		return -1;
	return c.good ? 0 : 1;
}

int grant_revoke(const char *home, struct span token, struct err *e)
{
	struct change c = { .token = token };

	if (!is_token(token, REFRESH) && !is_token(token, ACCESS))
		return 0;
	return change(home, &c, revoke, e);
}

/* --- whose is it? -------------------------------------------------------- */

void grant_sign(const struct key *k, char out[GRANT_SIGN_BYTES])
{
	digest_hex((struct span){ (const char *)k->hash, sizeof(k->hash) }, out,
		   GRANT_SIGN_BYTES);
}

static const struct key *key_of(const struct keys *all, const char *name,
				const char *sign)
{
	const struct key *k = keys_named(all, name);
	char now[GRANT_SIGN_BYTES];

	if (!k || k->wrong)
		return NULL;
	grant_sign(k, now);
	return strcmp(now, sign) ? NULL : k;
}

const struct key *grant_key(const struct keys *all, const char *name,
			    const char *sign)
{
	const struct key *k = key_of(all, name, sign);
	char mem[80];

	return k && !key_refusal(k, clock_wall_ms(), mem) ? k : NULL;
}

/* With the lock. */
static const struct key *look_up(const struct grants *list,
				 const struct keys *all, const char *id_hash,
				 struct span token)
{
	const struct grant *g = find(list, id_hash);
	int64_t now = clock_wall_ms();
	char hash[HEX_BYTES];
	bool good = false;

	hash_of(token, hash);
	for (size_t i = 0; g && i < ACCESSES; i++)
		good |= same_hash(g->access[i].hash, hash) &&
			g->access[i].until > now &&
			g->access[i].until <= now + GRANT_ACCESS_MS;
	return good ? key_of(all, g->key, g->sign) : NULL;
}

static int read_again(struct shared_entry *entry, unsigned place,
		      uint64_t version, struct err *e)
{
	struct grants all;
	struct buf text;
	int rc;

	buf_init(&text, SHARED_TEXT_MAX);
	rc = shared_read(entry, &text, e);
	if (rc >= 0)
		read_grants(&all, buf_get(&text));
	buf_release(&text);
	if (rc < 0)
		return -1;
	pthread_mutex_lock(&known.lock);
	free(known.texts[place].grants.list);
	known.texts[place].entry = entry;
	known.texts[place].version = version;
	known.texts[place].grants = all;
	pthread_mutex_unlock(&known.lock);
	return 0;
}

/* The text of that place, as it is now, in `known`. */
static int look(const char *home, struct shared_entry *entry, unsigned place,
		struct err *e)
{
	uint64_t version;
	bool fresh;

	shared_sync(home);
	version = shared_version(entry);
	pthread_mutex_lock(&known.lock);
	fresh = known.texts[place].entry == entry &&
		known.texts[place].version == version;
	pthread_mutex_unlock(&known.lock);
	return fresh ? 0 : read_again(entry, place, version, e);
}

int grant_find(const char *home, const struct keys *all, struct span token,
	       const struct key **out, struct err *e)
{
	struct shared_entry *entry;
	char id_hash[HEX_BYTES];
	unsigned place;

	hash_of(id_of(token), id_hash);
	place = place_of(id_hash);
	entry = entry_of(home, place);
	*out = NULL;
	if (look(home, entry, place, e))
		return -1;
	pthread_mutex_lock(&known.lock);
	if (known.texts[place].entry == entry)
		*out = look_up(&known.texts[place].grants, all, id_hash, token);
	pthread_mutex_unlock(&known.lock);
	return 0;
}

bool grant_is_known(const char *home, struct span token)
{
	struct shared_entry *entry;
	char id_hash[HEX_BYTES];
	struct err unused;
	unsigned place;
	bool is = false;

	if (!is_token(token, REFRESH))
		return false;
	hash_of(id_of(token), id_hash);
	place = place_of(id_hash);
	entry = entry_of(home, place);
	look(home, entry, place, &unused); /* else what was known before */
	pthread_mutex_lock(&known.lock);
	if (known.texts[place].entry == entry)
		is = find(&known.texts[place].grants, id_hash);
	pthread_mutex_unlock(&known.lock);
	return is;
}
