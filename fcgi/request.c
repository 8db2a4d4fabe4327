/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/request.h"

#include "base/clock.h"
#include "base/digest.h"
#include "fcgi/spool.h"
#include "fcgi/unpacked.h"

#include <pthread.h>
#include <string.h>

#define JOINED_MAX 8192 /* bytes of one field */
#define HEAD_USUAL 600  /* bytes of an answer's fields */

/* `guarded`: two of them in one request are an attempt to be read in two
 * ways (web servers join equal names with a comma and map X_A to X-A). */
static const struct {
	const char *name;
	size_t n, at;
	bool guarded;
} wanted[] = {
#define VAR(name, member) \
	name, sizeof(name) - 1, offsetof(struct request_vars, member)
	{ VAR("REQUEST_METHOD", method), false },
	{ VAR("SCRIPT_NAME", script_name), false },
	{ VAR("PATH_INFO", path_info), false },
	{ VAR("QUERY_STRING", query), false },
	{ VAR("CONTENT_LENGTH", content_length), false },
	{ VAR("CONTENT_TYPE", content_type), false },
	{ VAR("REQUEST_URI", uri), false },
	{ VAR("REMOTE_ADDR", remote), false },
	{ VAR("REMOTE_PORT", remote_port), false },
	{ VAR("SERVER_PORT", server_port), false },
	{ VAR("SERVER_SOFTWARE", server), false },
	{ VAR("HTTPS", https), false },
	{ VAR("HTTP_HOST", host), true },
	{ VAR("HTTP_ORIGIN", origin), true },
	{ VAR("HTTP_SEC_FETCH_SITE", fetch_site), false },
	{ VAR("HTTP_SEC_FETCH_MODE", fetch_mode), false },
	{ VAR("HTTP_SEC_FETCH_DEST", fetch_dest), false },
	{ VAR("HTTP_X_API_KEY", api_key), true },
	{ VAR("HTTP_AUTHORIZATION", authorization), true },
	{ VAR("HTTP_CONTENT_ENCODING", content_encoding), false },
	{ VAR("HTTP_ANTHROPIC_VERSION", anthropic_version), false },
	{ VAR("HTTP_ANTHROPIC_BETA", anthropic_beta), false },
	{ VAR("HTTP_CONNECTION", connection), false },
	{ VAR("HTTP_UPGRADE", upgrade), false },
	{ VAR("HTTP_USER_AGENT", user_agent), false },
	{ VAR("HTTP_ACCEPT", accept), false },
	{ VAR("HTTP_COOKIE", cookie), false },
	{ VAR("HTTP_X_DARIO_TOKEN", token), false },
	{ VAR("HTTP_X_SESSION_ID", session_id), false },
	{ VAR("HTTP_X_REQUEST_ID", request_id), false },
	{ VAR("HTTP_X_CHANNEL_ID", channel_id), false },
	{ VAR("HTTP_X_USER_ID", user_id), false },
	{ VAR("HTTP_X_DARIO_BACKEND", backend), false },
	{ VAR("HTTP_X_CLAUDE_CODE_SESSION_ID", claude_session), false },
	{ VAR("HTTP_X_CLAUDE_CODE_AGENT_ID", claude_agent), false },
	{ VAR("HTTP_SEC_WEBSOCKET_KEY", ws_key), false },
	{ VAR("HTTP_X_FORWARDED_PROTO", forwarded_proto), false },
	{ VAR("HTTP_X_FORWARDED_FOR", forwarded_for), false },
	{ VAR("HTTP_IF_NONE_MATCH", if_none_match), false },
	{ VAR("HTTP_ACCESS_CONTROL_REQUEST_METHOD", preflight_method), false },
	{ VAR("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", preflight_fields), false },
#undef VAR
};

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

/* By length and last byte; a web server passes many that nobody wants. Both
 * count from one. */
static struct {
	unsigned char first[64], next[WANTED + 1];
} places;
static pthread_once_t places_once = PTHREAD_ONCE_INIT;

static unsigned char *place_of(const char *name, size_t n)
{
	return &places.first[(n * 7 + (n ? (unsigned char)name[n - 1] : 0)) %
			     sizeof(places.first)];
}

static void fill_places(void)
{
	for (size_t i = 0; i < WANTED; i++) {
		unsigned char *to = place_of(wanted[i].name, wanted[i].n);

		places.next[i + 1] = *to;
		*to = (unsigned char)(i + 1);
	}
}

