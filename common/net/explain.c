/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/explain.h"

#include "base/clock.h"
#include "dialect/template.h"
#include "net/catalog.h"
#include "state/config/key-command.h"
#include "state/pool/breaker.h"
#include "state/show/account-show.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum dialect_id dialect;
} apis[] = {
	{ "messages", DIALECT_ANTHROPIC },
	{ "chat", DIALECT_OPENAI },
	{ "responses", DIALECT_RESPONSES },
};

static int take_api(struct explain *x, const char *api, struct err *e)
{
	for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
		if (api && strcmp(api, apis[i].name))
			continue;
		x->api = api ? apis[i].name : "chat";
		x->dialect = api ? apis[i].dialect : DIALECT_OPENAI;
		return 0;
	}
	return err_set(e, ERR_USAGE,
		       "the API must be messages, chat or responses, not "
		       "\"%.20s\"",
		       api);
}

enum dialect_id explain_protocol(const struct explain *x)
{
	const struct backend *b = x->plan.routes[x->at].backend;

	return b->speaks[x->dialect] ? x->dialect : b->protocol;
}

/* "opus" by its real name, as far as it can be told without a request. */
static void resolve(struct explain *x)
{
	const struct route *r = &x->plan.routes[x->at];
	struct catalog catalog;
	bool million;

	snprintf(x->upstream, sizeof(x->upstream), "%s", r->model);
	if (!r->backend->claude || x->config->settings.passthrough)
		return;
	catalog_init(&catalog, NULL, x->home, r->backend, NULL);
	catalog_alias(&catalog, x->config->models, r->model, x->upstream,
		      sizeof(x->upstream), &million);
	catalog_release(&catalog);
}

static const struct accounts *pool_of(const struct explain *x,
				      const struct backend *b)
{
	return b->claude ? &x->config->accounts : &b->keys;
}

/* Who of the target's accounts would serve, -1 nobody. */
static int seat_of(const struct explain *x, const struct route *r)
{
	struct pool_request p = {
		.home = x->home,
		.accounts = pool_of(x, r->backend),
		.strategy = pool_strategy_of(x->config->settings.strategy),
		.interval = x->config->settings.min_interval_ms,
	};
	int at;

	if (r->backend->claude)
		asked_claude(&p.asked, r->model);
	else
		asked_other(&p.asked, r->model);
	at = pool_peek(&p);
	return at < 0 ? pool_peek_full(&p) : at;
}

static bool is_open(const struct explain *x, const struct backend *b)
{
	int64_t now = clock_wall_ms(), open;

	if (b->claude)
		return false;
	open = breaker_until(x->home, b->name);
	return open > now && open <= now + x->config->settings.breaker_open_ms;
}

/* What its command prints is not asked for: that it is there has to do. */
static bool has_key(const struct backend *b)
{
	return !b->key_problem &&
	       (!b->key_command || key_command_is_there(b->key_command));
}

/* As a request goes: would this target be left for the next one at once? */
static bool passes(struct explain *x, size_t i)
{
	const struct route *r = &x->plan.routes[i];
	const struct backend *b = r->backend;

	if (is_open(x, b)) {
		snprintf(x->passed[i], sizeof(x->passed[i]),
			 "its breaker is open");
		return true;
	}
	if (!backend_is_pool(b)) {
		if (has_key(b) || !x->plan.rule->on_auth)
			return false;
		snprintf(x->passed[i], sizeof(x->passed[i]), "it has no key");
		return true;
	}
	if (!x->plan.rule->on_exhausted || seat_of(x, r) >= 0)
		return false;
	snprintf(x->passed[i], sizeof(x->passed[i]), "%s",
		 pool_of(x, b)->n ? "no account can serve now"
				  : "there is no account");
	return true;
}

static void decide(struct explain *x)
{
	const struct route *r;
	struct asked asked;

	for (x->at = 0; x->at + 1 < x->plan.n && passes(x, x->at);)
		x->at++;
	r = &x->plan.routes[x->at];
	if (r->backend->claude)
		asked_claude(&asked, r->model);
	else
		asked_other(&asked, r->model);
	pool_look(&x->pool, x->home, pool_of(x, r->backend), &asked);
	x->seat = backend_is_pool(r->backend) ? seat_of(x, r) : -1;
}

/* Why nobody would be asked; NULL: the target would be. */
const char *explain_problem(const struct explain *x)
{
	const struct backend *b = x->plan.routes[x->at].backend;

	if (!backend_is_pool(b))
		return has_key(b) ? NULL : "which has no key";
	if (x->seat >= 0)
		return NULL;
	return x->pool.n ? "where no account can serve now"
			 : "where there is no account";
}

/* What is put into a request for this account; "" nothing. */
void explain_additions(const struct explain *x, char *out, size_t n)
{
	const struct settings *s = &x->config->settings;
	const struct backend *b = x->plan.routes[x->at].backend;
	const struct account *a = x->seat < 0 ? NULL
					      : x->pool.seats[x->seat].account;
	bool given = template_is_given(x->config->template);
	bool plan = a && !a->api_key;
	struct buf betas;

	out[0] = '\0';
	if (!b->claude || !a || s->passthrough)
		return;
	if (!plan && !given && x->dialect == DIALECT_ANTHROPIC)
		return;
	buf_init(&betas, 4096);
	if (plan)
		buf_str(&betas, ACCOUNT_BETA);
	template_betas(x->config->template, &betas);
	snprintf(out, n, "%s, the betas %.300s%s%s",
		 given ? "what template.json says"
		       : "marks for the prompt cache",
		 betas.n ? buf_cstr(&betas) : "(none)",
		 plan && !s->preserve_tools ? ", tools under their known names"
					    : "",
		 "; requests of Claude Code itself go as they are, with the "
		 "betas alone");
	buf_release(&betas);
}

