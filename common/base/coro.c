/* SPDX-License-Identifier: MIT */
/*
 * ucontext makes the first step onto a new stack, setjmp all others:
 * swapcontext would save the signal mask with a system call each time.
 */
#include "config.h"

/* Its longjmp takes a step to another stack for an error. */
#undef _FORTIFY_SOURCE

#include "base/coro.h"

#include "base/memory.h"
#include "base/port.h"

#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

struct side { /* of a switch */
	jmp_buf env;
	const void *stack;
	size_t bytes;
	void *fake, *fiber; /* the sanitizers' own */
};

struct coro {
	struct side self, caller;
	void (*fn)(void *arg);
	void *arg;
	bool ended;
	void *map;
	size_t map_bytes;
};

static _Thread_local struct coro *running;

/* --- what the sanitizers must be told ------------------------------------ */

/* Inline, for TSan counts a function's end in the fiber that it ends in. */
static inline __attribute__((always_inline)) void side_leave(
	struct side *from, const struct side *to)
{
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_start_switch_fiber(&from->fake, to->stack, to->bytes);
#endif
#if defined(__SANITIZE_THREAD__)
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
	(void)from;
	(void)to;
}

static void side_arrive(struct side *at, struct side *from)
{
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_finish_switch_fiber(at->fake, &from->stack, &from->bytes);
#endif
	(void)at;
	(void)from;
}

static void side_init(struct side *s)
{
#if defined(__SANITIZE_THREAD__)
	s->fiber = __tsan_create_fiber(0);
#endif
	(void)s;
}

static void side_is_here(struct side *s)
{
#if defined(__SANITIZE_THREAD__)
	s->fiber = __tsan_get_current_fiber();
#endif
	(void)s;
}

static void side_release(struct side *s)
{
#if defined(__SANITIZE_THREAD__)
	__tsan_destroy_fiber(s->fiber);
#endif
	(void)s;
}

/* --- switching ----------------------------------------------------------- */

static void back(struct coro *c)
{
	if (_setjmp(c->self.env) == 0) {
		side_leave(&c->self, &c->caller);
		_longjmp(c->caller.env, 1);
	}
	side_arrive(&c->self, &c->caller);
}

/* The whole life of a stack: one function after the other. */
static void live(void)
{
	struct coro *c = running;

	side_arrive(&c->self, &c->caller);
	for (;;) {
		back(c);
		c->fn(c->arg);
		c->ended = true;
	}
}

static void step_onto(struct coro *c)
{
	struct coro *maker = running; /* it may be one itself */
	ucontext_t there;

	if (getcontext(&there))
		abort();
	there.uc_stack.ss_sp = (void *)c->self.stack;
	there.uc_stack.ss_size = c->self.bytes;
	there.uc_link = NULL;
	makecontext(&there, live, 0);
	running = c;
	side_is_here(&c->caller);
	if (_setjmp(c->caller.env) == 0) {
		side_leave(&c->caller, &c->self);
		setcontext(&there);
	}
	side_arrive(&c->caller, &c->self);
	running = maker;
}

struct coro *coro_new(void)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = CORO_STACK_BYTES + guard;
	struct coro *c;
	char *map;

	if (!memory_for(bytes))
		return NULL;
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (mprotect(map, guard, PROT_NONE)) {
		munmap(map, bytes);
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->map = map;
	c->map_bytes = bytes;
	c->self.stack = map + guard;
	c->self.bytes = CORO_STACK_BYTES;
	side_init(&c->self);
	step_onto(c);
	return c;
}

void coro_free(struct coro *c)
{
	if (!c)
		return;
	side_release(&c->self);
	munmap(c->map, c->map_bytes);
	free(c);
}

void coro_set(struct coro *c, void (*fn)(void *arg), void *arg)
{
	c->fn = fn;
	c->arg = arg;
	c->ended = false;
}

bool coro_enter(struct coro *c)
{
	running = c;
	side_is_here(&c->caller);
	if (_setjmp(c->caller.env) == 0) {
		side_leave(&c->caller, &c->self);
		_longjmp(c->self.env, 1);
	}
	side_arrive(&c->caller, &c->self);
	running = NULL;
	return !c->ended;
}

void coro_yield(void)
{
	back(running);
}
