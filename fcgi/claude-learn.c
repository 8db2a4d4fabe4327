/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/claude.h"

#include "base/clock.h"
#include "base/http-date.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* Blocks of thinking that are left out one by one, as they are refused. */
#define MENDED_MAX 8

bool claude_is_subscription(const struct claude *c)
{
	return !c->account.api_key;
}

struct news {
	const struct claude *c;
	struct account_failure failure;
	bool served;
	enum limit_cause cause; /* that stood when the request went out */
	int64_t until;
};

/* An answer that a subscription did not cover ends its use, if so wished. */
static bool halts(const struct news *w)
{
	const struct claude *c = w->c;

	return c->told && c->accepted && c->limits.overage &&
	       claude_is_subscription(c) &&
	       strcmp(c->r->config->settings.overage, "halt") == 0;
}

/* An answer ends the cause that stood when the request went out, not one that
 * others have met meanwhile. */
static bool was_seen(const struct news *w, const struct limits *l)
{
	return l->cause != CAUSE_OVERAGE && l->cause == w->cause &&
	       l->until == w->until;
}

/* A used-up window rests nobody but the models that it counts: it stands in
 * the limits, and is no cause for the whole account. */
static bool is_told(const struct news *w, const struct limits *l)
{
	return w->failure.cause == CAUSE_WINDOW &&
	       limits_headroom(l, w->c->family, clock_wall_ms()) == 0;
}

static bool learn(struct limits *l, void *arg)
{
	const struct news *w = arg;
	struct limits was = *l;

	if (w->c->told && w->c->limits.updated_at >= l->updated_at) {
		struct limits now = w->c->limits;

		now.cause = l->cause;
		now.until = l->until;
		now.refresh_after = l->refresh_after;
		memcpy(now.sign, l->sign, sizeof(now.sign));
		*l = now;
	}
	/* What was learnt of the credential before this one. */
	if (was_seen(w, l) && account_has_new_credential(&w->c->account, l))
		l->cause = CAUSE_NONE;
	if (halts(w)) {
		limits_rest(l, CAUSE_OVERAGE, 0, clock_wall_ms());
	} else if (w->failure.cause && !is_told(w, l)) {
		if (limits_rest(l, w->failure.cause, w->failure.until,
				clock_wall_ms()))
			account_sign(&w->c->account, l->sign, sizeof(l->sign));
	} else if (w->served && was_seen(w, l)) {
		l->cause = CAUSE_NONE;
		l->until = 0;
	}
	return limits_news(&was, l);
}

/* The stored state, and this request's view of it. */
static void note(struct claude *c, struct account_failure v, bool served)
{
	struct limits *view = &c->pool.seats[c->seat].limits;
	struct news w = { c, v, served, view->cause, view->until };
	struct err e = { 0 };

	if (limits_note(c->home, c->account.alias, view, learn, &w, &e))
		log_msg("account %s: %s", c->account.alias, e.msg);
}

/* --- the running call ---------------------------------------------------- */

static struct span head_field(const void *arg, const char *name)
{
	return http_field(arg, name);
}

void claude_on_head(void *arg, const struct http_head *head)
{
	struct claude *c = arg;

	c->limits = c->pool.seats[c->seat].limits;
	c->told = limits_take(&c->limits, head_field, head);
	c->accepted = head->status / 100 == 2;
	if (c->told) /* the others shall know while the answer runs */
		note(c, (struct account_failure){ 0 }, false);
	if (c->told && c->limits.h5.reset) {
		c->r->has_windows = true;
		c->r->h5 = c->limits.h5.used;
		c->r->d7 = c->limits.d7.used;
	}
	snprintf(c->retry_after, sizeof(c->retry_after), "%.*s",
		 SPAN_FMT(http_field(head, "retry-after")));
	c->reset = http_date_read(
		http_field(head, "anthropic-ratelimit-unified-reset"));
}

bool claude_has_other(const struct claude *c)
{
	bool was = c->tried[c->seat], other;

	c->tried[c->seat] = true;
	other = pool_pick(&c->pool, "", c->tried) >= 0;
	c->tried[c->seat] = was;
	return other;
}

/* When the first of the other accounts is free again; 0: unknown. */
static int64_t next_of_others(const struct claude *c)
{
	struct pool pool = { 0 };
	int64_t next;

	pool_look(&pool, c->home, &c->r->config->accounts, c->family);
	if ((size_t)c->seat < pool.n)
		pool.seats[c->seat].until = 0;
	next = pool_next(&pool);
	pool_release(&pool);
	return next;
}

