/* SPDX-License-Identifier: MIT */
/* serve-session: who looks at the page: log-in, log-out, and what the page has
 * to know before it asks for anything. */
#include "config.h"

#include "base/clock.h"
#include "base/jw.h"
#include "base/query.h"
#include "base/wait.h"
#include "fcgi/guard.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "fcgi/transport.h"
#include "state/keys/session.h"
#include "state/shared/shared.h"

#include <stdio.h>

#define FORM_MAX 16384
#define KEY_MAX 8192
#define WRONG_MS 250       /* between two wrong keys, of all that are tried */
#define WRONG_WAIT_MS 5000 /* longer than this nobody waits for the answer */

/* No script can read it, and no page of another site makes it be sent. */
static int set_cookie(struct request *r, const char *value, long seconds,
		      struct err *e)
{
	const char *tls = transport_is_tls(r) ? "; Secure" : "", *field;
	char name[SESSION_NAME_MAX];

	if (session_name(snapshot_home(r->app->config), name, e))
		return -1;
	field = arena_fmt(r->arena,
			  "%s=%s; Path=/; Max-Age=%ld; HttpOnly; "
			  "SameSite=Strict%s",
			  name, value, seconds, tls);
	reply_field(r, "Set-Cookie", span_of(field));
	return 0;
}

static int put_token(struct jw *w, struct request *r, struct span cookie,
		     struct err *e)
{
	char token[DIGEST_URL_BYTES];

	if (session_token(snapshot_home(r->app->config), cookie, token, e))
		return -1;
	jw_kcstr(w, "token", token);
	return 0;
}

/* With `fresh` the log-in has just been: its token goes to the page, once. */
static int answer(struct request *r, struct session who, struct span cookie,
		  bool fresh, struct err *e)
{
	const struct snapshot *c = r->config;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc = 0;

	buf_init(&out, 4096);
	jw_obj(&w);
	jw_kcstr(&w, "version", PACKAGE_VERSION);
	jw_kcstr(&w, "role", who.owner ? "owner" : who.key ? "person" : "none");
	jw_kcstr(&w, "name", who.key ? who.key->name : NULL);
	jw_kbool(&w, "loggedIn", cookie.n > 0);
	jw_kbool(&w, "keyIsSet", *c->settings.api_key);
	jw_kbool(&w, "peopleHaveKeys", c->keys.any);
	if (fresh)
		rc = put_token(&w, r, cookie, e);
	jw_obj_end(&w);
	reply_field(r, "Cache-Control", SPAN("no-store"));
	if (rc == 0)
		reply_json(r, 200, buf_get(&out));
	buf_release(&out);
	return rc;
}

int serve_session(struct request *r, struct err *e)
{
	struct session who = { .owner = r->trusted, .key = r->key };

	return answer(r, who, r->session, false, e);
}

static int check_form(const struct request *r, struct err *e)
{
	const char *type = r->vars.content_type;

	if (!guard_is_same_origin(r))
		return err_set(e, ERR_FORBIDDEN,
			       "a page of another origin cannot log in here: "
			       "use the page of this router");
	if (!type || strncmp(type, "application/x-www-form-urlencoded", 33))
		return err_set(e, ERR_BAD_REQUEST,
			       "a log-in is a form: send key=KEY as "
			       "application/x-www-form-urlencoded");
	return 0;
}

/* Into key[KEY_MAX], as the form has it. */
static int take_key(struct request *r, char *key, struct err *e)
{
	bool whole;

	if (check_form(r, e) || request_hold_body(r, FORM_MAX, &whole, e))
		return -1;
	if (!whole)
		return err_set(e, ERR_TOO_BIG, "the form is too large");
	if (!query_get(buf_cstr(&r->body), "key", key, KEY_MAX) || !*key)
		return err_set(e, ERR_BAD_REQUEST, "the form has no key");
	return 0;
}

/* Who guesses has to wait, and all others who guess with them. */
static int wrong_key(struct request *r, struct err *e)
{
	struct shared_entry *x = shared_entry(snapshot_home(r->app->config),
					      "wrong-login");
	int64_t wait = shared_turn(x, WRONG_MS, WRONG_WAIT_MS);

	if (wait < 0)
		return err_set(e, ERR_BUSY,
			       "too many wrong keys: try again in a moment");
	wait_ms((long)wait + WRONG_MS);
	return err_set(e, ERR_AUTH,
		       "this is no key of this router, or one that is not in "
		       "force: use DARIO_API_KEY, or the key that its owner "
		       "gave to you");
}

int serve_login(struct request *r, struct err *e)
{
	char key[KEY_MAX], cookie[SESSION_COOKIE_MAX];
	struct session who;

	if (take_key(r, key, e))
		return -1;
	who = session_login(r->config, span_trim(span_of(key)));
	if (!who.owner && !who.key)
		return wrong_key(r, e);
	if (session_make(snapshot_home(r->app->config), r->config, who, cookie,
			 e) ||
	    set_cookie(r, cookie, SESSION_SECONDS, e))
		return -1;
	return answer(r, who, span_of(cookie), true, e);
}

int serve_logout(struct request *r, struct err *e)
{
	const struct session nobody = { 0 };

	if (!guard_is_same_origin(r))
		return err_set(e, ERR_FORBIDDEN,
			       "a page of another origin cannot log out here");
	if (r->session.n &&
	    session_end(snapshot_home(r->app->config), r->session, e))
		return -1;
	if (set_cookie(r, "", 0, e))
		return -1;
	return answer(r, nobody, SPAN(""), false, e);
}
