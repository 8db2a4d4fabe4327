/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/names.h"

#include "base/fnv.h"

#include <pthread.h>
#include <stdint.h>
#include <unistd.h>
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h> /* getentropy, on some systems */
#endif

#define FIRST_CAP 64

struct name {
	struct name *next;
	struct span text;
	uint64_t hash;
	int number;
};

/* Who sends names must not be able to choose those that meet. */
static uint64_t seed = FNV_START;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void take_seed(void)
{
	uint64_t fresh;

	if (getentropy(&fresh, sizeof(fresh)) == 0)
		seed = fresh;
}

static uint64_t hash_of(struct span s)
{
	uint64_t h;

	pthread_once(&seed_once, take_seed);
	h = seed;
	for (size_t i = 0; i < s.n; i++) {
		h = (h ^ (unsigned char)s.p[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

static void grow(struct names *m, struct arena *a)
{
	size_t cap = m->cap ? 4 * m->cap : FIRST_CAP;
	struct name **slots = arena_take(a, cap * sizeof(struct name *));

	for (size_t i = 0; i < m->cap; i++) {
		struct name *o = m->slots[i], *next;

		for (; o; o = next) {
			next = o->next;
			o->next = slots[o->hash & (cap - 1)];
			slots[o->hash & (cap - 1)] = o;
		}
	}
	m->slots = slots;
	m->cap = cap;
}

int *names_at(struct names *m, struct arena *a, struct span name)
{
	uint64_t hash = hash_of(name);
	struct name *o = m->cap ? m->slots[hash & (m->cap - 1)] : NULL;

	for (; o; o = o->next)
		if (o->hash == hash && span_eq(o->text, name))
			return &o->number;
	if (m->n == m->cap)
		grow(m, a);
	o = arena_take(a, sizeof(*o));
	o->text = name;
	o->hash = hash;
	o->next = m->slots[hash & (m->cap - 1)];
	m->slots[hash & (m->cap - 1)] = o;
	m->n++;
	return &o->number;
}
