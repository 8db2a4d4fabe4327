/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/keys/meter-table.h"

#include "base/clock.h"
#include "base/own-pid.h"
#include "base/port.h"
#include "base/row-lock.h"
#include "base/store.h"
#include "base/wait.h"
#include "state/keys/key.h"
#include "state/keys/meter.h"
#include "state/shared/shared-table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME KEYS_FOLDER "/meters.bin"
#define FORM 0x6d65746572733032u /* of what follows */
#define SLOTS 2048               /* a power of two */
#define FLIGHTS 8192             /* a power of two */
#define FREED 1                  /* a name: free, but others stand behind it */
#define ROWS 256                 /* processes */
#define REAP_MS 200              /* between looks for processes that are gone */
#define SPINS 300                /* tries before the processor is given away, */
#define YIELDS 20                /* before a millisecond is, */
#define NAME_BYTES 256           /* of a mark */
#define WAITS 2000               /* and before it is given up */

struct meter_slot {
	_Atomic uint64_t name; /* its hash; 0: never taken */
	_Atomic uint32_t lock; /* number of the process that has it */
	_Atomic uint32_t turn; /* copies[turn & 1] is in force */
	struct meter_sums copies[2];
};

struct meter_table {
	_Atomic uint64_t form;
	_Atomic uint64_t serials; /* given out to flights */
	_Atomic uint32_t used[ROWS];
	struct meter_slot slots[SLOTS];
	struct meter_flight flights[FLIGHTS];
};

/* Of this process. A table that was replaced stays mapped: somebody may have a
 * flight in it. */
static struct {
	pthread_mutex_t lock;
	char *home;
	pid_t pid; /* that opened it: a lock belongs to all who inherit it */
	int fd;
	_Atomic uint32_t number; /* our row, from 1; 0: none */
	struct meter_table *t;
	_Atomic int64_t reaped; /* clock_ms */
	_Atomic uint32_t next;  /* where a free flight may be */
} my = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

/* --- one change ---------------------------------------------------------- */

static struct meter_sums *in_force(struct meter_slot *s)
{
	return &s->copies[atomic_load(&s->turn) & 1];
}

/* What the change in force says of its flight. A process that was killed just
 * then may not have come to it. */
static void finish(struct meter_table *t, const struct meter_sums *s)
{
	struct meter_flight *f = &t->flights[s->flight & (FLIGHTS - 1)];

	if (!s->serial || atomic_load(&f->serial) != s->serial)
		return;
	if (s->change == METER_TAKE)
		atomic_store(&f->counted, 1);
	else if (s->change == METER_END)
		meter_flight_free(f);
}

/* With the slot's lock. */
static bool change_locked(struct meter_table *t, struct meter_slot *s,
			  struct meter_flight *f, enum meter_change change,
			  meter_fn *fn, void *arg)
{
	uint32_t turn = atomic_load(&s->turn);
	struct meter_sums *next = &s->copies[(turn + 1) & 1];

	*next = s->copies[turn & 1];
	if (!fn(arg, next))
		return false;
	next->serial = atomic_load(&f->serial);
	next->flight = (uint32_t)(f - t->flights);
	next->change = change;
	atomic_store(&s->turn, turn + 1);
	finish(t, next);
	return true;
}

static bool try_lock(struct meter_slot *s, uint32_t number)
{
	uint32_t none = 0;

	return atomic_compare_exchange_strong(&s->lock, &none, number);
}

static bool spin_lock(struct meter_slot *s, uint32_t number)
{
	for (int i = 0; i < SPINS + YIELDS; i++) {
		if (atomic_load(&s->lock) == 0 && try_lock(s, number))
			return true;
		if (i >= SPINS)
			sched_yield();
	}
	return false;
}

static void unlock(struct meter_slot *s)
{
	atomic_store(&s->lock, 0);
}

void meter_flight_free(struct meter_flight *f)
{
	atomic_store(&f->counted, 0);
	atomic_store(&f->serial, 0); /* before somebody else can have it */
	atomic_store(&f->owner, 0);
}

/* --- processes that are gone --------------------------------------------- */

static off_t byte_of(uint32_t number)
{
	return (off_t)sizeof(struct meter_table) + number;
}

static bool end_one(void *arg, struct meter_sums *s)
{
	meter_end(s, arg, clock_wall_ms());
	return true;
}

