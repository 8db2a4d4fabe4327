/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/oauth.h"

#include "base/clock.h"
#include "base/jw.h"
#include "base/mask.h"
#include "net/fetch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_MS 15000
#define ANSWER_MAX (64u << 10)
#define SEND_MAX (32u << 10)
#define EXPIRES_PRESET 3600         /* seconds, when the server is silent */
#define EXPIRES_MAX (366LL * 86400) /* seconds */

static void put_encoded(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			buf_byte(out, *s);
		else
			buf_fmt(out, "%%%02X", (unsigned char)*s);
	}
}

static void put_pair(struct buf *out, const char *key, const char *value)
{
	buf_fmt(out, "%s%s=", out->n ? "&" : "", key);
	put_encoded(out, value);
}

void oauth_begin(struct oauth_login *l, const struct oauth_config *g,
		 const char *redirect, struct buf *url)
{
	digest_random_url(l->state);
	digest_random_url(l->verifier);
	snprintf(l->redirect, sizeof(l->redirect), "%s", redirect);
	oauth_address(l, g, url);
}

void oauth_address(const struct oauth_login *l, const struct oauth_config *g,
		   struct buf *url)
{
	char challenge[DIGEST_URL_BYTES];
	struct buf query;

	digest_sha256_url(span_of(l->verifier), challenge);
	buf_init(&query, 8192);
	put_pair(&query, "code", "true");
	put_pair(&query, "client_id", g->value[OAUTH_CLIENT_ID]);
	put_pair(&query, "response_type", "code");
	put_pair(&query, "redirect_uri", l->redirect);
	put_pair(&query, "scope", g->value[OAUTH_SCOPES]);
	put_pair(&query, "code_challenge", challenge);
	put_pair(&query, "code_challenge_method", "S256");
	put_pair(&query, "state", l->state);
	buf_str(url, g->value[OAUTH_AUTHORIZE_URL]);
	buf_byte(url, strchr(g->value[OAUTH_AUTHORIZE_URL], '?') ? '&' : '?');
	buf_span(url, buf_get(&query));
	buf_release(&query);
}

/* {"error":"invalid_grant","error_description":"..."}, or Anthropic's
 * {"error":{"type":"...","message":"..."}}. No secret is in it. */
static int refused(int status, struct json_object *o, bool *final,
		   struct err *e)
{
	struct json_object *nested = json_get(o, "error");
	struct span code = json_span(nested);
	struct span text = json_str(o, "error_description");

	if (!code.n)
		code = json_str(nested, "type");
	if (!text.n)
		text = json_str(nested, "message");
	if (final)
		*final = span_is(code, "invalid_grant");
	return err_set(
		e, ERR_PASSED,
		"the authorization server answers HTTP %d%s%.60s%s%.200s",
		status, code.n ? " " : "", code.n ? code.p : "",
		text.n ? ": " : "", text.n ? text.p : "");
}

static int copy_token(struct json_object *o, const char *key, char *out,
		      struct err *e)
{
	struct span s = json_str(o, key);

	if (s.n >= ACCOUNT_TOKEN_MAX)
		return err_set(e, ERR_UPSTREAM,
			       "the authorization server sent a %s of %zu "
			       "bytes",
			       key, s.n);
	if (!span_visible(s))
		return err_set(e, ERR_UPSTREAM,
			       "the authorization server sent a %s that "
			       "cannot be sent back",
			       key);
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return 0;
}

static int take_tokens(struct json_object *o, struct tokens *out, struct err *e)
{
	int64_t seconds = json_count(o, "expires_in", EXPIRES_PRESET);
	struct span scopes = json_str(o, "scope");

	if (copy_token(o, "access_token", out->access, e) ||
	    copy_token(o, "refresh_token", out->refresh, e))
		return -1;
	if (!*out->access)
		return err_set(e, ERR_UPSTREAM,
			       "the authorization server sent no access "
			       "token");
	if (seconds > EXPIRES_MAX)
		seconds = EXPIRES_MAX;
	out->expires_at = clock_wall_ms() + seconds * 1000;
	span_text(out->scopes, sizeof(out->scopes), scopes);
	return 0;
}

static int ask(struct http *h, const struct oauth_config *g, const char *type,
	       struct span send, struct tokens *out, bool *final, struct err *e)
{
	struct fetch f = {
		.url = g->value[OAUTH_TOKEN_URL],
		.credential = "",
		.type = type,
		.send = send,
		.proxy = g->proxy,
		.ca_file = g->ca_file,
		.timeout_ms = TOKEN_MS,
	};
	struct json_object *o = NULL;
	struct err unused;
	int rc;

	buf_init(&f.body, ANSWER_MAX);
	rc = fetch_run(h, &f, e);
	if (rc) {
		err_add(e, "authorization server");
		goto out;
	}
	o = json_read(buf_get(&f.body), &unused);
	rc = f.status == 200 ? take_tokens(o, out, e)
			     : refused(f.status, o, final, e);
out:
	json_object_put(o);
	buf_release(&f.body);
	return rc;
}

/* A server may repeat what it was sent. */
static void hide(struct err *e, const char *secret)
{
	struct mask m = { 0 };

	mask_add(&m, span_of(secret));
	mask_err(&m, e);
}

int oauth_exchange(struct http *h, const struct oauth_config *g,
		   const struct oauth_login *l, const char *code,
		   struct tokens *out, struct err *e)
{
	struct buf send;
	struct jw w = jw_to(&send);
	int rc;

	buf_init(&send, SEND_MAX);
	jw_obj(&w);
	jw_kcstr(&w, "grant_type", "authorization_code");
	jw_kcstr(&w, "client_id", g->value[OAUTH_CLIENT_ID]);
	jw_kcstr(&w, "code", code);
	jw_kcstr(&w, "redirect_uri", l->redirect);
	jw_kcstr(&w, "code_verifier", l->verifier);
	jw_kcstr(&w, "state", l->state);
	jw_obj_end(&w);
	rc = ask(h, g, "application/json", buf_get(&send), out, NULL, e);
	if (rc)
		hide(e, code);
	if (rc == 0 && !*out->refresh)
		rc = err_set(e, ERR_UPSTREAM,
			     "the authorization server sent no refresh token");
	buf_release(&send);
	return rc;
}

int oauth_refresh(struct http *h, const struct oauth_config *g,
		  const char *refresh_token, struct tokens *out, bool *final,
		  struct err *e)
{
	struct buf send;
	int rc;

	*final = false;
	buf_init(&send, SEND_MAX);
	put_pair(&send, "grant_type", "refresh_token");
	put_pair(&send, "refresh_token", refresh_token);
	put_pair(&send, "client_id", g->value[OAUTH_CLIENT_ID]);
	rc = ask(h, g, "application/x-www-form-urlencoded", buf_get(&send), out,
		 final, e);
	if (rc)
		hide(e, refresh_token);
	/* RFC 6749, section 6: without a new one the old one stays good. */
	if (rc == 0 && !*out->refresh)
		snprintf(out->refresh, sizeof(out->refresh), "%s",
			 refresh_token);
	buf_release(&send);
	return rc;
}
