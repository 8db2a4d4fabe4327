/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/backend.h"

#include "base/embed.h"
#include "base/host.h"
#include "state/config/backend-fields.h"
#include "state/config/backend-key.h"
#include "state/config/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_MAX_MS 3600000
#define KEYS_MAX 96 /* in a backend's file */

void backend_file(const char *name, char *out, size_t n)
{
	snprintf(out, n, "backends/%s.json", name);
}

/* Fill protocol and speaks from "openai,responses". */
static int read_protocols(struct backend *b, struct span list, struct err *e)
{
	bool first = true;

	memset(b->speaks, 0, sizeof(b->speaks));
	while (list.n || first) {
		struct span name = span_cut(&list, ',');
		const struct dialect *d = dialect_find(span_trim(name));

		if (!d)
			return err_set(e, ERR_CONFIG,
				       "unknown protocol "
				       "\"%.*s\": use openai, responses or "
				       "anthropic",
				       SPAN_FMT(name));
		b->speaks[d - dialects] = true;
		if (first)
			b->protocol = (enum dialect_id)(d - dialects);
		first = false;
	}
	return 0;
}

static int load_models(struct backend *b, struct json_object *list,
		       struct err *e)
{
	size_t n;

	if (!list)
		return 0;
	n = json_object_array_length(list);
	if (n > BACKEND_MODELS_MAX)
		return err_set(e, ERR_CONFIG, "more than %d models",
			       BACKEND_MODELS_MAX);
	b->models = xcalloc(n, sizeof(*b->models));
	for (size_t i = 0; i < n; i++) {
		struct span s = json_span(json_object_array_get_idx(list, i));

		if (!s.n)
			return err_set(e, ERR_CONFIG,
				       "models must be a list "
				       "of patterns such as \"gpt-*\"");
		model_pattern_init(&b->models[b->n_models++], s);
	}
	return 0;
}

/* It stays on the host of the base URL. */
static int load_models_path(struct backend *b, const char *path, struct err *e)
{
	if (path && (*path != '/' || strpbrk(path, "#\\\"?") ||
		     !span_visible(span_of(path))))
		return err_set(e, ERR_CONFIG,
			       "modelsPath must be a path such as "
			       "\"/catalog/models\"");
	b->models_path = xstrdup(path);
	return 0;
}

/* Enough to keep a file from naming what must not be asked; `dario backend
 * add` looks closer. */
static bool good_url(const char *url, const char *refused)
{
	const char *host = strstr(url, "://");
	size_t n;

	if (!host ||
	    (strncmp(url, "http://", 7) && strncmp(url, "https://", 8)))
		return false;
	host += 3;
	n = strcspn(host, "/?");
	return n && !memchr(host, '@', n) && !strpbrk(url, refused) &&
	       span_visible(span_of(url));
}

/* The way to the backend: proxy, certificates, clocks. */
static int load_way(struct backend *b, struct json_object *file, struct err *e)
{
	static const struct {
		const char *key;
		size_t at;
	} clocks[] = {
		{ "connectTimeoutMs", offsetof(struct backend, connect_ms) },
		{ "firstByteTimeoutMs",
		  offsetof(struct backend, first_byte_ms) },
		{ "idleTimeoutMs", offsetof(struct backend, idle_ms) },
	};
	const char *proxy, *ca;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		long *clock = (long *)((char *)b + clocks[i].at);

		if (member_number(file, clocks[i].key, 0, CLOCK_MAX_MS, 0,
				  clock, e))
			return -1;
	}
	if (member_way(file, &proxy, &ca, e))
		return -1;
	b->proxy = xstrdup(proxy);
	b->ca_file = xstrdup(ca ? ca : backend_usual_ca());
	return backend_load_fields(b, file, e);
}

const char *backend_usual_ca(void)
{
	const char *file = embed_getenv("SSL_CERT_FILE");

	return file && *file == '/' ? file : NULL;
}