/* Some web servers hand on each of several fields of one name by itself: they
 * are one list (RFC 9110, 5.3). Other variables are there twice by the web
 * server's own configuration: the last counts. */
static const char *joined(struct request *r, size_t i, const char *had,
			  const char *value)
{
	if (!had || strncmp(wanted[i].name, "HTTP_", 5))
		return value;
	if (strlen(had) + strlen(value) > JOINED_MAX) {
		r->vars.repeated = wanted[i].name;
		return value;
	}
	return arena_fmt(r->arena, "%s, %s", had, value);
}

static void read_var(struct request *r, const struct gateway_var *var)
{
	struct request_vars *v = &r->vars;
	unsigned i = *place_of(var->name.p, var->name.n);

	for (; i; i = places.next[i]) {
		const char **to = (const char **)((char *)v + wanted[i - 1].at);

		if (var->name.n != wanted[i - 1].n ||
		    memcmp(var->name.p, wanted[i - 1].name, wanted[i - 1].n))
			continue;
		if (wanted[i - 1].guarded && (*to || strchr(var->value, ',')))
			v->repeated = wanted[i - 1].name;
		*to = joined(r, i - 1, *to, var->value);
		return;
	}
}

const char *request_strip_version(const char *path)
{
	for (int i = 0; i < 2; i++)
		if (strncmp(path, "/v1/", 4) == 0)
			path += 3;
	return path;
}

/* What follows the prefix in `path`, or NULL when that is not below it. */
static const char *below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	while (n && prefix[n - 1] == '/')
		n--;
	if (n == 0 || strncmp(path, prefix, n))
		return NULL;
	if (path[n] == '\0')
		return "/";
	return path[n] == '/' ? path + n : NULL;
}

/* Both are decoded and normalised by the web server, and are the whole path
 * when put together. Where it splits them, SCRIPT_NAME is the prefix; some
 * leave everything in SCRIPT_NAME, and then only the setting tells. */
static const char *find_path(const struct request *r)
{
	const struct request_vars *v = &r->vars;
	const char *script = v->script_name ? v->script_name : "";
	const char *info = v->path_info ? v->path_info : "";
	const char *rest = NULL;

	if (r->gw->authorizer && v->uri) { /* as it is written */
		script = arena_fmt(r->arena, "%.*s", (int)strcspn(v->uri, "?"),
				   v->uri);
		info = "";
	}
	if (r->config && *r->config->settings.prefix)
		rest = below(arena_fmt(r->arena, "%s%s", script, info),
			     r->config->settings.prefix);
	if (rest)
		return rest;
	if (*info || r->gw->script)
		return *info ? info : "/";
	return *script ? script : "/";
}

void request_find_path(struct request *r)
{
	r->path = find_path(r);
	r->asked_path = r->path;
	r->path = request_strip_version(r->path);
}

void request_init(struct request *r, struct app *app, struct http *http,
		  struct gateway *gw, struct arena *arena)
{
	struct request_vars *v = &r->vars;

	memset(r, 0, sizeof(*r));
	r->app = app;
	r->http = http;
	r->gw = gw;
	r->arena = arena;
	r->started = clock_ms();
	r->dialect = &dialects[DIALECT_OPENAI];
	digest_random_id(r->id, sizeof(r->id), "req_");
	buf_init(&r->body, REQUEST_BODY_MAX);
	buf_init(&r->head, REQUEST_HEAD_MAX);
	buf_room(&r->head, HEAD_USUAL);
	pthread_once(&places_once, fill_places);
	for (size_t i = 0; i < gw->n_vars; i++)
		read_var(r, &gw->vars[i]);
	if (!v->method)
		v->method = "";
	r->first_ms = -1;
}

const struct backend *request_backend(const struct request *r)
{
	const struct backend *b =
		r->backend ? snapshot_backend(r->config, span_of(r->backend))
			   : NULL;

	return b ? b : &r->config->claude;
}

void request_release(struct request *r)
{
	unpacked_free(r->unpacked);
	spool_free(r->spool);
	if (r->unread_by)
		unread_end(&r->app->unread, r->unread_by, r->unread);
	buf_release(&r->body);
	buf_release(&r->head);
	buf_release(&r->answer);
}
