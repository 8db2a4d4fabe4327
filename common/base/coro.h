/* SPDX-License-Identifier: MIT */
/*
 * coro: coroutines, each with a stack of its own.
 *
 * coro_enter runs one until it yields or its function returns. The stack is a
 * mapping with a guard page below it; only what was touched takes memory. A
 * coroutine stays in the thread that made it.
 */
#ifndef DARIO_CORO_H
#define DARIO_CORO_H

#include <stdbool.h>

#define CORO_STACK_BYTES (256u << 10)

struct coro;

/* NULL when there is no memory for the stack. */
struct coro *coro_new(void);
/* Not one that is in the middle of its function. NULL is fine. */
void coro_free(struct coro *c);

/* What the next coro_enter begins; the one before has returned. */
void coro_set(struct coro *c, void (*fn)(void *arg), void *arg);
/* False when the function has returned. Not from within a coroutine. */
bool coro_enter(struct coro *c);
/* Back to coro_enter; from within the coroutine that runs in this thread. */
void coro_yield(void);

#endif
