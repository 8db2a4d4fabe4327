/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "dialect/peek.h"
#include "fcgi/relay.h"
#include "fcgi/serve.h"
#include "fcgi/upstream.h"

#include <string.h>

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

static int forward_same(struct request *r, const struct route *route,
			const struct peek *k, struct err *e)
{
	enum dialect_id d = (enum dialect_id)(r->dialect - dialects);
	struct http_call call = { 0 };

	if (route->renamed && rename_model(r, k, route->model, e))
		return -1;
	if (upstream_call(r, route->backend, d, r->upstream_path, k->stream,
			  &call, e))
		return -1;
	relay_run(r, &call, k->stream);
	return 0;
}

/* A backend of another dialect: conversations are translated, tokens are
 * estimated, the rest cannot be done. */
static int choose_way(struct request *r, const struct route *route,
		      const struct peek *k, struct err *e)
{
	const struct backend *b = route->backend;
	bool count = strcmp(r->upstream_path, "/messages/count_tokens") == 0;

	r->instead = count ? serve_token_estimate : NULL;
	if (b->speaks[r->dialect - dialects])
		return forward_same(r, route, k, e);
	if (strcmp(r->upstream_path, r->dialect->path) == 0)
		return serve_translated(r, route, e);
	if (count)
		return serve_token_estimate(r, e);
	return err_set(e, ERR_UNSUPPORTED,
		       "backend %s speaks %s and has nothing like %s: name "
		       "another backend for this model",
		       b->name, dialects[b->protocol].name, r->upstream_path);
}

int serve_forward(struct request *r, struct err *e)
{
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
	return choose_way(r, &route, &k, e);
}
