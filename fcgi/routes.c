/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/routes.h"

#include "fcgi/guard.h"
#include "fcgi/owned.h"
#include "fcgi/presence.h"
#include "fcgi/record.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/shared/vault-follow.h"

#include <string.h>

#define PREFLIGHT_MAX 2048 /* bytes of field names that are repeated */

struct route_entry {
	const char *methods, *path;
	enum dialect_id dialect; /* of the caller */
	serve_fn *serve;
	enum {
		OPEN = 1,      /* needs no key */
		PLACE = 2,     /* takes a place: it goes to an upstream */
		DEMO = 4,      /* only with the demo provider on */
		ASKS = 8,      /* upstreams, without a place */
		EITHER = 16,   /* also Anthropic's: anthropic-version tells */
		METERED = 32,  /* what it uses is counted (metered.h) */
		OWN = 64,      /* shows a person what is theirs alone */
		BROWSER = 128, /* needs no key, if a page is asked for */
		LOGIN = 256,   /* the page's log-in is enough */
		CHANGES = 512, /* something: see guard_change */
		LOOKS = 1024   /* at an answer that was paid for, or deletes
				* it: it uses nothing */
	} flags;
};

#define OBJECTS "GET, POST, DELETE"
/* That carry a request and nothing else: no CONNECT, no TRACE. */
#define ANY_METHOD "GET, POST, PUT, PATCH, DELETE"

/* The first row whose path and method fit counts. A path that ends in an
 * asterisk takes what begins like it, and with two the folder itself, with a
 * slash behind it or without. */
