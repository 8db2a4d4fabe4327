/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/guard.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/host.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/utf8.h"
#include "fcgi/transport.h"
#include "state/keys/grant.h"
#include "state/keys/session.h"

#include <string.h>

static bool host_allowed(const struct settings *s, struct span host)
{
	struct span name, bare;
	long port;

	if (!host_parse(host, &name, &port))
		return false;
	bare = name;
	/* An IPv6 address comes in brackets; settings may leave them out. */
	if (name.p[0] == '[')
		bare = (struct span){ name.p + 1, name.n - 2 };
	return host_is_loopback(name) || span_ieq(bare, s->host) ||
	       host_listed(name, s->allowed_hosts) ||
	       host_listed(bare, s->allowed_hosts);
}

static bool origin_allowed(const struct settings *s, struct span text)
{
	struct span list = span_of(s->cors_origin);
	struct origin from, to;

	if (!origin_parse(text, &from))
		return false;
	if (origin_is_web(&from) && host_is_loopback(from.host))
		return true;
	while (list.n)
		if (origin_parse(span_trim(span_cut(&list, ',')), &to) &&
		    origin_same(&from, &to))
			return true;
	return false;
}

/* Pages that a link or a log-in's provider elsewhere may lead to. */
static bool is_visit(const struct request *r)
{
	static const char *const pages[] = { "/", "/callback", "/device" };
	const struct request_vars *v = &r->vars;
	bool page = false;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		page |= strcmp(r->path, pages[i]) == 0;
	return page && strcmp(v->method, "GET") == 0 && v->fetch_mode &&
	       strcmp(v->fetch_mode, "navigate") == 0 && v->fetch_dest &&
	       strcmp(v->fetch_dest, "document") == 0;
}

/* Did a page of another site, or of another port of this machine, make the
 * browser ask? "none" is the user. Programs do not say; what is none of the
 * words of the standard (W3C Fetch Metadata, 2.4) is not trusted. */
static bool is_foreign(const char *site)
{
	return site && strcmp(site, "same-origin") && strcmp(site, "none");
}

static struct span bearer(const struct request *r)
{
	const char *auth = r->vars.authorization;

	if (auth &&
	    span_ieq((struct span){ auth, strnlen(auth, 7) }, "bearer "))
		return span_trim(span_of(auth + 7));
	return SPAN("");
}

static bool key_matches(const struct request *r, const char *key)
{
	struct span want = span_of(key);
	bool by_header, by_bearer;

	by_header = r->vars.api_key &&
		    digest_same_secret(span_of(r->vars.api_key), want);
	by_bearer = r->vars.authorization &&
		    digest_same_secret(bearer(r), want);
	return by_header || by_bearer;
}

/* A key itself, or a token that stands for one. */
static int key_for(const struct request *r, struct span sent,
		   const struct key **out, struct err *e)
{
	const struct keys *all = &r->config->keys;

	if (!grant_is(sent))
		*out = keys_find(all, sent);
	else if (transport_is_private(r))
		return grant_find(snapshot_home(r->app->config), all, sent, out,
				  e);
	return 0;
}

/* NULL in *out: it is nobody's. */
static int find_key(const struct request *r, const struct key **out,
		    struct err *e)
{
	const struct key *by_header = NULL, *by_bearer = NULL;

	if (r->config->keys.unread)
		return err_set(e, ERR_BUSY,
			       "people's keys cannot be read at the moment: "
			       "try again shortly");
	if ((r->vars.api_key &&
	     key_for(r, span_of(r->vars.api_key), &by_header, e)) ||
	    (r->vars.authorization && key_for(r, bearer(r), &by_bearer, e)))
		return -1;
	*out = by_header ? by_header : by_bearer;
	return 0;
}

void guard_keys(const struct request *r, struct span out[2])
{
	/* A configuration that cannot be loaded is none. */
	bool any = !r->config || *r->config->settings.api_key ||
		   r->config->keys.any;

	out[0] = any ? span_of(r->vars.api_key) : SPAN("");
	out[1] = any ? bearer(r) : SPAN("");
}

#define SAFE_MAX 1024 /* bytes of a text that may be shown */

const char *guard_safe(const struct request *r, const char *text)
{
	char mem[SAFE_MAX];
	struct buf out = { .p = mem, .cap = sizeof(mem), .max = SAFE_MAX - 1 };
	struct span all = span_of(text), in = utf8_fit(all, SAFE_MAX - 1);
	struct mask keys = { 0 };

	if (!in.n)
		return text;
	/* There may be no configuration: whatever was sent as a key counts. */
	mask_add(&keys, span_of(r->vars.api_key));
	mask_add(&keys, bearer(r));
	log_redact(in, &out);
	mask_buf(&keys, &out);
	return span_eq(buf_get(&out), all) ? text
					   : arena_str(r->arena, buf_get(&out));
}

