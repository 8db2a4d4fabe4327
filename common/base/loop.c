/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/loop.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/poller.h"
#include "base/port.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 128 /* events that one call fetches */

/* The kernel may still tell of a descriptor that was closed here while a
 * process that is being started holds it. So events name a slot and how often
 * it was given out, never an address. */
struct slot {
	struct watch *watch;
	uint32_t turn;
	uint32_t next_free;
};

struct loop {
	struct poller *poller;
	struct slot *slots;
	uint32_t n_slots, free_slot; /* 0: none; slot 0 is nobody's */
	struct timer **heap;         /* from 1 on, the earliest first */
	size_t n_timers, timers_max;
	struct loop_rounds *rounds;
	struct watch posted_watch;
	struct port_bell bell; /* something is posted */
	pthread_mutex_t lock;  /* of what is posted */
	struct loop_post *posted, **posted_end;
	struct loop_post *when_idle, *after_round;
	uint64_t round;
	int64_t now; /* as its timers were run */
};

/* --- descriptors --------------------------------------------------------- */

static uint32_t take_slot(struct loop *l, struct watch *w)
{
	uint32_t i = l->free_slot;

	if (!i) {
		uint32_t n = l->n_slots ? l->n_slots * 2 : 64;

		l->slots = xrealloc(l->slots, n * sizeof(*l->slots));
		memset(l->slots + l->n_slots, 0,
		       (n - l->n_slots) * sizeof(*l->slots));
		for (uint32_t k = n - 1; k >= l->n_slots && k; k--) {
			l->slots[k].next_free = l->free_slot;
			l->free_slot = k;
		}
		l->n_slots = n;
		i = l->free_slot;
	}
	l->free_slot = l->slots[i].next_free;
	l->slots[i].watch = w;
	l->slots[i].turn++;
	return i;
}

static void give_slot(struct loop *l, uint32_t i)
{
	l->slots[i].watch = NULL;
	l->slots[i].next_free = l->free_slot;
	l->free_slot = i;
}

static uint64_t tag_of(const struct loop *l, const struct watch *w)
{
	return (uint64_t)l->slots[w->slot].turn << 32 | w->slot;
}

static void forget(struct loop *l, struct watch *w)
{
	give_slot(l, w->slot);
	w->slot = 0;
	w->events = 0;
}

int loop_watch(struct loop *l, struct watch *w, unsigned events)
{
	if (w->slot && w->events == events)
		return 0;
	if (w->slot) {
		if (poller_change(l->poller, w->fd, tag_of(l, w), events))
			return -1;
	} else {
		w->slot = take_slot(l, w);
		if (poller_add(l->poller, w->fd, tag_of(l, w), events)) {
			forget(l, w);
			return -1;
		}
	}
	w->events = events;
	return 0;
}

void loop_forget(struct loop *l, struct watch *w)
{
	if (!w->slot)
		return;
	poller_closing(l->poller, w->fd, tag_of(l, w));
	forget(l, w);
}

void loop_unwatch(struct loop *l, struct watch *w)
{
	if (!w->slot)
		return;
	poller_remove(l->poller, w->fd, tag_of(l, w));
	forget(l, w);
}

static void tell(struct loop *l, const struct poller_event *v)
{
	const struct slot *s = &l->slots[(uint32_t)v->tag];
	struct watch *w = s->watch;

	if (w && s->turn == v->tag >> 32)
		w->fn(w, v->events & (w->events | LOOP_GONE));
}

/* --- timers -------------------------------------------------------------- */

static void place(struct loop *l, size_t i, struct timer *t)
{
	l->heap[i] = t;
	t->place = i;
}

static void sift_up(struct loop *l, size_t i)
{
	struct timer *t = l->heap[i];

	for (; i > 1 && l->heap[i / 2]->at > t->at; i /= 2)
		place(l, i, l->heap[i / 2]);
	place(l, i, t);
}

static void sift_down(struct loop *l, size_t i)
{
	struct timer *t = l->heap[i];

	for (size_t child; (child = 2 * i) <= l->n_timers; i = child) {
		if (child < l->n_timers &&
		    l->heap[child + 1]->at < l->heap[child]->at)
			child++;
		if (l->heap[child]->at >= t->at)
			break;
		place(l, i, l->heap[child]);
	}
	place(l, i, t);
}

void loop_untime(struct loop *l, struct timer *t)
{
	size_t i = t->place;
	struct timer *last;

	if (!i)
		return;
	t->place = 0;
	last = l->heap[l->n_timers--];
	if (last == t)
		return;
	place(l, i, last);
	sift_up(l, i);
	sift_down(l, last->place);
}

