/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/meter-ops.h"
#include "state/meter-table.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <string.h>

#define COST_MAX (1000000LL * QUOTA_DOLLAR) /* of one request */
#define RING (METER_SLICES + 1)

/* --- time goes by -------------------------------------------------------- */

/* A clock that is set back does not give anything back. */
static void roll_periods(struct meter_sums *s, int64_t now)
{
	for (int p = 0; p < QUOTA_PERIODS; p++) {
		int64_t number = quota_period_at((enum quota_period)p, now);

		if (number > s->period[p])
			s->spent[p] = 0;
		s->period[p] = number;
	}
}

static int64_t width(const struct meter_window *w)
{
	return w->ms / METER_SLICES;
}

static void roll_window(struct meter_window *w, int64_t ms, int64_t now)
{
	int64_t slice, gone;

	if (!ms)
		return;
	if (w->ms != ms) { /* another limit: what was counted is of no use */
		memset(w, 0, sizeof(*w));
		w->ms = ms;
		w->newest = now / width(w);
	}
	slice = now / width(w);
	gone = slice - w->newest;
	if (gone < -RING || gone > RING)
		gone = RING;
	for (int64_t i = 0; i < gone; i++)
		w->n[(slice - i) % RING] = 0;
	if (gone > 0)
		w->newest = slice;
}

static int64_t count(const struct meter_window *w)
{
	int64_t n = 0;

	for (int i = 0; i < RING; i++)
		n += w->n[i];
	return n;
}

static void add(struct meter_window *w, int64_t n)
{
	int64_t *at = &w->n[w->newest % RING];

	if (w->ms)
		*at = *at + n > 0 ? *at + n : 0;
}

/* When so much has gone out of it that `most` is not reached any more. */
static int64_t free_at(const struct meter_window *w, int64_t most)
{
	int64_t left = count(w), slice = w->newest - METER_SLICES;

	for (; slice < w->newest; slice++) {
		left -= w->n[(slice + RING) % RING];
		if (left < most)
			break;
	}
	return (slice + RING) * width(w);
}

static void roll(struct meter_sums *s, const struct quota *q, int64_t now)
{
	roll_periods(s, now);
	roll_window(&s->rate, q->rate.most ? q->rate.ms : 0, now);
	roll_window(&s->tokens, q->tokens.most ? q->tokens.ms : 0, now);
}

/* --- may it? ------------------------------------------------------------- */

static enum meter_verdict judge(int64_t most, int64_t spent, int64_t hold,
				const struct meter_ask *ask)
{
	if (spent >= most)
		return METER_SPENT;
	if (!ask->strict)
		return spent + hold >= most ? METER_BUSY : METER_OK;
	if (spent + ask->cost > most)
		return METER_BIG;
	return spent + hold + ask->cost > most ? METER_BUSY : METER_OK;
}

/* Of several sums the one that is told: the gravest, which ends last; of those
 * that have room the one that is used most. */
static bool comes_first(const struct meter_answer *new,
			const struct meter_answer *old)
{
	static const int grave[] = { [METER_OK] = 0,
				     [METER_BUSY] = 1,
				     [METER_BIG] = 2,
				     [METER_SPENT] = 3 };

	if (!old->has_spend || grave[new->verdict] != grave[old->verdict])
		return !old->has_spend ||
		       grave[new->verdict] > grave[old->verdict];
	return new->verdict ? new->reset > old->reset : new->used > old->used;
}

static void look_at_spend(const struct meter_sums *s, const struct quota *q,
			  const struct meter_ask *ask, int64_t now,
			  struct meter_answer *a)
{
	for (int i = 0; i < QUOTA_PERIODS; i++) {
		enum quota_period p = (enum quota_period)i;
		int64_t most = q->spend[p], spent = s->spent[p];
		struct meter_answer one = { .period = p, .has_spend = true };

		if (most < 0)
			continue;
		one.verdict = judge(most, spent, s->hold, ask);
		one.used = most ? (double)spent / (double)most : 1;
		one.reset = quota_period_end(p, now);
		if (comes_first(&one, a))
			*a = one;
	}
}

static void refuse(struct meter_answer *a, enum meter_verdict v, int64_t reset)
{
	a->verdict = v;
	a->reset = reset;
}

static void look_at_counts(const struct meter_sums *s, const struct quota *q,
			   struct meter_answer *a)
{
	int64_t tokens = count(&s->tokens);

