/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/task.h"
#include "state/shared/redis-lane.h"
#include "state/shared/redis-mirror.h"

#include <stdlib.h>
#include <unistd.h>

#define RACES 4         /* refused choices, before one is made all the same */
#define BEAT_ENTRIES 60 /* that one beat says again */
#define JUST_MS 50      /* old news that a choice may go by */
#define LATER_MS 20     /* before it is said that less is held */
#define LATER 16        /* entries */

/* --- counts and turns ---------------------------------------------------- */

/* After a fork nothing is held. */
static void after_fork(void)
{
	if (redis_mirror.pid == getpid())
		return;
	pthread_mutex_lock(&redis_mirror.lock);
	for (size_t i = 0; i < MIRROR_CHAINS; i++)
		for (struct shared_entry *x = redis_mirror.chains[i]; x;
		     x = x->next)
			x->held = x->own = 0;
	redis_mirror.pid = getpid();
	redis_mirror.again = redis_mirror.asked = false;
	pthread_mutex_unlock(&redis_mirror.lock);
}

static uint32_t others_of(struct shared_entry *x)
{
	uint32_t all = atomic_load_explicit(&x->all, memory_order_relaxed);
	uint32_t own = atomic_load_explicit(&x->own, memory_order_relaxed);

	return all > own ? all - own : 0;
}

uint32_t redis_count(struct shared_entry *x)
{
	return others_of(x) +
	       atomic_load_explicit(&x->held, memory_order_relaxed);
}

/* What this process holds of it now, and the number of that. From here on the
 * keeper may say it, in the name of this process: nobody's would stay. */
static uint64_t say_held(struct shared_entry *x, int by, uint32_t *n)
{
	uint64_t serial;

	after_fork();
	shared_redis_holds();
	pthread_mutex_lock(&redis_mirror.lock);
	if (by > 0)
		atomic_fetch_add(&x->held, 1);
	else if (by < 0 && atomic_load(&x->held))
		atomic_fetch_sub(&x->held, 1);
	*n = atomic_load(&x->held);
	serial = x->serial = atomic_fetch_add(&redis_mirror.serial, 1) + 1;
	pthread_mutex_unlock(&redis_mirror.lock);
	return serial;
}

struct saying {
	struct shared_entry *x;
	uint64_t serial;
	unsigned lost; /* of the mirror, when it was said */
};

/* Of a loop: entries of which less is held. The next choice says so, too. */
static _Thread_local struct {
	struct timer timer;
	struct loop *loop;
	struct shared_entry *list[LATER];
	size_t n;
} later;

static void arrived(struct shared_entry *x, uint64_t serial)
{
	pthread_mutex_lock(&redis_mirror.lock);
	if (serial > x->heard_serial)
		x->heard_serial = serial;
	pthread_mutex_unlock(&redis_mirror.lock);
}

static void said(void *arg, const redisReply *answer)
{
	struct saying *s = arg;

	if (answer && s->lost == atomic_load(&redis_mirror.lost))
		arrived(s->x, s->serial);
	free(s);
}

/* Sent, not waited for; what does not arrive the keeper says again. */
static void tell_held(struct shared_entry *x, int by)
{
	struct saying *s = xcalloc(1, sizeof(*s));
	struct redis_args a;
	uint32_t n;

	s->x = x;
	s->lost = atomic_load(&redis_mirror.lost);
	s->serial = say_held(x, by, &n);
	atomic_store(&x->sent_serial, s->serial);
	redis_mirror_begin(&a, by > 0 ? "hold" : "beat");
	redis_word(&a, x->name);
	redis_int(&a, n);
	redis_int(&a, (int64_t)s->serial);
	redis_tell(&a, said, s);
}

bool redis_add(struct shared_entry *x, uint32_t seen)
{
	if (redis_count(x) != seen)
		return false;
	tell_held(x, 1);
	return true;
}

/* Where the lane is down the keeper says it. */
static void on_later(struct timer *t)
{
	bool open = redis_lane_is_open();

	(void)t;
	while (later.n) {
		struct shared_entry *x = later.list[--later.n];

		if (open && x->serial > atomic_load(&x->sent_serial))
			tell_held(x, 0);
	}
}

void redis_count_leave(void)
{
	if (later.loop)
		loop_untime(later.loop, &later.timer);
	later.loop = NULL;
	later.n = 0;
}