static const struct route_entry table[] = {
	{ "POST", "/messages", DIALECT_ANTHROPIC, serve_forward,
	  PLACE | METERED },
	{ "POST", "/messages/count_tokens", DIALECT_ANTHROPIC, serve_forward,
	  PLACE | METERED },
	{ "POST", "/chat/completions", DIALECT_OPENAI, serve_forward,
	  PLACE | METERED },
	{ "POST", "/completions", DIALECT_OPENAI, serve_forward,
	  PLACE | METERED },
	{ "POST", "/embeddings", DIALECT_OPENAI, serve_forward,
	  PLACE | METERED },
	{ "POST", "/responses", DIALECT_RESPONSES, serve_forward,
	  PLACE | METERED },
	{ "POST", "/responses/compact", DIALECT_RESPONSES, serve_forward,
	  PLACE | METERED },
	{ "GET", "/models", DIALECT_OPENAI, serve_models, ASKS },
	{ "GET", "/models/", DIALECT_OPENAI, serve_models, ASKS },
	{ "GET", "/models/*", DIALECT_OPENAI, serve_models, ASKS },

	/* A provider's other endpoints, literally. */
	{ OBJECTS, "/messages/batches/**", DIALECT_ANTHROPIC, serve_pass,
	  PLACE },
	{ OBJECTS, "/files/**", DIALECT_OPENAI, serve_pass, PLACE | EITHER },
	{ OBJECTS, "/skills/**", DIALECT_OPENAI, serve_pass, PLACE | EITHER },
	{ "POST, DELETE", "/models/*", DIALECT_OPENAI, serve_pass,
	  PLACE | EITHER },
	{ "POST", "/responses/input_tokens", DIALECT_RESPONSES, serve_pass,
	  PLACE | METERED },
	{ "GET, DELETE", "/responses/*", DIALECT_RESPONSES, serve_pass,
	  PLACE | LOOKS },
	{ "POST", "/responses/*", DIALECT_RESPONSES, serve_pass, PLACE },
	{ OBJECTS, "/conversations/**", DIALECT_RESPONSES, serve_pass, PLACE },
	{ "GET", "/chat/completions", DIALECT_OPENAI, serve_pass, PLACE },
	{ "GET, DELETE", "/chat/completions/*", DIALECT_OPENAI, serve_pass,
	  PLACE | LOOKS },
	{ "POST", "/chat/completions/*", DIALECT_OPENAI, serve_pass, PLACE },
	{ "POST", "/images/generations", DIALECT_OPENAI, serve_pass,
	  PLACE | METERED },
	{ "POST", "/images/edits", DIALECT_OPENAI, serve_pass,
	  PLACE | METERED },
	{ "POST", "/images/variations", DIALECT_OPENAI, serve_pass,
	  PLACE | METERED },
	{ "POST", "/images/*", DIALECT_OPENAI, serve_pass, PLACE },
	{ "POST", "/audio/speech", DIALECT_OPENAI, serve_pass,
	  PLACE | METERED },
	{ "POST", "/audio/transcriptions", DIALECT_OPENAI, serve_pass,
	  PLACE | METERED },
	{ "POST", "/audio/translations", DIALECT_OPENAI, serve_pass,
	  PLACE | METERED },
	{ OBJECTS, "/audio/*", DIALECT_OPENAI, serve_pass, PLACE },
	{ OBJECTS, "/videos/**", DIALECT_OPENAI, serve_pass, PLACE },
	{ "POST", "/moderations", DIALECT_OPENAI, serve_pass, PLACE | METERED },
	{ "POST", "/rerank", DIALECT_OPENAI, serve_pass, PLACE | METERED },
	{ OBJECTS, "/containers/**", DIALECT_OPENAI, serve_pass, PLACE },
	{ OBJECTS, "/batches/**", DIALECT_OPENAI, serve_pass, PLACE },
	{ OBJECTS, "/uploads/**", DIALECT_OPENAI, serve_pass, PLACE },
	{ OBJECTS, "/fine_tuning/*", DIALECT_OPENAI, serve_pass, PLACE },
	{ OBJECTS, "/vector_stores/**", DIALECT_OPENAI, serve_pass, PLACE },
	{ ANY_METHOD, "/to/*", DIALECT_OPENAI, serve_to, PLACE | EITHER },

	{ "GET", "/health", DIALECT_OPENAI, serve_health, OPEN | LOGIN },
	{ "GET", "/status", DIALECT_OPENAI, serve_status, LOGIN },
	{ "GET", "/accounts", DIALECT_OPENAI, serve_accounts, LOGIN },
	{ "GET", "/analytics", DIALECT_OPENAI, serve_analytics, OWN | LOGIN },
	{ "GET", "/metrics", DIALECT_OPENAI, serve_metrics, LOGIN },
	{ "GET", "/requests", DIALECT_OPENAI, serve_requests, OWN | LOGIN },
	{ "GET", "/callback", DIALECT_OPENAI, serve_callback, OPEN },
	{ "GET", "/.well-known/oauth-authorization-server", DIALECT_ANTHROPIC,
	  serve_oauth_metadata, OPEN },
	{ "POST", "/oauth/device_authorization", DIALECT_ANTHROPIC,
	  serve_device_authorization, OPEN },
	{ "POST", "/oauth/token", DIALECT_ANTHROPIC, serve_oauth_token, OPEN },
	{ "POST", "/oauth/revoke", DIALECT_ANTHROPIC, serve_oauth_revoke,
	  OPEN },
	{ "GET, POST", "/device", DIALECT_ANTHROPIC, serve_device, OPEN },
	{ "GET", "/api/oauth/usage", DIALECT_ANTHROPIC, serve_usage, OWN },
	{ "GET", "/managed/settings", DIALECT_ANTHROPIC, serve_managed_settings,
	  OWN },
	{ "POST", "/metrics", DIALECT_OPENAI, serve_otlp, OWN },
	{ "POST", "/logs", DIALECT_OPENAI, serve_otlp, OWN },
	{ "POST", "/traces", DIALECT_OPENAI, serve_otlp, OWN },
	{ "GET, POST", "/organizations/spend_limits", DIALECT_ANTHROPIC,
	  serve_spend_limits, 0 },
	{ "GET", "/organizations/spend_limits/effective", DIALECT_ANTHROPIC,
	  serve_spend_effective, 0 },
	{ "GET", "/organizations/spend_limits/audit", DIALECT_ANTHROPIC,
	  serve_spend_audit, 0 },
	{ "GET, DELETE", "/organizations/spend_limits/*", DIALECT_ANTHROPIC,
	  serve_spend_limit, 0 },
	{ "GET", "/", DIALECT_OPENAI, serve_root, BROWSER },
	{ "GET", "/page/session", DIALECT_OPENAI, serve_session, OPEN | LOGIN },
	{ "GET", "/page/setup", DIALECT_OPENAI, serve_setup, LOGIN },
	{ "POST", "/page/actions/*", DIALECT_OPENAI, serve_action,
	  LOGIN | CHANGES },
	{ "POST", "/page/login", DIALECT_OPENAI, serve_login, OPEN },
	{ "POST", "/page/logout", DIALECT_OPENAI, serve_logout, OPEN | LOGIN },
	{ "GET", "/demo/v1/models", DIALECT_OPENAI, serve_demo_models, DEMO },
	{ "POST", "/demo/v1/messages", DIALECT_ANTHROPIC, serve_demo,
	  PLACE | DEMO },
	{ "POST", "/demo/v1/chat/completions", DIALECT_OPENAI, serve_demo,
	  PLACE | DEMO },
	{ "POST", "/demo/v1/responses", DIALECT_RESPONSES, serve_demo,
	  PLACE | DEMO },
};

#define ENTRIES (sizeof(table) / sizeof(table[0]))