/* With what was known of it. False: somebody is at its slot. */
static bool end_flight(struct meter_table *t, struct meter_flight *f,
		       uint32_t number)
{
	struct meter_slot *s = &t->slots[f->slot & (SLOTS - 1)];

	if (!atomic_load(&f->counted)) {
		meter_flight_free(f);
		return true;
	}
	if (!spin_lock(s, number))
		return false;
	change_locked(t, s, f, METER_END, end_one, f);
	unlock(s);
	return true;
}

/* With the row's lock, and my.lock: what the process held. False: not all yet.
 */
static bool clear_row(struct meter_table *t, uint32_t gone, uint32_t number)
{
	bool all = true;

	for (size_t i = 0; i < SLOTS; i++)
		if (atomic_load(&t->slots[i].lock) == gone) {
			finish(t, in_force(&t->slots[i]));
			unlock(&t->slots[i]);
		}
	for (size_t i = 0; i < FLIGHTS; i++)
		if (atomic_load(&t->flights[i].owner) == gone)
			all &= end_flight(t, &t->flights[i], number);
	if (all)
		atomic_store(&t->used[gone - 1], 0);
	return all;
}

/* With my.lock. *stuck: somebody is at a slot of theirs, maybe one who is gone,
 * too, and comes later. */
static void clear_gone(struct meter_table *t, bool *stuck)
{
	uint32_t number = atomic_load(&my.number);

	*stuck = false;
	for (uint32_t i = 1; i <= ROWS; i++) {
		if (i == number || !atomic_load(&t->used[i - 1]) ||
		    !row_lock(my.fd, byte_of(i)))
			continue;
		*stuck |= !clear_row(t, i, number);
		row_unlock(my.fd, byte_of(i));
	}
}

/* With my.lock. */
static void reap_now(struct meter_table *t)
{
	bool stuck;

	atomic_store(&my.reaped, clock_ms());
	clear_gone(t, &stuck);
	if (stuck)
		clear_gone(t, &stuck);
}

static void reap(struct meter_table *t, int64_t every)
{
	if (clock_ms() - atomic_load(&my.reaped) < every)
		return;
	pthread_mutex_lock(&my.lock);
	if (t == my.t && clock_ms() - atomic_load(&my.reaped) >= every)
		reap_now(t);
	pthread_mutex_unlock(&my.lock);
}

/* With my.lock. */
static bool claim(struct meter_table *t)
{
	for (uint32_t i = 1; i <= ROWS; i++) {
		if (!row_lock(my.fd, byte_of(i)))
			continue;
		if (!atomic_load(&t->used[i - 1]) || clear_row(t, i, i)) {
			atomic_store(&t->used[i - 1], 1);
			atomic_store(&my.number, i);
			return true;
		}
		row_unlock(my.fd, byte_of(i));
	}
	return false;
}

/* --- the mapping --------------------------------------------------------- */

static int refuse(int fd, const char *why, struct err *e)
{
	if (fd >= 0)
		row_close(fd);
	return err_set(e, ERR_CONFIG, FILE_NAME " cannot be used: %s", why);
}

/* Ours, closed to others, and of its full size: a page that is not on the disk
 * must not be missed later. It only ever grows, for others may have it mapped.
 */
static int open_file(const char *home, struct err *e)
{
	const int how = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	char path[PATH_MAX];
	struct stat st;
	int fd, error;

	if (store_folder(home, KEYS_FOLDER, e))
		return -1;
	snprintf(path, sizeof(path), "%s/" FILE_NAME, home);
	fd = open(path, how, 0600);
	if (fd < 0 || fstat(fd, &st))
		return refuse(fd, strerror(errno), e);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077)
		return refuse(fd,
			      "it is open to others: chmod 600, or remove "
			      "it",
			      e);
	if (st.st_size >= (off_t)sizeof(struct meter_table))
		return fd;
	error = port_allocate(fd, 0, (off_t)sizeof(struct meter_table));
	return error ? refuse(fd, strerror(error), e) : fd;
}

static bool is_current(const char *home)
{
	struct stat st;

	return my.t && my.pid == own_pid() && strcmp(my.home, home) == 0 &&
	       fstat(my.fd, &st) == 0 && st.st_nlink &&
	       st.st_size >= (off_t)sizeof(struct meter_table) &&
	       !(st.st_mode & 077);
}

