/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "state/keys/session-secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDED_FILE "sessions-ended"
#define ENDED_MAX 20000 /* lines, which fit into a file of the store */
#define NONCE_CHARS 24
#define PARTS 5

/* Of the credential, without telling it. */
static int sign_credential(const char *home, const struct snapshot *c,
			   struct session who, char out[DIGEST_URL_BYTES],
			   struct err *e)
{
	struct span hash = { (const char *)(who.key ? who.key->hash : NULL),
			     who.key ? sizeof(who.key->hash) : 0 };
	unsigned char own[DIGEST_SHA256_BYTES];

	if (who.key)
		return session_sign(home, "person", hash, out, e);
	digest_sha256(span_of(c->settings.api_key), own);
	return session_sign(home, "owner",
			    (struct span){ (const char *)own, sizeof(own) },
			    out, e);
}

/* --- those that were ended ----------------------------------------------- */

static int64_t now_s(void)
{
	return clock_wall_ms() / 1000;
}

static bool is_number(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n && s.n < 15;
}

/* "NONCE EXPIRES"; or "* EXPIRES": all that expire until then. */
struct ended {
	struct span line, nonce;
	int64_t expires;
	bool all;
};

static bool next_ended(struct span *rest, struct ended *out)
{
	struct span text;

	out->line = text = span_cut(rest, '\n');
	out->nonce = span_cut(&text, ' ');
	out->all = span_is(out->nonce, "*");
	if ((!out->all && out->nonce.n != NONCE_CHARS) || !is_number(text))
		return false;
	out->expires = strtoll(text.p, NULL, 10);
	return true;
}

/* Without it nobody can tell which are over, so none is taken for good. */
static int read_ended(const char *home, struct buf *out, struct err *e)
{
	struct ended one;
	struct span rest;

	if (store_read(home, ENDED_FILE, out, e) < 0)
		return -1;
	rest = buf_get(out);
	while (rest.n)
		if (!next_ended(&rest, &one))
			return err_set(
				e, ERR_CONFIG,
				ENDED_FILE
				" is damaged: remove it and " SESSION_SECRET
				", and all log in anew");
	return 0;
}