static void set_url(struct backend *b, const char *url)
{
	size_t n = strcspn(url, "?");

	b->query = url[n] && url[n + 1] ? xstrdup(url + n + 1) : NULL;
	while (n && url[n - 1] == '/')
		n--;
	b->base_url = xstrndup(url, n);
}

int backend_parse(struct backend *out, const char *name,
		  struct json_object *file, struct err *e)
{
	const char *url = json_cstr(file, "baseUrl");
	const char *protocol = json_cstr(file, "protocol");

	memset(out, 0, sizeof(*out));
	if (member_check(file, backend_members, e) ||
	    backend_load_key(out, name, file, e))
		goto fail;
	/* A misspelt baseUrl must not send somebody's key to the default. */
	if (backend_has_key(out) && !url) {
		err_set(e, ERR_CONFIG, "baseUrl is missing");
		goto fail;
	}
	if (url && !good_url(url, "#\\\"")) {
		err_set(e, ERR_CONFIG,
			"baseUrl must be an http or https URL "
			"without user or fragment");
		goto fail;
	}
	out->name = xstrdup(name);
	set_url(out, url ? url : BACKEND_DEFAULT_URL);
	if (read_protocols(out, span_of(protocol ? protocol : "openai"), e))
		goto fail;
	if (load_models(out, json_get(file, "models"), e) ||
	    load_models_path(out, json_cstr(file, "modelsPath"), e) ||
	    load_way(out, file, e) || quirks_parse(&out->quirks, file, e))
		goto fail;
	seal_origin(&out->origin, out->base_url,
		    json_cstr(file, "organization"));
	return 0;
fail:
	backend_release(out);
	return -1;
}

void backend_unknown(struct notes *n, const char *where,
		     struct json_object *file)
{
	const char *keys[KEYS_MAX + 1] = { NULL };
	size_t all = member_names(backend_members, keys);

	quirks_keys(keys + all, KEYS_MAX - all);
	notes_unknown(n, true, where, file, keys);
}

void backend_release(struct backend *b)
{
	for (size_t i = 0; i < b->n_models; i++)
		model_pattern_release(&b->models[i]);
	free(b->models);
	backend_release_fields(b);
	free(b->proxy);
	free(b->ca_file);
	free(b->name);
	free(b->base_url);
	free(b->query);
	free(b->models_path);
	free(b->api_key);
	free(b->key_env);
	free(b->key_problem);
	key_command_free(b->key_command);
	accounts_release(&b->keys);
	memset(b, 0, sizeof(*b));
}

void backend_demo(struct backend *out, const char *host, long port,
		  const char *api_key)
{
	char url[300];
	bool any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;

	memset(out, 0, sizeof(*out));
	snprintf(url, sizeof(url),
		 strchr(host, ':') && !any ? "http://[%s]:%ld/demo/v1"
					   : "http://%s:%ld/demo/v1",
		 any ? "127.0.0.1" : host, port);
	out->name = xstrdup("demo");
	out->base_url = xstrdup(url);
	out->api_key = *api_key ? xstrdup(api_key) : NULL;
	out->protocol = DIALECT_OPENAI;
	for (int i = 0; i < DIALECTS; i++)
		out->speaks[i] = true;
	out->models = xcalloc(1, sizeof(*out->models));
	model_pattern_init(&out->models[out->n_models++], SPAN("demo"));
	seal_origin(&out->origin, out->base_url, NULL);
	out->proxy = xstrdup(""); /* it is this machine, and gets our key */
	out->demo = true;
}

int backend_claude(struct backend *out, const char *base_url, struct err *e)
{
	const char *host = strstr(base_url, "://");
	struct span name = span_of(host ? host + 3 : "");

	memset(out, 0, sizeof(*out));
	if (!good_url(base_url, "?#\\\""))
		return err_set(e, ERR_CONFIG,
			       "anthropicBaseUrl must be an http or "
			       "https URL without user, query or fragment");
	name.n = strcspn(name.p, "/");
	if (strncmp(base_url, "https://", 8) &&
	    !host_is_loopback(host_part(name)))
		return err_set(e, ERR_CONFIG,
			       "anthropicBaseUrl must be https: keys "
			       "go there, and %.80s is another machine",
			       name.p);
	out->name = xstrdup("claude");
	out->ca_file = xstrdup(backend_usual_ca());
	set_url(out, base_url);
	seal_origin(&out->origin, out->base_url, NULL);
	out->protocol = DIALECT_ANTHROPIC;
	out->speaks[DIALECT_ANTHROPIC] = true;
	out->claude = true;
	return 0;
}

