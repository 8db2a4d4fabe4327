/* SPDX-License-Identifier: MIT */
/*
 * redis-call: what a server may answer: so much, and within so long.
 *
 * Of hiredis a string may be of any length, a list of any number, and a byte
 * now and then keeps a call waiting for ever. For a connection that blocks, a
 * call ends when `ms` are over, or at most the connection's own timeout later,
 * with what went wrong in c->errstr.
 */
#ifndef DARIO_REDIS_CALL_H
#define DARIO_REDIS_CALL_H

#include "state/shared/redis-link.h"

#define REDIS_REPLY_MAX (64u << 20) /* bytes of one, and of its memory */
#define REDIS_LIST_MAX 65536        /* members of one list */

/* Of a new connection: longer lists and larger answers end it. */
void redis_bound(redisReader *r);
/* Is more waiting to be read than may be? Then it is to be ended. */
bool redis_is_too_long(const redisReader *r);

/* NULL: there is no answer. As redisCommand and redisCommandArgv. */
redisReply *redis_call(redisContext *c, long ms, const char *format, ...);
redisReply *redis_call_args(redisContext *c, long ms,
			    const struct redis_args *a);
/* What went wrong last, in words. */
const char *redis_why(const redisContext *c);

#endif
