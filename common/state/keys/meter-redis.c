/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "state/keys/meter-table.h"
#include "state/shared/redis-mirror.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define COST_MAX (1000000LL * QUOTA_DOLLAR) /* of one request */
#define NOTE_MS 1000                        /* between notes of one flight */
#define WAITING_MAX 200000                  /* of ends that have not arrived */
#define TOLD_MAX 1024 /* of ends that have, and may be lost there yet */
#define GONE_MAX 64   /* flights that are nobody's, of one request */
#define ROUNDS_MAX 64 /* of those */
#define AGAIN_MS 2000 /* between tries of ends that were not understood */
#define LOST_MS 60000 /* that a store may have lost when it comes back */

/* One request, from its beginning until the store knows how it has ended, and
 * some time longer: the store may lose that. */
struct flight {
	struct flight *next; /* of those that wait, or that it was told */
	struct flight *before, *after; /* of all */
	char name[160];
	char id[64];
	uint64_t serial;
	int64_t hold, token_hold;
	int64_t cost, tokens, noted; /* clock_ms of the last note */
	int64_t ended;               /* clock_ms */
	bool back;                   /* as if it had never been */
	bool told;                   /* how it has ended, with success */
	bool again;                  /* it was told before */
	unsigned times;              /* that the store had gone then */
};

static struct {
	pthread_mutex_t lock;
	struct flight *first, **end;
	size_t n;
	bool full_said;
	int64_t flushed; /* of the keeper; clock_ms */
	_Atomic uint64_t serials;
	struct flight *all, *told, **told_end;
	size_t n_told;
	_Atomic int64_t told_at;              /* the first time; clock_ms */
	char data[sizeof(redis_mirror.data)]; /* that were told */
} waiting = { .lock = PTHREAD_MUTEX_INITIALIZER,
	      .end = &waiting.first,
	      .told_end = &waiting.told };

static int64_t within(int64_t v, int64_t most)
{
	return v < 0 ? 0 : v > most ? most : v;
}

static void begin(struct redis_args *a, const char *op)
{
	shared_redis_holds();
	redis_args(a, op, shared_redis_self(), shared_redis_since());
}

/* --- all flights of this process ------------------------------------------ */

static void add_flight(struct flight *f)
{
	pthread_mutex_lock(&waiting.lock);
	f->after = waiting.all;
	if (f->after)
		f->after->before = f;
	waiting.all = f;
	pthread_mutex_unlock(&waiting.lock);
}

/* With the lock. */
static void free_flight(struct flight *f)
{
	if (f->after)
		f->after->before = f->before;
	if (f->before)
		f->before->after = f->after;
	else
		waiting.all = f->after;
	free(f);
}

/* With the lock. */
static struct flight *first_told(void)
{
	struct flight *f = waiting.told;

	waiting.told = f->next;
	if (!f->next)
		waiting.told_end = &waiting.told;
	waiting.n_told--;
	return f;
}

/* With the lock. They were told to another store. */
static void forget_told(void)
{
	while (waiting.told)
		free_flight(first_told());
}

/* The store knows how it has ended. */
static void keep_told(struct flight *f)
{
	pthread_mutex_lock(&waiting.lock);
	if (!waiting.told_at)
		waiting.told_at = clock_ms();
	f->told = true;
	f->next = NULL;
	*waiting.told_end = f;
	waiting.told_end = &f->next;
	if (++waiting.n_told > TOLD_MAX)
		free_flight(first_told());
	pthread_mutex_unlock(&waiting.lock);
}

/* --- sums ---------------------------------------------------------------- */

static void read_window(struct meter_window *w, const redisReply *answer,
			size_t at)
{
	w->ms = redis_amount_at(answer, at++);
	w->newest = redis_amount_at(answer, at++) % (METER_SLICES + 1);
	for (int i = 0; i <= METER_SLICES; i++)
		w->n[i] = redis_amount_at(answer, at++);
	if (w->ms < METER_SLICES) /* a slice would be no time at all */
		memset(w, 0, sizeof(*w));
}

