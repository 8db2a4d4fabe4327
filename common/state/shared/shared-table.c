/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/shared-table.h"

#include "base/clock.h"
#include "base/fnv.h"
#include "base/memory.h"
#include "base/own-pid.h"
#include "base/row-lock.h"
#include "state/shared/mapped.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TABLE "state/table"
#define FORM 0x6461726974623031u /* of what follows */
#define SLOTS 2048               /* a power of two */
#define PLACES 1024
#define ROWS 64     /* processes */
#define REAP_MS 200 /* between looks for rows whose process is gone */

struct shared_slot {
	_Atomic uint64_t key;
	_Atomic int64_t next; /* turn, ms since 1970 */
	_Atomic uint32_t count;
	_Atomic uint32_t last; /* number of what was added last; 0: nothing */
};

struct place {
	_Atomic uint64_t number; /* 0: free */
	uint64_t line, lane;
	uint32_t row;
	_Atomic uint32_t used; /* in the first: so many were ever taken */
};

struct row {
	_Atomic uint32_t used;
	_Atomic uint16_t held[SLOTS];
};

struct table {
	_Atomic uint64_t form;
	_Atomic uint64_t numbers; /* given out, in the order of time */
	struct shared_slot slots[SLOTS];
	struct place places[PLACES];
	struct row rows[ROWS];
};

/* The table of a home that this process has to do with; a host may have some. A
 * table that was replaced stays mapped: somebody may just look at it. */
struct mapping {
	struct mapping *next;
	char *home;
	pid_t pid; /* that opened it: a lock belongs to all who inherit it */
	int fd, row;
	struct table *t; /* NULL: there is none to be had */
	unsigned generation;
	int64_t looked; /* at its file */
	int64_t reaped; /* clock_ms */
};

static struct {
	pthread_mutex_t lock; /* of all that follows */
	struct mapping *first;
	unsigned generation; /* of what was mapped last */
} my = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct shared_slot nowhere; /* where there is no table: key 0 */

uint64_t shared_hash(const char *a, const char *b)
{
	uint64_t h = fnv_byte(fnv(FNV_START, span_of(a)), '/');

	h = fnv(h, span_of(b));
	return h ? h : 1;
}

/* The number of a place that a row has, but has not filled yet. */
static uint64_t taken_by(int row)
{
	return UINT64_MAX - (uint64_t)row;
}

/* --- rows ---------------------------------------------------------------- */

static off_t byte_of(int row)
{
	return (off_t)sizeof(struct table) + row;
}

/* With its lock: what the process that is gone has held. */
static void clear_row(struct table *t, int row)
{
	struct row *r = &t->rows[row];

	for (size_t i = 0; i < SLOTS; i++) {
		uint32_t held = atomic_exchange(&r->held[i], 0);
		uint32_t all = atomic_load(&t->slots[i].count);

		while (held && !atomic_compare_exchange_weak(
				       &t->slots[i].count, &all,
				       all > held ? all - held : 0))
			;
	}
	for (size_t i = 0; i < PLACES; i++) {
		uint64_t number = atomic_load(&t->places[i].number);

		if (number == taken_by(row) ||
		    (number && number < taken_by(ROWS) &&
		     t->places[i].row == (uint32_t)row))
			atomic_store(&t->places[i].number, 0);
	}
	atomic_store(&r->used, 0);
}

/* What follows has my.lock. */

static void reap(struct mapping *m)
{
	int64_t now = clock_ms();

	if (now - m->reaped < REAP_MS)
		return;
	m->reaped = now;
	for (int i = 0; i < ROWS; i++) {
		if (i == m->row || !atomic_load(&m->t->rows[i].used) ||
		    !row_lock(m->fd, byte_of(i)))
			continue;
		clear_row(m->t, i);
		row_unlock(m->fd, byte_of(i));
	}
}

/* A row of our own, or -1 when all are taken. */
static int claim(struct mapping *m)
{
	for (int i = 0; i < ROWS && m->row < 0; i++) {
		if (!row_lock(m->fd, byte_of(i)))
			continue;
		clear_row(m->t, i);
		atomic_store(&m->t->rows[i].used, 1);
		m->row = i;
	}
	return m->row;
}

/* --- the mapping --------------------------------------------------------- */

static bool is_current(struct mapping *m)
{
	return m->t && m->pid == own_pid() &&
	       mapped_is_current(m->fd, sizeof(struct table), &m->looked);
}

static void map_table(struct mapping *m)
{
	struct table *t;

	if (m->fd >= 0)
		row_close(m->fd);
	m->pid = own_pid();
	m->row = -1;
	m->t = NULL;
	m->looked = 0;
	m->generation = ++my.generation;
	m->fd = mapped_open(m->home, TABLE, sizeof(struct table));
	if (m->fd < 0)
		return;
	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED, m->fd,
		 0);
	if (t == MAP_FAILED)
		return;
	/* One of another version holds nothing that we could read. */
	if (atomic_load(&t->form) && atomic_load(&t->form) != FORM)
		memset(t, 0, sizeof(*t));
	atomic_store(&t->form, FORM);
	m->t = t;
}

