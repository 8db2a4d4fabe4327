/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/rest.h"

#include <errno.h>
#include <time.h>

void rest_init(struct rest *r)
{
	pthread_condattr_t steady;

	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &steady);
	pthread_condattr_destroy(&steady);
	r->ends = r->wakes = false;
}

bool rest_for(struct rest *r, long ms)
{
	struct timespec t;
	int rc = 0;
	bool ends;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&r->lock);
	while (!r->ends && !r->wakes && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&r->changed, &r->lock, &t);
	ends = r->ends;
	r->wakes = false;
	pthread_mutex_unlock(&r->lock);
	return !ends;
}

static void tell(struct rest *r, bool *what)
{
	pthread_mutex_lock(&r->lock);
	*what = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void rest_wake(struct rest *r)
{
	tell(r, &r->wakes);
}

void rest_end(struct rest *r)
{
	tell(r, &r->ends);
}

bool rest_thread(pthread_t *thread, size_t stack, void *(*run)(void *arg))
{
	pthread_attr_t attr;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, stack);
	rc = pthread_create(thread, &attr, run, NULL);
	pthread_attr_destroy(&attr);
	return rc == 0;
}
