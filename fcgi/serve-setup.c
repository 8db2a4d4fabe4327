/* SPDX-License-Identifier: MIT */
/* serve-setup: what the owner has set up, for the page: rules, people's keys,
 * and the providers that are known by name. No secret is in it. */
#include "config.h"

#include "base/clock.h"
#include "base/jw.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"

#define ANSWER_MAX (4u << 20)

static void put_on(void *arg, const char *what)
{
	jw_str(arg, span_of(what));
}

static void put_rule(struct jw *w, const struct rule *r, struct arena *a)
{
	jw_obj(w);
	jw_kcstr(w, "match", r->match.text);
	jw_key(w, "targets");
	jw_arr(w);
	for (size_t i = 0; i < r->n; i++) {
		const struct rule_target *t = &r->targets[i];

		jw_str(w, span_of(arena_fmt(a, "%s%s%s%s", t->backend,
					    t->model ? ":" : "",
					    t->model ? t->model : "",
					    t->million ? "[1m]" : "")));
	}
	jw_arr_end(w);
	jw_key(w, "on");
	jw_arr(w);
	rule_on(r, put_on, w);
	jw_arr_end(w);
	jw_obj_end(w);
}

static void put_key(struct jw *w, const struct key *k)
{
	char mem[80];

	jw_obj(w);
	jw_kcstr(w, "name", k->name);
	jw_kcstr(w, "problem",
		 k->wrong ? "its file is wrong: see configWarnings"
			  : key_refusal(k, clock_wall_ms(), mem));
	jw_kbool(w, "disabled", k->disabled);
	jw_key(w, "expires");
	if (k->expires)
		jw_int(w, k->expires);
	else
		jw_null(w);
	jw_key(w, "models");
	jw_arr(w);
	for (size_t i = 0; i < k->n_models; i++)
		jw_str(w, span_of(k->models[i]));
	jw_arr_end(w);
	quota_put(w, &k->quota);
	jw_obj_end(w);
}

static void put_providers(struct jw *w)
{
	struct buf ids;
	struct span rest;

	buf_init(&ids, 8192);
	providers_ids(&ids);
	rest = buf_get(&ids);
	jw_arr(w);
	while (rest.n)
		jw_str(w, span_trim(span_cut(&rest, ',')));
	jw_arr_end(w);
	buf_release(&ids);
}

int serve_setup(struct request *r, struct err *e)
{
	const struct snapshot *c = r->config;
	struct buf out;
	struct jw w = jw_to(&out);
	int rc;

	buf_init(&out, ANSWER_MAX);
	jw_obj(&w);
	jw_key(&w, "rules");
	jw_arr(&w);
	for (size_t i = 0; i < c->rules.n; i++)
		put_rule(&w, &c->rules.list[i], r->arena);
	jw_arr_end(&w);
	jw_key(&w, "keys");
	jw_arr(&w);
	for (size_t i = 0; i < c->keys.n; i++)
		put_key(&w, &c->keys.list[i]);
	jw_arr_end(&w);
	jw_key(&w, "providers");
	put_providers(&w);
	jw_obj_end(&w);
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}
