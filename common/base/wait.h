/* SPDX-License-Identifier: MIT */
/*
 * wait: how a thread lets time pass, and does what blocks.
 *
 * A command just sleeps and blocks. A thread that serves many requests gives
 * functions of its own: what waits is then put aside, and what blocks runs in a
 * helper thread. Whoever calls these may find, when they return, that others
 * have run in this thread: hold no lock over a wait that they may want.
 */
#ifndef DARIO_WAIT_H
#define DARIO_WAIT_H

struct wait_ops {
	void (*sleep)(long ms);
	void (*work)(void (*fn)(void *arg), void *arg);
};

/* Of the calling thread; NULL: sleep and block. */
void wait_use(const struct wait_ops *ops);

void wait_ms(long ms);
/* Returns when fn has; fn touches nothing but *arg. */
void wait_work(void (*fn)(void *arg), void *arg);

#endif
