/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/pool.h"

#include "base/clock.h"
#include "base/fnv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAR_MS (15 * 60 * 1000) /* a reset that may be brought forward */
#define RACES_MAX 64 /* others may choose at the same time so often */
#define ROOMY 64     /* requests that may have come while news are young */

enum pool_strategy pool_strategy_of(const char *word)
{
	if (strcmp(word, "fill-first") == 0)
		return POOL_FILL_FIRST;
	return strcmp(word, "soonest-reset") == 0 ? POOL_SOONEST_RESET
						  : POOL_HEADROOM;
}

/* --- what is known means ------------------------------------------------- */

/* What was learnt of a credential is void with another one. */
static bool is_of(const struct limits *l, const struct account *a)
{
	char sign[ACCOUNT_SIGN_BYTES];

	account_sign(a, sign, sizeof(sign));
	return strcmp(sign, l->sign) == 0;
}

bool pool_is_void(const struct account *a, const struct limits *l)
{
	if (!*l->sign)
		return limit_cause_is_lasting(l->cause);
	return !is_of(l, a);
}

int64_t pool_refresh_pause(const struct account *a, const struct limits *l)
{
	return l->refresh_after && is_of(l, a) ? l->refresh_after : 0;
}

static void not_usable(struct seat *s, const char *why)
{
	s->usable = false;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static void judge_token(struct seat *s)
{
	const struct account *a = s->account;

	if (a->problem) {
		not_usable(s, a->problem);
	} else if (a->paused) {
		not_usable(s, "");
		snprintf(s->why, sizeof(s->why),
			 "it is paused: dario accounts resume %s", a->alias);
	} else if (a->borrowed && !account_fresh(a, 0)) {
		not_usable(s, "Claude Code's log-in has expired: run claude "
			      "once, or dario login");
	} else if (!account_fresh(a, 0) && !account_refreshable(a)) {
		not_usable(s, "its token has expired and cannot be refreshed: "
			      "run dario login");
	}
}

static void judge_limits(struct seat *s, const struct limits *l,
			 const struct asked *asked, int64_t now)
{
	double floor = (double)s->account->reserve / 100;

	s->cause = limits_cause(l, asked, now);
	s->until = limits_until(l, asked, now);
	if (s->cause == CAUSE_NONE && s->headroom <= floor && floor > 0) {
		not_usable(s, "what is left is its reserve");
		s->cause = CAUSE_WINDOW;
		s->until = limits_reset(l, asked, now);
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
	/* Not the account's own trouble. */
	s->resting = (s->cause == CAUSE_OVERLOAD || s->cause == CAUSE_FAILING ||
		      s->cause == CAUSE_GATEWAY) &&
		     s->headroom > floor;
}

static const struct asked anything;

/* `s` without its limits. */
static void judge(struct seat *s, const struct account *a,
		  const struct limits *l, const struct asked *asked,
		  int64_t now)
{
	struct limits cleared;

	if (pool_is_void(a, l)) {
		cleared = *l;
		limits_clear(&cleared);
		if (l->cause == CAUSE_OVERAGE)
			cleared.cause = l->cause;
		l = &cleared;
	}
	s->account = a;
	s->headroom = limits_headroom(l, asked, now);
	s->cause = CAUSE_NONE;
	s->until = 0;
	s->resting = false;
	s->why[0] = '\0';
	s->usable = true;
	judge_token(s);
	if (s->usable)
		judge_limits(s, l, asked, now);
}

/* --- what was judged is kept --------------------------------------------- */

static struct standing *standing(const char *home, const struct account *a)
{
	return a->standing ? a->standing : standing_of(home, account_name(a));
}

/* Of nothing that changes without a sign. */
static int64_t holds_until(const struct account *a, const struct limits *l,
			   int64_t now)
{
	int64_t until = limits_turn(l, now);

	if (a->expires_at > now && a->expires_at < until)
		until = a->expires_at;
	return until;
}

static void keep(struct judged *j, struct standing *st, const struct account *a,
		 const struct asked *asked, int64_t now)
{
	const struct limits *l = &st->limits;
	struct seat s;

	judge(&s, a, l, asked, now);
	j->until = holds_until(a, l, now);
	j->headroom = s.headroom;
	j->cost = l->cost;
	j->first_reset = limits_first_reset(l, asked, now);
	j->usable = s.usable;
	j->resting = s.resting;
}

/* While the standings are held. */
static const struct judged *judged(struct standing *st, const struct account *a,
				   const struct asked *asked, uint64_t what,
				   int64_t now)
{
	uint64_t version = shared_version(st->entry);
	struct judged *j;

	for (size_t i = 0; i < JUDGED_MAX; i++) {
		j = &st->judged[i];
		if (j->asked == what && j->version == version &&
		    j->serial == a->serial && a->serial && now < j->until)
			return j;
	}
	standing_limits(st);
	for (size_t i = 0; i < JUDGED_MAX; i++) {
		j = &st->judged[i];
		if (j->asked == what)
			break;
		j = &st->judged[st->next_judged % JUDGED_MAX];
	}
	st->next_judged += j->asked != what;
	*j = (struct judged){ .asked = what,
			      .serial = a->serial,
			      .version = st->version };
	keep(j, st, a, asked, now);
	return j;
}

static uint64_t what_of(const struct asked *a)
{
	uint64_t h = fnv_byte(fnv(FNV_START, span_of(a->family)), '/');

	h = fnv(h, span_of(a->model));

	return h ? h : 1;
}

/* --- choosing ------------------------------------------------------------ */

/* One that may be chosen, and what speaks for it. */
struct candidate {
	int at;
	long priority;
	bool tight; /* what is in flight will use up what is left */
	bool waits; /* for its pace */
	bool sure;  /* with any count that it may have */
	double load;
	int64_t reset, pace;
	uint32_t count;
	struct shared_entry *entry;
};

/* Half used with one in flight is as good as whole with three. */
static double load_of(uint32_t count, double headroom)
{
	return (count + 1) / (headroom > 0.001 ? headroom : 0.001);
}

static bool is_better(const struct candidate *a, const struct candidate *b,
		      enum pool_strategy strategy)
{
	if (b->at < 0 || a->tight != b->tight)
		return b->at < 0 || b->tight;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	switch (strategy) {
	case POOL_FILL_FIRST:
		return false; /* in their order */
	case POOL_SOONEST_RESET:
		if (a->reset != b->reset)
			return a->reset && (!b->reset || a->reset < b->reset);
		break;
	case POOL_HEADROOM:
		break;
	}
	if (a->waits != b->waits)
		return b->waits;
	if (a->load != b->load)
		return a->load < b->load;
	if (a->pace != b->pace)
		return a->pace < b->pace;
	return shared_is_older(a->entry, b->entry); /* they take turns */
}

static bool has_pace(const struct pool_request *r, const struct account *a)
{
	return r->interval > 0 && !a->api_key;
}

/* False: it cannot serve; with `resting`, nor does it rest. */
static bool consider(const struct pool_request *r, size_t i, bool resting,
		     uint64_t what, int64_t now, struct candidate *out)
{
	const struct account *a = &r->accounts->list[i];
	struct standing *st = standing(r->home, a);
	const struct judged *j;
	uint32_t count;

	if (r->tried && r->tried[i])
		return false;
	j = judged(st, a, &r->asked, what, now);
	if (!(resting ? j->resting : j->usable))
		return false;
	count = shared_count(st->entry);
	*out = (struct candidate){
		.at = (int)i,
		.priority = a->priority,
		.count = count,
		.tight = count && j->headroom < j->cost * (count + 1),
		.sure = j->headroom >= j->cost * (2.0 * count + ROOMY),
		.load = load_of(count, j->headroom),
		.reset = j->first_reset,
		.entry = st->entry,
	};
	if (has_pace(r, a))
		out->pace = shared_turn_in(st->entry, now);
	out->waits = out->pace > 0;
	return true;
}

/* The conversation's own; at -1: it cannot serve. */
static struct candidate own_of(const struct pool_request *r, bool resting,
			       uint64_t what, int64_t now)
{
	struct candidate c = { .at = -1 };
	const char *own = r->bound ? r->bound->alias : "";
	size_t i = 0;

	while (*own && i < r->accounts->n &&
	       strcmp(r->accounts->list[i].alias, own))
		i++;
	if (*own && i < r->accounts->n)
		consider(r, i, resting, what, now, &c);
	return c;
}

/* The best of those that can serve, or of those that rest; its count as it was
 * seen. */
static struct candidate best(const struct pool_request *r, bool resting)
{
	uint64_t what = what_of(&r->asked);
	int64_t now = clock_wall_ms();
	struct candidate own, found = { .at = -1 }, c;
	size_t n = 0;

	standing_hold();
	own = own_of(r, resting, what, now);
	for (size_t i = 0; (own.at < 0 || own.tight) && i < r->accounts->n;
	     i++) {
		if (!consider(r, i, resting, what, now, &c))
			continue;
		n++;
		if (is_better(&c, &found, r->strategy))
			found = c;
	}
	standing_release();
	found.sure = n == 1;
	/* Its own, unless another is less pressed. */
	return own.at >= 0 && (!own.tight || found.tight) ? own : found;
}

static struct candidate look_for(const struct pool_request *r)
{
	struct candidate c;

	shared_sync(r->home);
	c = best(r, false);
	if (c.at < 0 && shared_look_again(r->home))
		c = best(r, false);
	return c.at < 0 ? best(r, true) : c;
}

int pool_peek(const struct pool_request *r)
{
	return look_for(r).at;
}

static struct shared_entry *entry_of(const struct pool_request *r, int at)
{
	return standing(r->home, &r->accounts->list[at])->entry;
}

int64_t pool_pace(const struct pool_request *r, int at)
{
	if (!has_pace(r, &r->accounts->list[at]))
		return 0;
	return shared_turn(entry_of(r, at), r->interval, POOL_PACE_MAX_MS);
}

/* The binding was guessed and the text is known now: was it right? It was, too,
 * where the conversation's own account cannot serve. */
static bool is_bound_elsewhere(const struct pool_request *r, int at)
{
	struct candidate own;

	sticky_get(r->home, r->bound);
	standing_hold();
	own = own_of(r, false, what_of(&r->asked), clock_wall_ms());
	standing_release();
	return own.at >= 0 && own.at != at;
}

/* False: choose again. *again: because somebody else has chosen it, too. */
static bool try_to_choose(const struct pool_request *r, struct pool_choice *out,
			  bool *again)
{
	struct candidate c = look_for(r);
	struct shared_choice s = { .seen = c.count,
				   .any_count = c.sure,
				   .lost_a_race = *again,
				   .max = POOL_PACE_MAX_MS };

	if (c.at < 0)
		return true;
	if (has_pace(r, &r->accounts->list[c.at]))
		s.interval = r->interval;
	if (r->bound && r->bound->guessed) {
		/* A turn that was taken in vain would make others wait. */
		if (s.interval && is_bound_elsewhere(r, c.at))
			return false;
		if (!s.interval)
			s.text = sticky_text(r->home, r->bound);
	}
	out->at = c.at;
	out->beside = c.count;
	out->held = shared_take(c.entry, &s);
	out->pace = s.wait;
	*again = !out->held;
	if (s.text && is_bound_elsewhere(r, c.at)) {
		pool_let_go(r, out);
		return false;
	}
	return out->held;
}

void pool_choose(const struct pool_request *r, struct pool_choice *out)
{
	bool again = false, done = false;

	for (int i = 0; !done && i < RACES_MAX; i++) {
		*out = (struct pool_choice){ .at = -1 };
		done = try_to_choose(r, out, &again);
	}
	if (!done && out->at >= 0)
		out->pace = pool_pace(r, out->at);
	out->slow = out->pace < 0;
}

void pool_let_go(const struct pool_request *r, struct pool_choice *c)
{
	if (c->held)
		shared_sub(entry_of(r, c->at));
	c->held = false;
}

/* Is it full for so long that it may be asked all the same, at its turn? */
static bool may_try(const struct pool_request *r, size_t i, int64_t now)
{
	const struct account *a = &r->accounts->list[i];
	struct seat s;

	if (r->tried && r->tried[i])
		return false;
	standing_hold();
	judge(&s, a, standing_limits(standing(r->home, a)), &r->asked, now);
	standing_release();
	/* A reserve is kept by ourselves. */
	return s.cause == CAUSE_WINDOW && s.until - now > FAR_MS &&
	       !(a->reserve && s.headroom > 0);
}

int pool_peek_full(const struct pool_request *r)
{
	int64_t now = clock_wall_ms();

	for (size_t i = 0; i < r->accounts->n; i++)
		if (may_try(r, i, now) &&
		    !shared_turn_in(
			    standing(r->home, &r->accounts->list[i])->trial,
			    now))
			return (int)i;
	return -1;
}

void pool_try_full(const struct pool_request *r, struct pool_choice *out)
{
	int64_t now = clock_wall_ms();

	*out = (struct pool_choice){ .at = -1 };
	for (size_t i = 0; i < r->accounts->n; i++) {
		struct standing *st = standing(r->home, &r->accounts->list[i]);

		if (!may_try(r, i, now) ||
		    shared_turn(st->trial, FAR_MS, 0) < 0)
			continue;
		out->at = (int)i;
		out->pace = pool_pace(r, out->at);
		out->slow = out->pace < 0;
		out->held = shared_add(st->entry, shared_count(st->entry));
		return;
	}
}

void pool_is_full(const struct pool_request *r, int at)
{
	shared_turn(standing(r->home, &r->accounts->list[at])->trial, FAR_MS,
		    0);
}

int64_t pool_next(const struct pool_request *r)
{
	int64_t now = clock_wall_ms(), next = 0;

	shared_sync(r->home);
	for (size_t i = 0; i < r->accounts->n; i++) {
		const struct account *a = &r->accounts->list[i];
		struct seat s;

		if (r->tried && r->tried[i])
			continue;
		standing_hold();
		judge(&s, a, standing_limits(standing(r->home, a)), &r->asked,
		      now);
		standing_release();
		if (s.until > now && (!next || s.until < next))
			next = s.until;
	}
	return next;
}

/* --- for people ---------------------------------------------------------- */

static void look_at(struct seat *s, const char *home, const struct account *a,
		    const struct asked *asked, int64_t now)
{
	struct standing *st = standing(home, a);

	standing_hold();
	s->limits = *standing_limits(st);
	standing_release();
	judge(s, a, &s->limits, asked ? asked : &anything, now);
	s->in_flight = shared_count(st->entry);
}

void pool_seat(struct seat *s, const char *home, const struct account *a,
	       const struct asked *asked)
{
	shared_sync(home);
	look_at(s, home, a, asked, clock_wall_ms());
}

void pool_look(struct pool *p, const char *home, const struct accounts *a,
	       const struct asked *asked)
{
	p->now = clock_wall_ms();
	p->n = a->n;
	p->seats = xcalloc(a->n ? a->n : 1, sizeof(*p->seats));
	shared_sync(home);
	for (size_t i = 0; i < a->n; i++)
		look_at(&p->seats[i], home, &a->list[i], asked, p->now);
}

void pool_release(struct pool *p)
{
	free(p->seats);
	memset(p, 0, sizeof(*p));
}
