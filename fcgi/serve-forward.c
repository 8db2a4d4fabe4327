/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/outgoing.h"
#include "fcgi/relay.h"
#include "fcgi/serve.h"
#include "fcgi/upstream.h"

#include <string.h>

static int peek_piece(void *arg, struct span piece, struct err *e)
{
	return peek_feed(arg, piece, e);
}

static int to_backend(struct request *r, struct outgoing *o, struct err *e)
{
	struct relay_call call = { .chat = o->chat, .upstream = o->dialect };

	if (upstream_call(r, o, NULL, &call.http, e))
		return -1;
	relay_run(relay_new(r, o->stream), &call);
	return 0;
}

/* Tokens are counted by whoever can; else they are estimated. */
static bool cannot_count(const struct request *r, const struct backend *b)
{
	return !b->speaks[r->dialect - dialects] &&
	       r->instead == serve_token_estimate;
}

static int to_route(struct request *r, const struct route *route,
		    struct peek *k, struct err *e)
{
	struct outgoing o;
	int rc;

	if (cannot_count(r, route->backend))
		return serve_token_estimate(r, e);
	if (route->backend->claude)
		return serve_claude(r, route, k, e);
	rc = outgoing_make(&o, r, route, k, e);
	if (rc == 0)
		rc = to_backend(r, &o, e);
	outgoing_release(&o);
	return rc;
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
	if (strcmp(r->upstream_path, "/messages/count_tokens") == 0)
		r->instead = serve_token_estimate;
	return to_route(r, &route, &k, e);
}
