/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/recent.h"

#include "base/utf8.h"
#include "state/shared/mapped.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING "state/recent"
#define FORM 0x6461726972656332u /* of what follows */
#define ROWS 256                 /* some are just being written */
#define TEXT_BYTES 800
#define ONE_TEXT_MAX 120
#define TEXTS (sizeof(struct recent_texts) / sizeof(const char *))

/* A record as it stands in its row: the texts one behind the other, each with
 * its NUL. Of a short one the end of `text` is not copied. */
struct record {
	int64_t time, took_ms, first_ms;
	struct usage usage;
	uint16_t status;
	uint8_t stream, has_usage, partial, estimated, unused[2];
	char text[TEXT_BYTES];
};
#define WORDS (sizeof(struct record) / sizeof(uint64_t))
_Static_assert(sizeof(struct record) % sizeof(uint64_t) == 0, "whole words");

/* Words, since others may read what is just being written. */
struct row {
	_Atomic uint64_t number; /* of what stands here; 0: nothing whole */
	_Atomic uint64_t words[WORDS];
};

struct ring {
	_Atomic uint64_t form;
	_Atomic uint64_t numbers; /* given out */
	struct row rows[ROWS];
};

/* The ring of the home that this process has to do with. One that was replaced
 * stays mapped: somebody may just write to it. */
static struct {
	pthread_mutex_t lock;
	char *home;
	int fd;
	struct ring *ring;
} my = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

/* --- the mapping --------------------------------------------------------- */

static bool is_current(const char *home)
{
	return my.ring && strcmp(my.home, home) == 0 &&
	       mapped_is_current(my.fd, sizeof(struct ring), NULL);
}

/* With the lock. */
static void map_ring(const char *home)
{
	struct ring *r;

	if (my.fd >= 0)
		close(my.fd);
	free(my.home);
	my.home = xstrdup(home);
	my.ring = NULL;
	my.fd = mapped_open(home, RING, sizeof(struct ring));
	if (my.fd < 0)
		return;
	r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED, my.fd,
		 0);
	if (r == MAP_FAILED)
		return;
	if (atomic_load(&r->form) && atomic_load(&r->form) != FORM)
		memset(r, 0, sizeof(*r));
	atomic_store(&r->form, FORM);
	my.ring = r;
}

/* NULL when there is none to be had. */
static struct ring *ring(const char *home)
{
	struct ring *r;

	pthread_mutex_lock(&my.lock);
	if (!is_current(home))
		map_ring(home);
	r = my.ring;
	pthread_mutex_unlock(&my.lock);
	return r;
}

/* --- rows ---------------------------------------------------------------- */

/* How many bytes are used; where all are long, the last ones are cut. */
static size_t put_texts(struct record *to, const struct recent_texts *from)
{
	const char *const *all = (const char *const *)from;
	size_t used = 0;

	for (size_t i = 0; i < TEXTS; i++) {
		size_t left = TEXT_BYTES - used - (TEXTS - i);
		struct span s = utf8_fit(span_of(all[i]),
					 left < ONE_TEXT_MAX ? left
							     : ONE_TEXT_MAX);

		memcpy(to->text + used, s.p, s.n);
		used += s.n;
		to->text[used++] = '\0';
	}
	return used;
}

static void get_texts(const struct record *from, struct recent_texts *to)
{
	const char **all = (const char **)to;
	const char *p = from->text, *end = from->text + TEXT_BYTES - 1;

	for (size_t i = 0; i < TEXTS; i++) {
		all[i] = p;
		p += strlen(p);
		p += p < end;
	}
}

void recent_add(const char *home, const struct recent *r)
{
	struct ring *to = ring(home);
	struct record record = {
		.time = r->time,
		.took_ms = r->took_ms,
		.first_ms = r->first_ms,
		.usage = r->usage,
		.status = (uint16_t)r->status,
		.stream = r->stream,
		.has_usage = r->has_usage,
		.estimated = r->estimated,
		.partial = r->partial,
	};
	uint64_t words[WORDS], number;
	struct row *row;
	size_t n;

	if (!to)
		return;
	n = offsetof(struct record, text) + put_texts(&record, &r->texts);
	memcpy(words, &record, sizeof(words));
	number = atomic_fetch_add(&to->numbers, 1) + 1;
	row = &to->rows[number % ROWS];
	atomic_store(&row->number, 0);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < (n + 7) / 8; i++)
		atomic_store_explicit(&row->words[i], words[i],
				      memory_order_relaxed);
	atomic_store_explicit(&row->number, number, memory_order_release);
}

/* False: it is not whole, or no longer there. */
static bool copy_row(const struct row *row, uint64_t number, struct record *to)
{
	uint64_t words[WORDS];

	if (atomic_load_explicit(&row->number, memory_order_acquire) != number)
		return false;
	for (size_t i = 0; i < WORDS; i++)
		words[i] = atomic_load_explicit(&row->words[i],
						memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&row->number, memory_order_relaxed) != number)
		return false;
	memcpy(to, words, sizeof(*to));
	to->text[TEXT_BYTES - 1] = '\0';
	return true;
}

void recent_walk(const char *home, recent_fn *fn, void *arg)
{
	struct ring *from = ring(home);
	uint64_t last = from ? atomic_load(&from->numbers) : 0;
	struct record record;

	for (uint64_t k = 0; k < RECENT_MAX && k < last; k++) {
		struct recent r;

		if (!copy_row(&from->rows[(last - k) % ROWS], last - k,
			      &record))
			continue;
		r = (struct recent){
			.time = record.time,
			.took_ms = record.took_ms,
			.first_ms = record.first_ms,
			.usage = record.usage,
			.status = record.status,
			.stream = record.stream,
			.has_usage = record.has_usage,
			.estimated = record.estimated,
			.partial = record.partial,
		};
		get_texts(&record, &r.texts);
		fn(arg, &r);
	}
}
