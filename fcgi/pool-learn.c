/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/http-date.h"
#include "base/log.h"
#include "fcgi/pooled.h"

#include <string.h>

bool pooled_is_subscription(const struct pooled *c)
{
	return !c->account.api_key;
}

/* --- what the account is known for --------------------------------------- */

struct news {
	struct pooled *c;
	const struct http_head *head; /* of an answer that begins, or NULL */
	struct refusal refusal;
	bool served, answered; /* or refused, but did not break */
};

/* What was learnt of another credential is void. False: it is ours that is the
 * old one, so that this answer says nothing of the account. */
static bool take_over(struct limits *l, const struct pooled *c)
{
	enum limit_cause cause = l->cause;

	if (pool_is_void(&c->account, l)) {
		if (strcmp(l->sign, c->before.sign))
			return false;
		limits_clear(l);
		l->refresh_after = 0;
		if (cause == CAUSE_OVERAGE)
			l->cause = cause;
	}
	account_sign(&c->account, l->sign, sizeof(l->sign));
	return true;
}

static bool next_field(const void *arg, size_t *at, struct span *name,
		       struct span *value)
{
	return http_next_field(arg, at, name, value);
}

/* A window that is used up stands among the windows; others that are full
 * count for those whom they refuse. */
static void rest_family(struct limits *l, const struct pooled *c,
			const struct refusal *v, int64_t now)
{
	const struct asked *a = &c->pool.asked;

	for (size_t i = 0; i < c->told.n_full; i++)
		limits_link(l, c->told.full[i], a->family);
	if (v->cause == CAUSE_WINDOW && limits_headroom(l, a, now) == 0 &&
	    limits_reset(l, a, now) >= v->until)
		return;
	limits_rest_for(l, v->scope == SCOPE_MODEL ? a->model : a->family,
			v->cause, v->until, now);
}

static void rest(struct limits *l, const struct pooled *c,
		 const struct refusal *v)
{
	int64_t now = clock_wall_ms();

	if (v->scope != SCOPE_ACCOUNT)
		rest_family(l, c, v, now);
	else if (v->cause != CAUSE_WINDOW || limits_shared_headroom(l, now) > 0)
		limits_rest(l, v->cause, v->until, now);
}

/* An answer that a subscription did not cover ends its use, if so wished. */
static bool halts(const struct pooled *c)
{
	return c->claude && c->told.any && c->accepted && c->limits.overage &&
	       pooled_is_subscription(c) &&
	       strcmp(c->r->config->settings.overage, "halt") == 0;
}

/* An answer ends the cause that stood when the request went out, not one that
 * others have met meanwhile. */
static bool was_seen(const struct pooled *c, const struct limits *l)
{
	return l->cause != CAUSE_OVERAGE && l->cause == c->before.cause &&
	       l->until == c->before.until;
}

static void end_causes(struct limits *l, const struct pooled *c)
{
	if (was_seen(c, l)) {
		l->cause = CAUSE_NONE;
		l->until = 0;
	}
	limits_served(l, &c->pool.asked, c->trial && !c->told.any);
}

/* What it has cost, for so much was known before it. */
static void learn_cost(struct limits *l, const struct pooled *c)
{
	const struct asked *a = &c->pool.asked;
	int64_t now = clock_wall_ms();
	double was = limits_headroom(&c->before, a, now);

	if (was < 1)
		limits_spent(l, (was - limits_headroom(l, a, now)) /
					(c->choice.beside + 1));
}

static bool learn(struct limits *l, void *arg)
{
	const struct news *w = arg;
	struct pooled *c = w->c;
	struct limits was = *l;

	if (!take_over(l, c))
		return false;
	if (w->head) {
		limits_take(l, &c->pool.asked, next_field, w->head, &c->told);
		learn_cost(l, c);
	}
	if (w->answered)
		l->failures = 0;
	if (halts(c))
		limits_rest(l, CAUSE_OVERAGE, 0, clock_wall_ms());
	else if (w->refusal.failed)
		limits_failed(l, w->refusal.until, clock_wall_ms());
	else if (w->refusal.cause)
		rest(l, c, &w->refusal);
	else if (w->served)
		end_causes(l, c);
	return limits_news(&was, l);
}

/* The stored state, and this request's view of it. */
static void note(struct news *w)
{
	struct pooled *c = w->c;
	const char *name = account_name(&c->account);
	struct err e = { 0 };

	if (limits_note(c->home, name, &c->limits, learn, w, &e))
		log_msg("account %s: %s", c->account.alias, e.msg);
}

/* --- the running call ---------------------------------------------------- */

void pooled_on_head(void *arg, const struct http_head *head)
{
	struct pooled *c = arg;
	struct news w = { .c = c, .head = head };

	c->accepted = head->status / 100 == 2;
	note(&w); /* the others shall know while the answer runs */
	if (c->told.any && limits_known_window(&c->limits, "5h")) {
		int64_t now = clock_wall_ms();

		c->r->has_windows = true;
		c->r->h5 = limits_used(&c->limits, "5h", now);
		c->r->d7 = limits_used(&c->limits, "7d", now);
	}
	span_text(c->retry_after, sizeof(c->retry_after),
		  http_field(head, "retry-after"));
	span_text(c->retry_after_ms, sizeof(c->retry_after_ms),
		  http_field(head, "retry-after-ms"));
}

bool pooled_has_other(const struct pooled *c)
{
	bool was = c->tried[c->choice.at], other;

	c->tried[c->choice.at] = true;
	other = pool_peek(&c->pool) >= 0;
	c->tried[c->choice.at] = was;
	return other;
}

