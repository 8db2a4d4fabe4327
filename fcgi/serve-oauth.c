/* SPDX-License-Identifier: MIT */
/*
 * serve-oauth: signing a program in, as Claude Code does at a gateway: where
 * that is (RFC 8414), a sign-in of a device (RFC 8628), tokens (RFC 6749) and
 * their end (RFC 7009). Parameters that are not known are passed over.
 */
#include "config.h"

#include "base/jw.h"
#include "base/port.h"
#include "base/query.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "fcgi/transport.h"
#include "state/keys/device.h"
#include "state/keys/grant.h"

#include <string.h>

#define FORM_MAX (16u << 10)
#define VALUE_MAX 256
#define ANSWER_MAX 8192
#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

static const char *home_of(const struct request *r)
{
	return snapshot_home(r->app->config);
}

int serve_oauth_metadata(struct request *r, struct err *e)
{
	const char *base;
	struct buf out;
	struct jw w = jw_to(&out);

	if (transport_check(r, e))
		return -1;
	base = transport_base(r);
	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_kcstr(&w, "issuer", base);
	jw_kcstr(&w, "device_authorization_endpoint",
		 arena_fmt(r->arena, "%s/oauth/device_authorization", base));
	jw_kcstr(&w, "token_endpoint",
		 arena_fmt(r->arena, "%s/oauth/token", base));
	jw_kcstr(&w, "revocation_endpoint",
		 arena_fmt(r->arena, "%s/oauth/revoke", base));
	jw_key(&w, "grant_types_supported");
	jw_raw(&w, SPAN("[\"" DEVICE_GRANT "\",\"refresh_token\"]"));
	jw_key(&w, "response_types_supported");
	jw_raw(&w, SPAN("[]"));
	jw_key(&w, "token_endpoint_auth_methods_supported");
	jw_raw(&w, SPAN("[\"none\"]"));
	jw_obj_end(&w);
	reply_json(r, 200, buf_get(&out));
	buf_release(&out);
	return 0;
}

/* --- answers ------------------------------------------------------------- */

static int answer(struct request *r, int status, struct span json)
{
	reply_field(r, "Cache-Control", SPAN("no-store"));
	reply_json(r, status, json);
	return 0;
}

static int refuse(struct request *r, int status, const char *error,
		  const char *why)
{
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_kcstr(&w, "error", error);
	jw_kcstr(&w, "error_description", why);
	jw_obj_end(&w);
	rc = answer(r, status, buf_get(&out));
	buf_release(&out);
	return rc;
}

static int too_many(struct request *r, const char *why)
{
	reply_field(r, "Retry-After", SPAN("15"));
	return refuse(r, 429, "slow_down", why);
}

#define WRONG_CODES \
	"too many codes and tokens from this address were none: try again in " \
	"a minute"

/* Who brings a right one is served, whatever others at that address do. */
static bool may_guess(struct request *r, bool is_known)
{
	return is_known ||
	       device_may_try(home_of(r), DEVICE_TRY_TOKEN, transport_from(r));
}

static void guessed(struct request *r)
{
	device_tried(home_of(r), DEVICE_TRY_TOKEN, transport_from(r));
}

static int give(struct request *r, const struct grant_tokens *t)
{
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_kcstr(&w, "access_token", t->access);
	jw_kcstr(&w, "token_type", "Bearer");
	jw_kint(&w, "expires_in", GRANT_ACCESS_MS / 1000);
	jw_kcstr(&w, "refresh_token", t->refresh);
	jw_obj_end(&w);
	rc = answer(r, 200, buf_get(&out));
	port_wipe(out.p, out.n);
	buf_release(&out);
	return rc;
}

/* The form in r->body: it holds secrets, and nothing of it is repeated. */
static int read_form(struct request *r, struct err *e)
{
	bool whole;

	if (transport_check(r, e) || request_hold_body(r, FORM_MAX, &whole, e))
		return -1;
	if (!whole || r->body.n > FORM_MAX)
		return err_set(e, ERR_TOO_BIG, "the form is larger than %u KiB",
			       FORM_MAX >> 10);
	return 0;
}

static bool form_get(struct request *r, const char *name, char out[VALUE_MAX])
{
	return query_get(buf_cstr(&r->body), name, out, VALUE_MAX);
}

