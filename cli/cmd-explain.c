/* SPDX-License-Identifier: MIT */
/* dario explain: what would become of a request, told by the code that decides
 * it. */
#include "config.h"

#include "base/clock.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "dialect/peek.h"
#include "dialect/template.h"
#include "net/catalog.h"
#include "state/account-show.h"
#include "state/breaker.h"
#include "state/pool.h"
#include "state/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum dialect_id dialect;
} apis[] = {
	{ "messages", DIALECT_ANTHROPIC },
	{ "chat", DIALECT_OPENAI },
	{ "responses", DIALECT_RESPONSES },
};

struct explain {
	const struct cmd *cmd;
	const struct snapshot *config;
	const char *model, *api;
	enum dialect_id dialect;
	struct plan plan;
	size_t at; /* the target that would answer */
	char upstream[PEEK_MODEL_MAX + 1];
	char passed[RULE_TARGETS_MAX][80]; /* why a target would not; or "" */
	struct pool pool;                  /* of the one that would */
	int seat;                          /* -1: none */
	struct jw *w;
};

static int take_api(struct explain *x, struct err *e)
{
	const char *api = cmd_value(x->cmd, "api");

	for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
		if (api && strcmp(api, apis[i].name))
			continue;
		x->api = api ? apis[i].name : "chat";
		x->dialect = api ? apis[i].dialect : DIALECT_OPENAI;
		return 0;
	}
	return err_set(e, ERR_USAGE,
		       "--api must be messages, chat or responses, not "
		       "\"%.20s\"",
		       api);
}

static enum dialect_id protocol(const struct explain *x,
				const struct backend *b)
{
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
	catalog_init(&catalog, NULL, x->cmd->home, r->backend, NULL);
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
		.home = x->cmd->home,
		.accounts = pool_of(x, r->backend),
		.bound = "",
		.strategy = pool_strategy_of(x->config->settings.strategy),
		.interval = x->config->settings.min_interval_ms,
	};

	if (r->backend->claude)
		asked_claude(&p.asked, r->model);
	else
		asked_other(&p.asked, r->model);
	return pool_peek(&p);
}

