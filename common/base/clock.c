/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void clock_stamp(char *out, size_t n)
{
	struct timespec t;
	struct tm tm;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	used = strftime(out, n, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + used, n - used, ".%03dZ", (int)(t.tv_nsec / 1000000));
}