/* May the request wait for this account or another? Not for one that rests
 * for nothing: it would be asked again and again meanwhile. */
static bool may_wait(const struct claude *c, const struct account_failure *v)
{
	int64_t now = clock_wall_ms();
	int64_t left = c->deadline - clock_ms();
	int64_t next;

	if (v->cause == CAUSE_NONE || v->cause == CAUSE_OVERLOAD)
		return false;
	if (v->until > now && v->until - now < left)
		return true;
	next = next_of_others(c);
	return next > now && next - now < left;
}

static void add_fallback(struct claude *c, const char *why)
{
	target_note_fallback(
		c->target,
		arena_fmt(c->r->arena, "claude/%s", c->account.alias), why);
}

static const char *why_of(const struct account_failure *v,
			  const struct outcome *o)
{
	if (v->cause)
		return limit_cause_name(v->cause);
	return outcome_refused(o) ? "refused" : "failed";
}

/* What else can be done with the request, of what the failure asks for. */
static enum failure_next possible(struct claude *c, struct account_failure *v,
				  bool leads_on)
{
	switch (v->next) {
	case NEXT_REFRESH:
		if (!c->refreshed && account_refreshable(&c->account)) {
			v->cause = CAUSE_NONE;
			return NEXT_REFRESH;
		}
		return claude_has_other(c) ? NEXT_OTHER : NEXT_ANSWER;
	case NEXT_OTHER:
		if (claude_has_other(c))
			return NEXT_OTHER;
		if (leads_on) /* rather than wait */
			return NEXT_ANSWER;
		if (may_wait(c, v))
			return NEXT_OTHER;
		if (v->cause == CAUSE_OVERLOAD && !c->retried)
			return NEXT_OTHER;
		return NEXT_ANSWER;
	case NEXT_STRIP:
		if (c->mended > MENDED_MAX ||
		    !outgoing_mend_refused(&c->out, c->r, c->r->outcome.body,
					   c->mended == MENDED_MAX))
			return NEXT_ANSWER;
		c->mended++;
		return NEXT_STRIP;
	case NEXT_ANSWER:
		break;
	}
	return NEXT_ANSWER;
}

/* To the next target? An account that is refused, without credit or used up is
 * none to ask, as one that is exhausted. */
static bool may_leave(const struct claude *c, enum limit_cause cause)
{
	bool out = cause == CAUSE_AUTH || cause == CAUSE_CREDIT ||
		   cause == CAUSE_WINDOW || cause == CAUSE_BURST;

	return target_moves_on(c->target) ||
	       (out && target_leaves_exhausted(c->target));
}

/* The client is given it, or has had a part of it. */
static void learn_answer(struct claude *c)
{
	struct account_failure none = { 0 };
	bool served = !c->r->outcome.error.code;

	if (c->told || served)
		note(c, none, served);
	if (!served)
		return;
	if (c->told && c->limits.overage && claude_is_subscription(c) &&
	    strcmp(c->r->config->settings.overage, "off"))
		log_msg("account %s: an answer was billed beyond its plan",
			c->account.alias);
	if (*c->bound.key)
		sticky_set(c->home, &c->bound, c->account.alias);
}

static struct account_failure judge(const struct claude *c)
{
	const struct outcome *o = &c->r->outcome;
	struct failed_answer a = {
		.status = outcome_refused(o) ? o->status : 0,
		.text = o->body,
		.retry_after = span_of(c->retry_after),
		.reset = c->reset,
		.subscription = claude_is_subscription(c),
		.told = c->told,
	};
	struct account_failure v;

	v = account_failure_of(&a, &c->limits, c->family, clock_wall_ms());
	if (c->out.count && v.cause == CAUSE_BURST)
		v.cause = CAUSE_NONE; /* counting has limits of its own */
	return v;
}

static void learn_failure(struct claude *c)
{
	struct account_failure v;
	bool leads_on;

	if (!c->told)
		c->limits = c->pool.seats[c->seat].limits;
	v = judge(c);
	leads_on = may_leave(c, v.cause);
	c->next = possible(c, &v, leads_on);
	c->cause = v.cause;
	c->leave = c->next == NEXT_ANSWER && leads_on;
	note(c, v, false);
	if (c->next == NEXT_OTHER || c->leave)
		add_fallback(c, why_of(&v, &c->r->outcome));
}

void claude_learn(struct claude *c)
{
	c->next = NEXT_ANSWER;
	c->cause = CAUSE_NONE;
	if (outcome_is_final(&c->r->outcome))
		learn_answer(c);
	else
		learn_failure(c);
}
