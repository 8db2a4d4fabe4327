/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/own-pid.h"
#include "base/task.h"
#include "state/shared/redis-lane.h"
#include "state/shared/redis-mirror.h"

#include <stdlib.h>
#include <unistd.h>

#define BEAT_ENTRIES 60 /* that one beat says again */
#define LATER_MS 20     /* before it is said what nobody waits to hear */
#define LATER 16        /* entries */

/* --- counts -------------------------------------------------------------- */

/* After a fork nothing is held. */
static void after_fork(void)
{
	if (redis_mirror.pid == own_pid())
		return;
	pthread_mutex_lock(&redis_mirror.lock);
	for (size_t i = 0; i < MIRROR_CHAINS; i++)
		for (struct shared_entry *x = redis_mirror.chains[i]; x;
		     x = x->next)
			x->held = x->own = 0;
	redis_mirror.pid = own_pid();
	redis_mirror.again = redis_mirror.asked = false;
	pthread_mutex_unlock(&redis_mirror.lock);
}

uint32_t redis_count_of_others(struct shared_entry *x)
{
	uint32_t all = atomic_load_explicit(&x->all, memory_order_relaxed);
	uint32_t own = atomic_load_explicit(&x->own, memory_order_relaxed);

	return all > own ? all - own : 0;
}

uint32_t redis_count(struct shared_entry *x)
{
	return redis_count_of_others(x) +
	       atomic_load_explicit(&x->held, memory_order_relaxed);
}

/* What this process holds of it now, and the number of that. From here on the
 * keeper may say it, in the name of this process: nobody's would stay. */
uint64_t redis_say_held(struct shared_entry *x, int by, uint32_t *n,
			bool *chosen)
{
	int64_t since = atomic_load(&redis_mirror.since);
	uint64_t serial;

	after_fork();
	shared_redis_holds();
	pthread_mutex_lock(&redis_mirror.lock);
	if (by > 0) {
		atomic_fetch_add(&x->held, 1);
		/* Later than all that is known, until the news tell the store's
		 * own number. */
		if (atomic_load(&x->last) <= since)
			atomic_store(&x->last, since + 1);
	} else if (by < 0 && atomic_load(&x->held)) {
		atomic_fetch_sub(&x->held, 1);
	}
	*n = atomic_load(&x->held);
	if (chosen) {
		*chosen = x->chosen;
		x->chosen = false;
	}
	serial = x->serial = atomic_fetch_add(&redis_mirror.serial, 1) + 1;
	pthread_mutex_unlock(&redis_mirror.lock);
	return serial;
}

void redis_note_chosen(struct shared_entry *x, bool chosen)
{
	pthread_mutex_lock(&redis_mirror.lock);
	x->chosen = chosen;
	pthread_mutex_unlock(&redis_mirror.lock);
}

struct saying {
	struct shared_entry *x;
	uint64_t serial;
	unsigned lost; /* of the mirror, when it was said */
};

/* Of a loop: entries of which more or less is held. The next choice says so,
 * too. */
static _Thread_local struct {
	struct timer timer;
	struct loop *loop;
	struct shared_entry *list[LATER];
	size_t n;
} later;

void redis_has_arrived(struct shared_entry *x, uint64_t serial)
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
		redis_has_arrived(s->x, s->serial);
	free(s);
}

/* Sent, not waited for; what does not arrive the keeper says again. */
void redis_tell_held(struct shared_entry *x, int by)
{
	struct saying *s = xcalloc(1, sizeof(*s));
	struct redis_args a;
	bool chosen;
	uint32_t n;

	s->x = x;
	s->lost = atomic_load(&redis_mirror.lost);
	s->serial = redis_say_held(x, by, &n, &chosen);
	atomic_store(&x->sent_serial, s->serial);
	/* What was chosen had its turn, though it may be over by now. */
	redis_mirror_begin(&a, by > 0 || chosen ? "hold" : "beat");
	redis_word(&a, x->name);
	redis_int(&a, n);
	redis_int(&a, (int64_t)s->serial);
	redis_tell(&a, said, s);
}

bool redis_add(struct shared_entry *x, uint32_t seen)
{
	if (redis_count(x) != seen)
		return false;
	redis_tell_held(x, 1);
	return true;
}

static bool is_untold(struct shared_entry *x)
{
	bool is;

	pthread_mutex_lock(&redis_mirror.lock);
	is = x->serial > atomic_load(&x->sent_serial);
	pthread_mutex_unlock(&redis_mirror.lock);
	return is;
}

/* Where the lane is down the keeper says it. */
static void on_later(struct timer *t)
{
	bool open = redis_lane_is_open();

	(void)t;
	while (later.n) {
		struct shared_entry *x = later.list[--later.n];

		if (open && is_untold(x))
			redis_tell_held(x, 0);
	}
}

void redis_count_leave(void)
{
	if (later.loop)
		loop_untime(later.loop, &later.timer);
	later.loop = NULL;
	later.n = 0;
}

void redis_tell_later(struct shared_entry *x, int by)
{
	uint32_t n;

	if (!task_self() || later.n == LATER) {
		redis_tell_held(x, by);
		return;
	}
	if (by > 0)
		redis_note_chosen(x, true);
	redis_say_held(x, by, &n, NULL);
	for (size_t i = 0; i < later.n; i++)
		if (later.list[i] == x)
			return;
	later.list[later.n++] = x;
	later.loop = task_loop();
	later.timer.fn = on_later;
	if (later.n == 1)
		loop_time(later.loop, &later.timer, clock_ms() + LATER_MS);
}

void redis_sub(struct shared_entry *x)
{
	redis_tell_later(x, -1);
}

bool redis_is_older(struct shared_entry *a, struct shared_entry *b)
{
	return atomic_load_explicit(&a->last, memory_order_relaxed) <
	       atomic_load_explicit(&b->last, memory_order_relaxed);
}

/* --- what has not arrived ------------------------------------------------ */

/* With the lock. The store has lost what it knew of us, or knows again what is
 * no longer so. */
static void say_again(void)
{
	for (size_t i = 0; i < MIRROR_CHAINS; i++)
		for (struct shared_entry *x = redis_mirror.chains[i]; x;
		     x = x->next)
			if (atomic_load(&x->held) || atomic_load(&x->own))
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
	bool more[BEAT_ENTRIES]; /* than the store had: it was chosen */
	unsigned lost = atomic_load(&redis_mirror.lost);
	size_t n = unheard(list, BEAT_ENTRIES);
	bool ok = false;
	struct redis_args a;
	struct err unused;
	uint32_t held;

	redis_mirror_begin(&a, "beat");
	for (size_t i = 0; i < n; i++) {
		serials[i] = redis_say_held(list[i], 0, &held, NULL);
		more[i] = held > atomic_load(&list[i]->own);
		redis_word(&a, list[i]->name);
		redis_int(&a, held);
		redis_int(&a, (int64_t)serials[i]);
	}
	/* What it stumbles over may be in the way of all others. */
	if (redis_ask(&a, beaten, &ok, &unused) && redis_link_up() &&
	    redis_link_retry(&unused))
		redis_link_lost(unused.msg);
	ok = ok && lost == atomic_load(&redis_mirror.lost);
	for (size_t i = 0; ok && i < n; i++) {
		redis_has_arrived(list[i], serials[i]);
		if (more[i])
			redis_note_chosen(list[i], false);
	}
}