/* From there on in the result. */
static void read_sums(struct meter_sums *s, const redisReply *answer, size_t at)
{
	memset(s, 0, sizeof(*s));
	/* Rolled until then, by the store's clock. */
	s->last = s->latest = redis_amount_at(answer, at++);
	for (size_t p = 0; p < QUOTA_PERIODS; p++) {
		s->period[p] = redis_amount_at(answer, at + p);
		s->spent[p] = redis_amount_at(answer, at + QUOTA_PERIODS + p);
	}
	at += 2 * QUOTA_PERIODS;
	s->hold = redis_amount_at(answer, at++);
	s->token_hold = redis_amount_at(answer, at++);
	s->flights = redis_amount_at(answer, at++);
	read_window(&s->rate, answer, at);
	read_window(&s->tokens, answer, at + 2 + METER_SLICES + 1);
}

/* --- ends ---------------------------------------------------------------- */

/* Until the store is back. */
static void keep(struct flight *f)
{
	bool full;

	pthread_mutex_lock(&waiting.lock);
	full = waiting.n == WAITING_MAX;
	if (!full) {
		f->next = NULL;
		*waiting.end = f;
		waiting.end = &f->next;
		waiting.n++;
	}
	if (full && !waiting.full_said)
		log_msg("more requests than can be kept have ended while the "
			"store is away: what they cost is not counted");
	waiting.full_said |= full;
	if (full)
		free_flight(f);
	pthread_mutex_unlock(&waiting.lock);
}

static void has_ended(void *arg, const redisReply *answer)
{
	struct flight *f = arg;

	/* By one that is the store no more it was told in vain. */
	if (answer && f->times == redis_link_times()) {
		keep_told(f);
		return;
	}
	f->again |= answer != NULL;
	keep(f);
}

/* It was told of others long before: if it knows none of them it has lost more
 * than it may, as by eviction, and what it has counted cannot be known. */
static bool must_know(const struct flight *f)
{
	int64_t first = atomic_load(&waiting.told_at);

	return f->again && first && clock_ms() - first > LOST_MS;
}

/* Sent again, the store knows it by its id. */
static void tell_end(struct flight *f)
{
	struct redis_args a;

	f->times = redis_link_times();
	begin(&a, "mend");
	redis_word(&a, f->name);
	redis_word(&a, f->id);
	redis_int(&a, clock_ms() - f->ended);
	redis_int(&a, f->cost);
	redis_int(&a, f->tokens);
	redis_int(&a, f->back);
	redis_int(&a, (int64_t)f->serial);
	redis_int(&a, must_know(f));
	redis_tell(&a, has_ended, f);
}

static void end(struct meter_lease *l, int64_t cost, int64_t tokens, bool back)
{
	struct flight *f = l->flight;

	memset(l, 0, sizeof(*l));
	f->cost = within(cost, COST_MAX);
	f->tokens = within(tokens, QUOTA_COUNT_MAX);
	f->ended = clock_ms();
	f->back = back;
	tell_end(f);
}

static void settle(struct meter_lease *l, int64_t cost, int64_t tokens)
{
	end(l, cost, tokens, false);
}

static void cancel(struct meter_lease *l)
{
	end(l, 0, 0, true);
}

/* Of a key whose sums cannot be read they would all come back at once. */
static bool is_too_soon(int64_t now)
{
	int64_t at = redis_link_unreadable_at();

	return at && now - at < AGAIN_MS && now - waiting.flushed < AGAIN_MS;
}

void meter_redis_flush(bool last)
{
	struct flight *f, *next;

	if (!redis_link_up() || (!last && is_too_soon(clock_ms())))
		return;
	pthread_mutex_lock(&waiting.lock);
	waiting.flushed = clock_ms();
	f = waiting.first;
	waiting.first = NULL;
	waiting.end = &waiting.first;
	waiting.n = 0;
	waiting.full_said = false;
	pthread_mutex_unlock(&waiting.lock);
	for (; f; f = next) {
		next = f->next;
		tell_end(f);
	}
}

