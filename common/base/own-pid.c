/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/own-pid.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

static _Atomic pid_t known; /* 0: not, or not in this process */
static bool told;           /* of a fork */

static void after_fork(void)
{
	atomic_store_explicit(&known, 0, memory_order_relaxed);
}

static void ask_to_be_told(void)
{
	told = pthread_atfork(NULL, NULL, after_fork) == 0;
}

pid_t own_pid(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pid_t pid = atomic_load_explicit(&known, memory_order_relaxed);

	if (pid)
		return pid;
	pthread_once(&once, ask_to_be_told);
	pid = getpid();
	if (told)
		atomic_store_explicit(&known, pid, memory_order_relaxed);
	return pid;
}
