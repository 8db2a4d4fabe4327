/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/request.h"

#include "base/clock.h"
#include "base/digest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define READ_STEP (64u << 10)

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
	{ VAR("REMOTE_ADDR", remote), false },
	{ VAR("REMOTE_PORT", remote_port), false },
	{ VAR("SERVER_PORT", server_port), false },
	{ VAR("SERVER_SOFTWARE", server), false },
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
	{ VAR("HTTP_UPGRADE", upgrade), false },
	{ VAR("HTTP_USER_AGENT", user_agent), false },
	{ VAR("HTTP_ACCEPT", accept), false },
	{ VAR("HTTP_X_SESSION_ID", session_id), false },
	{ VAR("HTTP_X_REQUEST_ID", request_id), false },
	{ VAR("HTTP_X_CHANNEL_ID", channel_id), false },
	{ VAR("HTTP_X_USER_ID", user_id), false },
	{ VAR("HTTP_SEC_WEBSOCKET_KEY", ws_key), false },
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

static void read_var(struct request_vars *v, const struct gateway_var *var)
{
	unsigned i = *place_of(var->name.p, var->name.n);

	for (; i; i = places.next[i]) {
		const char **to = (const char **)((char *)v + wanted[i - 1].at);

		if (var->name.n != wanted[i - 1].n ||
		    memcmp(var->name.p, wanted[i - 1].name, wanted[i - 1].n))
			continue;
		if (wanted[i - 1].guarded && (*to || strchr(var->value, ',')))
			v->repeated = wanted[i - 1].name;
		*to = var->value;
		return;
	}
}

/* "/v1" in front, once or twice, says nothing. */
static const char *strip_version(const char *path)
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
	r->path = strip_version(r->path);
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
	pthread_once(&places_once, fill_places);
	for (size_t i = 0; i < gw->n_vars; i++)
		read_var(v, &gw->vars[i]);
	if (!v->method)
		v->method = "";
	r->first_ms = -1;
}

void request_release(struct request *r)
{
	buf_release(&r->body);
	buf_release(&r->head);
	buf_release(&r->answer);
}

static int too_large(struct err *e)
{
	return err_set(e, ERR_TOO_BIG,
		       "the request body is larger than %u "
		       "MiB",
		       REQUEST_BODY_MAX >> 20);
}

static bool plain_encoding(const char *encoding)
{
	return !encoding || !*encoding || strcasecmp(encoding, "identity") == 0;
}

/* The announced length, or 0 when there is none (chunked requests). */
static size_t announced(const struct request *r)
{
	const char *s = r->vars.content_length;

	return s && *s ? strtoul(s, NULL, 10) : 0;
}

/* The end of the body, which a web server may send by itself. */
static int expect_end(struct request *r, struct err *e)
{
	char extra;

	if (r->gw->ops->read(r->gw, &extra, 1) == 0)
		return 0;
	return too_large(e);
}

int request_read_body(struct request *r, body_fn *fn, void *arg, struct err *e)
{
	size_t expect = announced(r);
	size_t limit = expect ? expect : REQUEST_BODY_MAX;

	if (!plain_encoding(r->vars.content_encoding))
		return err_set(e, ERR_ENCODING,
			       "content-encoding %.40s is "
			       "not supported: send the body uncompressed",
			       r->vars.content_encoding);
	if (expect > REQUEST_BODY_MAX)
		return too_large(e);
	while (r->body.n < limit) {
		size_t left = limit - r->body.n;
		size_t room = left < READ_STEP ? left : READ_STEP;
		char *to = buf_room(&r->body, room);
		long n;

		if (!to)
			return err_memory(e);
		n = r->gw->ops->read(r->gw, to, room);
		if (n < 0 && atomic_load(&r->app->cut))
			return err_set(e, ERR_SHUTDOWN,
				       "the router is stopping: try again");
		if (n < 0 || (n == 0 && expect))
			return err_set(e, ERR_GONE,
				       "the body ended after "
				       "%zu bytes",
				       r->body.n);
		if (n == 0)
			return 0;
		buf_took(&r->body, (size_t)n);
		r->bytes_in += (uint64_t)n;
		if (fn && fn(arg, (struct span){ to, (size_t)n }, e))
			return -1;
	}
	return expect_end(r, e);
}