size_t meter_redis_waiting(void)
{
	size_t n;

	pthread_mutex_lock(&waiting.lock);
	n = waiting.n;
	pthread_mutex_unlock(&waiting.lock);
	return n;
}

/* --- what the store has lost ---------------------------------------------- */

/* What it holds for us that has ended, or has just lost. */
struct holding {
	bool same;            /* its data are those that were told */
	struct flight *again; /* tell it once more */
	size_t n;             /* nobody knows any more what became of it */
	char gone[GONE_MAX][64];
};

/* With the lock. */
static struct flight *find_flight(struct span id)
{
	struct flight *f = waiting.all;

	while (f && !span_is(id, f->id))
		f = f->after;
	return f;
}

/* With the lock. */
static void tell_again(struct holding *h, struct flight *f)
{
	struct flight **at = &waiting.told;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	if (!f->next)
		waiting.told_end = at;
	waiting.n_told--;
	f->told = false;
	f->again = true;
	f->next = h->again;
	h->again = f;
}

/* With the lock. It knows those by their ids that it has not lost. */
static void tell_newest(struct holding *h)
{
	int64_t since = clock_ms() - LOST_MS;
	struct flight *f, *next;

	for (f = waiting.told; f && h->same; f = next) {
		next = f->next;
		if (f->ended > since)
			tell_again(h, f);
	}
}

static void held(void *arg, const redisReply *answer)
{
	struct holding *h = arg;
	struct span id;

	h->n = 0;
	pthread_mutex_lock(&waiting.lock);
	if (answer)
		tell_newest(h);
	for (size_t i = 0; answer && (id = redis_text_at(answer, i)).n; i++) {
		struct flight *f = find_flight(id);

		if (f && f->told)
			tell_again(h, f);
		else if (!f && h->n < GONE_MAX && id.n < sizeof(h->gone[0]))
			span_text(h->gone[h->n++], sizeof(h->gone[0]), id);
	}
	if (answer && !h->same)
		forget_told();
	pthread_mutex_unlock(&waiting.lock);
}

/* Are they those that were there, though they may be older now? For the
 * keeper's thread. */
static bool is_same_data(void)
{
	bool same;

	pthread_mutex_lock(&redis_mirror.lock);
	same = strcmp(waiting.data, redis_mirror.data) == 0;
	memcpy(waiting.data, redis_mirror.data, sizeof(waiting.data));
	pthread_mutex_unlock(&redis_mirror.lock);
	return same;
}

void meter_redis_know(void)
{
	if (is_same_data())
		return;
	pthread_mutex_lock(&waiting.lock);
	forget_told();
	pthread_mutex_unlock(&waiting.lock);
}

bool meter_redis_look(void)
{
	struct holding *h = xcalloc(1, sizeof(*h));
	struct flight *f, *next;
	struct redis_args a;
	struct err unused;
	int rc, i = 0;

	h->same = is_same_data();
	do {
		begin(&a, "mheld");
		for (size_t k = 0; k < h->n; k++)
			redis_word(&a, h->gone[k]);
		rc = redis_ask(&a, held, h, &unused);
	} while (rc == 0 && h->n && ++i < ROUNDS_MAX);
	for (f = h->again; f; f = next) {
		next = f->next;
		tell_end(f);
	}
	free(h);
	return rc == 0;
}

/* --- the rest ------------------------------------------------------------ */

static void nothing(void *arg, const redisReply *answer)
{
	(void)arg;
	(void)answer;
}

static void note(struct meter_lease *l, int64_t cost, int64_t tokens)
{
	struct flight *f = l->flight;
	struct redis_args a;

	f->cost = within(cost, COST_MAX);
	f->tokens = within(tokens, QUOTA_COUNT_MAX);
	if (clock_ms() - f->noted < NOTE_MS)
		return;
	f->noted = clock_ms();
	begin(&a, "mnote");
	redis_word(&a, f->id);
	redis_int(&a, f->cost);
	redis_int(&a, f->tokens);
	redis_tell(&a, nothing, NULL);
}