/* Nobody waits to hear it, and soon there is more to say. */
void redis_sub(struct shared_entry *x)
{
	uint32_t n;

	if (!task_self() || later.n == LATER) {
		tell_held(x, -1);
		return;
	}
	say_held(x, -1, &n);
	for (size_t i = 0; i < later.n; i++)
		if (later.list[i] == x)
			return;
	later.list[later.n++] = x;
	later.loop = task_loop();
	later.timer.fn = on_later;
	if (later.n == 1)
		loop_time(later.loop, &later.timer, clock_ms() + LATER_MS);
}

bool redis_is_older(struct shared_entry *a, struct shared_entry *b)
{
	return atomic_load_explicit(&a->last, memory_order_relaxed) <
	       atomic_load_explicit(&b->last, memory_order_relaxed);
}

/* As far as this host knows. */
static int64_t turn_here(struct shared_entry *x, int64_t interval, int64_t max)
{
	int64_t now = clock_wall_ms() + atomic_load(&redis_mirror.ahead);
	int64_t was = atomic_load(&x->turn), at;

	if (interval <= 0)
		return 0;
	do {
		at = was < now || was > now + max + interval ? now : was;
		if (at - now > max)
			return -1;
	} while (!atomic_compare_exchange_weak(&x->turn, &was, at + interval));
	return at - now;
}

/* Of an answer: how long until the turn; nobody waits longer than `max`. */
static int64_t turn_at(const redisReply *answer, size_t i, int64_t max)
{
	int64_t wait = redis_int_at(answer, i);

	return wait < 0 ? -1 : wait > max ? max : wait;
}

/* A choice that goes to the store, and whoever has made the same one in the
 * same round of this loop: they are one request, for what the store is told is
 * how much this process holds in all. A turn is for each alone. */
struct taking {
	struct shared_entry *x;
	int64_t version, interval, max;
	uint32_t others;
	uint64_t serial;
	unsigned lost;
	bool force, also, granted;
	int64_t wait;
	struct joined *joined;
	struct taking *next;
};

struct joined { /* of a task that waits for it; on its stack */
	struct joined *next;
	struct task *task;
	bool over, refused;
};

static _Thread_local struct taking *open_takings;

static void close_taking(struct taking *t)
{
	struct taking **at = &open_takings;

	while (*at && *at != t)
		at = &(*at)->next;
	if (*at)
		*at = t->next;
}

static void say_taking(struct redis_args *a, void *arg)
{
	struct taking *t = arg;
	uint32_t n;

	close_taking(t);
	t->serial = say_held(t->x, 0, &n);
	atomic_store(&t->x->sent_serial, t->serial);
	redis_mirror_begin(a, t->also ? "also" : "take");
	redis_word(a, t->x->name);
	redis_int(a, n);
	redis_int(a, (int64_t)t->serial);
	redis_int(a, t->others);
	redis_int(a, t->version);
	redis_int(a, t->interval);
	redis_int(a, t->max);
	redis_int(a, t->force);
}

static void took(void *arg, const redisReply *answer)
{
	struct taking *t = arg;

	close_taking(t);
	if (answer) {
		/* What it was made by holds no more where all is lost. */
		t->granted = redis_int_at(answer, 0) &&
			     (t->force ||
			      t->lost == atomic_load(&redis_mirror.lost));
		t->wait = turn_at(answer, 1, t->max);
	}
	for (struct joined *j = t->joined; j; j = j->next) {
		j->refused = answer && !t->granted;
		j->over = true;
		task_wake(j->task);
	}
	t->joined = NULL;
}

/* One that is not under way yet, for the same by the same news; or NULL. */
static struct taking *find_taking(const struct taking *like)
{
	struct taking *t = open_takings;

	while (t && (t->x != like->x || t->others != like->others ||
		     t->version != like->version || t->force != like->force))
		t = t->next;
	return t;
}

/* False: it is refused. What comes after the time of this request is nothing to
 * it: it goes by what is known here. */
static bool join_taking(struct taking *t)
{
	struct joined j = { .next = t->joined, .task = task_self() }, **at;
	int64_t begun = clock_ms(), *waited = task_waited();
	int64_t until = begun + redis_mirror.answer_ms - *waited;

	t->joined = &j;
	while (!j.over && clock_ms() < until)
		task_wait(until);
	*waited += clock_ms() > begun ? clock_ms() - begun : 1;
	if (j.over)
		return !j.refused;
	for (at = &t->joined; *at != &j;)
		at = &(*at)->next;
	*at = j.next;
	return true;
}

/* This request has asked for something else just now, with all news: it need
 * not wait once more. */
static bool has_just_asked(void)
{
	return task_self() && *task_waited() && redis_mirror_age() <= JUST_MS;
}

/* The choice was made of news that may be old: the store says whether they
 * still hold. */
