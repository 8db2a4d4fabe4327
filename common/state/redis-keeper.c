/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared-redis.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define BEAT_MS 100
#define RETRY_MS 500
#define REST_MS 1000 /* between beats when nothing is done */
#define STACK_BYTES (512u << 10)

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool runs, ends;
	const char *home;
} keeper = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* False: it is to end. A clock that is set back must not stop it. */
static bool rest(long ms)
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
	pthread_mutex_lock(&keeper.lock);
	while (!keeper.ends && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&keeper.stop, &keeper.lock, &t);
	ends = keeper.ends;
	pthread_mutex_unlock(&keeper.lock);
	return !ends;
}

static void *keep(void *arg)
{
	long quiet = 0, ms = 0;
	struct err unused;

	while (rest(ms)) {
		bool used = shared_redis_was_used();

		ms = RETRY_MS;
		if (!redis_link_up() && redis_link_retry(&unused))
			continue;
		quiet = used ? 0 : quiet + 1;
		ms = quiet > 100 ? REST_MS : BEAT_MS;
		meter_redis_flush();
		usage_redis_tell(keeper.home, false);
		if (ms == BEAT_MS || quiet % 2)
			shared_redis_beat();
		/* A beat is no use. */
		if (!used)
			shared_redis_was_used();
	}
	return arg;
}

void shared_redis_keep(const char *home)
{
	pthread_condattr_t steady;
	pthread_attr_t attr;
	struct err unused;

	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper.stop, &steady);
	pthread_condattr_destroy(&steady);

	redis_link_keep();
	if (redis_link_retry(&unused))
		redis_link_lost(unused.msg);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	keeper.home = home;
	keeper.runs = pthread_create(&keeper.thread, &attr, keep, NULL) == 0;
	pthread_attr_destroy(&attr);
}

static void nothing(void *arg, const redisReply *answer)
{
	(void)arg;
	(void)answer;
}

void shared_redis_end(void)
{
	struct redis_args a;
	struct err unused;

	if (!keeper.runs)
		return;
	pthread_mutex_lock(&keeper.lock);
	keeper.ends = true;
	pthread_cond_signal(&keeper.stop);
	pthread_mutex_unlock(&keeper.lock);
	pthread_join(keeper.thread, NULL);
	keeper.runs = false;
	meter_redis_flush();
	usage_redis_tell(keeper.home, true);
	if (!*shared_redis_self())
		return;
	redis_args(&a, "bye", shared_redis_self(), shared_redis_since());
	redis_ask(&a, nothing, NULL, &unused);
}