int guard_request(struct request *r, struct err *e)
{
	const struct settings *s = &r->config->settings;
	const char *origin = r->vars.origin;

	if (r->vars.repeated)
		return err_set(e, ERR_BAD_REQUEST,
			       "%s was sent more than "
			       "once: send it once",
			       r->vars.repeated + strlen("HTTP_"));
	if (!host_allowed(s, span_of(r->vars.host)))
		return err_set(e, ERR_FORBIDDEN,
			       "host \"%.80s\" is not "
			       "served here: use localhost, or add the name "
			       "to DARIO_ALLOWED_HOSTS",
			       r->vars.host ? r->vars.host : "");
	if (origin && !origin_allowed(s, span_of(origin)) &&
	    !transport_is_own(r, span_of(origin)))
		return err_set(e, ERR_FORBIDDEN,
			       "origin \"%.80s\" is not "
			       "allowed: set DARIO_CORS_ORIGIN to let it in",
			       origin);
	if (!origin && is_foreign(r->vars.fetch_site) && !is_visit(r))
		return err_set(e, ERR_FORBIDDEN,
			       "a web page of another origin asks "
			       "(Sec-Fetch-Site: %.40s): use fetch with CORS "
			       "from an origin in DARIO_CORS_ORIGIN",
			       r->vars.fetch_site);
	r->origin = origin;
	if (*s->api_key)
		r->trusted = key_matches(r, s->api_key);
	else
		r->trusted = !r->config->keys.any && transport_is_local(r);
	return 0;
}

/* One of people's keys, while there are any. */
static int persons_key(struct request *r, bool sent, struct err *e)
{
	const struct keys *all = &r->config->keys;
	const char *why;
	char mem[80];

	if (find_key(r, &r->key, e))
		return -1;
	r->own = !r->key && *all->own && key_matches(r, all->own);
	if (r->own)
		return 0;
	if (!r->key)
		return err_set(e, ERR_AUTH,
			       "%s API key: send the key that the owner of "
			       "this router gave to you as Authorization: "
			       "Bearer",
			       sent ? "wrong" : "missing");
	why = key_refusal(r->key, clock_wall_ms(), mem);
	if (!why)
		return 0;
	return err_set(e, ERR_AUTH, "%s: ask the owner of this router", why);
}

int guard_key(struct request *r, struct err *e)
{
	bool sent = r->vars.api_key || r->vars.authorization;

	if (r->trusted)
		return 0;
	if (r->config->keys.any)
		return persons_key(r, sent, e);
	/* A web server that others reach, too: Host says what they like. */
	if (!*r->config->settings.api_key)
		return err_set(e, ERR_FORBIDDEN,
			       "this router has no API key yet and serves "
			       "its own machine only: set DARIO_API_KEY, or "
			       "apiKey in config.json");
	return err_set(e, ERR_AUTH,
		       "%s key: send the router's key (DARIO_API_KEY) as "
		       "the API key, or as Authorization: Bearer",
		       sent ? "wrong" : "missing");
}

/* --- the page ------------------------------------------------------------ */

bool guard_is_same_origin(const struct request *r)
{
	if (r->vars.fetch_site && strcmp(r->vars.fetch_site, "same-origin"))
		return strcmp(r->vars.fetch_site, "none") == 0 && !r->origin;
	return !r->origin || transport_is_own(r, span_of(r->origin));
}

/* Of several the browser sends the one with the longest path first. */
static struct span find_cookie(const char *home, const char *all)
{
	char name[SESSION_NAME_MAX];
	struct span rest = span_of(all);
	struct err unused;

	/* Cookies of others need no name of ours. */
	if (!span_has(rest, SPAN(SESSION_NAME)) ||
	    session_name(home, name, &unused))
		return SPAN("");
	while (rest.n) {
		struct span value = span_trim(span_cut(&rest, ';'));

		if (span_is(span_cut(&value, '='), name))
			return value;
	}
	return SPAN("");
}

/* Has the page it from a log-in, or another program that got the cookie? */
static bool is_pages(const struct request *r, const char *home,
		     struct span cookie)
{
	char want[DIGEST_URL_BYTES];
	struct err unused;

	return r->vars.token &&
	       session_token(home, cookie, want, &unused) == 0 &&
	       digest_same_secret(span_of(r->vars.token), span_of(want));
}

bool guard_session(struct request *r)
{
	const char *home = snapshot_home(r->app->config);
	struct session who;
	struct span cookie;

	/* What is sent as a key counts alone. */
	if (!r->vars.cookie || r->vars.api_key || r->vars.authorization ||
	    !guard_is_same_origin(r))
		return false;
	cookie = find_cookie(home, r->vars.cookie);
	if (!cookie.n || !is_pages(r, home, cookie))
		return false;
	who = session_find(home, r->config, cookie);
	if (!who.owner && !who.key)
		return false;
	r->session = cookie;
	r->trusted = who.owner;
	r->key = who.key;
	return true;
}

int guard_change(const struct request *r, struct err *e)
{
	/* Every user and program of this machine could. */
	if (!*r->config->settings.api_key)
		return err_set(e, ERR_FORBIDDEN,
			       "while the router has no key of its own nobody "
			       "is known as its owner: set DARIO_API_KEY to "
			       "change things here, or use the dario command");
	return 0;
}