/* When the first of the other accounts is free again; 0: unknown. */
static int64_t next_of_others(const struct pooled *c)
{
	struct pool_request others = c->pool;
	bool tried[ACCOUNTS_MAX + 2] = { false };

	others.tried = tried;
	tried[c->choice.at] = true;
	return pool_next(&others);
}

/* May the request wait for this account or another? Not for one that rests
 * for nothing, or may be asked all the same: that would be again and again. */
static bool may_wait(const struct pooled *c, const struct refusal *v)
{
	int64_t now = clock_wall_ms();
	int64_t left = c->deadline - clock_ms();
	int64_t next;

	if (v->cause == CAUSE_NONE || v->cause == CAUSE_OVERLOAD ||
	    v->cause == CAUSE_GATEWAY)
		return false;
	if (v->until > now && v->until - now < left)
		return true;
	next = next_of_others(c);
	return next > now && next - now < left;
}

static void add_fallback(struct pooled *c, const char *why)
{
	target_note_fallback(c->target,
			     arena_fmt(c->r->arena, "%s/%s",
				       c->route.backend->name,
				       c->account.alias),
			     why);
}

static const char *why_of(const struct refusal *v, const struct outcome *o)
{
	if (v->cause)
		return limit_cause_name(v->cause);
	return outcome_refused(o) ? "refused" : "failed";
}

/* What else can be done with the request, of what the failure asks for. */
static enum refusal_next possible(struct pooled *c, struct refusal *v,
				  bool leads_on)
{
	switch (v->next) {
	case NEXT_REFRESH:
		if (!c->refreshed && account_refreshable(&c->account)) {
			v->cause = CAUSE_NONE;
			return NEXT_REFRESH;
		}
		return pooled_has_other(c) ? NEXT_OTHER : NEXT_ANSWER;
	case NEXT_OTHER:
		if (pooled_has_other(c))
			return NEXT_OTHER;
		if (leads_on) /* rather than wait */
			return NEXT_ANSWER;
		if (may_wait(c, v))
			return NEXT_OTHER;
		if (v->cause == CAUSE_OVERLOAD && !c->retried)
			return NEXT_OTHER;
		return NEXT_ANSWER;
	case NEXT_AGAIN:
	case NEXT_ANSWER:
		break;
	}
	return NEXT_ANSWER;
}

/* To the next target? An account that refuses or is used up is none to ask, as
 * one that is exhausted. */
static bool may_leave(const struct pooled *c, enum limit_cause cause)
{
	bool out = cause != CAUSE_NONE && cause != CAUSE_OVERLOAD;

	return target_moves_on(c->target) ||
	       (out && target_leaves_exhausted(c->target));
}

/* The client is given it, or has had a part of it. */
static void learn_answer(struct pooled *c)
{
	struct news w = { .c = c, .served = !c->r->outcome.error.code };

	w.answered = w.served;
	if (c->told.any || w.served)
		note(&w);
	if (!w.served)
		return;
	if (c->claude && c->told.any && c->limits.overage &&
	    pooled_is_subscription(c) &&
	    strcmp(c->r->config->settings.overage, "off"))
		log_msg("account %s: an answer was billed beyond its plan",
			c->account.alias);
	if (*c->bound.key)
		sticky_set(c->home, &c->bound, c->account.alias);
}

static struct refusal judge(const struct pooled *c)
{
	const struct outcome *o = &c->r->outcome;
	struct refused_answer a = {
		.status = outcome_refused(o) ? o->status : 0,
		.text = o->body,
		.retry_after = span_of(c->retry_after),
		.retry_after_ms = span_of(c->retry_after_ms),
		.subscription = pooled_is_subscription(c),
		.told = &c->told,
	};
	struct refusal v;

	v = refusal_of(c->kind, &a, &c->limits, &c->pool.asked,
		       clock_wall_ms());
	if (c->out.count && v.cause == CAUSE_BURST)
		v.cause = CAUSE_NONE; /* counting has limits of its own */
	return v;
}

/* The account is not at fault. */
static void learn_mended(struct pooled *c)
{
	struct news w = { .c = c, .answered = true };

	c->next = NEXT_AGAIN;
	note(&w);
}

static void learn_failure(struct pooled *c)
{
	struct news w = { .c = c, .refusal = judge(c) };
	bool leads_on = may_leave(c, w.refusal.cause);

	w.answered = !w.refusal.failed;
	c->next = possible(c, &w.refusal, leads_on);
	c->cause = w.refusal.cause;
	c->leave = c->next == NEXT_ANSWER && leads_on;
	note(&w);
	if (c->cause == CAUSE_WINDOW)
		pool_is_full(&c->pool, c->choice.at);
	if (c->next == NEXT_OTHER || c->leave)
		add_fallback(c, why_of(&w.refusal, &c->r->outcome));
}

/* Of another endpoint, a refusal speaks of what was asked for: no such file, no
 * such batch. Only these are about the account. */
static bool is_of_request(const struct pooled *c)
{
	const struct outcome *o = &c->r->outcome;

	return c->r->passage && outcome_refused(o) && o->status < 500 &&
	       o->status != 401 && o->status != 429;
}

void pooled_learn(struct pooled *c)
{
	c->next = NEXT_ANSWER;
	c->cause = CAUSE_NONE;
	if (outcome_is_final(&c->r->outcome) || is_of_request(c))
		learn_answer(c);
	else if (outgoing_repair(&c->out, c->r))
		learn_mended(c);
	else
		learn_failure(c);
}
