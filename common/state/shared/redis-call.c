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

static struct redisReplyObjectFunctions bounded, own;

/* Of the answer that this thread reads: of a few bytes much memory can be made.
 */
static _Thread_local size_t made;

static bool may_make(const redisReadTask *task, size_t n)
{
	if (!task->parent)
		made = 0;
	made += sizeof(redisReply) + n;
	return made <= REDIS_REPLY_MAX;
}

static void *make_string(const redisReadTask *task, char *s, size_t n)
{
	return may_make(task, n) ? own.createString(task, s, n) : NULL;
}

static void *make_list(const redisReadTask *task, list_count n)
{
	if (n > REDIS_LIST_MAX ||
	    !may_make(task, (size_t)n * sizeof(redisReply *)))
		return NULL;
	return own.createArray(task, n);
}

static void *make_integer(const redisReadTask *task, long long v)
{
	return may_make(task, 0) ? own.createInteger(task, v) : NULL;
}

static void *make_nil(const redisReadTask *task)
{
	return may_make(task, 0) ? own.createNil(task) : NULL;
}

/* All readers have the same functions; the first is one that blocks, of which
 * there is one at a time. */
void redis_bound(redisReader *r)
{
	struct redisReplyObjectFunctions *fn = r->fn;

	if (fn == &bounded)
		return;
	if (!bounded.createArray) {
		own = bounded = *fn;
		bounded.createString = make_string;
		bounded.createArray = make_list;
		bounded.createInteger = make_integer;
		bounded.createNil = make_nil;
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
	if (c->err == REDIS_ERR_OOM) /* may_make */
		return "its answer is too long";
	return c->err == REDIS_ERR_IO && errno == EAGAIN
		     ? "it does not answer in time"
		     : c->errstr;
}
