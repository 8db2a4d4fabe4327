/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/show/recent-show.h"

#include "state/usage/cost.h"

static void put_text(struct jw *w, const char *key, const char *text)
{
	jw_kcstr(w, key, *text ? text : NULL);
}

static void put_tokens(struct jw *w, const struct recent *x)
{
	const struct usage *u = &x->usage;

	jw_key(w, "tokens");
	if (!x->has_usage) {
		jw_null(w);
		return;
	}
	jw_obj(w);
	jw_kint(w, "input", u->input);
	jw_kint(w, "cacheRead", u->cache_read);
	jw_kint(w, "cacheWrite", u->cache_write);
	jw_kint(w, "output", u->output);
	jw_kint(w, "reasoning", u->reasoning);
	jw_kbool(w, "estimated", x->estimated);
	jw_obj_end(w);
}

static void put_cost(struct jw *w, const struct snapshot *c,
		     const struct recent *x)
{
	const char *model = *x->texts.upstream_model ? x->texts.upstream_model
						     : x->texts.model;
	double cost = x->has_usage ? cost_of(c, x->texts.backend, model,
					     x->time, &x->usage)
				   : -1;

	jw_key(w, "cost");
	if (cost < 0)
		jw_null(w);
	else
		jw_double(w, cost);
}

void show_recent(struct jw *w, const struct recent *x, const struct snapshot *c,
		 bool account)
{
	const struct recent_texts *t = &x->texts;

	jw_obj(w);
	jw_kcstr(w, "id", t->id);
	jw_kint(w, "time", x->time);
	jw_kcstr(w, "path", t->path);
	put_text(w, "key", t->key);
	put_text(w, "model", t->model);
	put_text(w, "backend", t->backend);
	if (account)
		put_text(w, "account", t->account);
	put_text(w, "upstreamModel", t->upstream_model);
	jw_kint(w, "status", x->status);
	put_text(w, "error", t->error);
	jw_kbool(w, "stream", x->stream);
	jw_kbool(w, "partial", x->partial);
	jw_kint(w, "tookMs", x->took_ms);
	jw_key(w, "firstMs");
	if (x->first_ms >= 0)
		jw_int(w, x->first_ms);
	else
		jw_null(w);
	put_tokens(w, x);
	put_cost(w, c, x);
	put_text(w, "fallback", t->fallback);
	put_text(w, "dropped", t->dropped);
	jw_obj_end(w);
}

struct listing {
	struct jw *w;
	const struct snapshot *config;
};

static void show_one(void *arg, const struct recent *x)
{
	struct listing *l = arg;

	show_recent(l->w, x, l->config, true);
}

void show_all_recent(struct jw *w, const struct snapshot *c, const char *home)
{
	struct listing l = { w, c };

	jw_obj(w);
	jw_key(w, "requests");
	jw_arr(w);
	recent_walk(home, show_one, &l);
	jw_arr_end(w);
	jw_obj_end(w);
}
