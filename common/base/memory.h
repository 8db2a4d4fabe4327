/* SPDX-License-Identifier: MIT */
/*
 * memory: what is small is there, what is large can be refused.
 *
 * xmalloc and the like are for small things: when there is no memory they wait
 * a moment for others to give some back, then end the process. What has a size
 * from outside is asked for through memory_large, or through memory_for before
 * a library takes it: both refuse what would leave less than MEMORY_SPARE, of
 * which the small things live, libraries' own too: json-c 0.16 does not
 * survive a malloc that fails. Thread-safe.
 */
#ifndef DARIO_MEMORY_H
#define DARIO_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#define MEMORY_SPARE (16u << 20) /* bytes */
#define MEMORY_SMALL (64u << 10) /* bytes that may be taken unasked */

void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);

bool memory_for(size_t n);
/* realloc: NULL when there is none, and p stays. */
void *memory_large(void *p, size_t n);

/* At the start of a process that lives long: what was large goes back to the
 * system when it is freed. */
void memory_setup(void);
/* When a thread has freed all that belongs to a request: the small pieces of
 * something large (a tree) go back, too. Costs nothing when the thread asked
 * for nothing large, or took none over from another. */
void memory_give_back(void);
void memory_took_over(void);

#endif
