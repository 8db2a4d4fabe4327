/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_MALLOC_H
#include <malloc.h>
#endif

#define SHORT_WAITS 100
#define SHORT_MS 10

#define ARENAS 4 /* of malloc: what one keeps free is lost to the others */
#define MAPPED_FROM (512 << 10) /* bytes: a mapping of its own */
#define KEPT_MAX (1 << 20)      /* bytes that each arena keeps free */
#define TRIM_FROM (1u << 20)    /* bytes of small pieces worth a walk */

/* Has this thread asked for as much since the last trim? */
static _Thread_local bool large;

/* A large request that fails for lack of memory gives back what it had. */
static void wait_for_memory(int *waits)
{
	struct timespec t = { .tv_nsec = SHORT_MS * 1000000L };

	if ((*waits)++ < SHORT_WAITS) {
		nanosleep(&t, NULL);
		return;
	}
	fputs("dario: out of memory\n", stderr);
	abort();
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

bool memory_for(size_t n)
{
	/* Not touched, it is address space and no more. The compiler must not
	 * see that nobody uses it. */
	void *volatile probe;

	if (n <= MEMORY_SMALL)
		return true;
	if (n >= TRIM_FROM)
		large = true;
	probe = malloc(n + MEMORY_SPARE);
	free(probe);
	return probe;
}

void *memory_large(void *p, size_t n)
{
	void *volatile spare;

	if (n <= MEMORY_SMALL)
		return realloc(p, n);
	spare = malloc(MEMORY_SPARE);
	p = spare ? realloc(p, n) : NULL;
	free(spare);
	return p;
}

void memory_setup(void)
{
#ifdef HAVE_MALLOPT
	/* Also so that freeing does not raise the limits again. */
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	mallopt(M_TRIM_THRESHOLD, KEPT_MAX);
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, ARENAS);
#endif
#endif
}

void memory_took_over(void)
{
	large = true;
}

void memory_give_back(void)
{
	if (!large)
		return;
	large = false;
#ifdef HAVE_MALLOC_TRIM
	malloc_trim(KEPT_MAX);
#endif
}
