/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "base/log.h"
#include "base/query.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/keys/session-secret.h"
#include "state/pool/pool.h"
#include "state/pool/queue.h"
#include "state/shared/shared-choose.h"
#include "state/show/backend-show.h"

static void put_store(struct jw *w)
{
	struct shared_state s;

	shared_look(&s);
	if (!s.remote)
		return;
	jw_key(w, "store");
	jw_obj(w);
	jw_kcstr(w, "status", s.away ? "away" : "ok");
	if (s.away) {
		jw_kint(w, "since", s.away);
		jw_kcstr(w, "why", s.why);
	}
	jw_kint(w, "waiting", (int64_t)s.waiting);
	jw_obj_end(w);
}

static void put_details(struct jw *w, struct request *r,
			const struct err *broken)
{
	const char *home = snapshot_home(r->app->config);
	const struct snapshot *c = r->config;

	jw_kcstr(w, "version", PACKAGE_VERSION);
	jw_kcstr(w, "server", r->vars.server);
	jw_kint(w, "capacity", r->app->capacity);
	jw_kint(w, "busy", atomic_load(&r->app->busy));
	jw_kcstr(w, "configError", broken->code ? broken->msg : NULL);
	put_store(w);
	jw_key(w, "configWarnings");
	jw_arr(w);
	for (size_t i = 0; i < c->notes.n; i++)
		jw_str(w, span_of(c->notes.list[i].text));
	jw_arr_end(w);
	jw_key(w, "backends");
	jw_arr(w);
	for (size_t i = 0; i < c->n_backends; i++)
		show_backend_state(w, home, &c->backends[i]);
	jw_arr_end(w);
	jw_kint(w, "accounts", (int64_t)c->accounts.n);
	jw_kint(w, "queued", (int64_t)queue_length(home, &c->accounts));
}

/* Can some account of the pool serve? As serving asks it. */
static bool has_seat(const struct request *r, const struct accounts *pool)
{
	struct pool_request any = {
		.home = snapshot_home(r->app->config),
		.accounts = pool,
	};

	return pool_peek(&any) >= 0;
}

/* One that is no pool is asked, whatever is known of it. */
static bool can_serve(const struct request *r, bool *pools)
{
	const struct snapshot *c = r->config;
	bool ok = has_seat(r, &c->accounts);

	*pools = c->accounts.n > 0;
	for (size_t i = 0; i < c->n_backends; i++) {
		const struct backend *b = &c->backends[i];

		*pools |= backend_is_pool(b);
		ok = ok || !backend_is_pool(b) || has_seat(r, &b->keys);
	}
	return ok;
}

/* Apache has it from the client's field Host, unless it is told otherwise. */
static bool port_is_told(const struct request_vars *v)
{
	return v->server_port &&
	       !(v->server && strncmp(v->server, "Apache", 6) == 0);
}

/* Who has a key to send wants to know first that it comes to us. */
static void put_proof(struct jw *w, struct request *r)
{
	const char *home = snapshot_home(r->app->config);
	char challenge[SESSION_CHALLENGE_BYTES], proof[DIGEST_URL_BYTES];
	struct err e;

	if (!port_is_told(&r->vars) || !query_get(r->vars.query, "challenge",
						  challenge, sizeof(challenge)))
		return;
	if (session_prove(home, r->vars.server_port, challenge, proof, &e))
		log_msg("it cannot be proved whose router this is: %s", e.msg);
	else
		jw_kcstr(w, "proof", proof);
}

/* Healthy is: a request could be served. */
int serve_health(struct request *r, struct err *e)
{
	struct err broken = { 0 };
	bool pools, ok = can_serve(r, &pools);
	struct buf out;
	struct jw w = jw_to(&out);

	(void)e;
	snapshot_broken(r->app->config, &broken);
	buf_init(&out, 1u << 20);
	jw_obj(&w);
	jw_kcstr(&w, "status", ok ? "ok" : pools ? "no_account" : "no_backend");
	put_proof(&w, r);
	if (r->trusted)
		put_details(&w, r, &broken);
	jw_obj_end(&w);
	reply_json(r, ok ? 200 : 503, buf_get(&out));
	buf_release(&out);
	return 0;
}
