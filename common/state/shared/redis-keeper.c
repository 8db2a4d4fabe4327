/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/shared-redis.h"

#include "base/rest.h"

#define BEAT_MS 100
#define RETRY_MS 500
#define REST_MS 1000 /* between beats when nothing is done */
#define STACK_BYTES (512u << 10)

static struct {
	pthread_t thread;
	struct rest rest;
	bool runs;
	const char *home;
	unsigned lost; /* as it was when it was looked what that has done */
} keeper;

/* Once after each loss. */
static void look_what_is_held(void)
{
	unsigned lost = shared_redis_lost();

	if (lost != keeper.lost && *shared_redis_self() && meter_redis_look())
		keeper.lost = lost;
	meter_redis_know();
}

static void *keep(void *arg)
{
	long quiet = 0, ms = 0;
	struct err unused;

	while (rest_for(&keeper.rest, ms)) {
		bool used = shared_redis_was_used();

		redis_link_follow();
		ms = RETRY_MS;
		if (!redis_link_up() && redis_link_retry(&unused))
			continue;
		quiet = used ? 0 : quiet + 1;
		ms = quiet > 100 ? REST_MS : BEAT_MS;
		meter_redis_flush(false);
		look_what_is_held();
		shared_redis_tell_kept();
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
	struct err unused;

	rest_init(&keeper.rest);
	redis_link_keep();
	if (redis_link_retry(&unused))
		redis_link_lost(unused.msg);
	keeper.home = home;
	keeper.runs = rest_thread(&keeper.thread, STACK_BYTES, keep);
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
	rest_end(&keeper.rest);
	pthread_join(keeper.thread, NULL);
	keeper.runs = false;
	meter_redis_flush(true);
	shared_redis_tell_kept();
	usage_redis_tell(keeper.home, true);
	if (!*shared_redis_self())
		return;
	redis_args(&a, "bye", shared_redis_self(), shared_redis_since());
	redis_ask(&a, nothing, NULL, &unused);
}
