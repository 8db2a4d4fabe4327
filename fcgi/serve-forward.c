/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "fcgi/allowed.h"
#include "fcgi/caller.h"
#include "fcgi/metered.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "fcgi/stored.h"
#include "state/pool/breaker.h"

#include <string.h>

static int peek_piece(void *arg, struct span piece, struct err *e)
{
	return peek_feed(arg, piece, e);
}

/* Tokens are counted by whoever can; else they are estimated. */
static bool cannot_count(const struct request *r, const struct backend *b)
{
	return !b->speaks[r->dialect - dialects] &&
	       r->instead == serve_token_estimate;
}

static int to_target(struct target *t, enum target_end *end, struct err *e)
{
	const struct route *route = target_route(t);
	struct request *r = t->r;

	*end = TARGET_DONE;
	r->backend = route->backend->name;
	r->account = NULL;
	/* The plan is gone when this is written down. */
	r->upstream_model = route->renamed
				  ? arena_str(r->arena, span_of(route->model))
				  : NULL;
	if (cannot_count(r, route->backend))
		return serve_token_estimate(r, e);
	if (backend_is_pool(route->backend))
		return serve_pool(t, end, e);
	return target_to_backend(t, end, e);
}

/* A backend that fails all the time is passed over, while there is another. */
static bool passed_over(struct target *t)
{
	const struct backend *b = target_route(t)->backend;

	if (!target_has_next(t) || b->claude ||
	    breaker_allows(snapshot_home(t->r->app->config), b->name,
			   &t->r->config->settings))
		return false;
	target_note_fallback(t, b->name, "its breaker is open");
	return true;
}

void serve_targets(struct target *t, struct err *e)
{
	enum target_end end;

	for (;; t->at++) {
		if (passed_over(t))
			continue;
		if (to_target(t, &end, e)) {
			reply_check_broken(t->r, e);
			relay_fail(t->relay, e);
			return;
		}
		if (end == TARGET_DONE)
			return;
	}
}

/* Apart, for the stack keeps what it needs as long as the answer lasts. */
static __attribute__((noinline)) int read_body(struct request *r,
					       struct peek *k, struct err *e)
{
	struct peek_seen seen;

	peek_init(k, &seen);
	return request_read_body(r, peek_piece, k, e) || peek_end(k, e) ? -1
									: 0;
}

int serve_forward(struct request *r, struct err *e)
{
	struct target t;
	struct plan plan;
	struct peek k;
	const char *account = NULL;

	if (read_body(r, &k, e))
		return -1;
	r->model = arena_str(r->arena, span_of(k.model));
	/* A count is never a stream, whatever the body says. */
	if (strcmp(r->upstream_path, "/messages/count_tokens") == 0) {
		r->instead = serve_token_estimate;
		k.stream = false;
	}
	r->stream = k.stream;
	r->user = caller_user(r, &k);
	if (allowed_check(r, e))
		return -1;
	if (route_find(r->config, snapshot_home(r->app->config), r->model,
		       &plan, e))
		return -1;
	if (stored_by_body(r, &k, &plan, &account, e) ||
	    (r->instead ? metered_count(r, e) : metered_admit(r, &plan, e)))
		return -1;
	t = (struct target){
		.r = r,
		.relay = relay_new(r, k.stream),
		.peek = &k,
		.plan = &plan,
		.deadline = clock_ms() + plan.rule->budget_ms,
		.account = account,
	};
	serve_targets(&t, e);
	relay_free(t.relay);
	return 0;
}