static struct mapping **place_of(const char *home)
{
	struct mapping **p = &my.first;

	while (*p && strcmp((*p)->home, home))
		p = &(*p)->next;
	return p;
}

static struct mapping *mapping(const char *home)
{
	struct mapping **p = place_of(home), *m = *p;

	if (!m) {
		m = xcalloc(1, sizeof(*m));
		m->home = xstrdup(home);
		m->fd = -1;
		*p = m;
	}
	if (!is_current(m))
		map_table(m);
	return m;
}

unsigned shared_table_sync(const char *home)
{
	unsigned generation;

	pthread_mutex_lock(&my.lock);
	generation = mapping(home)->generation;
	pthread_mutex_unlock(&my.lock);
	return generation;
}

void shared_table_forget(const char *home)
{
	struct mapping **p, *m;

	pthread_mutex_lock(&my.lock);
	p = place_of(home);
	m = *p;
	if (m)
		*p = m->next;
	pthread_mutex_unlock(&my.lock);
	if (!m)
		return;
	if (m->t)
		munmap(m->t, sizeof(*m->t));
	if (m->fd >= 0)
		row_close(m->fd);
	free(m->home);
	free(m);
}

/* --- slots --------------------------------------------------------------- */

static struct shared_slot *find(struct table *t, uint64_t key)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct shared_slot *s = &t->slots[(key + i) & (SLOTS - 1)];
		uint64_t has = 0;

		if (atomic_load(&s->key) == key ||
		    atomic_compare_exchange_strong(&s->key, &has, key) ||
		    has == key)
			return s;
	}
	return &nowhere;
}

struct shared_slot *shared_slot(const char *home, uint64_t key)
{
	struct shared_slot *s = &nowhere;
	struct mapping *m;

	pthread_mutex_lock(&my.lock);
	m = mapping(home);
	if (m->t)
		s = find(m->t, key);
	pthread_mutex_unlock(&my.lock);
	return s;
}

uint32_t shared_slot_count(const struct shared_slot *s)
{
	return atomic_load_explicit(&s->count, memory_order_relaxed);
}

/* Our part of the slot's count, or NULL when it is in no table
 * that we have a row of. */
static _Atomic uint16_t *part_of(struct mapping *m, const struct shared_slot *s)
{
	struct table *t = m->t;

	if (!t || s < t->slots || s >= t->slots + SLOTS || claim(m) < 0)
		return NULL;
	return &t->rows[m->row].held[s - t->slots];
}

bool shared_slot_add(const char *home, struct shared_slot *s, uint32_t seen)
{
	_Atomic uint16_t *mine;
	struct mapping *m;
	bool ok = true;

	pthread_mutex_lock(&my.lock);
	m = mapping(home);
	mine = part_of(m, s);
	if (mine && atomic_load(mine) < UINT16_MAX) {
		reap(m);
		atomic_fetch_add(mine, 1);
		ok = atomic_compare_exchange_strong(&s->count, &seen, seen + 1);
		if (ok)
			atomic_store(&s->last, (uint32_t)atomic_fetch_add(
						       &m->t->numbers, 1) +
						       1);
		else
			atomic_fetch_sub(mine, 1);
	}
	pthread_mutex_unlock(&my.lock);
	return ok;
}

void shared_slot_sub(const char *home, struct shared_slot *s)
{
	_Atomic uint16_t *mine;

	pthread_mutex_lock(&my.lock);
	mine = part_of(mapping(home), s);
	/* It may have been taken in a table that is gone. */
	if (mine && atomic_load(mine)) {
		atomic_fetch_sub(&s->count, 1);
		atomic_fetch_sub(mine, 1);
	}
	pthread_mutex_unlock(&my.lock);
}

bool shared_slot_is_older(const struct shared_slot *a,
			  const struct shared_slot *b)
{
	uint32_t x = atomic_load_explicit(&a->last, memory_order_relaxed);
	uint32_t y = atomic_load_explicit(&b->last, memory_order_relaxed);

	if (!x || !y)
		return !x && y;
	return y - x - 1 < UINT32_MAX / 2; /* they begin anew at the end */
}

/* A clock that was set back is not waited for. */
static int64_t next_turn(int64_t next, int64_t now, int64_t most)
{
	return next < now || next > now + most ? now : next;
}