/* HEAD is GET without the body, which the web server leaves out. */
static bool same_method(const char *entry, const char *method)
{
	const char *wanted = strcmp(method, "HEAD") ? method : "GET";

	return span_listed(span_of(entry), span_of(wanted));
}

static bool same_path(const char *entry, const char *path)
{
	size_t n = strlen(entry);

	if (!n || entry[n - 1] != '*')
		return strcmp(entry, path) == 0;
	n -= entry[n - 2] == '*' ? 2 : 1;
	if (strncmp(entry, path, n) == 0)
		return path[n] || entry[n + 1] == '*';
	return entry[n + 1] == '*' && strlen(path) == n - 1 &&
	       strncmp(entry, path, n - 1) == 0;
}

/* The row for method and path; with the path alone right, *allow. */
static const struct route_entry *find(const struct request *r,
				      const char **allow)
{
	bool demo = r->config->settings.demo;

	*allow = NULL;
	for (size_t i = 0; i < ENTRIES; i++) {
		if (!same_path(table[i].path, r->path) ||
		    (table[i].flags & DEMO && !demo))
			continue;
		if (same_method(table[i].methods, r->vars.method))
			return &table[i];
		*allow = *allow ? arena_fmt(r->arena, "%s, %s", *allow,
					    table[i].methods)
				: table[i].methods;
	}
	return NULL;
}

/* Whose error format? The path says it, else the headers. */
static const struct dialect *guess_dialect(const struct request *r)
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (same_path(table[i].path, r->path) &&
		    same_method(table[i].methods, "POST") &&
		    !(table[i].flags & EITHER && r->vars.anthropic_version))
			return &dialects[table[i].dialect];
	for (size_t i = 0; i < ENTRIES; i++)
		if (same_path(table[i].path, r->path) &&
		    table[i].dialect == DIALECT_ANTHROPIC)
			return &dialects[DIALECT_ANTHROPIC];
	if (r->vars.anthropic_version || strstr(r->path, "/messages"))
		return &dialects[DIALECT_ANTHROPIC];
	return &dialects[DIALECT_OPENAI];
}

