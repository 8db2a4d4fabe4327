/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/session.h"

#include "base/clock.h"
#include "state/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_FILE "session-secret"
#define ENDED "sessions-ended"
#define ENDED_MAX 1000 /* that are remembered */
#define NONCE_CHARS 24
#define PARTS 5

/* --- the secret ---------------------------------------------------------- */

/* With the file's lock: another process may have been faster. */
static int make_secret(const char *home, struct buf *out, struct err *e)
{
	char text[DIGEST_URL_BYTES];
	int rc = store_read(home, SECRET_FILE, out, e);

	if (rc <= 0)
		return rc;
	digest_random_url(text);
	buf_str(out, text);
	return store_replace(home, SECRET_FILE, buf_get(out), e);
}

static int take_secret(const char *home, struct buf *out, struct err *e)
{
	int lock, rc = store_read(home, SECRET_FILE, out, e);

	if (rc > 0) {
		lock = store_lock(home, SECRET_FILE, e);
		if (lock < 0)
			return -1;
		rc = make_secret(home, out, e);
		store_unlock(lock);
	}
	if (rc == 0 && out->n < DIGEST_URL_BYTES - 1)
		rc = err_set(e, ERR_CONFIG,
			     SECRET_FILE " is cut short: remove it, and all "
					 "log in anew");
	return rc;
}

/* HMAC of "WHAT.TEXT", so that none is good in the place of another. */
static int sign(const char *home, const char *what, struct span text,
		char out[DIGEST_URL_BYTES], struct err *e)
{
	struct buf secret, all;
	int rc;

	buf_init(&secret, 1024);
	buf_init(&all, 2 * STORE_PATH_MAX);
	rc = take_secret(home, &secret, e);
	buf_fmt(&all, "%s.", what);
	buf_span(&all, text);
	if (rc == 0)
		digest_hmac_url(buf_get(&secret), buf_get(&all), out);
	buf_release(&secret);
	buf_release(&all);
	return rc;
}

/* Of the credential, without telling it. */
static int sign_credential(const char *home, const struct snapshot *c,
			   struct session who, char out[DIGEST_URL_BYTES],
			   struct err *e)
{
	struct span hash = { (const char *)(who.key ? who.key->hash : NULL),
			     who.key ? sizeof(who.key->hash) : 0 };
	unsigned char own[DIGEST_SHA256_BYTES];

	if (who.key)
		return sign(home, "person", hash, out, e);
	digest_sha256(span_of(c->settings.api_key), own);
	return sign(home, "owner",
		    (struct span){ (const char *)own, sizeof(own) }, out, e);
}

/* --- those that were ended ----------------------------------------------- */

/* "NONCE EXPIRES" in a line each. */
static bool has_ended(const char *home, struct span nonce)
{
	struct buf text;
	struct err unused;
	bool ended = false;

	buf_init(&text, SHARED_TEXT_MAX);
	if (shared_read(shared_entry(home, ENDED), &text, &unused) == 0)
		ended = span_has(buf_get(&text), nonce);
	buf_release(&text);
	return ended;
}

struct ending {
	struct span nonce, expires;
	int64_t now;
};

static bool add_ended(void *arg, struct span was, struct buf *now)
{
	const struct ending *x = arg;
	int n = 1;

	buf_fmt(now, "%.*s %.*s\n", SPAN_FMT(x->nonce), SPAN_FMT(x->expires));
	while (was.n && n++ < ENDED_MAX) {
		struct span line = span_cut(&was, '\n'), rest = line;

		span_cut(&rest, ' ');
		if (rest.n && strtoll(rest.p, NULL, 10) > x->now)
			buf_fmt(now, "%.*s\n", SPAN_FMT(line));
	}
	return true;
}

/* --- cookies ------------------------------------------------------------- */

struct cookie {
	struct span signed_part;
	struct span expires, nonce, name, credential, mac;
};

static bool is_number(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n && s.n < 15;
}

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

	return sign(home, "session", c->signed_part, mac, &unused) == 0 &&
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
	int n;

	digest_random_id(nonce, sizeof(nonce), "");
	if (sign_credential(home, c, who, credential, e))
		return -1;
	n = snprintf(out, SESSION_COOKIE_MAX, "%lld.%s.%s.%s.",
		     (long long)(clock_wall_ms() / 1000 + SESSION_SECONDS),
		     nonce, who.key ? who.key->name : "", credential);
	if (sign(home, "session", (struct span){ out, (size_t)n }, mac, e))
		return -1;
	snprintf(out + n, SESSION_COOKIE_MAX - (size_t)n, "%s", mac);
	return 0;
}

/* Who it says it is of, as the configuration is now. */
static struct session named(const struct snapshot *c, struct span name)
{
	char text[KEY_NAME_MAX + 1], mem[80];
	struct session who = { 0 };

	snprintf(text, sizeof(text), "%.*s", SPAN_FMT(name));
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

	if (!split(cookie, &x) || !is_genuine(home, &x) ||
	    strtoll(x.expires.p, NULL, 10) <= clock_wall_ms() / 1000)
		return nobody;
	who = named(c, x.name);
	if ((!who.owner && !who.key) ||
	    sign_credential(home, c, who, credential, &unused) ||
	    !digest_same_secret(span_of(credential), x.credential) ||
	    has_ended(home, x.nonce))
		return nobody;
	return who;
}

int session_end(const char *home, struct span cookie, struct err *e)
{
	struct ending ending = { .now = clock_wall_ms() / 1000 };
	struct cookie x;

	if (!split(cookie, &x) || !is_genuine(home, &x))
		return 0; /* it is good for nothing as it is */
	ending.nonce = x.nonce;
	ending.expires = x.expires;
	return shared_update(shared_entry(home, ENDED), add_ended, &ending, e);
}

int session_token(const char *home, struct span cookie,
		  char out[DIGEST_URL_BYTES], struct err *e)
{
	return sign(home, "token", cookie, out, e);
}