int64_t shared_slot_turn(struct shared_slot *s, int64_t interval, int64_t max)
{
	int64_t now = clock_wall_ms(), was = atomic_load(&s->next), at;

	if (s == &nowhere)
		return 0;
	do {
		at = next_turn(was, now, max + interval);
		if (at - now > max)
			return -1;
	} while (!atomic_compare_exchange_weak(&s->next, &was, at + interval));
	return at - now;
}

int64_t shared_slot_turn_in(const struct shared_slot *s, int64_t now)
{
	int64_t next = atomic_load_explicit(&s->next, memory_order_relaxed);

	return next > now ? next - now : 0;
}

/* --- lines --------------------------------------------------------------- */

/* Mostly nobody waits, and all places are as much as the cache of a core. */
static size_t places_used(const struct table *t)
{
	size_t n = atomic_load(&t->places[0].used);

	return n < PLACES ? n : PLACES;
}

static void note_used(struct table *t, uint32_t n)
{
	uint32_t was = atomic_load(&t->places[0].used);

	while (was < n &&
	       !atomic_compare_exchange_weak(&t->places[0].used, &was, n))
		;
}

static size_t length(const struct table *t, uint64_t line, uint64_t lane,
		     uint64_t before)
{
	size_t n = 0, used = places_used(t);

	for (size_t i = 0; i < used; i++) {
		const struct place *p = &t->places[i];
		uint64_t number = atomic_load(&p->number);

		n += number && number < before && (!line || p->line == line) &&
		     (!lane || p->lane == lane);
	}
	return n;
}

/* The smaller one goes first: by priority, and then by time. */
static uint64_t place_number(unsigned priority, uint64_t came)
{
	return ((uint64_t)priority << 47) | (came & ((UINT64_C(1) << 47) - 1));
}

/* Whoever sees the number sees what stands beside it. */
static struct place *take_place(struct mapping *m)
{
	struct table *t = m->t;

	for (size_t i = 0; i < PLACES; i++) {
		uint64_t none = 0;

		if (!atomic_compare_exchange_strong(&t->places[i].number, &none,
						    taken_by(m->row)))
			continue;
		note_used(t, (uint32_t)i + 1);
		return &t->places[i];
	}
	return NULL;
}

int shared_table_join(const char *home, const char *line, const char *lane,
		      size_t max, unsigned priority, struct shared_place *out,
		      struct err *e)
{
	uint64_t a = shared_hash(line, "");
	struct place *p = NULL;
	struct mapping *m;
	struct table *t;
	size_t n = 0;

	out->number = 0;
	pthread_mutex_lock(&my.lock);
	m = mapping(home);
	t = m->t;
	if (t && claim(m) >= 0) {
		reap(m);
		n = length(t, a, 0, UINT64_MAX);
		p = n < max ? take_place(m) : NULL;
	}
	if (p) {
		p->line = a;
		p->lane = shared_hash(line, lane);
		p->row = (uint32_t)m->row;
		out->at = (size_t)(p - t->places);
		out->number = place_number(
			priority, atomic_fetch_add(&t->numbers, 1) + 1);
		atomic_store(&p->number, out->number);
	}
	pthread_mutex_unlock(&my.lock);
	if (p)
		return 0;
	if (t)
		return err_set(e, ERR_BUSY, "%zu requests wait in line already",
			       n);
	return err_set(e, ERR_INTERNAL, "%s/" TABLE " cannot be used", home);
}

bool shared_table_first(const char *home, const struct shared_place *p)
{
	struct mapping *m;
	struct table *t;
	bool first = true;

	pthread_mutex_lock(&my.lock);
	m = mapping(home);
	t = m->t;
	if (t && p->number) {
		reap(m);
		/* Of a table that is gone: nobody is before us there. */
		if (atomic_load(&t->places[p->at].number) == p->number)
			first = !length(t, 0, t->places[p->at].lane, p->number);
	}
	pthread_mutex_unlock(&my.lock);
	return first;
}

void shared_table_leave(const char *home, struct shared_place *p)
{
	struct table *t;
	uint64_t number = p->number;

	p->number = 0;
	if (!number)
		return;
	pthread_mutex_lock(&my.lock);
	t = mapping(home)->t;
	if (t)
		atomic_compare_exchange_strong(&t->places[p->at].number,
					       &number, 0);
	pthread_mutex_unlock(&my.lock);
}

size_t shared_table_length(const char *home, const char *line, const char *lane)
{
	uint64_t a = line ? shared_hash(line, "") : 0;
	uint64_t b = lane ? shared_hash(line, lane) : 0;
	struct mapping *m;
	size_t n = 0;

	pthread_mutex_lock(&my.lock);
	m = mapping(home);
	if (m->t)
		n = length(m->t, a, b, UINT64_MAX);
	if (n) { /* some may be of processes that are gone */
		reap(m);
		n = length(m->t, a, b, UINT64_MAX);
	}
	pthread_mutex_unlock(&my.lock);
	return n;
}