void backend_protocols(const struct backend *b, struct buf *out)
{
	buf_str(out, dialects[b->protocol].name);
	for (int i = 0; i < DIALECTS; i++)
		if (b->speaks[i] && i != (int)b->protocol)
			buf_fmt(out, ",%s", dialects[i].name);
}

/* Does the base URL name a path, or a host alone? */
static bool host_only(const char *url)
{
	const char *host = strstr(url, "://");

	return host && !strchr(host + 3, '/');
}

static void put_query(const struct backend *b, const char *path,
		      struct buf *out)
{
	if (!b->query)
		return;
	buf_byte(out, strchr(path, '?') ? '&' : '?');
	buf_str(out, b->query);
}

void backend_url(const struct backend *b, enum dialect_id dialect,
		 const char *path, struct buf *out)
{
	size_t n = strlen(b->base_url);
	bool v1 = n > 3 && strcmp(b->base_url + n - 3, "/v1") == 0;

	buf_str(out, b->base_url);
	/* Base URLs are written with and without the version, by the habit of
	 * each provider's own SDK. */
	if ((host_only(b->base_url) && !b->quirks.no_version) ||
	    (dialect == DIALECT_ANTHROPIC && !v1))
		buf_str(out, "/v1");
	buf_str(out, path);
	put_query(b, path, out);
}

void backend_models_url(const struct backend *b, struct buf *out)
{
	const char *host = strstr(b->base_url, "://");

	if (!b->models_path || !host) {
		backend_url(b, b->protocol,
			    b->protocol == DIALECT_ANTHROPIC
				    ? "/models?limit=1000"
				    : "/models",
			    out);
		return;
	}
	host += 3;
	buf_add(out, b->base_url,
		(size_t)(host - b->base_url) + strcspn(host, "/"));
	buf_str(out, b->models_path);
	put_query(b, b->models_path, out);
}

void backend_path_url(const struct backend *b, const char *path,
		      struct buf *out)
{
	struct span base = span_of(b->base_url);
	const char *end = base.n > 3 ? base.p + base.n - 3 : base.p;

	if (span_starts((struct span){ end, base.n ? 3 : 0 }, "/v1") &&
	    strncmp(path, "/v1", 3) == 0 && (path[3] == '/' || !path[3]))
		path += 3;
	buf_span(out, base);
	buf_str(out, path);
	put_query(b, path, out);
}

bool backend_is_pool(const struct backend *b)
{
	return b->claude || b->keys.n > 1;
}

enum provider_kind backend_kind(const struct backend *b)
{
	return b->protocol == DIALECT_ANTHROPIC ? PROVIDER_ANTHROPIC
						: PROVIDER_OPENAI;
}

/* Of a key that cannot be used the others do not suffer. */
int backend_load_keys(struct backend *b, const char *home,
		      struct json_object *file, account_watch_fn *watch,
		      void *arg, struct err *e)
{
	const struct account *only;

	if (b->key_env && b->api_key) /* it is one of the pool */
		json_set_str(file, "apiKey", b->api_key);
	if (accounts_load_keys(&b->keys, home, b->name, file, watch, arg, e))
		return -1;
	if (!b->keys.n)
		return 0;
	if (b->key_command)
		return err_set(e, ERR_CONFIG,
			       "keyCommand has no place beside the keys in "
			       "backends/%s/: remove the one or the others",
			       b->name);
	only = &b->keys.list[0];
	/* For what is asked of the provider itself, such as its models. */
	if (!b->api_key && only->api_key)
		b->api_key = xstrdup(only->api_key);
	if (b->keys.n > 1)
		return 0;
	accounts_release(&b->keys);
	return 0;
}