struct taking {
	bool granted;
	struct meter_sums sums;
};

static void took(void *arg, const redisReply *answer)
{
	struct taking *t = arg;

	if (!answer)
		return;
	t->granted = redis_int_at(answer, 0);
	read_sums(&t->sums, answer, 1);
}

static void take_args(struct redis_args *a, const struct flight *f,
		      const struct quota *q, const struct meter_ask *ask)
{
	begin(a, "mtake");
	redis_word(a, f->name);
	redis_word(a, f->id);
	redis_int(a, f->hold);
	redis_int(a, f->token_hold);
	redis_int(a, ask->cost);
	redis_int(a, ask->strict);
	for (int p = 0; p < QUOTA_PERIODS; p++)
		redis_int(a, q->spend[p]);
	redis_int(a, q->rate.most);
	redis_int(a, q->rate.ms);
	redis_int(a, q->tokens.most);
	redis_int(a, q->tokens.ms);
	redis_int(a, q->parallel);
}

static struct flight *flight_of(const char *name, const struct meter_ask *ask)
{
	struct flight *f = xcalloc(1, sizeof(*f));

	f->serial = atomic_fetch_add(&waiting.serials, 1) + 1;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->id, sizeof(f->id), "%s-%llu", redis_link_self(),
		 (unsigned long long)f->serial);
	f->hold = within(ask->cost, COST_MAX);
	f->token_hold = within(ask->tokens, QUOTA_COUNT_MAX);
	f->noted = clock_ms();
	add_flight(f);
	return f;
}

/* Where the store is away there is an error and a lease all the same: whoever
 * goes on in spite of it ends it, and it is counted when the store is back. */
static int take(const char *home, const char *name, const struct quota *q,
		const struct meter_ask *ask, struct meter_lease *out,
		struct meter_answer *answer, struct err *e)
{
	struct flight *f = flight_of(name, ask);
	struct taking t = { .granted = false };
	struct redis_args a;

	(void)home;
	*out = (struct meter_lease){ &meter_redis, NULL, f };
	take_args(&a, f, q, ask);
	if (redis_ask(&a, took, &t, e))
		return -1;
	meter_judge(&t.sums, q, ask, t.sums.latest, answer);
	/* The store has the last word. */
	if (t.granted) {
		answer->verdict = METER_OK;
		return 0;
	}
	if (answer->verdict == METER_OK)
		answer->verdict = METER_BUSY;
	pthread_mutex_lock(&waiting.lock);
	free_flight(f);
	pthread_mutex_unlock(&waiting.lock);
	memset(out, 0, sizeof(*out));
	return 0;
}

static int begin_alone(const char *home, const char *name,
		       struct meter_lease *out, struct err *e)
{
	static const struct meter_ask nothing;

	(void)home;
	(void)e;
	*out = (struct meter_lease){ &meter_redis, NULL,
				     flight_of(name, &nothing) };
	return 0;
}

static void looked(void *arg, const redisReply *answer)
{
	if (answer)
		read_sums(arg, answer, 0);
}

static int use(const char *home, const char *name, const struct quota *q,
	       struct meter_use *out, struct err *e)
{
	struct meter_sums s = { .hold = 0 };
	struct redis_args a;

	(void)home;
	memset(out, 0, sizeof(*out));
	redis_args(&a, "mread", shared_redis_self(), shared_redis_since());
	redis_word(&a, name);
	if (redis_ask(&a, looked, &s, e))
		return -1;
	meter_show(&s, q, s.latest, out);
	return 0;
}

static void forget(const char *home, const char *name)
{
	struct redis_args a;
	struct err unused;

	meter_files.forget(home,
			   name); /* it may be moved back (meter-move.h) */
	redis_args(&a, "mforget", shared_redis_self(), shared_redis_since());
	redis_word(&a, name);
	redis_ask(&a, nothing, NULL, &unused);
}

const struct meter_ops meter_redis = {
	.take = take,
	.begin = begin_alone,
	.note = note,
	.settle = settle,
	.cancel = cancel,
	.use = use,
	.forget = forget,
};
