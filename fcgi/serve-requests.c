/* SPDX-License-Identifier: MIT */
/* serve-requests: the last requests, without what was in them. A person sees
 * those of their own keys. */
#include "config.h"

#include "fcgi/persons-view.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/cost.h"
#include "state/recent.h"

#include "base/jw.h"

#define ANSWER_MAX (1u << 20)

struct listing {
	struct jw w;
	const struct request *r;
};

/* Of the key itself, or of a device of the person whose key it is? */
static bool is_theirs(const char *key, const char *name)
{
	size_t n = strlen(name);

	return strncmp(key, name, n) == 0 && (!key[n] || key[n] == '/');
}

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

/* By today's prices: the files may have changed since. */
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

static void put_request(void *arg, const struct recent *x)
{
	struct listing *l = arg;
	const struct recent_texts *t = &x->texts;
	struct jw *w = &l->w;

	if (l->r->key && !is_theirs(t->key, l->r->key->name))
		return;
	jw_obj(w);
	jw_kcstr(w, "id", t->id);
	jw_kint(w, "time", x->time);
	jw_kcstr(w, "path", t->path);
	put_text(w, "key", t->key);
	put_text(w, "model", t->model);
	put_text(w, "backend", t->backend);
	if (!l->r->key) /* who pays is for the owner */
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
	put_cost(w, l->r->config, x);
	put_text(w, "fallback", persons_view_fallback(l->r, t->fallback));
	put_text(w, "dropped", t->dropped);
	jw_obj_end(w);
}

int serve_requests(struct request *r, struct err *e)
{
	struct listing l = { .r = r };
	struct buf out;
	int rc;

	buf_init(&out, ANSWER_MAX);
	l.w = jw_to(&out);
	jw_obj(&l.w);
	jw_key(&l.w, "requests");
	jw_arr(&l.w);
	recent_walk(snapshot_home(r->app->config), put_request, &l);
	jw_arr_end(&l.w);
	jw_obj_end(&l.w);
	rc = reply_shown(r, 200, &out, e);
	buf_release(&out);
	return rc;
}
