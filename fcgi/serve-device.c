/* SPDX-License-Identifier: MIT */
/*
 * serve-device: the page on which a person answers a sign-in (RFC 8628, 3.3).
 *
 * Who they are they say by their key or an invitation, or the owner says it of
 * them by his. Nothing is remembered in the browser, so no other page can act
 * for a person; all the same only this page may send the form. A code in the
 * address is filled in, and never sent by itself.
 */
#include "config.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/port.h"
#include "base/query.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "fcgi/transport.h"
#include "state/keys/device.h"
#include "state/keys/grant.h"
#include "state/keys/key-audit.h"

#include <ctype.h>
#include <string.h>

#define FORM_MAX (16u << 10)
#define PAGE_MAX (16u << 10)
#define CODE_MAX 16

struct form {
	char code[64], key[200], name[KEY_NAME_MAX + 1], action[16];
};

/* `title`, `text` and `code` have no character that HTML takes for more. */
static void put_head(struct buf *out, const char *title)
{
	buf_fmt(out,
		"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">"
		"\n<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>dario: %s</title>\n<style>body{font:18px/1.5 "
		"system-ui,sans-serif;max-width:34em;margin:10vh auto;"
		"padding:0 1em}label{display:block;margin:1em 0}input{font:"
		"inherit;display:block;width:100%%;box-sizing:border-box}"
		"button{font:inherit;margin-right:1em}.bad{color:#a00}"
		"</style>\n<h1>%s</h1>\n",
		title, title);
}

static void put_form(struct buf *out, const char *code)
{
	buf_fmt(out,
		"<p>A program that shows this code wants to use models with "
		"your key. Go on only if you have just started it yourself, "
		"and it shows the same code.</p>\n"
		"<form method=\"post\" action=\"device\">\n"
		"<label>Code that the program shows\n<input "
		"name=\"user_code\" value=\"%s\" required "
		"autocomplete=\"off\" maxlength=\"16\"></label>\n"
		"<label>Your key, or an invitation code\n<input name=\"key\" "
		"type=\"password\" autocomplete=\"off\" maxlength=\"199\">"
		"</label>\n<label>With the owner's key: whose sign-in it is\n"
		"<input name=\"name\" autocomplete=\"off\" "
		"maxlength=\"%d\"></label>\n<button name=\"action\" "
		"value=\"approve\">Sign in</button>\n<button name=\"action\" "
		"value=\"deny\">Refuse</button>\n</form>\n",
		code, KEY_NAME_MAX);
}

/* With `code` NULL there is no form. */
static int show(struct request *r, int status, const char *title,
		const char *text, const char *code)
{
	struct buf page;

	buf_init(&page, PAGE_MAX);
	put_head(&page, title);
	if (*text)
		buf_fmt(&page, "<p%s>%s</p>\n",
			status == 200 ? "" : " class=\"bad\"", text);
	if (code)
		put_form(&page, code);
	buf_str(&page, "</html>\n");
	reply_form(r, status, buf_get(&page));
	buf_release(&page);
	return 0;
}

/* What is typed may be anything: only a code is repeated. */
static const char *shown_code(struct request *r, const char *typed)
{
	for (size_t i = 0; typed[i]; i++)
		if (i == CODE_MAX ||
		    (!isalnum((unsigned char)typed[i]) && typed[i] != '-'))
			return "";
	return arena_str(r->arena, span_of(typed));
}

static int again(struct request *r, int status, const struct form *f,
		 const char *text)
{
	return show(r, status, "Sign in", text, shown_code(r, f->code));
}

/* The page itself, or a program that is no browser. */
static bool is_ours(const struct request *r)
{
	const struct request_vars *v = &r->vars;

	if (v->fetch_site && strcmp(v->fetch_site, "same-origin") &&
	    strcmp(v->fetch_site, "none"))
		return false;
	return !v->origin || transport_is_own(r, span_of(v->origin));
}

static int read_form(struct request *r, struct form *f, struct err *e)
{
	const char *form;
	bool whole;

	memset(f, 0, sizeof(*f));
	if (request_hold_body(r, FORM_MAX, &whole, e))
		return -1;
	if (!whole || r->body.n > FORM_MAX)
		return err_set(e, ERR_TOO_BIG, "the form is larger than %u KiB",
			       FORM_MAX >> 10);
	form = buf_cstr(&r->body);
	query_get(form, "user_code", f->code, sizeof(f->code));
	query_get(form, "key", f->key, sizeof(f->key));
	query_get(form, "name", f->name, sizeof(f->name));
	query_get(form, "action", f->action, sizeof(f->action));
	return 0;
}

/* --- the answer ---------------------------------------------------------- */

enum who {
	WHO_OWNER,
	WHO_PERSON,
	WHO_INVITED, /* or nobody */
};

static enum who who_is(const struct request *r, struct span sent,
		       const struct key **key)
{
	const char *own = r->config->settings.api_key;
	bool owner = *own && digest_same_secret(sent, span_of(own));

	*key = keys_find(&r->config->keys, sent);
	if (owner)
		return WHO_OWNER;
	return *key ? WHO_PERSON : WHO_INVITED;
}

