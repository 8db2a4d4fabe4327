/* SPDX-License-Identifier: MIT */
/* dario explain: what would become of a request, told by the code that decides
 * it. */
#include "config.h"

#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "dialect/peek.h"
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
	char upstream[PEEK_MODEL_MAX + 1];
	struct pool pool;
	int seat; /* -1: none */
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
	const struct route *r = &x->plan.routes[0];
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

static void choose_seat(struct explain *x)
{
	struct pool_request r = { .home = x->cmd->home,
				  .accounts = &x->config->accounts,
				  .bound = "" };

	asked_claude(&r.asked, x->plan.routes[0].model);
	pool_look(&x->pool, r.home, r.accounts, &r.asked);
	x->seat = x->plan.routes[0].backend->claude ? pool_peek(&r) : -1;
}

/* --- as text ------------------------------------------------------------ */

static void print_note(void *arg, const char *target, bool ok, const char *why)
{
	(void)arg;
	say(stdout, "  %s %-24s %s\n", ok ? "*" : " ", target, why);
}

static void seat_text(const struct seat *s, int64_t now, char *out, size_t n)
{
	char left[32] = "";

	if (s->until > now)
		show_duration(left, sizeof(left), s->until - now);
	snprintf(out, n, "%.0f%% left%s%s%s%s", s->headroom * 100,
		 s->why[0] ? ", " : "", s->why, *left ? ", free again in " : "",
		 left);
}

static void print_seats(const struct explain *x)
{
	char name[80], why[300];

	for (size_t i = 0; i < x->pool.n; i++) {
		const struct seat *s = &x->pool.seats[i];

		snprintf(name, sizeof(name), "claude/%s", s->account->alias);
		seat_text(s, x->pool.now, why, sizeof(why));
		print_note(NULL, name, (int)i == x->seat, why);
	}
}

static void print_fallbacks(const struct explain *x)
{
	for (size_t i = 1; i < x->plan.n; i++)
		say(stdout, "  else %s:%s\n", x->plan.routes[i].backend->name,
		    x->plan.routes[i].model);
}

static void print_text(const struct explain *x)
{
	const struct backend *b = x->plan.routes[0].backend;
	enum dialect_id d = protocol(x, b);

	say(stdout, "%s goes to %s", x->model, b->name);
	if (x->seat >= 0)
		say(stdout, ", account %s",
		    x->pool.seats[x->seat].account->alias);
	say(stdout, " as %s (%s)\n", x->upstream, x->plan.why);
	printf("in the API %s, %s\n", dialects[d].name,
	       d == x->dialect ? "byte for byte" : "translated");
	print_fallbacks(x);
	printf("candidates:\n");
	route_explain(x->config, x->model, print_note, NULL);
	print_seats(x);
}

/* --- as JSON ------------------------------------------------------------ */

static void put_note(void *arg, const char *target, bool ok, const char *why)
{
	struct jw *w = arg;

	jw_obj(w);
	jw_kcstr(w, "target", target);
	jw_kbool(w, "ok", ok);
	jw_kcstr(w, "why", why);
	jw_obj_end(w);
}

static void put_seats(struct jw *w, const struct explain *x)
{
	char name[80], why[300];

	for (size_t i = 0; i < x->pool.n; i++) {
		const struct seat *s = &x->pool.seats[i];

		snprintf(name, sizeof(name), "claude/%s", s->account->alias);
		seat_text(s, x->pool.now, why, sizeof(why));
		jw_obj(w);
		jw_kcstr(w, "target", name);
		jw_kbool(w, "ok", (int)i == x->seat);
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

static void put_json(struct jw *w, const struct explain *x)
{
	const struct backend *b = x->plan.routes[0].backend;
	enum dialect_id d = protocol(x, b);

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
	jw_key(w, "candidates");
	jw_arr(w);
	route_explain(x->config, x->model, put_note, w);
	put_seats(w, x);
	jw_arr_end(w);
	put_fallbacks(w, x);
	jw_obj_end(w);
}

static int run(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct explain x = { .cmd = c, .config = cfg, .model = c->args[0] };
	struct buf out;
	struct jw w = jw_to(&out);
	int rc = -1;

	if (!cfg || secret_check_name(x.model, "a model", e) ||
	    take_api(&x, e) || route_pick(cfg, x.model, &x.plan, e))
		goto out;
	resolve(&x);
	choose_seat(&x);
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

const struct cmd_group cmd_explain = { "explain", "routing", entries };