/* --- a device ------------------------------------------------------------ */

int serve_device_authorization(struct request *r, struct err *e)
{
	const char *base = transport_base(r);
	struct device_from from = transport_from(r);
	struct device_codes codes;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	if (read_form(r, e))
		return -1;
	if (!device_may_try(home_of(r), DEVICE_TRY_BEGIN, from))
		return too_many(r, "too many sign-ins have begun from this "
				   "address: try again in a minute");
	device_tried(home_of(r), DEVICE_TRY_BEGIN, from);
	if (device_begin(home_of(r), &codes, e))
		return -1;
	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_kcstr(&w, "device_code", codes.device);
	jw_kcstr(&w, "user_code", codes.user);
	jw_kcstr(&w, "verification_uri",
		 arena_fmt(r->arena, "%s/device", base));
	jw_kcstr(&w, "verification_uri_complete",
		 arena_fmt(r->arena, "%s/device?user_code=%s", base,
			   codes.user));
	jw_kint(&w, "expires_in", DEVICE_MS / 1000);
	jw_kint(&w, "interval", DEVICE_INTERVAL);
	jw_obj_end(&w);
	rc = answer(r, 200, buf_get(&out));
	buf_release(&out);
	return rc;
}

static int device_token(struct request *r, struct err *e)
{
	static const struct {
		const char *error, *why;
	} answers[] = {
		[DEVICE_PENDING] = { "authorization_pending",
				     "nobody has answered yet" },
		[DEVICE_SLOW_DOWN] = { "slow_down", "ask 5 s later" },
		[DEVICE_DENIED] = { "access_denied", "it was refused" },
		[DEVICE_EXPIRED] = { "expired_token", "begin a new sign-in" },
		[DEVICE_UNKNOWN] = { "invalid_grant",
				     "this device_code is none, or it was used "
				     "already" },
	};
	struct grant_tokens tokens;
	enum device_state state;
	const struct key *key;
	char code[VALUE_MAX];

	if (!form_get(r, "device_code", code))
		return refuse(r, 400, "invalid_request",
			      "device_code is missing");
	if (!may_guess(r, device_waits(home_of(r), span_of(code))))
		return too_many(r, WRONG_CODES);
	if (device_ask(home_of(r), &r->config->keys, span_of(code), &state,
		       &key, e))
		return -1;
	if (state == DEVICE_UNKNOWN)
		guessed(r);
	if (state != DEVICE_APPROVED)
		return refuse(r, 400, answers[state].error, answers[state].why);
	r->key = key;
	return grant_make(home_of(r), key, &tokens, e) ? -1 : give(r, &tokens);
}

static int refreshed_token(struct request *r, struct err *e)
{
	struct grant_tokens tokens;
	char token[VALUE_MAX];
	int rc;

	if (!form_get(r, "refresh_token", token))
		return refuse(r, 400, "invalid_request",
			      "refresh_token is missing");
	if (!may_guess(r, grant_is_known(home_of(r), span_of(token))))
		return too_many(r, WRONG_CODES);
	rc = grant_refresh(home_of(r), &r->config->keys, span_of(token),
			   &tokens, e);
	if (rc > 0) {
		guessed(r);
		return refuse(r, 401, "invalid_grant",
			      "this sign-in is over: sign in again");
	}
	return rc ? -1 : give(r, &tokens);
}

int serve_oauth_token(struct request *r, struct err *e)
{
	char type[VALUE_MAX];

	if (read_form(r, e))
		return -1;
	if (!form_get(r, "grant_type", type))
		return refuse(r, 400, "invalid_request",
			      "grant_type is missing");
	if (strcmp(type, DEVICE_GRANT) == 0)
		return device_token(r, e);
	if (strcmp(type, "refresh_token") == 0)
		return refreshed_token(r, e);
	return refuse(r, 400, "unsupported_grant_type",
		      "grant_type must be " DEVICE_GRANT " or refresh_token");
}

int serve_oauth_revoke(struct request *r, struct err *e)
{
	char token[VALUE_MAX];

	if (read_form(r, e))
		return -1;
	if (!form_get(r, "token", token))
		return refuse(r, 400, "invalid_request", "token is missing");
	return grant_revoke(home_of(r), span_of(token), e)
		     ? -1
		     : answer(r, 200, SPAN("{}"));
}
