/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/account-show.h"

#include "base/clock.h"
#include "state/queue.h"
#include "state/report.h"
#include "state/sticky.h"

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

static const char *kind(const struct account *a)
{
	return a->api_key ? "api-key" : "subscription";
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
	jw_kcstr(w, "kind", kind(a));
	jw_kcstr(w, "status", show_token_state(s));
	put_expiry(w, a);
	jw_kbool(w, "canRefresh", account_refreshable(a));
	jw_kcstr(w, "problem", s->why[0] ? s->why : NULL);
	jw_obj_end(w);
}

void show_status(struct jw *w, const struct snapshot *c, const char *home)
{
	bool *tried = xcalloc(c->accounts.n + 1, sizeof(*tried));
	struct pool p;
	int i;

	pool_look(&p, home, &c->accounts, FAMILY_OTHER);
	i = pool_pick(&p, "", tried);
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
	free(tried);
}

static void put_used(struct jw *w, const char *key, const struct window *v,
		     int64_t now)
{
	jw_key(w, key);
	if (v->reset > now)
		jw_double(w, v->used);
	else
		jw_int(w, 0);
}

static void put_seat(struct jw *w, const struct seat *s, int64_t requests,
		     int64_t now)
{
	const struct account *a = s->account;
	const struct limits *l = &s->limits;
	int64_t resets = s->until ? s->until
				  : limits_reset(l, FAMILY_OTHER, now);

	jw_obj(w);
	jw_kcstr(w, "alias", a->alias);
	jw_kcstr(w, "kind", kind(a));
	put_used(w, "util5h", &l->h5, now);
	put_used(w, "util7d", &l->d7, now);
	put_used(w, "util7dOpus", &l->opus, now);
	put_used(w, "util7dSonnet", &l->sonnet, now);
	jw_key(w, "headroom");
	jw_double(w, s->headroom);
	jw_kcstr(w, "claim", l->claim);
	jw_kcstr(w, "status", s->usable ? "ready" : show_token_state(s));
	jw_kcstr(w, "cause",
		 s->why[0] && !s->cause ? "token" : limit_cause_name(s->cause));
	jw_kcstr(w, "why", s->why[0] ? s->why : NULL);
	jw_key(w, "resetsAt");
	if (resets)
		jw_int(w, resets);
	else
		jw_null(w);
	jw_kint(w, "requestCount", requests);
	jw_key(w, "expiresInMs");
	if (a->expires_at && !a->api_key)
		jw_int(w, a->expires_at - now);
	else
		jw_null(w);
	jw_key(w, "updatedAt");
	if (l->updated_at)
		jw_int(w, l->updated_at);
	else
		jw_null(w);
	jw_kint(w, "reserve", a->reserve);
	jw_obj_end(w);
}

void show_accounts(struct jw *w, const struct snapshot *c, const char *home)
{
	bool *tried = xcalloc(c->accounts.n + 1, sizeof(*tried));
	size_t healthy = 0, exhausted = 0;
	double total = 0;
	struct report r = { 0 };
	struct err unused;
	struct pool p;
	int best;

	report_make(&r, home, c, &unused);
	pool_look(&p, home, &c->accounts, FAMILY_OTHER);
	best = pool_pick(&p, "", tried);
	jw_obj(w);
	jw_kcstr(w, "mode", p.n > 1 ? "pool" : "single-account");
	jw_key(w, "accounts");
	jw_arr(w);
	for (size_t i = 0; i < p.n; i++) {
		const struct seat *s = &p.seats[i];

		put_seat(w, s,
			 usage_sum_row(&r.ever.accounts, s->account->alias)
				 ->requests,
			 p.now);
		healthy += s->usable;
		exhausted += s->cause == CAUSE_WINDOW;
		total += s->usable ? s->headroom : 0;
	}
	jw_arr_end(w);
	jw_kint(w, "healthy", (int64_t)healthy);
	jw_kint(w, "exhausted", (int64_t)exhausted);
	jw_key(w, "totalHeadroom");
	jw_double(w, total);
	jw_kcstr(w, "bestAccount",
		 best < 0 ? NULL : p.seats[best].account->alias);
	jw_kint(w, "queued", (int64_t)queue_length(home));
	jw_kint(w, "sticky", (int64_t)sticky_count(home));
	jw_obj_end(w);
	report_release(&r);
	pool_release(&p);
	free(tried);
}
