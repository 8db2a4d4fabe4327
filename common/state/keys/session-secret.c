/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/session-secret.h"

#include "base/port.h"
#include "base/store.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SECRET_BYTES (DIGEST_URL_BYTES - 1)
#define SECRET_MAX 1024

struct secret {
	char text[SECRET_MAX];
	size_t n;
};

/* The one that was read last, and of which version of which home's file. */
static struct {
	char home[STORE_PATH_MAX];
	struct store_sign sign;
	struct secret secret;
} last;
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;

static bool recall(const char *home, const struct store_sign *sign,
		   struct secret *out)
{
	bool same;

	pthread_mutex_lock(&last_lock);
	same = sign->ino && memcmp(&last.sign, sign, sizeof(*sign)) == 0 &&
	       strcmp(last.home, home) == 0;
	if (same)
		*out = last.secret;
	pthread_mutex_unlock(&last_lock);
	return same;
}

static void remember(const char *home, const struct store_sign *sign,
		     const struct secret *s)
{
	size_t n = strlen(home) + 1;

	pthread_mutex_lock(&last_lock);
	if (n <= sizeof(last.home)) {
		memcpy(last.home, home, n);
		last.sign = *sign;
		last.secret = *s;
	}
	pthread_mutex_unlock(&last_lock);
}

/* With the file's lock: another process may have been faster. */
static int make(const char *home, struct buf *out, struct err *e)
{
	char text[DIGEST_URL_BYTES];
	int rc = store_read(home, SESSION_SECRET, out, e);

	if (rc <= 0)
		return rc;
	digest_random_url(text);
	buf_str(out, text);
	return store_replace(home, SESSION_SECRET, buf_get(out), e);
}

static int read_or_make(const char *home, struct buf *out, struct err *e)
{
	int lock, rc = store_read(home, SESSION_SECRET, out, e);

	if (rc > 0) {
		lock = store_lock(home, SESSION_SECRET, e);
		if (lock < 0)
			return -1;
		rc = make(home, out, e);
		store_unlock(lock);
	}
	if (rc == 0 && out->n < SECRET_BYTES)
		rc = err_set(e, ERR_CONFIG,
			     SESSION_SECRET " is cut short: remove it, and all "
					    "log in anew");
	return rc;
}

static int take(const char *home, struct secret *out, struct err *e)
{
	struct store_sign sign;
	struct buf text;
	int rc;

	store_sign(home, SESSION_SECRET, &sign);
	if (recall(home, &sign, out))
		return 0;
	buf_init(&text, SECRET_MAX);
	rc = read_or_make(home, &text, e);
	if (rc == 0) {
		out->n = text.n;
		memcpy(out->text, text.p, text.n);
		if (sign.ino) /* else it is of a version that was made now */
			remember(home, &sign, out);
	}
	buf_release(&text);
	return rc;
}

int session_sign(const char *home, const char *what, struct span text,
		 char out[DIGEST_URL_BYTES], struct err *e)
{
	struct secret secret = { .n = 0 };
	struct buf all;
	int rc = take(home, &secret, e);

	buf_init(&all, 2 * STORE_PATH_MAX);
	buf_fmt(&all, "%s.", what);
	buf_span(&all, text);
	if (rc == 0 && all.full)
		rc = err_memory(e);
	if (rc == 0)
		digest_hmac_url((struct span){ secret.text, secret.n },
				buf_get(&all), out);
	port_wipe(&secret, sizeof(secret));
	buf_release(&all);
	return rc;
}

/* With the port: or a program on another one could hand the question on to the
 * router, and its answer back. */
int session_prove(const char *home, const char *port, const char *challenge,
		  char out[DIGEST_URL_BYTES], struct err *e)
{
	char text[2 * SESSION_CHALLENGE_BYTES];
	int n = snprintf(text, sizeof(text), "%.8s.%.*s", port,
			 SESSION_CHALLENGE_BYTES, challenge);

	return session_sign(home, "router", (struct span){ text, (size_t)n },
			    out, e);
}
