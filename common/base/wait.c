/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/wait.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static _Thread_local const struct wait_ops *own;

void wait_use(const struct wait_ops *ops)
{
	own = ops;
}

void wait_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
			      .tv_nsec = ms % 1000 * 1000000 };

	if (own)
		own->sleep(ms);
	else
		while (nanosleep(&t, &t) && errno == EINTR)
			;
}

void wait_work(void (*fn)(void *arg), void *arg)
{
	if (own)
		own->work(fn, arg);
	else
		fn(arg);
}