static bool has_ended(const char *home, struct span nonce, int64_t expires)
{
	struct err why;
	struct ended one;
	struct span rest;
	struct buf text;
	bool over;

	buf_init(&text, STORE_FILE_MAX);
	over = read_ended(home, &text, &why) != 0;
	if (over)
		log_msg("no log-in to the page is good: %s", why.msg);
	rest = buf_get(&text);
	while (!over && rest.n && next_ended(&rest, &one))
		over = one.all ? expires <= one.expires
			       : span_eq(one.nonce, nonce);
	buf_release(&text);
	return over;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Until when all are over, so that what is left has room: those that would
 * have been over first. 0: there is room. */
static int64_t make_room(struct span rest, int64_t from)
{
	int64_t *times = xcalloc(ENDED_MAX + 1, sizeof(*times)), until = 0;
	struct ended one;
	size_t n = 0;

	while (n <= ENDED_MAX && rest.n && next_ended(&rest, &one))
		if (one.all)
			until = one.expires;
		else if (one.expires > from)
			times[n++] = one.expires;
	if (n >= ENDED_MAX) {
		qsort(times, n, sizeof(*times), by_time);
		until = times[n / 2];
	}
	free(times);
	return until > from ? until : 0;
}

static void put_ended(struct span rest, struct span nonce, int64_t expires,
		      struct buf *out)
{
	int64_t from = now_s(), until = make_room(rest, from);
	struct ended one;

	if (until) {
		buf_fmt(out, "* %lld\n", (long long)until);
		from = until;
	}
	buf_fmt(out, "%.*s %lld\n", SPAN_FMT(nonce), (long long)expires);
	while (rest.n && next_ended(&rest, &one))
		if (!one.all && one.expires > from)
			buf_fmt(out, "%.*s\n", SPAN_FMT(one.line));
}

static int add_ended(const char *home, struct span nonce, int64_t expires,
		     struct err *e)
{
	struct buf was, now;
	int lock = store_lock(home, ENDED_FILE, e), rc;

	if (lock < 0)
		return -1;
	buf_init(&was, STORE_FILE_MAX);
	buf_init(&now, STORE_FILE_MAX);
	rc = read_ended(home, &was, e);
	if (rc == 0) {
		put_ended(buf_get(&was), nonce, expires, &now);
		rc = store_replace(home, ENDED_FILE, buf_get(&now), e);
	}
	store_unlock(lock);
	buf_release(&was);
	buf_release(&now);
	return rc;
}

/* --- cookies ------------------------------------------------------------- */

struct cookie {
	struct span signed_part;
	struct span expires, nonce, name, credential, mac;
};

static bool split(struct span text, struct cookie *out)
{
	struct span *const parts[PARTS] = { &out->expires, &out->nonce,
					    &out->name, &out->credential,
					    &out->mac };
	struct span rest = text;

	if (text.n >= SESSION_COOKIE_MAX)
		return false;
	for (int i = 0; i < PARTS; i++)
		*parts[i] = span_cut(&rest, '.');
	out->signed_part = (struct span){ text.p, text.n > out->mac.n
							  ? text.n - out->mac.n
							  : 0 };
	return !rest.n && out->mac.n == DIGEST_URL_BYTES - 1 &&
	       out->nonce.n == NONCE_CHARS && is_number(out->expires) &&
	       out->name.n <= KEY_NAME_MAX;
}

static bool is_genuine(const char *home, const struct cookie *c)
{
	char mac[DIGEST_URL_BYTES];
	struct err unused;

	return session_sign(home, "log-in", c->signed_part, mac, &unused) ==
		       0 &&
	       digest_same_secret(span_of(mac), c->mac);
}

struct session session_login(const struct snapshot *c, struct span key)
{
	const char *own = c->settings.api_key;
	struct session who = { 0 };
	char mem[80];

	who.key = keys_find(&c->keys, key);
	who.owner = digest_same_secret(key, span_of(own)) && *own;
	if (who.owner ||
	    (who.key && key_refusal(who.key, clock_wall_ms(), mem)))
		who.key = NULL;
	return who;
}

int session_make(const char *home, const struct snapshot *c, struct session who,
		 char out[SESSION_COOKIE_MAX], struct err *e)
{
	char credential[DIGEST_URL_BYTES], mac[DIGEST_URL_BYTES];
	char nonce[NONCE_CHARS + 1];
	struct buf ended;
	int n;

	buf_init(&ended, STORE_FILE_MAX);
	n = read_ended(home, &ended, e);
	buf_release(&ended);
	if (n)
		return -1; /* it would be good for nothing */
	digest_random_id(nonce, sizeof(nonce), "");
	if (sign_credential(home, c, who, credential, e))
		return -1;
	n = snprintf(out, SESSION_COOKIE_MAX, "%lld.%s.%s.%s.",
		     (long long)(now_s() + SESSION_SECONDS), nonce,
		     who.key ? who.key->name : "", credential);
	if (session_sign(home, "log-in", (struct span){ out, (size_t)n }, mac,
			 e))
		return -1;
	snprintf(out + n, SESSION_COOKIE_MAX - (size_t)n, "%s", mac);
	return 0;
}

/* Who it says it is of, as the configuration is now. */
static struct session named(const struct snapshot *c, struct span name)
{
	char text[KEY_NAME_MAX + 1], mem[80];
	struct session who = { 0 };

	span_text(text, sizeof(text), name);
	if (!*text)
		who.owner = *c->settings.api_key;
	else
		who.key = keys_named(&c->keys, text);
	if (who.key &&
	    (who.key->wrong || key_refusal(who.key, clock_wall_ms(), mem)))
		who.key = NULL;
	return who;
}

struct session session_find(const char *home, const struct snapshot *c,
			    struct span cookie)
{
	const struct session nobody = { 0 };
	char credential[DIGEST_URL_BYTES];
	struct err unused;
	struct session who;
	struct cookie x;
	int64_t expires;

	if (!split(cookie, &x) || !is_genuine(home, &x) ||
	    (expires = strtoll(x.expires.p, NULL, 10)) <= now_s())
		return nobody;
	who = named(c, x.name);
	if ((!who.owner && !who.key) ||
	    sign_credential(home, c, who, credential, &unused) ||
	    !digest_same_secret(span_of(credential), x.credential) ||
	    has_ended(home, x.nonce, expires))
		return nobody;
	return who;
}

int session_end(const char *home, struct span cookie, struct err *e)
{
	struct cookie x;

	if (!split(cookie, &x) || !is_genuine(home, &x))
		return 0; /* it is good for nothing as it is */
	return add_ended(home, x.nonce, strtoll(x.expires.p, NULL, 10), e);
}

int session_name(const char *home, char out[SESSION_NAME_MAX], struct err *e)
{
	char of_home[DIGEST_URL_BYTES];

	if (session_sign(home, "name", SPAN(""), of_home, e))
		return -1;
	snprintf(out, SESSION_NAME_MAX, SESSION_NAME "%.10s", of_home);
	return 0;
}

int session_token(const char *home, struct span cookie,
		  char out[DIGEST_URL_BYTES], struct err *e)
{
	return session_sign(home, "token", cookie, out, e);
}
