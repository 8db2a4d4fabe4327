/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-move.h"

#include "state/keys/meter-move.h"
#include "state/shared/shared-redis.h"

#include <stdio.h>

static void begin(struct redis_args *a, const char *op, const char *first)
{
	redis_args(a, op, shared_redis_self(), shared_redis_since());
	redis_word(a, first);
}

struct text {
	char *out;
	size_t n;
};

static void take_text(void *arg, const redisReply *answer)
{
	struct text *t = arg;

	if (answer)
		snprintf(t->out, t->n, "%.*s",
			 SPAN_FMT(redis_text_at(answer, 0)));
}

int redis_move_id(const char *proposed, char *out, size_t n, struct err *e)
{
	struct text t = { out, n };
	struct redis_args a;

	begin(&a, "mid", proposed);
	return redis_ask(&a, take_text, &t, e);
}

static void take_money(void *arg, const redisReply *answer)
{
	if (answer)
		*(int64_t *)arg = redis_int_at(answer, QUOTA_MONTH);
}

int redis_move_put(const char *name, const char *home, const int64_t *v,
		   int64_t *money, struct err *e)
{
	struct redis_args a;

	begin(&a, "mmove", name);
	redis_word(&a, home);
	for (int i = 0; i < METER_IMAGE; i++)
		redis_int(&a, v[i]);
	return redis_ask(&a, take_money, money, e);
}

struct both {
	int64_t *sums, *moved;
};

static void take_both(void *arg, const redisReply *answer)
{
	struct both *b = arg;

	for (size_t i = 0; answer && i < METER_IMAGE; i++) {
		b->sums[i] = redis_amount_at(answer, i);
		b->moved[i] = redis_amount_at(answer, METER_IMAGE + i);
	}
}

int redis_move_get(const char *name, const char *home, int64_t *sums,
		   int64_t *moved, struct err *e)
{
	struct both b = { sums, moved };
	struct redis_args a;

	begin(&a, "mback", name);
	redis_word(&a, home);
	return redis_ask(&a, take_both, &b, e);
}
