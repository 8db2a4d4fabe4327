/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/cores.h"

#include <unistd.h>

static long cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n;
}

static long share(long n, long each)
{
	return (n + each - 1) / each;
}

int cores_workers(long wanted)
{
	return (int)(wanted > 0 ? wanted : share(cores(), CORES_LOOPS_MAX));
}

int cores_loops(long wanted)
{
	long n = share(cores(), cores_workers(wanted));

	return (int)(n > CORES_LOOPS_MAX ? CORES_LOOPS_MAX : n);
}
