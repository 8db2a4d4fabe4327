/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool.h"

#include "base/clock.h"
#include "state/account-failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void not_usable(struct seat *s, const char *why)
{
	s->usable = false;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static void judge_token(struct seat *s)
{
	const struct account *a = s->account;

	if (a->problem)
		not_usable(s, a->problem);
	else if (a->borrowed && !account_fresh(a, 0))
		not_usable(s, "Claude Code's log-in has expired: run claude "
			      "once, or dario login");
	else if (!account_fresh(a, 0) && !account_refreshable(a))
		not_usable(s, "its token has expired and cannot be refreshed: "
			      "run dario login");
}

static void judge_limits(struct seat *s, enum family_kind family, int64_t now)
{
	const struct limits *l = &s->limits;
	double floor = (double)s->account->reserve / 100;

	if (account_has_new_credential(s->account, l)) {
		struct limits other = *l;

		other.cause = CAUSE_NONE;
		s->cause = limits_cause(&other, family, now);
		s->until = limits_until(&other, family, now);
	}
	if (s->cause == CAUSE_NONE && s->headroom <= floor && floor > 0) {
		not_usable(s, "what is left is its reserve");
		s->cause = CAUSE_WINDOW;
		s->until = limits_reset(l, family, now);
		return;
	}
	if (s->cause == CAUSE_NONE)
		return;
	not_usable(s, limit_cause_text(s->cause));
	if (s->cause == CAUSE_OVERAGE)
		snprintf(s->why, sizeof(s->why),
			 "an answer was billed beyond its plan: look at the "
			 "account, then run dario accounts resume %s",
			 s->account->alias);
	/* The provider's trouble, not the account's. */
	s->resting = (s->cause == CAUSE_OVERLOAD || s->cause == CAUSE_FAULT) &&
		     s->headroom > floor;
	if (!s->until)
		s->until = limits_until(l, family, now);
}

void pool_look(struct pool *p, const char *home, const struct accounts *a,
	       enum family_kind family)
{
	p->now = clock_wall_ms();
	p->n = a->n;
	p->seats = xcalloc(a->n ? a->n : 1, sizeof(*p->seats));
	for (size_t i = 0; i < a->n; i++) {
		struct seat *s = &p->seats[i];

		s->account = &a->list[i];
		limits_read(home, s->account->alias, &s->limits);
		s->headroom = limits_headroom(&s->limits, family, p->now);
		s->cause = limits_cause(&s->limits, family, p->now);
		s->usable = true;
		judge_token(s);
		if (s->usable)
			judge_limits(s, family, p->now);
	}
}

void pool_release(struct pool *p)
{
	free(p->seats);
	memset(p, 0, sizeof(*p));
}

static int pick(const struct pool *p, const char *bound, const bool *tried,
		bool resting)
{
	int best = -1;

	for (size_t i = 0; i < p->n; i++) {
		const struct seat *s = &p->seats[i];

		if (tried[i] || !(resting ? s->resting : s->usable))
			continue;
		if (*bound && strcmp(s->account->alias, bound) == 0)
			return (int)i;
		if (best < 0 || s->headroom > p->seats[best].headroom)
			best = (int)i;
	}
	return best;
}

int pool_pick(const struct pool *p, const char *bound, const bool *tried)
{
	int i = pick(p, bound, tried, false);

	return i < 0 ? pick(p, bound, tried, true) : i;
}

int64_t pool_next(const struct pool *p)
{
	int64_t next = 0;

	for (size_t i = 0; i < p->n; i++) {
		int64_t until = p->seats[i].until;

		if (until > p->now && (!next || until < next))
			next = until;
	}
	return next;
}
