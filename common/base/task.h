/* SPDX-License-Identifier: MIT */
/*
 * task: a function that waits without blocking the loop that it runs on.
 *
 * A task is a coroutine of one loop. What it waits for wakes it; a task looks
 * for itself whether that is what it wanted, for wakes may come early, and
 * several at once count as one:
 *
 *	while (!there_is_something(x) && clock_ms() < until)
 *		task_wait(until);
 *
 * In a task wait_ms puts the task aside, and wait_work hands the work to one of
 * a few helper threads of the process (base/wait.h). All calls are for the
 * loop's own thread.
 */
#ifndef DARIO_TASK_H
#define DARIO_TASK_H

#include "base/loop.h"

struct task;

/* fn begins in this round of the loop. -1 when there is no memory. */
int task_start(struct loop *l, void (*fn)(void *arg), void *arg, struct err *e);
/* Run fn as a task, and the loop until it returns; from a task just fn. */
int task_call(struct loop *l, void (*fn)(void *arg), void *arg, struct err *e);

struct task *task_self(void); /* NULL: not in a task */
struct loop *task_loop(void); /* of this task */
/* A number of this task's own, 0 when it begins: ms that it has waited for
 * what it may not wait for long. */
int64_t *task_waited(void);
/* It has waited so long for something else, between looks at that: they may
 * take as long again. wait_ms says so. Outside of a task it does nothing. */
void task_rested(int64_t ms);
/* Until somebody wakes this task, but no longer than to this clock_ms. */
void task_wait(int64_t until);
void task_wake(struct task *t); /* NULL is fine */

/* Stacks that nobody needs at the moment go back to the system. */
void task_trim(struct loop *l);

#endif
