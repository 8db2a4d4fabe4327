/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/relay.h"
#include "fcgi/serve.h"
#include "fcgi/upstream.h"

/* The request anew, in the upstream's dialect, in place of the one received.
 * The chat borrows from `body`. */
static int translate(struct request *r, const struct route *route,
		     struct json_object *body, struct chat *c, struct err *e)
{
	const struct backend *b = route->backend;
	struct target t = {
		.model = route->model,
		.family = models_family(r->config->models, route->model),
		.quirks = b->quirks,
	};
	struct buf out;
	int rc;

	if (r->dialect->read(c, body, e))
		return -1;
	buf_init(&out, REQUEST_BODY_MAX);
	rc = dialects[b->protocol].request(&t, c, &out, e);
	if (rc == 0 && out.full)
		rc = err_set(e, ERR_TOO_BIG,
			     "the translated request is larger than %u MiB",
			     REQUEST_BODY_MAX >> 20);
	buf_release(&r->body);
	r->body = out;
	if (c->dropped.n)
		r->log.dropped = arena_str(r->arena, buf_get(&c->dropped));
	return rc;
}

int serve_translated(struct request *r, const struct route *route,
		     struct err *e)
{
	enum dialect_id upstream = route->backend->protocol;
	struct json_object *body = json_read(buf_get(&r->body), e);
	struct http_call call = { 0 };
	struct chat c;
	int rc = -1;

	if (!body)
		return -1;
	chat_init(&c, r->arena);
	if (translate(r, route, body, &c, e) ||
	    upstream_call(r, route->backend, upstream, dialects[upstream].path,
			  c.stream, &call, e))
		goto out;
	relay_run_translated(r, &call, &c, upstream);
	rc = 0;
out:
	chat_release(&c);
	json_object_put(body);
	return rc;
}
