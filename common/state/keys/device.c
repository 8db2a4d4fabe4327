/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/device.h"

#include "base/clock.h"
#include "base/fnv.h"
#include "state/keys/grant.h"
#include "state/shared/shared.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "sign-ins"
#define LETTERS "BCDFGHJKLMNPQRSTVWXZ" /* RFC 8628, 6.1 */
#define USER_CHARS 8
#define INVITATION_CHARS 20
#define GROUP 4 /* letters between two hyphens */
#define HEX_BYTES (2 * DIGEST_SHA256_BYTES + 1)
#define EARLY_MS 500 /* a question that is so much too early is not */
#define SLOWER 5     /* seconds, for who asks too soon */
#define TRY_SLOTS 128

#define BEHIND_PROXY 10 /* times as many as from one address */

static const struct {
	const char *name;
	int64_t interval; /* ms in which one is forgotten */
	int64_t burst;
} tries[DEVICE_TRIES] = {
	[DEVICE_TRY_BEGIN] = { "begin", 5000, 30 },
	[DEVICE_TRY_CODE] = { "code", 15000, 10 },
	[DEVICE_TRY_TOKEN] = { "token", 5000, 30 },
	[DEVICE_TRY_KEY] = { "key", 15000, 10 },
};

/* --- codes --------------------------------------------------------------- */

/* Each letter as likely as the others. */
static void draw(char *out, size_t n)
{
	unsigned char random[DIGEST_SHA256_BYTES];
	size_t at = sizeof(random), have = 0;

	while (have < n) {
		if (at == sizeof(random)) {
			char text[DIGEST_URL_BYTES];

			digest_random_url(text);
			digest_sha256(span_of(text), random);
			at = 0;
		}
		if (random[at] < 240)
			out[have++] = LETTERS[random[at] % 20];
		at++;
	}
	out[n] = '\0';
}

/* As people read it. */
static void group(const char *letters, char *out)
{
	for (size_t i = 0; letters[i]; i++) {
		if (i && i % GROUP == 0)
			*out++ = '-';
		*out++ = letters[i];
	}
	*out = '\0';
}

/* The hash of the letters in what was typed; false: there are not so many. */
static bool hash_typed(struct span typed, size_t want, char out[HEX_BYTES])
{
	char letters[INVITATION_CHARS + 1];
	size_t n = 0;

	for (size_t i = 0; i < typed.n; i++) {
		char c = (char)toupper((unsigned char)typed.p[i]);

		if (c == '-' || c == ' ')
			continue;
		if (!c || !strchr(LETTERS, c) || n == want)
			return false;
		letters[n++] = c;
	}
	digest_hex((struct span){ letters, n }, out, HEX_BYTES);
	return n == want;
}

static bool same(struct json_object *o, const char *member, const char *hash)
{
	struct span s = json_str(o, member);

	return s.n == HEX_BYTES - 1 &&
	       digest_same((const unsigned char *)s.p,
			   (const unsigned char *)hash, HEX_BYTES - 1);
}

/* --- the text ------------------------------------------------------------ */

static struct shared_entry *entry_of(const char *home)
{
	return shared_entry(home, NAME);
}

static void set_number(struct json_object *o, const char *member, int64_t v)
{
	json_object_object_add(o, member, json_object_new_int64(v));
}

/* Without what ended so long ago. */
static struct json_object *fresh(struct json_object *list, int64_t grace)
{
	struct json_object *out = json_object_new_array();
	int64_t oldest = clock_wall_ms() - grace;

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *o = json_at(list, i);

		if (json_count(o, "until", 0) > oldest)
			json_object_array_add(out, json_object_get(o));
	}
	return out;
}

/* Both lists are there; json_object_put it. One that has expired stays for as
 * long again, so that its program can be told. */
static struct json_object *read_text(struct span text)
{
	struct err unused;
	struct json_object *o = text.n ? json_read(text, &unused) : NULL;
	struct json_object *out = json_object_new_object();

	json_object_object_add(out, "waiting",
			       fresh(json_get(o, "waiting"), DEVICE_MS));
	json_object_object_add(out, "invitations",
			       fresh(json_get(o, "invitations"), 0));
	json_object_put(o);
	return out;
}

static struct json_object *find(struct json_object *list, const char *member,
				const char *hash, size_t *at)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i < json_length(list); i++)
		if (same(json_at(list, i), member, hash)) {
			found = json_at(list, i);
			*at = i;
		}
	return found;
}

static void name_key(struct json_object *o, const struct key *k)
{
	char sign[GRANT_SIGN_BYTES];

	grant_sign(k, sign);
	json_set_str(o, "key", k->name);
	json_set_str(o, "sign", sign);
}

static const struct key *named_key(struct json_object *o,
				   const struct keys *all)
{
	const char *name = json_cstr(o, "key"), *sign = json_cstr(o, "sign");

	return name && sign ? grant_key(all, name, sign) : NULL;
}