static void seat_text(const struct seat *s, int64_t now, bool chosen, char *out,
		      size_t n)
{
	char left[32] = "";
	const char *but = "";

	if (s->usable != chosen)
		but = chosen ? ", and is asked all the same"
			     : ", another is the better choice";
	if (s->until > now)
		show_duration(left, sizeof(left), s->until - now);
	snprintf(out, n, "%.0f%% left%s%s%s%s%s", s->headroom * 100,
		 s->why[0] ? ", " : "", s->why, *left ? ", free again in " : "",
		 left, but);
}

static void put_note(void *arg, const char *target, bool ok, const char *why)
{
	struct jw *w = arg;

	jw_obj(w);
	jw_kcstr(w, "target", target);
	jw_kbool(w, "ok", ok);
	jw_kbool(w, "chosen", ok);
	jw_kcstr(w, "why", why);
	jw_obj_end(w);
}

void explain_seat(const struct explain *x, size_t i, char name[EXPLAIN_NAME],
		  char why[EXPLAIN_WHY])
{
	const struct seat *s = &x->pool.seats[i];

	snprintf(name, EXPLAIN_NAME, "%s/%s",
		 x->plan.routes[x->at].backend->name, s->account->alias);
	seat_text(s, x->pool.now, (int)i == x->seat, why, EXPLAIN_WHY);
}

static void put_seats(struct jw *w, const struct explain *x)
{
	char name[EXPLAIN_NAME], why[EXPLAIN_WHY];

	for (size_t i = 0; i < x->pool.n; i++) {
		const struct seat *s = &x->pool.seats[i];

		explain_seat(x, i, name, why);
		jw_obj(w);
		jw_kcstr(w, "target", name);
		/* One that rests may be asked when no other can. */
		jw_kbool(w, "ok", s->usable || (int)i == x->seat);
		jw_kbool(w, "chosen", (int)i == x->seat);
		jw_kcstr(w, "why", why);
		jw_key(w, "headroom");
		jw_double(w, s->headroom);
		jw_kcstr(w, "cause", limit_cause_name(s->cause));
		jw_key(w, "resetsAt");
		if (s->until)
			jw_int(w, s->until);
		else
			jw_null(w);
		jw_obj_end(w);
	}
}

static void put_fallbacks(struct jw *w, const struct explain *x)
{
	jw_key(w, "fallbacks");
	jw_arr(w);
	for (size_t i = 1; i < x->plan.n; i++) {
		const struct route *r = &x->plan.routes[i];

		jw_obj(w);
		jw_kcstr(w, "backend", r->backend->name);
		jw_kcstr(w, "upstreamModel", r->model);
		jw_kint(w, "openUntil",
			breaker_until(x->home, r->backend->name));
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

/* Targets that would be left at once. */
static void put_passed(struct jw *w, const struct explain *x)
{
	jw_key(w, "passed");
	jw_arr(w);
	for (size_t i = 0; i < x->at; i++) {
		jw_obj(w);
		jw_kcstr(w, "backend", x->plan.routes[i].backend->name);
		jw_kcstr(w, "why", x->passed[i]);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

static void put_on(void *arg, const char *what)
{
	jw_str(arg, span_of(what));
}

void explain_put(struct jw *w, const struct explain *x)
{
	const struct backend *b = x->plan.routes[x->at].backend;
	enum dialect_id d = explain_protocol(x);
	char added[600];

	explain_additions(x, added, sizeof(added));
	jw_obj(w);
	jw_kcstr(w, "model", x->model);
	jw_kcstr(w, "api", x->api);
	jw_kcstr(w, "backend", b->name);
	jw_kbool(w, "serves", !explain_problem(x));
	jw_kcstr(w, "account",
		 x->seat < 0 ? NULL : x->pool.seats[x->seat].account->alias);
	jw_kcstr(w, "upstreamModel", x->upstream);
	jw_kcstr(w, "protocol", dialects[d].name);
	jw_kbool(w, "translated", d != x->dialect);
	jw_kcstr(w, "why", x->plan.why);
	jw_kcstr(w, "added", *added ? added : NULL);
	jw_key(w, "candidates");
	jw_arr(w);
	route_explain(x->config, x->model, x->at, put_note, w);
	put_seats(w, x);
	jw_arr_end(w);
	put_passed(w, x);
	put_fallbacks(w, x);
	jw_key(w, "on");
	jw_arr(w);
	if (x->plan.n > 1)
		rule_on(x->plan.rule, put_on, w);
	jw_arr_end(w);
	jw_obj_end(w);
}

int explain_make(struct explain *x, const struct snapshot *c, const char *home,
		 const char *model, const char *api, struct err *e)
{
	memset(x, 0, sizeof(*x));
	x->config = c;
	x->home = home;
	x->model = model;
	if (take_api(x, api, e) || route_find(c, home, model, &x->plan, e))
		return -1;
	decide(x);
	resolve(x);
	return 0;
}

void explain_release(struct explain *x)
{
	pool_release(&x->pool);
}