/* 0, 1 no such sign-in, 2 not a good key, 3 nor a name of the owner's. */
static int approve(struct request *r, const struct form *f, const char **actor,
		   const struct key **key, struct err *e)
{
	const char *home = snapshot_home(r->app->config);
	const struct keys *all = &r->config->keys;
	struct span code = span_of(f->code), sent = span_trim(span_of(f->key));
	char sign[GRANT_SIGN_BYTES];

	switch (who_is(r, sent, key)) {
	case WHO_INVITED:
		*actor = "invitation";
		return device_accept(home, all, code, sent, key, e);
	case WHO_OWNER:
		*actor = "owner";
		*key = keys_named(all, f->name);
		if (!*key)
			return 3;
		break;
	case WHO_PERSON:
		*actor = (*key)->name;
		break;
	}
	grant_sign(*key, sign);
	if (!grant_key(all, (*key)->name, sign))
		return 2;
	return device_approve(home, code, *key, e);
}

static int audited(struct request *r, const struct form *f,
		   const struct key **key, struct err *e)
{
	struct key_audit a = { .action = NULL };
	int fd = key_audit_open(snapshot_home(r->app->config), e), rc;

	if (fd < 0)
		return -1;
	rc = approve(r, f, &a.actor, key, e);
	if (rc == 0) {
		a.action = "sign-in";
		a.key = (*key)->name;
	}
	return key_audit_close(fd, &a, e) ? -1 : rc;
}

static int signed_in(struct request *r, const struct key *key)
{
	return show(r, 200, "Signed in",
		    arena_fmt(r->arena,
			      "The program may now use models as %s. You can "
			      "close this window.",
			      key->name),
		    NULL);
}

/* Whose tries are counted: of who shows what cannot be guessed its own, so that
 * nobody who comes by the same proxy can keep them out; of all others those of
 * their address. */
static enum device_try counted(struct request *r, const struct form *f,
			       struct device_from *from)
{
	const struct settings *s = &r->config->settings;
	struct span sent = span_trim(span_of(f->key));
	const struct key *key;
	char why[80];

	*from = transport_from(r);
	switch (who_is(r, sent, &key)) {
	case WHO_OWNER:
		if (settings_key_is_short(s))
			return DEVICE_TRY_CODE;
		*from = (struct device_from){ "owner", NULL };
		return DEVICE_TRY_KEY;
	case WHO_PERSON:
		if (key_refusal(key, clock_wall_ms(), why))
			return DEVICE_TRY_CODE;
		*from = (struct device_from){
			arena_fmt(r->arena, "key %s", key->name), NULL
		};
		return DEVICE_TRY_KEY;
	case WHO_INVITED:
		if (!device_is_invited(snapshot_home(r->app->config),
				       &r->config->keys, sent))
			return DEVICE_TRY_CODE;
		*from = (struct device_from){ arena_str(r->arena, sent), NULL };
		return DEVICE_TRY_KEY;
	}
	return DEVICE_TRY_CODE;
}

static int answer(struct request *r, const struct form *f, struct err *e)
{
	static const char *const wrong[] = {
		[1] = "No sign-in with this code is waiting: look at it again, "
		      "or begin a new one.",
		[2] = "This is no key that may be used here, and no invitation "
		      "that is open.",
		[3] = "This is the owner's key: write the name of the person "
		      "whose sign-in it is, as dario key list shows it.",
	};
	const char *home = snapshot_home(r->app->config);
	bool deny = strcmp(f->action, "deny") == 0;
	const struct key *key = NULL;
	struct device_from from;
	enum device_try what = counted(r, f, &from);
	int rc;

	if (!device_may_try(home, what, from))
		return again(r, 429, f,
			     what == DEVICE_TRY_KEY
				     ? "Too many wrong codes came with your "
				       "key: wait some minutes."
				     : "Too many wrong answers came from your "
				       "network: wait some minutes.");
	rc = deny ? device_deny(home, span_of(f->code), e)
		  : audited(r, f, &key, e);
	if (rc < 0)
		return -1;
	if (rc) {
		device_tried(home, what, from);
		return again(r, rc == 2 ? 403 : 400, f, wrong[rc]);
	}
	if (deny)
		return show(
			r, 200, "Refused",
			"The program is told so. You can close this window.",
			NULL);
	return signed_in(r, key);
}

int serve_device(struct request *r, struct err *e)
{
	struct form f = { .code = "" };
	struct err why;
	int rc;

	if (transport_check(r, &why))
		return show(r, 403, "Sign in",
			    "Signing in is for https and for this machine "
			    "alone: use an https address of this router.",
			    NULL);
	if (strcmp(r->vars.method, "POST")) {
		query_get(r->vars.query, "user_code", f.code, sizeof(f.code));
		return again(r, 200, &f, "");
	}
	if (!is_ours(r))
		return again(r, 403, &f,
			     "This form came from another site, and was not "
			     "taken.");
	rc = read_form(r, &f, e);
	if (rc == 0)
		rc = answer(r, &f, e);
	port_wipe(&f, sizeof(f));
	return rc;
}
