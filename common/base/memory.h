/* SPDX-License-Identifier: MIT */
/*
 * memory: what is small is there, what is large can be refused.
 *
 * xmalloc and the like are for small things: when there is no memory they wait
 * a moment for others to give some back, then end the process. What has a size
 * from outside is asked for through memory_large, or through memory_for before
 * a library takes it: both refuse what would leave less than MEMORY_SPARE, of
 * which the small things live, libraries' own too: json-c 0.16 does not
 * survive a malloc that fails.
 *
 * What belongs to requests is counted as well, from MEMORY_COUNTED bytes on,
 * and refused when all of it together would pass the budget: memory_grow, or
 * memory_hold for what a library takes. All sizes are bytes. Thread-safe.
 */
#ifndef DARIO_MEMORY_H
#define DARIO_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#define MEMORY_SPARE (16u << 20) /* bytes */
#define MEMORY_SMALL (64u << 10) /* bytes that may be taken unasked */
#define MEMORY_COUNTED (4u << 10)

void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);

/* There is no way on without it: ends the process, or what a host has asked
 * for (embed.h). Where it returns, it is worth another try. */
void memory_none(void);

/* How many of n bytes, taken at once, count as in flight: all or none. */
size_t memory_counts(size_t n);

bool memory_for(size_t n);
/* realloc: NULL when there is none, and p stays. */
void *memory_large(void *p, size_t n);

/* Of the process; 0: none, as it is at first. What is held already stays. */
void memory_set_budget(size_t n);
size_t memory_in_flight(void);

/* memory_large of what was `was` bytes before, counted; the other cannot be
 * refused. Free it with memory_free and its size. */
void *memory_grow(void *p, size_t was, size_t n);
void *memory_grow_sure(void *p, size_t was, size_t n);
void memory_free(void *p, size_t n);
/* Count what others allocate: false when it passes the budget. */
bool memory_hold(size_t n);
void memory_let_go(size_t n);

/* At the start of a process that lives long: what was large goes back to the
 * system when it is freed. */
void memory_setup(void);
/* When it has read what it needs: what that took goes back. */
void memory_settle(void);
/* When what was large has been freed, its small pieces (of a tree) go back,
 * too. It walks through all that is free: best when nothing else is to be done.
 * Costs nothing when there was nothing large since the last time, which
 * memory_was_large tells. */
bool memory_was_large(void);
void memory_give_back(void);

#endif
