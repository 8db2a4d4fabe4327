/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/upstream.h"

#include <string.h>

#define QUERY_MAX 1024

/* A client's query goes behind the URL when it can stand there as it is. */
static int put_query(struct buf *url, const char *query, struct err *e)
{
	if (!query || !*query)
		return 0;
	if (strlen(query) > QUERY_MAX)
		return err_set(e, ERR_BAD_REQUEST,
			       "the query string is "
			       "longer than %d bytes",
			       QUERY_MAX);
	for (const char *p = query; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '#')
			return err_set(e, ERR_BAD_REQUEST,
				       "the query string "
				       "has a character that must be encoded");
	buf_byte(url, '?');
	buf_str(url, query);
	return 0;
}

static void add(struct http_call *c, const char *field)
{
	c->headers[c->n_headers++] = field;
}

static void add_client_field(struct request *r, struct http_call *c,
			     const char *name, const char *value)
{
	struct span v = span_trim(span_of(value));

	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f)
			return;
	if (v.n)
		add(c, arena_fmt(r->arena, "%s: %.*s", name, SPAN_FMT(v)));
}

static void add_versions(struct request *r, struct http_call *c, bool same)
{
	const char *version = same ? r->vars.anthropic_version : NULL;

	add_client_field(r, c, "anthropic-version",
			 version ? version : "2023-06-01");
	if (same)
		add_client_field(r, c, "anthropic-beta",
				 r->vars.anthropic_beta);
}

int upstream_call(struct request *r, const struct backend *b,
		  enum dialect_id dialect, const char *path, bool stream,
		  struct http_call *c, struct err *e)
{
	const struct settings *s = &r->config->settings;
	bool same = &dialects[dialect] == r->dialect;
	struct buf text;
	int rc;

	buf_init(&text, 16384);
	backend_url(b, dialect, path, &text);
	rc = same ? put_query(&text, r->vars.query, e) : 0;
	c->method = "POST";
	c->url = arena_str(r->arena, buf_get(&text));
	c->body = buf_get(&r->body);
	c->connect_ms = s->connect_ms;
	c->first_byte_ms = s->first_byte_ms;
	c->idle_ms = s->idle_ms;
	add(c, "Content-Type: application/json");
	add(c,
	    stream ? "Accept: text/event-stream" : "Accept: application/json");
	add(c, "User-Agent: dario/" PACKAGE_VERSION);
	buf_reset(&text);
	r->upstream_key = b->api_key;
	backend_credential(b, dialect, &text);
	if (text.n)
		add(c, arena_str(r->arena, buf_get(&text)));
	buf_release(&text);
	if (dialect == DIALECT_ANTHROPIC)
		add_versions(r, c, same);
	return rc;
}