void loop_time(struct loop *l, struct timer *t, int64_t at)
{
	if (t->place && t->at == at)
		return;
	loop_untime(l, t);
	t->at = at;
	if (l->n_timers + 2 > l->timers_max) {
		l->timers_max = l->timers_max ? l->timers_max * 2 : 64;
		l->heap = xrealloc(l->heap,
				   l->timers_max * sizeof(struct timer *));
	}
	place(l, ++l->n_timers, t);
	sift_up(l, l->n_timers);
}

static void run_timers(struct loop *l)
{
	size_t most = l->n_timers; /* those that they set wait their turn */

	l->now = most ? clock_ms() : 0;
	while (most-- && l->n_timers && l->heap[1]->at <= l->now) {
		struct timer *t = l->heap[1];

		loop_untime(l, t);
		t->fn(t);
	}
}

/* For poller_wait, just after the timers. */
static int until_next(const struct loop *l)
{
	int64_t left;

	if (!l->n_timers)
		return -1;
	left = l->heap[1]->at - l->now;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* --- from other threads -------------------------------------------------- */

void loop_post(struct loop *l, struct loop_post *p)
{
	bool first;

	p->next = NULL;
	pthread_mutex_lock(&l->lock);
	first = !l->posted;
	*l->posted_end = p;
	l->posted_end = &p->next;
	/* Under the lock: the loop may end as soon as it has what is posted. */
	if (first)
		port_bell_ring(&l->bell);
	pthread_mutex_unlock(&l->lock);
}

static void run_posted(struct watch *w, unsigned events)
{
	struct loop *l = OWNER(w, struct loop, posted_watch);
	struct loop_post *p;

	(void)events;
	port_bell_hush(&l->bell);
	pthread_mutex_lock(&l->lock);
	p = l->posted;
	l->posted = NULL;
	l->posted_end = &l->posted;
	pthread_mutex_unlock(&l->lock);
	while (p) {
		struct loop_post *next = p->next;

		p->fn(p);
		p = next;
	}
}

/* --- the loop ------------------------------------------------------------ */

struct loop *loop_new(struct err *e)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	pthread_mutex_init(&l->lock, NULL);
	l->posted_end = &l->posted;
	l->posted_watch.fn = run_posted;
	l->bell.fd = l->bell.in = -1;
	l->poller = poller_new();
	if (l->poller && port_bell_open(&l->bell) == 0) {
		l->posted_watch.fd = l->bell.fd;
		if (loop_watch(l, &l->posted_watch, LOOP_READ) == 0)
			return l;
	}
	err_sys(e, "make", "an event loop");
	loop_free(l);
	return NULL;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->rounds)
		l->rounds->release(l->rounds);
	poller_free(l->poller);
	port_bell_close(&l->bell);
	pthread_mutex_destroy(&l->lock);
	free(l->slots);
	free(l->heap);
	free(l);
}

void loop_set_rounds(struct loop *l, struct loop_rounds *r)
{
	l->rounds = r;
}

uint64_t loop_round(const struct loop *l)
{
	return l->round;
}

struct loop_rounds *loop_rounds(const struct loop *l)
{
	return l->rounds;
}

void loop_when_idle(struct loop *l, struct loop_post *p)
{
	p->next = l->when_idle;
	l->when_idle = p;
}

void loop_after_round(struct loop *l, struct loop_post *p)
{
	p->next = l->after_round;
	l->after_round = p;
}

static void run_all(struct loop_post **list)
{
	struct loop_post *p = *list;

	*list = NULL;
	while (p) {
		struct loop_post *next = p->next;

		p->fn(p);
		p = next;
	}
}

void loop_run(struct loop *l, const bool *done)
{
	struct poller_event batch[BATCH];

	for (;;) {
		bool ready, more;
		int n;

		l->round++;
		if (l->rounds)
			l->rounds->fn(l->rounds);
		run_timers(l); /* also those that were set for now */
		run_all(&l->after_round);
		ready = l->rounds && l->rounds->more(l->rounds);
		more = ready || l->when_idle;
		if (*done && !more &&
		    !(l->rounds && l->rounds->busy(l->rounds)))
			break;
		n = poller_wait(l->poller, batch, BATCH,
				more ? 0 : until_next(l));
		if (n <= 0 && !ready)
			run_all(&l->when_idle);
		for (int i = 0; i < n; i++)
			tell(l, &batch[i]);
	}
}