struct change {
	const struct keys *keys;
	const struct key *key;
	char hash[HEX_BYTES];       /* of the code that it is about */
	char invitation[HEX_BYTES]; /* or "" */
	const char *device;
	int64_t until;
	const char *answer; /* approved, denied */
	enum device_state state;
	int rc;
};

typedef bool step_fn(struct change *c, struct json_object *text);

struct step {
	struct change *c;
	step_fn *fn;
};

static bool run_step(void *arg, struct span was, struct buf *now)
{
	struct step *s = arg;
	struct json_object *text = read_text(was);
	bool write = s->fn(s->c, text);

	if (write)
		buf_span(now, json_text(text));
	json_object_put(text);
	return write;
}

static int change(const char *home, struct change *c, step_fn *fn,
		  struct err *e)
{
	struct step s = { c, fn };

	return shared_update(entry_of(home), run_step, &s, e) ? -1 : c->rc;
}

/* --- the program --------------------------------------------------------- */

static bool begin(struct change *c, struct json_object *text)
{
	struct json_object *list = json_get(text, "waiting"), *o;
	char hash[HEX_BYTES];

	c->rc = json_length(list) >= DEVICE_WAITING_MAX;
	if (c->rc)
		return false;
	o = json_object_new_object();
	digest_hex(span_of(c->device), hash, sizeof(hash));
	json_set_str(o, "device", hash);
	json_set_str(o, "code", c->hash);
	set_number(o, "until", clock_wall_ms() + DEVICE_MS);
	set_number(o, "interval", DEVICE_INTERVAL);
	json_object_array_add(list, o);
	return true;
}

int device_begin(const char *home, struct device_codes *out, struct err *e)
{
	char letters[USER_CHARS + 1];
	struct change c = { .device = out->device };

	digest_random_url(out->device);
	draw(letters, USER_CHARS);
	group(letters, out->user);
	hash_typed(span_of(letters), USER_CHARS, c.hash);
	if (change(home, &c, begin, e) < 0)
		return -1;
	return c.rc ? err_set(e, ERR_BUSY,
			      "too many sign-ins wait already: try again in "
			      "some minutes")
		    : 0;
}

static enum device_state look(struct json_object *o, int64_t now)
{
	int64_t interval = json_count(o, "interval", DEVICE_INTERVAL);
	int64_t asked = json_count(o, "asked", 0);
	struct span answer = json_str(o, "answer");

	if (json_count(o, "until", 0) <= now)
		return DEVICE_EXPIRED;
	if (span_is(answer, "denied"))
		return DEVICE_DENIED;
	if (span_is(answer, "approved"))
		return DEVICE_APPROVED;
	set_number(o, "asked", now);
	if (now - asked >= interval * 1000 - EARLY_MS)
		return DEVICE_PENDING;
	set_number(o, "interval", interval + SLOWER);
	return DEVICE_SLOW_DOWN;
}

/* What is told in the end is told once. */
static bool ask(struct change *c, struct json_object *text)
{
	struct json_object *list = json_get(text, "waiting");
	size_t at = 0;
	struct json_object *o = find(list, "device", c->hash, &at);

	c->state = o ? look(o, clock_wall_ms()) : DEVICE_UNKNOWN;
	if (c->state == DEVICE_APPROVED) {
		c->key = named_key(o, c->keys);
		if (!c->key)
			c->state = DEVICE_DENIED;
	}
	if (c->state == DEVICE_APPROVED || c->state == DEVICE_DENIED)
		json_object_array_del_idx(list, at, 1);
	return c->state != DEVICE_UNKNOWN;
}

int device_ask(const char *home, const struct keys *all, struct span code,
	       enum device_state *state, const struct key **key, struct err *e)
{
	struct change c = { .keys = all };

	digest_hex(code, c.hash, sizeof(c.hash));
	if (change(home, &c, ask, e))
		return -1;
	*state = c.state;
	*key = c.key;
	return 0;
}

/* --- the person ---------------------------------------------------------- */

static bool answer(struct change *c, struct json_object *text)
{
	struct json_object *invitations = json_get(text, "invitations");
	size_t at = 0, invited = 0;
	struct json_object *o = find(json_get(text, "waiting"), "code", c->hash,
				     &at);

	if (*c->invitation) {
		struct json_object *one = find(invitations, "code",
					       c->invitation, &invited);

		c->key = named_key(one, c->keys);
		c->rc = c->key ? 0 : 2;
	}
	if (!c->rc && (!o || json_get(o, "answer") ||
		       json_count(o, "until", 0) <= clock_wall_ms()))
		c->rc = 1;
	if (c->rc)
		return false;
	json_set_str(o, "answer", c->answer);
	if (c->key)
		name_key(o, c->key);
	if (*c->invitation)
		json_object_array_del_idx(invitations, invited, 1);
	return true;
}

int device_approve(const char *home, struct span user_code, const struct key *k,
		   struct err *e)
{
	struct change c = { .answer = "approved", .key = k };

	if (!hash_typed(user_code, USER_CHARS, c.hash))
		return 1;
	return change(home, &c, answer, e);
}

