/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/cores.h"

#include <stdio.h>
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

/* The fourth and fifth figure of its first line: see proc_stat(5). Where the
 * kernel is not Linux itself they may be there, and 0. */
int64_t cores_idle_us(void)
{
	FILE *f = fopen("/proc/stat", "re");
	long long idle = 0, waits = 0;

	if (!f)
		return -1;
	if (fscanf(f, "cpu %*d %*d %*d %lld %lld", &idle, &waits) != 2)
		idle = waits = 0;
	fclose(f);
	idle += waits;
	return idle > 0 ? idle * (1000000 / sysconf(_SC_CLK_TCK)) : -1;
}
