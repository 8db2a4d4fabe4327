/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "dialect/peek.h"
#include "fcgi/relay.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/route.h"

#include <string.h>

#define QUERY_MAX 1024

static int peek_piece(void *arg, struct span piece, struct err *e)
{
	return peek_feed(arg, piece, e);
}

/* The body goes out as it came, but for the model's name. */
static int rename_model(struct request *r, const struct peek *k,
			const char *model, struct err *e)
{
	struct buf value;
	struct jw w = jw_to(&value);

	buf_init(&value, PEEK_MODEL_MAX * 8);
	jw_str(&w, span_of(model));
	buf_splice(&r->body, k->model_at, k->model_len, buf_get(&value));
	buf_release(&value);
	return r->body.full ? err_set(e, ERR_TOO_BIG,
				      "the body is too large "
				      "to rename its model")
			    : 0;
}

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

static int build_call(struct request *r, const struct backend *b, bool stream,
		      struct http_call *c, struct err *e)
{
	const struct settings *s = &r->config->settings;
	enum dialect_id d = (enum dialect_id)(r->dialect - dialects);
	struct buf text;
	int rc;

	buf_init(&text, 8192);
	backend_url(b, d, r->upstream_path, &text);
	rc = put_query(&text, r->vars.query, e);
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
	backend_credential(b, d, &text);
	if (text.n)
		add(c, arena_str(r->arena, buf_get(&text)));
	buf_release(&text);
	if (d == DIALECT_ANTHROPIC) {
		add_client_field(r, c, "anthropic-version",
				 r->vars.anthropic_version
					 ? r->vars.anthropic_version
					 : "2023-06-01");
		add_client_field(r, c, "anthropic-beta",
				 r->vars.anthropic_beta);
	}
	return rc;
}

static int check_dialect(const struct request *r, const struct backend *b,
			 struct err *e)
{
	if (b->speaks[r->dialect - dialects])
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		       "backend %s speaks %s, this "
		       "request is %s: use that API for this model, or add "
		       "the backend with --protocol=%s if it has both",
		       b->name, dialects[b->protocol].name, r->dialect->name,
		       r->dialect->name);
}

int serve_forward(struct request *r, struct err *e)
{
	struct http_call call = { 0 };
	struct route route;
	struct peek k;

	peek_init(&k);
	if (request_read_body(r, peek_piece, &k, e) || peek_end(&k, e))
		return -1;
	r->log.model = arena_str(r->arena, span_of(k.model));
	r->log.stream = k.stream;
	if (route_pick(r->config, r->log.model, &route, e))
		return -1;
	r->log.backend = route.backend->name;
	r->log.upstream_model = route.renamed ? route.model : NULL;
	if (check_dialect(r, route.backend, e) ||
	    (route.renamed && rename_model(r, &k, route.model, e)) ||
	    build_call(r, route.backend, k.stream, &call, e))
		return -1;
	relay_run(r, &call, k.stream);
	return 0;
}