int device_deny(const char *home, struct span user_code, struct err *e)
{
	struct change c = { .answer = "denied" };

	if (!hash_typed(user_code, USER_CHARS, c.hash))
		return 1;
	return change(home, &c, answer, e);
}

int device_accept(const char *home, const struct keys *all,
		  struct span user_code, struct span invitation,
		  const struct key **key, struct err *e)
{
	struct change c = { .answer = "approved", .keys = all };
	int rc;

	if (!hash_typed(invitation, INVITATION_CHARS, c.invitation))
		return 2;
	if (!hash_typed(user_code, USER_CHARS, c.hash))
		*c.hash = '\0'; /* of none: the invitation is told first */
	rc = change(home, &c, answer, e);
	*key = c.key;
	return rc;
}

static bool invite(struct change *c, struct json_object *text)
{
	struct json_object *list = json_get(text, "invitations"), *o;

	c->rc = json_length(list) >= DEVICE_INVITATIONS_MAX;
	if (c->rc)
		return false;
	o = json_object_new_object();
	json_set_str(o, "code", c->hash);
	name_key(o, c->key);
	set_number(o, "until", c->until);
	json_object_array_add(list, o);
	return true;
}

int device_invite(const char *home, const struct key *k, int64_t until,
		  char out[DEVICE_INVITATION_BYTES], struct err *e)
{
	char letters[INVITATION_CHARS + 1];
	struct change c = { .key = k, .until = until };

	draw(letters, INVITATION_CHARS);
	group(letters, out);
	hash_typed(span_of(letters), INVITATION_CHARS, c.hash);
	if (change(home, &c, invite, e) < 0)
		return -1;
	return c.rc ? err_set(e, ERR_CONFIG,
			      "%d invitations are open already: wait until "
			      "some have expired",
			      DEVICE_INVITATIONS_MAX)
		    : 0;
}

/* --- a look -------------------------------------------------------------- */

static struct json_object *read_now(const char *home)
{
	struct json_object *out;
	struct err unused;
	struct buf text;

	buf_init(&text, SHARED_TEXT_MAX);
	shared_read(entry_of(home), &text, &unused);
	out = read_text(buf_get(&text));
	buf_release(&text);
	return out;
}

bool device_waits(const char *home, struct span code)
{
	struct json_object *text = read_now(home);
	char hash[HEX_BYTES];
	bool is;
	size_t at;

	digest_hex(code, hash, sizeof(hash));
	is = find(json_get(text, "waiting"), "device", hash, &at);
	json_object_put(text);
	return is;
}

bool device_is_invited(const char *home, const struct keys *all,
		       struct span invitation)
{
	struct json_object *text, *one;
	char hash[HEX_BYTES];
	bool is;
	size_t at;

	if (!hash_typed(invitation, INVITATION_CHARS, hash))
		return false;
	text = read_now(home);
	one = find(json_get(text, "invitations"), "code", hash, &at);
	is = one && named_key(one, all);
	json_object_put(text);
	return is;
}

/* --- tries --------------------------------------------------------------- */

/* Of an IPv6 address the network counts: its owner has all of it. */
static struct shared_entry *slot_of(const char *home, enum device_try what,
				    const char *who, const char *kind)
{
	struct span net = span_of(who ? who : "");
	char name[60];
	size_t colons = 0;

	for (size_t i = 0; i < net.n; i++)
		if (net.p[i] == ':' && ++colons == 4)
			net.n = i;
	snprintf(name, sizeof(name), "sign-in-%s%s-%02u", tries[what].name,
		 kind, (unsigned)(fnv(FNV_START, net) % TRY_SLOTS));
	return shared_entry(home, name);
}

/* Of one, and of all who come by the same proxy: how long a try is remembered,
 * and for how long they may reach into the future. */
struct slot {
	struct shared_entry *entry;
	int64_t interval, most;
};

static size_t slots_of(const char *home, enum device_try what,
		       struct device_from from, struct slot out[2])
{
	int64_t interval = tries[what].interval, all = interval / BEHIND_PROXY;

	out[0] = (struct slot){ slot_of(home, what, from.name, ""), interval,
				tries[what].burst * interval };
	if (!from.proxy)
		return 1;
	out[1] = (struct slot){ slot_of(home, what, from.proxy, "-all"), all,
				tries[what].burst * interval };
	return 2;
}

bool device_may_try(const char *home, enum device_try what,
		    struct device_from from)
{
	struct slot slots[2];
	size_t n = slots_of(home, what, from, slots);
	bool may = true;

	for (size_t i = 0; i < n; i++)
		may &= shared_turn_in(slots[i].entry, clock_wall_ms()) <=
		       slots[i].most - slots[i].interval;
	return may;
}

void device_tried(const char *home, enum device_try what,
		  struct device_from from)
{
	struct slot slots[2];
	size_t n = slots_of(home, what, from, slots);

	for (size_t i = 0; i < n; i++)
		shared_turn(slots[i].entry, slots[i].interval, slots[i].most);
}
