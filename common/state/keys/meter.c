/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/meter-ops.h"
#include "state/keys/meter-table.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <string.h>

#define COST_MAX (1000000LL * QUOTA_DOLLAR) /* of one request */
#define RING (METER_SLICES + 1)
#define AHEAD_MS (35LL * 24 * 60 * 60 * 1000) /* more than any period */

/* --- time goes by -------------------------------------------------------- */

/* A clock that is so far behind what it once said was wrong then. */
static bool was_ahead(const struct meter_sums *s, int64_t now)
{
	return s->latest - now > AHEAD_MS;
}

/* A clock that is set back gives nothing back, nor does it when it is right
 * again: a sum begins anew with a period that has never been. Only where the
 * clock was far ahead once the periods of now count, or nothing would end until
 * then. */
static void roll_periods(struct meter_sums *s, int64_t now)
{
	bool ahead = was_ahead(s, now);

	for (int i = 0; i < QUOTA_PERIODS; i++) {
		enum quota_period p = (enum quota_period)i;
		int64_t number = quota_period_at(p, now);

		if (number > s->period[i]) {
			if (ahead || number > quota_period_at(p, s->latest))
				s->spent[i] = 0;
			s->period[i] = number;
		} else if (ahead) {
			s->period[i] = number;
		}
	}
}

static int64_t width(const struct meter_window *w)
{
	return w->ms / METER_SLICES;
}

/* So many slices have gone by since it was rolled last. What a clock has been
 * through twice counts once; while it is behind, a jump is no time. */
static int64_t gone(const struct meter_window *w, const struct meter_sums *s,
		    int64_t now)
{
	int64_t from = now > s->latest ? s->latest : s->last, real;
	int64_t n = now / width(w) - from / width(w);

	if (n > 0 && now <= s->latest) {
		real = (clock_ms() - s->steady) / width(w);
		if (real >= 0 && n > real + 1) /* else it was another boot */
			n = real;
	}
	return n < 0 ? 0 : n > RING ? RING : n;
}

static void roll_window(struct meter_window *w, const struct meter_sums *s,
			int64_t now)
{
	for (int64_t i = w->ms ? gone(w, s, now) : 0; i > 0; i--) {
		w->newest = (w->newest + 1) % RING;
		w->n[w->newest] = 0;
	}
}

static void roll(struct meter_sums *s, int64_t now)
{
	roll_periods(s, now);
	roll_window(&s->rate, s, now);
	roll_window(&s->tokens, s, now);
	s->last = now;
	if (now > s->latest)
		s->latest = now;
	else if (now < s->latest)
		s->steady = clock_ms();
}

void meter_pass(struct meter_sums *s, int64_t now)
{
	roll(s, now);
}

/* Of another limit: what was counted is of no use. */
static void measure(struct meter_window *w, const struct quota_window *q)
{
	if (!q->most || w->ms == q->ms)
		return;
	memset(w, 0, sizeof(*w));
	w->ms = q->ms;
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
	int64_t *at = &w->n[w->newest];

	if (w->ms)
		*at = *at + n > 0 ? *at + n : 0;
}

/* When so much has gone out of it that `most` is not reached any more. */
static int64_t free_at(const struct meter_window *w, int64_t most, int64_t now)
{
	int64_t left = count(w), slices = 1;

	for (; slices < RING; slices++) {
		left -= w->n[(w->newest + slices) % RING]; /* oldest first */
		if (left < most)
			break;
	}
	return (now / width(w) + slices) * width(w);
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
		one.reset = quota_period_end(p, was_ahead(s, now) ? now
								  : s->latest);
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
			   int64_t now, struct meter_answer *a)
{
	int64_t tokens = count(&s->tokens);

	if (q->tokens.most && tokens >= q->tokens.most)
		refuse(a, METER_NO_TOKENS,
		       free_at(&s->tokens, q->tokens.most, now));
	else if (q->rate.most && count(&s->rate) >= q->rate.most)
		refuse(a, METER_RATE, free_at(&s->rate, q->rate.most, now));
	else if ((q->tokens.most && tokens + s->token_hold >= q->tokens.most) ||
		 (q->parallel && s->flights >= q->parallel))
		refuse(a, METER_BUSY, 0);
}

struct taking {
	const struct quota *q;
	const struct meter_ask *ask;
	struct meter_flight *flight;
	struct meter_answer *answer;
	bool behind; /* the clock is, or was: how it goes on counts */
};

static bool note_time(void *arg, struct meter_sums *s)
{
	(void)arg;
	roll(s, clock_wall_ms());
	return true;
}

bool meter_judge(struct meter_sums *s, const struct quota *q,
		 const struct meter_ask *ask, int64_t now,
		 struct meter_answer *answer)
{
	roll(s, now);
	measure(&s->rate, &q->rate);
	measure(&s->tokens, &q->tokens);
	*answer = (struct meter_answer){ .verdict = METER_OK };
	look_at_spend(s, q, ask, now, answer);
	if (answer->verdict == METER_OK)
		look_at_counts(s, q, now, answer);
	return answer->verdict == METER_OK;
}

static bool take(void *arg, struct meter_sums *s)
{
	struct taking *k = arg;
	int64_t now = clock_wall_ms();

	k->behind = s->last < s->latest || now < s->latest;
	if (!meter_judge(s, k->q, k->ask, now, k->answer))
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
	bool done = false;
	int rc;

	memset(out, 0, sizeof(*out));
	k.flight = t ? meter_flight(t, home, name, e) : NULL;
	if (!k.flight)
		return -1;
	k.flight->hold = within(ask->cost, COST_MAX);
	k.flight->token_hold = within(ask->tokens, QUOTA_COUNT_MAX);
	if (meter_change(t, k.flight, METER_TAKE, take, &k, &done, e)) {
		meter_flight_free(k.flight);
		return -1;
	}
	if (done) {
		*out = (struct meter_lease){ &meter_files, t, k.flight };
		return 0;
	}
	rc = k.behind ? meter_change(t, k.flight, METER_NONE, note_time, NULL,
				     &done, e)
		      : 0;
	meter_flight_free(k.flight);
	return rc;
}

static int begin(const char *home, const char *name, struct meter_lease *out,
		 struct err *e)
{
	static const struct meter_ask nothing;
	struct meter_answer unused;
	struct quota none;

	quota_init(&none);
	return take_lease(home, name, &none, &nothing, out, &unused, e);
}

/* --- and what came of it ------------------------------------------------- */

void meter_end(struct meter_sums *s, const struct meter_flight *f, int64_t now)
{
	int64_t cost = atomic_load(&f->cost);

	roll(s, now);
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

void meter_show(struct meter_sums *s, const struct quota *q, int64_t now,
		struct meter_use *out)
{
	roll(s, now);
	measure(&s->rate, &q->rate);
	measure(&s->tokens, &q->tokens);
	memcpy(out->spent, s->spent, sizeof(out->spent));
	out->reserved = s->hold;
	out->running = s->flights;
	out->requests = q->rate.most ? count(&s->rate) : 0;
	out->tokens = q->tokens.most ? count(&s->tokens) : 0;
}

static int use(const char *home, const char *name, const struct quota *q,
	       struct meter_use *out, struct err *e)
{
	struct meter_sums s;

	memset(out, 0, sizeof(*out));
	if (meter_table_read(home, name, &s, e))
		return -1;
	meter_show(&s, q, clock_wall_ms(), out);
	return 0;
}

const struct meter_ops meter_files = {
	.take = take_lease,
	.begin = begin,
	.note = note,
	.settle = settle,
	.cancel = cancel_lease,
	.use = use,
	.forget = meter_table_forget,
};
