/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/memory.h"

#include "base/embed.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_MALLOC_H
#include <malloc.h>
#endif

#define RELAXED memory_order_relaxed

#define SHORT_WAITS 100
#define SHORT_MS 10

#define ARENAS 4 /* of malloc: what one keeps free is lost to the others */
#define MAPPED_FROM (2 << 20) /* bytes: a mapping of its own */
#define KEPT_MAX (4 << 20)    /* bytes that each arena keeps free */
#define TRIM_FROM (1u << 20)  /* bytes of small pieces worth a walk */

/* Was as much asked for, or given up, since the last trim? */
static atomic_bool large;

/* Is address space given to whoever asks, as long as no limit is set? */
static bool promises;

static _Atomic size_t in_flight;
static _Atomic size_t budget = SIZE_MAX;

void memory_none(void)
{
	const struct embed *x = embed_now();

	if (x) {
		x->no_memory();
		return;
	}
	fputs("dario: out of memory\n", stderr);
	abort();
}

/* A large request that fails for lack of memory gives back what it had. */
static void wait_for_memory(int *waits)
{
	struct timespec t = { .tv_nsec = SHORT_MS * 1000000L };

	/* A host is told at once. */
	if (!embed_now() && (*waits)++ < SHORT_WAITS) {
		nanosleep(&t, NULL);
		return;
	}
	memory_none();
}

void *xrealloc(void *p, size_t n)
{
	int waits = 0;
	void *to;

	while (!(to = realloc(p, n ? n : 1)))
		wait_for_memory(&waits);
	return to;
}

void *xmalloc(size_t n)
{
	return xrealloc(NULL, n);
}

void *xcalloc(size_t count, size_t size)
{
	int waits = 0;
	void *p;

	while (!(p = calloc(count ? count : 1, size ? size : 1)))
		wait_for_memory(&waits);
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *xstrdup(const char *s)
{
	return s ? xstrndup(s, strlen(s)) : NULL;
}

static void note_large(size_t n)
{
	if (n >= TRIM_FROM && !atomic_load_explicit(&large, RELAXED))
		atomic_store_explicit(&large, true, RELAXED);
}

static bool is_bounded(int resource)
{
	struct rlimit r;

	return getrlimit(resource, &r) || r.rlim_cur != RLIM_INFINITY;
}

/* Asked for all the same, a mapping that nobody uses stops all threads when it
 * goes away. */
static bool is_given(size_t n)
{
	return promises && n <= 2 * MEMORY_SPARE && !is_bounded(RLIMIT_AS) &&
	       !is_bounded(RLIMIT_DATA);
}

bool memory_for(size_t n)
{
	/* Not touched, it is address space and no more. The compiler must not
	 * see that nobody uses it. */
	void *volatile probe;

	if (n <= MEMORY_SMALL)
		return true;
	note_large(n);
	if (is_given(n + MEMORY_SPARE))
		return true;
	probe = malloc(n + MEMORY_SPARE);
	free(probe);
	return probe;
}

void *memory_large(void *p, size_t n)
{
	void *volatile spare;

	if (n <= MEMORY_SMALL || is_given(MEMORY_SPARE))
		return realloc(p, n);
	spare = malloc(MEMORY_SPARE);
	p = spare ? realloc(p, n) : NULL;
	free(spare);
	return p;
}

/* --- the budget ---------------------------------------------------------- */

void memory_set_budget(size_t n)
{
	atomic_store_explicit(&budget, n ? n : SIZE_MAX, RELAXED);
}

size_t memory_in_flight(void)
{
	return atomic_load_explicit(&in_flight, RELAXED);
}

size_t memory_counts(size_t n)
{
	return n < MEMORY_COUNTED ? 0 : n;
}

static void give_up(size_t n)
{
	if (n)
		atomic_fetch_sub_explicit(&in_flight, n, RELAXED);
	note_large(n);
}

static bool take(size_t n, bool sure)
{
	size_t most, was;

	if (!n)
		return true;
	most = atomic_load_explicit(&budget, RELAXED);
	was = atomic_fetch_add_explicit(&in_flight, n, RELAXED);
	if (sure || (n <= most && was <= most - n))
		return true;
	atomic_fetch_sub_explicit(&in_flight, n, RELAXED);
	return false;
}

static bool resize(size_t was, size_t n, bool sure)
{
	was = memory_counts(was);
	n = memory_counts(n);
	if (n >= was)
		return take(n - was, sure);
	give_up(was - n);
	return true;
}

void *memory_grow(void *p, size_t was, size_t n)
{
	void *to;

	if (!resize(was, n, false))
		return NULL;
	to = memory_large(p, n);
	if (!to)
		resize(n, was, true);
	return to;
}

void *memory_grow_sure(void *p, size_t was, size_t n)
{
	resize(was, n, true);
	return xrealloc(p, n);
}

void memory_free(void *p, size_t n)
{
	free(p);
	give_up(memory_counts(n));
}

bool memory_hold(size_t n)
{
	return take(n, false);
}

void memory_let_go(size_t n)
{
	give_up(n);
}

/* --- giving back --------------------------------------------------------- */

/* Linux says so: proc_sys_vm(5). */
static bool overcommits(void)
{
	char mode = '2'; /* nothing is promised that is not there */
	int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, &mode, 1) != 1)
			mode = '2';
		close(fd);
	}
	return mode != '2';
}

void memory_setup(void)
{
	promises = overcommits();
#ifdef HAVE_MALLOPT
	/* Also so that freeing does not raise the limits again. */
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	mallopt(M_TRIM_THRESHOLD, KEPT_MAX);
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, ARENAS);
#endif
#endif
}

void memory_settle(void)
{
#ifdef HAVE_MALLOC_TRIM
	malloc_trim(0);
#endif
}

bool memory_was_large(void)
{
	return atomic_load_explicit(&large, RELAXED);
}

void memory_give_back(void)
{
	if (!memory_was_large() || !atomic_exchange(&large, false))
		return;
#ifdef HAVE_MALLOC_TRIM
	malloc_trim(KEPT_MAX);
#endif
}