static int answer_options(struct request *r)
{
	const char *asked = r->vars.preflight_fields;

	if (asked && strlen(asked) > PREFLIGHT_MAX)
		asked = NULL;
	reply_field(r, "Allow",
		    SPAN("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
	if (r->origin && r->vars.preflight_method) {
		reply_field(r, "Access-Control-Allow-Methods",
			    SPAN("GET, POST, PUT, PATCH, DELETE, OPTIONS"));
		/* The origin is one that may; clients' libraries bring fields
		 * of their own, and more with each version. */
		reply_field(r, "Access-Control-Allow-Headers",
			    span_of(asked ? asked
					  : "authorization, content-type, "
					    "x-api-key, anthropic-version, "
					    "anthropic-beta"));
		reply_field(r, "Access-Control-Max-Age", SPAN("600"));
	}
	return reply_head(r, 204);
}

static bool is_to(const char *path)
{
	return strcmp(path, "/to") == 0 || strncmp(path, "/to/", 4) == 0;
}

static int no_route(struct request *r, const char *allow, struct err *e)
{
	if (is_to(r->path) && !allow)
		return err_set(e, ERR_NOT_FOUND,
			       "nothing is served at %.120s: write "
			       "/to/NAME/ANY/PATH with the name of a backend, "
			       "as dario backend list shows it",
			       r->asked_path);
	if (is_to(r->path)) {
		reply_field(r, "Allow", span_of(allow));
		return err_set(e, ERR_METHOD,
			       "%.20s is not allowed at %.120s: use %s",
			       r->vars.method, r->asked_path, allow);
	}
	if (!allow)
		return err_set(e, ERR_NOT_FOUND,
			       "nothing is served at %.120s: for a path of a "
			       "provider that is not among those of dario(1) "
			       "write /to/NAME%.120s with the name of its "
			       "backend",
			       r->asked_path, r->asked_path);
	reply_field(r, "Allow", span_of(allow));
	return err_set(e, ERR_METHOD,
		       "%.20s is not allowed at %.120s: use %s, or, for what a "
		       "provider has beyond that, /to/NAME%.120s with the name "
		       "of its backend",
		       r->vars.method, r->asked_path, allow, r->asked_path);
}

/* While upstreams are asked it is seen when the client leaves. */
static int asking(struct request *r, serve_fn *serve, struct err *e)
{
	struct presence p;
	int rc;

	presence_begin(&p, r);
	rc = serve(r, e);
	presence_end(&p, r);
	return rc;
}

/* What needs no upstream is answered even when all places are taken. */
static int in_place(struct request *r, serve_fn *serve, struct err *e)
{
	int taken = atomic_fetch_add(&r->app->busy, 1);
	int rc = -1;

	if (taken < r->app->capacity)
		rc = asking(r, serve, e);
	else
		err_set(e, ERR_BUSY,
			"all %d places of this router are taken: try again "
			"shortly, or raise DARIO_THREADS",
			r->app->capacity);
	atomic_fetch_sub(&r->app->busy, 1);
	return rc;
}

/* What nobody can count is not for a key whose use is limited; nor is what
 * others keep, for anybody. */
static int may_use(struct request *r, const struct route_entry *entry,
		   struct err *e)
{
	if (!r->key || !(entry->flags & PLACE) || entry->flags & METERED)
		return 0;
	if (key_is_restricted(r->key) && !(entry->flags & LOOKS))
		return err_set(e, ERR_UNSUPPORTED,
			       "what %.120s uses cannot be counted, and this "
			       "key has limits: ask the owner of the router",
			       r->asked_path);
	if (entry->serve == serve_to && !key_may_to(r->key))
		return err_set(e, ERR_FORBIDDEN,
			       "/to/ is for the owner of this router, and for "
			       "keys that it was given to: dario key change "
			       "NAME --to=yes");
	return owned_path(r, r->path, e);
}

/* A person gets what is asked of models; what shows or moves other people's
 * things, or what nobody can count, is the owner's. */
static int may_ask(const struct request *r, const struct route_entry *entry,
		   struct err *e)
{
	if (r->own ? entry->flags & DEMO
		   : !r->key || (entry->flags & (PLACE | ASKS | OWN) &&
				 !(entry->flags & DEMO)))
		return 0;
	return err_set(e, ERR_FORBIDDEN,
		       "%.120s is for the owner of this router alone: its key "
		       "is DARIO_API_KEY",
		       r->asked_path);
}

/* The log-in is for what the page asks for, by its own name. */
static bool by_login(struct request *r, const struct route_entry *entry)
{
	return entry && entry->flags & LOGIN && r->path == r->asked_path &&
	       guard_session(r);
}

/* All of it is open, as what is not there. */
static bool is_oauth(const char *path)
{
	return strncmp(path, "/oauth/", 7) == 0;
}

static bool is_open(const struct request *r, const struct route_entry *entry)
{
	if (!entry)
		return !r->gw->authorizer && is_oauth(r->path);
	return entry->flags & OPEN ||
	       (entry->flags & BROWSER && serve_wants_page(r));
}

static int dispatch(struct request *r, struct err *e)
{
	const struct route_entry *entry;
	const char *allow;
	bool open;

	if (guard_request(r, e))
		return -1;
	if (strcmp(r->vars.method, "OPTIONS") == 0 && !r->gw->authorizer)
		return answer_options(r);
	entry = find(r, &allow);
	open = is_open(r, entry);
	if (!by_login(r, entry) && !open && guard_key(r, e))
		return -1;
	/* A web server that takes a body without a length to its disk asks
	 * beforehand: that is for those who have a key, or need none. */
	if (r->gw->authorizer)
		return reply_head(r, 200);
	if (r->vars.ws_key ||
	    (r->vars.upgrade && strcasestr(r->vars.upgrade, "websocket")))
		return err_set(e, ERR_UPGRADE,
			       "WebSocket is not supported: "
			       "use HTTP with server-sent events");
	if (!entry)
		return no_route(r, allow, e);
	if (!open && (may_ask(r, entry, e) || may_use(r, entry, e)))
		return -1;
	if (entry->flags & CHANGES && guard_change(r, e))
		return -1;
	r->api = r->dialect->name;
	r->upstream_path = entry->path;
	if (entry->flags & PLACE)
		return in_place(r, entry->serve, e);
	return entry->flags & ASKS ? asking(r, entry->serve, e)
				   : entry->serve(r, e);
}

static int run(struct request *r, struct err *e)
{
	if (vault_follow_live() && vault_follow_now())
		r->config = snapshot_current(r->app->config, e);
	else
		r->config = snapshot_current_in_round(r->app->config, e);
	request_find_path(r);
	r->dialect = guess_dialect(r);
	return r->config ? dispatch(r, e) : -1;
}

void routes_serve(struct app *app, struct http *http, struct gateway *gw,
		  struct arena *arena)
{
	struct request r;
	struct err e = { 0 };

	request_init(&r, app, http, gw, arena);
	if (run(&r, &e)) {
		reply_check_broken(&r, &e);
		outcome_local(&r.outcome, &e);
		reply_error(&r, &e);
	}
	gw->ops->finish(gw, !r.cut);
	if (!gw->authorizer || r.status >= 400) /* the request follows */
		record_request(&r);
	snapshot_put(app->config, r.config);
	request_release(&r);
}