	if (q->tokens.most && tokens >= q->tokens.most)
		refuse(a, METER_NO_TOKENS, free_at(&s->tokens, q->tokens.most));
	else if (q->rate.most && count(&s->rate) >= q->rate.most)
		refuse(a, METER_RATE, free_at(&s->rate, q->rate.most));
	else if ((q->tokens.most && tokens + s->token_hold >= q->tokens.most) ||
		 (q->parallel && s->flights >= q->parallel))
		refuse(a, METER_BUSY, 0);
}

struct taking {
	const struct quota *q;
	const struct meter_ask *ask;
	struct meter_flight *flight;
	struct meter_answer *answer;
};

static bool take(void *arg, struct meter_sums *s)
{
	struct taking *k = arg;
	int64_t now = clock_wall_ms();

	*k->answer = (struct meter_answer){ .verdict = METER_OK };
	roll(s, k->q, now);
	look_at_spend(s, k->q, k->ask, now, k->answer);
	if (k->answer->verdict == METER_OK)
		look_at_counts(s, k->q, k->answer);
	if (k->answer->verdict != METER_OK)
		return false;
	s->hold += k->flight->hold;
	s->token_hold += k->flight->token_hold;
	s->flights++;
	add(&s->rate, 1);
	return true;
}

static int64_t within(int64_t v, int64_t most)
{
	return v < 0 ? 0 : v > most ? most : v;
}

static int take_lease(const char *home, const char *name, const struct quota *q,
		      const struct meter_ask *ask, struct meter_lease *out,
		      struct meter_answer *answer, struct err *e)
{
	struct meter_table *t = meter_table(home, e);
	struct taking k = { .q = q, .ask = ask, .answer = answer };
	int slot = t ? meter_slot(t, name, e) : -1;
	bool done = false;

	memset(out, 0, sizeof(*out));
	k.flight = slot < 0 ? NULL : meter_flight(t, slot, e);
	if (!k.flight)
		return -1;
	k.flight->hold = within(ask->cost, COST_MAX);
	k.flight->token_hold = within(ask->tokens, QUOTA_COUNT_MAX);
	if (meter_change(t, k.flight, METER_TAKE, take, &k, &done, e)) {
		meter_flight_free(k.flight);
		return -1;
	}
	if (done)
		*out = (struct meter_lease){ &meter_files, t, k.flight };
	else
		meter_flight_free(k.flight);
	return 0;
}

/* --- and what came of it ------------------------------------------------- */

void meter_end(struct meter_sums *s, const struct meter_flight *f, int64_t now)
{
	int64_t cost = atomic_load(&f->cost);

	roll_periods(s, now);
	roll_window(&s->tokens, s->tokens.ms, now);
	for (int p = 0; p < QUOTA_PERIODS; p++)
		s->spent[p] += cost;
	add(&s->tokens, atomic_load(&f->tokens));
	s->hold -= f->hold;
	s->token_hold -= f->token_hold;
	s->flights--;
}

static bool end(void *arg, struct meter_sums *s)
{
	meter_end(s, arg, clock_wall_ms());
	return true;
}

static bool cancel(void *arg, struct meter_sums *s)
{
	meter_end(s, arg, clock_wall_ms());
	add(&s->rate, -1);
	return true;
}

static void note(struct meter_lease *l, int64_t cost, int64_t tokens)
{
	struct meter_flight *f = l->flight;

	atomic_store(&f->cost, within(cost, COST_MAX));
	atomic_store(&f->tokens, within(tokens, QUOTA_COUNT_MAX));
}

/* Where the lock is not to be had it stays reserved, and ends with the process,
 * with what was noted. */
static void finish(struct meter_lease *l, meter_fn *fn)
{
	struct err unused;
	bool done;

	meter_change(l->table, l->flight, METER_END, fn, l->flight, &done,
		     &unused);
	memset(l, 0, sizeof(*l));
}

static void settle(struct meter_lease *l, int64_t cost, int64_t tokens)
{
	note(l, cost, tokens);
	finish(l, end);
}

static void cancel_lease(struct meter_lease *l)
{
	note(l, 0, 0);
	finish(l, cancel);
}

static int use(const char *home, const char *name, const struct quota *q,
	       struct meter_use *out, struct err *e)
{
	struct meter_sums s;

	memset(out, 0, sizeof(*out));
	if (meter_table_read(home, name, &s, e))
		return -1;
	roll(&s, q, clock_wall_ms());
	memcpy(out->spent, s.spent, sizeof(out->spent));
	out->reserved = s.hold;
	out->running = s.flights;
	out->requests = q->rate.most ? count(&s.rate) : 0;
	out->tokens = q->tokens.most ? count(&s.tokens) : 0;
	return 0;
}

const struct meter_ops meter_files = {
	.take = take_lease,
	.note = note,
	.settle = settle,
	.cancel = cancel_lease,
	.use = use,
};