/* With my.lock. */
static struct meter_table *map(const char *home, struct err *e)
{
	struct meter_table *t;
	uint64_t none = 0;

	if (my.fd >= 0)
		row_close(my.fd);
	free(my.home);
	my.home = xstrdup(home);
	my.pid = own_pid();
	my.t = NULL;
	atomic_store(&my.number, 0);
	my.fd = open_file(home, e);
	if (my.fd < 0)
		return NULL;
	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED, my.fd,
		 0);
	if (t == MAP_FAILED) {
		err_sys(e, "map", FILE_NAME);
		return NULL;
	}
	if (!atomic_compare_exchange_strong(&t->form, &none, FORM) &&
	    none != FORM) {
		munmap(t, sizeof(*t));
		refuse(-1, "another version of dario has made it: remove it",
		       e);
		return NULL;
	}
	if (!claim(t)) {
		munmap(t, sizeof(*t));
		refuse(-1, "too many processes have it open", e);
		return NULL;
	}
	my.t = t;
	return t;
}

struct meter_table *meter_table(const char *home, struct err *e)
{
	struct meter_table *t;

	pthread_mutex_lock(&my.lock);
	t = is_current(home) ? my.t : map(home, e);
	pthread_mutex_unlock(&my.lock);
	if (t)
		reap(t, REAP_MS);
	return t;
}

/* --- slots and flights --------------------------------------------------- */

static uint64_t hash_of(const char *name)
{
	uint64_t h = shared_hash(name, "");

	return h > FREED ? h : h + FREED + 1;
}

/* No key is called so. */
void meter_table_mark(const char *name, char *out, size_t n)
{
	snprintf(out, n, "%s moved", name);
}

/* *room: the first place where it could be put; -1. */
static int find_slot(const struct meter_table *t, uint64_t name, int *room)
{
	*room = -1;
	for (size_t i = 0; i < SLOTS; i++) {
		size_t at = (name + i) & (SLOTS - 1);
		uint64_t has = atomic_load(&t->slots[at].name);

		if (has == name)
			return (int)at;
		if (has <= FREED && *room < 0)
			*room = (int)at;
		if (!has)
			break;
	}
	return -1;
}

/* Slots are given out and freed by one process at a time. Who has the lock does
 * not wait for anything. */
static bool lock_slots(void)
{
	return row_lock_wait(my.fd, byte_of(0));
}

static void unlock_slots(void)
{
	row_unlock(my.fd, byte_of(0));
}

