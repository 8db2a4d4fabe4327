/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/show/account-show.h"

#include "base/clock.h"
#include "state/pool/sticky.h"
#include "state/show/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void show_duration(char *out, size_t n, int64_t ms)
{
	long long s = ms > 0 ? ms / 1000 : 0;

	if (s >= 86400)
		snprintf(out, n, "%lldd %lldh", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		snprintf(out, n, "%lldh %lldm", s / 3600, s / 60 % 60);
	else if (s >= 60)
		snprintf(out, n, "%lldm", s / 60);
	else
		snprintf(out, n, "%llds", s);
}

const char *show_token_state(const struct seat *s)
{
	const struct account *a = s->account;

	if (a->problem)
		return "unusable";
	if (s->cause == CAUSE_AUTH)
		return a->api_key ? "refused" : "needs-login";
	if (!account_fresh(a, 0))
		return "expired";
	return account_fresh(a, ACCOUNT_REFRESH_AHEAD_MS) ? "healthy"
							  : "expiring";
}

static void put_expiry(struct jw *w, const struct account *a)
{
	int64_t left = a->expires_at - clock_wall_ms();
	char text[40];

	if (a->api_key || !a->expires_at)
		return;
	show_duration(text, sizeof(text), left);
	jw_kint(w, "expiresAt", a->expires_at);
	jw_kcstr(w, "expiresIn", text);
}

static void put_token(struct jw *w, const struct seat *s)
{
	const struct account *a = s->account;

	jw_obj(w);
	jw_kcstr(w, "alias", a->alias);
	jw_kcstr(w, "kind", account_kind(a));
	jw_kcstr(w, "status", show_token_state(s));
	put_expiry(w, a);
	jw_kbool(w, "canRefresh", account_refreshable(a));
	jw_kcstr(w, "problem", s->why[0] ? s->why : NULL);
	jw_obj_end(w);
}

void show_status(struct jw *w, const struct snapshot *c, const char *home)
{
	struct pool_request any = { .home = home, .accounts = &c->accounts };
	struct pool p;
	int i;

	pool_look(&p, home, &c->accounts, NULL);
	i = pool_peek(&any);
	jw_obj(w);
	jw_kbool(w, "authenticated", i >= 0);
	if (i < 0 && p.n)
		i = 0;
	jw_kcstr(w, "status", i < 0 ? "none" : show_token_state(&p.seats[i]));
	if (i >= 0)
		put_expiry(w, p.seats[i].account);
	jw_key(w, "accounts");
	jw_arr(w);
	for (size_t k = 0; k < p.n; k++)
		put_token(w, &p.seats[k]);
	jw_arr_end(w);
	jw_obj_end(w);
	pool_release(&p);
}

static void put_used(struct jw *w, const char *key, const struct limits *l,
		     const char *window, int64_t now)
{
	const struct window *v = limits_known_window(l, window);

	jw_key(w, key);
	if (v && v->reset > now)
		jw_double(w, v->used);
	else
		jw_int(w, 0);
}

static void put_moment(struct jw *w, const char *key, int64_t when)
{
	jw_key(w, key);
	if (when)
		jw_int(w, when);
	else
		jw_null(w);
}

/* Windows that do not count for all models, and for whom they do. */
static void put_windows(struct jw *w, const struct limits *l, int64_t now)
{
	jw_key(w, "windows");
	jw_arr(w);
	for (size_t i = 0; i < WINDOWS_MAX && l->windows[i].name[0]; i++) {
		const struct window *v = &l->windows[i];

		if (v->reset <= now)
			continue;
		jw_obj(w);
		jw_kcstr(w, "name", v->name);
		jw_key(w, "used");
		jw_double(w, v->used);
		jw_kint(w, "resetsAt", v->reset);
		jw_key(w, "families");
		jw_arr(w);
		for (size_t k = 0; k < LINKS_MAX; k++)
			if (strcmp(l->links[k].window, v->name) == 0)
				jw_str(w, span_of(l->links[k].family));
		jw_arr_end(w);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

/* Families and models that rest, though the account does not. */
static void put_rests(struct jw *w, const struct limits *l, int64_t now)
{
	jw_key(w, "resting");
	jw_arr(w);
	for (size_t i = 0; i < RESTS_MAX; i++) {
		const struct rest *r = &l->rests[i];

		if (!r->cause || r->until <= now)
			continue;
		jw_obj(w);
		jw_kcstr(w, "model", r->what);
		jw_kcstr(w, "cause", limit_cause_name(r->cause));
		jw_kcstr(w, "why", limit_cause_text(r->cause));
		jw_kint(w, "resetsAt", r->until);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

static void put_seat(struct jw *w, const struct seat *s, const char *backend,
		     int64_t requests, int64_t now)
{
	const struct account *a = s->account;
	const struct limits *l = &s->limits;
	static const struct asked anything;
	int64_t resets = s->until ? s->until : limits_reset(l, &anything, now);

	jw_obj(w);
	jw_kcstr(w, "alias", a->alias);
	jw_kcstr(w, "backend", backend);
	jw_kcstr(w, "kind", account_kind(a));
	put_used(w, "util5h", l, "5h", now);
	put_used(w, "util7d", l, "7d", now);
	put_used(w, "util7dOpus", l, "7d_opus", now);
	put_used(w, "util7dSonnet", l, "7d_sonnet", now);
	put_windows(w, l, now);
	put_rests(w, l, now);
	jw_key(w, "headroom");
	jw_double(w, s->headroom);
	jw_kcstr(w, "claim", l->claim);
	jw_kcstr(w, "status", s->usable ? "ready" : show_token_state(s));
	jw_kcstr(w, "cause",
		 s->why[0] && !s->cause ? "token" : limit_cause_name(s->cause));
	jw_kcstr(w, "why", s->why[0] ? s->why : NULL);
	put_moment(w, "resetsAt", resets);
	jw_kint(w, "inFlight", s->in_flight);
	jw_kint(w, "requestCount", requests);
	jw_key(w, "expiresInMs");
	if (a->expires_at && !a->api_key)
		jw_int(w, a->expires_at - now);
	else
		jw_null(w);
	put_moment(w, "updatedAt", l->updated_at);
	jw_kint(w, "reserve", a->reserve);
	jw_kint(w, "priority", a->priority);
	jw_kbool(w, "paused", a->paused);
	jw_obj_end(w);
}

struct sums {
	size_t healthy, exhausted;
	double headroom;
};

static void put_pool(struct jw *w, const char *home, const struct accounts *a,
		     const char *backend, struct report *r, struct sums *sums)
{
	struct pool p;

	pool_look(&p, home, a, NULL);
	for (size_t i = 0; i < p.n; i++) {
		const struct seat *s = &p.seats[i];

		const struct usage_sum *used =
			report_account(r, backend, s->account->alias);

		put_seat(w, s, backend, used ? used->requests : 0, p.now);
		sums->healthy += s->usable;
		sums->exhausted += s->cause == CAUSE_WINDOW;
		sums->headroom += s->usable ? s->headroom : 0;
	}
	pool_release(&p);
}

void show_accounts(struct jw *w, const struct snapshot *c, const char *home)
{
	struct pool_request any = { .home = home, .accounts = &c->accounts };
	int best = pool_peek(&any);
	struct report r = { 0 };
	struct sums sums = { 0 };
	bool pool = c->accounts.n > 1;

	report_make(&r, home, c);
	jw_obj(w);
	jw_key(w, "accounts");
	jw_arr(w);
	put_pool(w, home, &c->accounts, c->claude.name, &r, &sums);
	for (size_t i = 0; i < c->n_backends; i++) {
		const struct backend *b = &c->backends[i];

		put_pool(w, home, &b->keys, b->name, &r, &sums);
		pool |= b->keys.n > 1;
	}
	jw_arr_end(w);
	jw_kcstr(w, "mode", pool ? "pool" : "single-account");
	jw_kint(w, "healthy", (int64_t)sums.healthy);
	jw_kint(w, "exhausted", (int64_t)sums.exhausted);
	jw_key(w, "totalHeadroom");
	jw_double(w, sums.headroom);
	jw_kcstr(w, "bestAccount",
		 best < 0 ? NULL : c->accounts.list[best].alias);
	jw_kint(w, "queued", (int64_t)shared_length(home, NULL, NULL));
	jw_kint(w, "sticky", (int64_t)sticky_count(home));
	jw_obj_end(w);
	report_release(&r);
}
