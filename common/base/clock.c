/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t ahead;

static int64_t us_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_us(void)
{
	return us_of(CLOCK_MONOTONIC);
}

int64_t clock_thread_us(void)
{
	return us_of(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_wall_ms(void)
{
	return us_of(CLOCK_REALTIME) / 1000 +
	       atomic_load_explicit(&ahead, memory_order_relaxed);
}

void clock_set_ahead(int64_t ms)
{
	atomic_store(&ahead, ms);
}

int64_t clock_ahead(void)
{
	return atomic_load(&ahead);
}

#define STAMP "2026-11-26T00:00:00.000Z"
#define STAMP_MS (sizeof(STAMP) - sizeof("000Z")) /* where those stand */

/* Mostly it is the same second as before. */
void clock_stamp(char *out, size_t n)
{
	static _Thread_local char text[sizeof(STAMP)];
	static _Thread_local time_t of = -1;
	struct timespec t;
	struct tm tm;
	long ms;

	clock_gettime(CLOCK_REALTIME, &t);
	if (t.tv_sec != of) {
		gmtime_r(&t.tv_sec, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		of = t.tv_sec;
	}
	ms = t.tv_nsec / 1000000;
	text[STAMP_MS] = (char)('0' + ms / 100);
	text[STAMP_MS + 1] = (char)('0' + ms / 10 % 10);
	text[STAMP_MS + 2] = (char)('0' + ms % 10);
	n = n < sizeof(text) ? n : sizeof(text);
	memcpy(out, text, n);
	out[n - 1] = '\0';
}