/* With that lock. Who is killed here leaves zeros at the most. */
static void free_slot(struct meter_slot *s)
{
	if (!spin_lock(s, atomic_load(&my.number)))
		return;
	if (!in_force(s)->flights) {
		memset(s->copies, 0, sizeof(s->copies));
		atomic_store(&s->name, FREED);
	}
	unlock(s);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* What no key has any more. With that lock. */
static void sweep(struct meter_table *t, const char *home)
{
	uint64_t names[2 * KEYS_MAX];
	char mark[NAME_BYTES];
	struct notes notes = { 0 };
	struct keys all = { 0 };
	struct err unused;

	if (keys_load(&all, home, NULL, NULL, &notes, &unused) == 0) {
		for (size_t i = 0; i < all.n; i++) {
			meter_table_mark(all.list[i].name, mark, sizeof(mark));
			names[2 * i] = hash_of(all.list[i].name);
			names[2 * i + 1] = hash_of(mark);
		}
		qsort(names, 2 * all.n, sizeof(names[0]), by_value);
		for (size_t i = 0; i < SLOTS; i++) {
			uint64_t has = atomic_load(&t->slots[i].name);

			if (has > FREED && !bsearch(&has, names, 2 * all.n,
						    sizeof(has), by_value))
				free_slot(&t->slots[i]);
		}
	}
	keys_release(&all);
	notes_release(&notes);
}

/* With my.lock. */
static int make_slot(struct meter_table *t, const char *home, uint64_t name)
{
	int room, at = -1;

	if (t != my.t || !lock_slots())
		return -1;
	at = find_slot(t, name, &room);
	if (at < 0 && room < 0) {
		sweep(t, home);
		at = find_slot(t, name, &room);
	}
	if (at < 0 && room >= 0) {
		atomic_store(&t->slots[room].name, name);
		at = room;
	}
	unlock_slots();
	return at;
}

static int slot_of(struct meter_table *t, const char *home, uint64_t name,
		   struct err *e)
{
	int room, at = find_slot(t, name, &room);

	if (at >= 0)
		return at;
	pthread_mutex_lock(&my.lock);
	at = make_slot(t, home, name);
	pthread_mutex_unlock(&my.lock);
	return at < 0 ? refuse(-1, "it is full: remove it", e) : at;
}

/* With my.lock. */
static void forget(struct meter_table *t, const char *name)
{
	int at, room;

	if (t != my.t || !lock_slots())
		return;
	at = find_slot(t, hash_of(name), &room);
	if (at >= 0)
		free_slot(&t->slots[at]);
	unlock_slots();
}

void meter_table_forget(const char *home, const char *name)
{
	char mark[NAME_BYTES];
	struct meter_table *t;
	struct err unused;

	if (!store_exists(home, FILE_NAME))
		return;
	t = meter_table(home, &unused);
	if (!t)
		return;
	meter_table_mark(name, mark, sizeof(mark));
	pthread_mutex_lock(&my.lock);
	forget(t, mark);
	forget(t, name);
	pthread_mutex_unlock(&my.lock);
}

struct meter_flight *meter_flight(struct meter_table *t, const char *home,
				  const char *name, struct err *e)
{
	uint64_t hash = hash_of(name);
	int slot = slot_of(t, home, hash, e);
	uint32_t number = atomic_load(&my.number);
	uint32_t from = atomic_load(&my.next);

	for (uint32_t i = 0; slot >= 0 && i < FLIGHTS; i++) {
		uint32_t at = (number * (FLIGHTS / ROWS) + from + i) &
			      (FLIGHTS - 1);
		struct meter_flight *f = &t->flights[at];
		uint32_t none = 0;

		if (!atomic_compare_exchange_strong(&f->owner, &none, number))
			continue;
		atomic_store(&my.next, from + i + 1);
		f->slot = (uint32_t)slot;
		f->name = hash;
		f->hold = f->token_hold = 0;
		atomic_store(&f->cost, 0);
		atomic_store(&f->tokens, 0);
		atomic_store(&f->serial, atomic_fetch_add(&t->serials, 1) + 1);
		return f;
	}
	if (slot >= 0)
		refuse(-1, "too many requests are under way", e);
	return NULL;
}

int meter_change(struct meter_table *t, struct meter_flight *f,
		 enum meter_change change, meter_fn *fn, void *arg, bool *done,
		 struct err *e)
{
	struct meter_slot *s = &t->slots[f->slot & (SLOTS - 1)];
	uint32_t number = atomic_load(&f->owner);
	int waits = 0;
	bool same;

	while (!spin_lock(s, number)) {
		if (++waits > WAITS)
			return refuse(-1, "another process holds it", e);
		reap(t, REAP_MS / 10);
		wait_ms(1);
	}
	same = atomic_load(&s->name) == f->name;
	*done = same && change_locked(t, s, f, change, fn, arg);
	unlock(s);
	return same ? 0 : refuse(-1, "this key has been removed meanwhile", e);
}

/* Without a row: it only looks. */
int meter_table_read(const char *home, const char *name, struct meter_sums *out,
		     struct err *e)
{
	struct meter_table *t = MAP_FAILED;
	int at, fd, room;

	memset(out, 0, sizeof(*out));
	if (!store_exists(home, FILE_NAME))
		return 0;
	fd = open_file(home, e);
	if (fd < 0)
		return -1;
	t = mmap(NULL, sizeof(*t), PROT_READ, MAP_SHARED, fd, 0);
	row_close(fd);
	if (t == MAP_FAILED)
		return err_sys(e, "map", FILE_NAME);
	at = find_slot(t, hash_of(name), &room);
	for (uint32_t turn = 0; at >= 0;) {
		turn = atomic_load(&t->slots[at].turn);
		*out = t->slots[at].copies[turn & 1];
		if (atomic_load(&t->slots[at].turn) == turn)
			break;
	}
	munmap(t, sizeof(*t));
	return 0;
}
