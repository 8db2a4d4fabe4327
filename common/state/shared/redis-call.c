/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-call.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#if HIREDIS_MAJOR >= 1
typedef size_t list_count;
#else
typedef int list_count;
#endif

static struct redisReplyObjectFunctions bounded;
static void *(*make_list)(const redisReadTask *task, list_count n);

static void *make_bounded_list(const redisReadTask *task, list_count n)
{
	return n > REDIS_LIST_MAX ? NULL : make_list(task, n);
}

/* All readers have the same functions; the first is one that blocks, of which
 * there is one at a time. */
void redis_bound(redisReader *r)
{
	struct redisReplyObjectFunctions *fn = r->fn;

	if (fn == &bounded)
		return;
	if (!bounded.createArray) {
		make_list = fn->createArray;
		bounded = *fn;
		bounded.createArray = make_bounded_list;
	}
	r->fn = &bounded;
}

bool redis_is_too_long(const redisReader *r)
{
	return r->len - r->pos > REDIS_REPLY_MAX;
}

static redisReply *fail(redisContext *c, int code, const char *why)
{
	c->err = REDIS_ERR_OTHER;
	snprintf(c->errstr, sizeof(c->errstr), "%s", why);
	errno = code;
	return NULL;
}

static bool send_all(redisContext *c)
{
	int done = 0;

	while (!done)
		if (redisBufferWrite(c, &done) != REDIS_OK)
			return false;
	return true;
}

static redisReply *receive(redisContext *c, long ms)
{
	int64_t until = clock_ms() + ms;
	size_t taken = 0, held;
	void *reply = NULL;

	redis_bound(c->reader);
	if (!send_all(c))
		return NULL;
	for (;;) {
		if (redisGetReplyFromReader(c, &reply) != REDIS_OK)
			return NULL;
		if (reply)
			return reply;
		if (taken > REDIS_REPLY_MAX)
			return fail(c, EMSGSIZE, "its answer is too long");
		if (clock_ms() >= until)
			return fail(c, EAGAIN, "it does not answer in time");
		held = c->reader->len;
		if (redisBufferRead(c) != REDIS_OK)
			return NULL;
		taken += c->reader->len - held;
	}
}

redisReply *redis_call(redisContext *c, long ms, const char *format, ...)
{
	va_list ap;
	int rc;

	va_start(ap, format);
	rc = redisvAppendCommand(c, format, ap);
	va_end(ap);
	return rc == REDIS_OK ? receive(c, ms) : NULL;
}

redisReply *redis_call_args(redisContext *c, long ms,
			    const struct redis_args *a)
{
	if (redisAppendCommandArgv(c, a->argc, (const char **)a->v, a->n) !=
	    REDIS_OK)
		return NULL;
	return receive(c, ms);
}

const char *redis_why(const redisContext *c)
{
	if (c->err == REDIS_ERR_OOM) /* make_bounded_list */
		return "its answer is too long";
	return c->err == REDIS_ERR_IO && errno == EAGAIN
		     ? "it does not answer in time"
		     : c->errstr;
}
