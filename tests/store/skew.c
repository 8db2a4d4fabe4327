/* SPDX-License-Identifier: MIT */
/* skew: for LD_PRELOAD. The wall clock is SKEW_SECONDS off. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *t)
{
	const char *off = getenv("SKEW_SECONDS");
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	if (rc == 0 && id == CLOCK_REALTIME && off)
		t->tv_sec += atol(off);
	return rc;
}