/* As a request goes: would this target be left for the next one at once? */
static bool passes(struct explain *x, size_t i)
{
	const struct route *r = &x->plan.routes[i];
	const struct backend *b = r->backend;
	int64_t now = clock_wall_ms(), open;

	if (!backend_is_pool(b)) {
		open = breaker_until(x->cmd->home, b->name);
		if (open <= now ||
		    open > now + x->config->settings.breaker_open_ms)
			return false;
		snprintf(x->passed[i], sizeof(x->passed[i]),
			 "its breaker is open");
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
	pool_look(&x->pool, x->cmd->home, pool_of(x, r->backend), &asked);
	x->seat = backend_is_pool(r->backend) ? seat_of(x, r) : -1;
}

/* What is put into a request for this account; "" nothing. */
static void additions(const struct explain *x, char *out, size_t n)
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

/* --- as text ------------------------------------------------------------ */

static void print_note(void *arg, const char *target, bool ok, const char *why)
{
	(void)arg;
	say(stdout, "  %s %-24s %s\n", ok ? "*" : " ", target, why);
}

/* `passed`: it could serve, but another does. */
static void seat_text(const struct seat *s, int64_t now, bool passed, char *out,
		      size_t n)
{
	char left[32] = "";

	if (s->until > now)
		show_duration(left, sizeof(left), s->until - now);
	snprintf(out, n, "%.0f%% left%s%s%s%s%s", s->headroom * 100,
		 s->why[0] ? ", " : "", s->why,
		 passed ? ", another is the better choice" : "",
		 *left ? ", free again in " : "", left);
}

static void print_seats(const struct explain *x)
{
	char name[80], why[300];

	for (size_t i = 0; i < x->pool.n; i++) {
		const struct seat *s = &x->pool.seats[i];

		snprintf(name, sizeof(name), "%s/%s",
			 x->plan.routes[x->at].backend->name,
			 s->account->alias);
		seat_text(s, x->pool.now, s->usable && (int)i != x->seat, why,
			  sizeof(why));
		print_note(NULL, name, (int)i == x->seat, why);
	}
}

static void print_on(void *arg, const char *what)
{
	bool *first = arg;

	say(stdout, "%s%s", *first ? "" : ", ", what);
	*first = false;
}

static void print_fallbacks(const struct explain *x)
{
	bool first = true;

	for (size_t i = 0; i < x->at; i++)
		say(stdout, "  not %s:%s: %s\n",
		    x->plan.routes[i].backend->name, x->plan.routes[i].model,
		    x->passed[i]);
	for (size_t i = x->at + 1; i < x->plan.n; i++)
		say(stdout, "  else %s:%s\n", x->plan.routes[i].backend->name,
		    x->plan.routes[i].model);
	if (x->plan.n < 2)
		return;
	printf("  on ");
	rule_on(x->plan.rule, print_on, &first);
	putchar('\n');
}

static void print_text(const struct explain *x)
{
	const struct backend *b = x->plan.routes[x->at].backend;
	enum dialect_id d = protocol(x, b);
	char added[600];

	say(stdout, "%s goes to %s", x->model, b->name);
	if (x->seat >= 0)
		say(stdout, ", account %s",
		    x->pool.seats[x->seat].account->alias);
	else if (backend_is_pool(b))
		printf(x->pool.n ? ", where no account can serve now"
				 : ", where there is no account");
	say(stdout, " as %s (%s)\n", x->upstream, x->plan.why);
	printf("in the API %s, %s\n", dialects[d].name,
	       d == x->dialect ? "byte for byte" : "translated");
	additions(x, added, sizeof(added));
	if (*added)
		say(stdout, "with %s\n", added);
	print_fallbacks(x);
	printf("candidates:\n");
	route_explain(x->config, x->model, x->at, print_note, NULL);
	print_seats(x);
}

/* --- as JSON ------------------------------------------------------------ */

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

static void put_seats(struct jw *w, const struct explain *x)
{
	char name[80], why[300];

	for (size_t i = 0; i < x->pool.n; i++) {
		const struct seat *s = &x->pool.seats[i];

		snprintf(name, sizeof(name), "%s/%s",
			 x->plan.routes[x->at].backend->name,
			 s->account->alias);
		seat_text(s, x->pool.now, s->usable && (int)i != x->seat, why,
			  sizeof(why));
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
			breaker_until(x->cmd->home, r->backend->name));
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

static void put_json(struct jw *w, const struct explain *x)
{
	const struct backend *b = x->plan.routes[x->at].backend;
	enum dialect_id d = protocol(x, b);
	char added[600];

	additions(x, added, sizeof(added));
	jw_obj(w);
	jw_kcstr(w, "model", x->model);
	jw_kcstr(w, "api", x->api);
	jw_kcstr(w, "backend", b->name);
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

static int run(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct explain x = { .cmd = c, .config = cfg, .model = c->args[0] };
	struct buf out;
	struct jw w = jw_to(&out);
	int rc = -1;

	if (!cfg || secret_check_name(x.model, "a model", e) || take_api(&x, e))
		goto out;
	if (route_find(cfg, c->home, x.model, &x.plan, e))
		goto out;
	decide(&x);
	resolve(&x);
	buf_init(&out, 1u << 20);
	if (cmd_value(c, "json")) {
		put_json(&w, &x);
		say_json(buf_get(&out));
	} else {
		print_text(&x);
	}
	buf_release(&out);
	pool_release(&x.pool);
	rc = 0;
out:
	snapshot_free(cfg);
	return rc;
}

static const struct cmd_flag flags[] = {
	{ "api", "API", "messages, chat (the default) or responses" },
	{ "json", NULL, "as JSON" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "", "MODEL", "show where a model goes, and why", 1, 1, flags, false,
	  run },
	{ 0 },
};

static const char *const explain_examples[] = {
	"dario explain claude-sonnet-5",
	"dario explain groq:llama-3.3-70b --api=messages",
	NULL,
};

const struct cmd_group cmd_explain = { "explain", "routing", entries,
				       explain_examples };