bool redis_take(struct shared_entry *x, uint32_t seen, int64_t interval,
		int64_t max, int64_t *wait)
{
	struct taking t = { .x = x,
			    .version = redis_mirror_version(x),
			    .interval = interval,
			    .max = max,
			    .others = others_of(x),
			    .lost = atomic_load(&redis_mirror.lost),
			    .force = atomic_load(&x->races) >= RACES };
	struct taking *same = NULL;
	struct redis_args a;
	struct err unused;
	uint32_t n;
	int rc;

	*wait = 0;
	if (redis_count(x) != seen)
		return false;
	if (interval <= 0 && has_just_asked()) {
		tell_held(x, 1);
		return true;
	}
	say_held(x, 1, &n);
	if (interval <= 0 && task_self())
		same = find_taking(&t);
	if (same) {
		if (join_taking(same))
			return true;
		redis_sub(x);
		return false;
	}
	if (interval <= 0 && task_self()) {
		t.next = open_takings;
		open_takings = &t;
	}
	/* News that are on their way need not be asked for twice. */
	t.also = atomic_exchange(&redis_mirror.asked, true);
	rc = redis_ask_late(&a, say_taking, took, &t, &unused);
	if (!t.also)
		atomic_store(&redis_mirror.asked, false);
	if (rc) {
		*wait = turn_here(x, interval, max);
		return true;
	}
	if (!t.granted) {
		/* It was no race where all is lost. */
		if (t.lost == atomic_load(&redis_mirror.lost))
			atomic_fetch_add(&x->races, 1);
		redis_sub(x);
		return false;
	}
	atomic_store(&x->races, 0);
	arrived(x, t.serial);
	*wait = t.wait;
	return true;
}

struct turning {
	int64_t wait, max;
};

static void turned(void *arg, const redisReply *answer)
{
	struct turning *t = arg;

	if (answer)
		t->wait = turn_at(answer, 0, t->max);
}

int64_t redis_turn(struct shared_entry *x, int64_t interval, int64_t max)
{
	struct turning t = { 0, max };
	struct redis_args a;
	struct err unused;

	redis_mirror_begin(&a, "turn");
	redis_word(&a, x->name);
	redis_int(&a, interval);
	redis_int(&a, max);
	if (redis_ask(&a, turned, &t, &unused))
		return turn_here(x, interval, max);
	return t.wait;
}

int64_t redis_turn_in(struct shared_entry *x, int64_t now)
{
	int64_t next = atomic_load_explicit(&x->turn, memory_order_relaxed) -
		       atomic_load_explicit(&redis_mirror.ahead,
					    memory_order_relaxed);

	return next > now ? next - now : 0;
}

/* --- what has not arrived ------------------------------------------------ */

/* With the lock. The store has lost what it knew of us. */
static void say_again(void)
{
	for (size_t i = 0; i < MIRROR_CHAINS; i++)
		for (struct shared_entry *x = redis_mirror.chains[i]; x;
		     x = x->next)
			if (atomic_load(&x->held))
				x->heard_serial = 0;
}

static size_t unheard(struct shared_entry **list, size_t most)
{
	size_t n = 0;

	pthread_mutex_lock(&redis_mirror.lock);
	if (atomic_exchange(&redis_mirror.again, false))
		say_again();
	for (size_t i = 0; i < MIRROR_CHAINS; i++)
		for (struct shared_entry *x = redis_mirror.chains[i];
		     x && n < most; x = x->next)
			if (x->serial > x->heard_serial)
				list[n++] = x;
	pthread_mutex_unlock(&redis_mirror.lock);
	return n;
}

static void beaten(void *arg, const redisReply *answer)
{
	*(bool *)arg = answer;
}

void shared_redis_beat(void)
{
	struct shared_entry *list[BEAT_ENTRIES];
	uint64_t serials[BEAT_ENTRIES];
	unsigned lost = atomic_load(&redis_mirror.lost);
	size_t n = unheard(list, BEAT_ENTRIES);
	bool ok = false;
	struct redis_args a;
	struct err unused;
	uint32_t held;

	redis_mirror_begin(&a, "beat");
	for (size_t i = 0; i < n; i++) {
		serials[i] = say_held(list[i], 0, &held);
		redis_word(&a, list[i]->name);
		redis_int(&a, held);
		redis_int(&a, (int64_t)serials[i]);
	}
	redis_ask(&a, beaten, &ok, &unused);
	ok = ok && lost == atomic_load(&redis_mirror.lost);
	for (size_t i = 0; ok && i < n; i++)
		arrived(list[i], serials[i]);
}
