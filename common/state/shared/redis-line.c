/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "state/shared/shared-redis.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* What a place is in the store: LINE, LANE, the process and a number. */
struct own_place {
	char *line, *lane;
	int64_t n;
};

static _Atomic int64_t numbers;

static void begin(struct redis_args *a, const char *op)
{
	shared_redis_holds();
	redis_args(a, op, shared_redis_self(), shared_redis_since());
}

static struct own_place *own(const struct shared_place *p)
{
	return (struct own_place *)p->at;
}

static void forget(struct shared_place *p)
{
	free(own(p)->line);
	free(own(p)->lane);
	free(own(p));
	*p = (struct shared_place){ .number = 0 };
}

struct joining {
	bool joined;
	int64_t number; /* or how many wait */
};

static void joined(void *arg, const redisReply *answer)
{
	struct joining *j = arg;

	if (!answer)
		return;
	j->joined = redis_int_at(answer, 0);
	j->number = redis_int_at(answer, 1);
}

int redis_line_join(const char *home, const char *line, const char *lane,
		    size_t max, unsigned priority, struct shared_place *out,
		    struct err *e)
{
	struct own_place *o = xcalloc(1, sizeof(*o));
	/* While the store is away whoever comes waits by itself. */
	struct joining j = { true, 1 };
	struct redis_args a;
	struct err unused;

	(void)home;
	o->line = xstrdup(line);
	o->lane = xstrdup(lane);
	o->n = atomic_fetch_add(&numbers, 1) + 1;
	begin(&a, "join");
	redis_word(&a, line);
	redis_word(&a, lane);
	redis_int(&a, (int64_t)max);
	redis_int(&a, priority);
	redis_int(&a, o->n);
	redis_ask(&a, joined, &j, &unused);
	*out = (struct shared_place){ .number = (uint64_t)j.number,
				      .at = (size_t)o };
	if (j.joined)
		return 0;
	forget(out);
	return err_set(e, ERR_BUSY, "%lld requests wait in line already",
		       (long long)j.number);
}

static void counted(void *arg, const redisReply *answer)
{
	if (answer)
		*(int64_t *)arg = redis_int_at(answer, 0);
}

bool redis_line_first(const char *home, const struct shared_place *p)
{
	struct redis_args a;
	struct err unused;
	int64_t before = 0;

	(void)home;
	if (!p->number)
		return true;
	begin(&a, "first");
	redis_word(&a, own(p)->line);
	redis_word(&a, own(p)->lane);
	redis_int(&a, own(p)->n);
	redis_int(&a, (int64_t)p->number);
	a.waits = true;
	redis_ask(&a, counted, &before, &unused);
	return !before;
}

static void nothing(void *arg, const redisReply *answer)
{
	(void)arg;
	(void)answer;
}

/* One that does not arrive is forgotten by the store after a while. */
void redis_line_leave(const char *home, struct shared_place *p)
{
	struct redis_args a;

	(void)home;
	if (!p->number)
		return;
	begin(&a, "leave");
	redis_word(&a, own(p)->line);
	redis_word(&a, own(p)->lane);
	redis_int(&a, own(p)->n);
	redis_tell(&a, nothing, NULL);
	forget(p);
}

size_t redis_line_length(const char *home, const char *line, const char *lane)
{
	char prefix[2 * SHARED_NAME_MAX];
	struct redis_args a;
	struct err unused;
	int64_t n = 0;

	(void)home;
	if (!shared_redis_waiting())
		return 0;
	snprintf(prefix, sizeof(prefix), "%s%s%s%s", line ? line : "",
		 line ? "\n" : "", lane ? lane : "", lane ? "\n" : "");
	redis_args(&a, "length", shared_redis_self(), shared_redis_since());
	redis_word(&a, prefix);
	redis_ask(&a, counted, &n, &unused);
	return n > 0 ? (size_t)n : 0;
}
