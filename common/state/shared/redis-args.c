/* SPDX-License-Identifier: MIT */
/* redis-args: what a request and an answer of redis-link.h are made of. */
#include "config.h"

#include "state/shared/redis-link.h"

#include <stdio.h>
#include <string.h>

#define CLOCK_LEAST_MS 1577836800000 /* 2020 */
#define CLOCK_MOST_MS 7258118400000  /* 2200 */

void redis_text(struct redis_args *a, struct span s)
{
	if (a->argc == REDIS_ARGS_MAX)
		return;
	a->v[a->argc] = s.n ? s.p : "";
	a->n[a->argc++] = s.n;
}

void redis_word(struct redis_args *a, const char *s)
{
	redis_text(a, span_of(s));
}

void redis_int(struct redis_args *a, int64_t v)
{
	char *p = a->mem + a->used;
	int n = snprintf(p, sizeof(a->mem) - a->used, "%lld", (long long)v);

	if (a->used + (size_t)n + 1 > sizeof(a->mem))
		return;
	a->used += (size_t)n + 1;
	redis_text(a, (struct span){ p, (size_t)n });
}

static const redisReply *at(const redisReply *answer, size_t i)
{
	const redisReply *r = answer->element[REDIS_RESULT];

	return r->type == REDIS_REPLY_ARRAY && i < r->elements ? r->element[i]
							       : NULL;
}

int64_t redis_int_at(const redisReply *answer, size_t i)
{
	const redisReply *r = at(answer, i);

	return r && r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
}

int64_t redis_amount_at(const redisReply *answer, size_t i)
{
	int64_t v = redis_int_at(answer, i);

	return v < 0 ? 0 : v > REDIS_AMOUNT_MAX ? REDIS_AMOUNT_MAX : v;
}

struct span redis_text_at(const redisReply *answer, size_t i)
{
	const redisReply *r = at(answer, i);

	if (!r || r->type != REDIS_REPLY_STRING)
		return SPAN("");
	return (struct span){ r->str, (size_t)r->len };
}

/* Its clock is not from before there was this program, or after; "also" has
 * none. */
bool redis_is_answer(const redisReply *r)
{
	static const int types[REDIS_ANSWER] = {
		[REDIS_NOW] = REDIS_REPLY_INTEGER,
		[REDIS_DATA] = REDIS_REPLY_STRING,
		[REDIS_LAST] = REDIS_REPLY_INTEGER,
		[REDIS_FROM] = REDIS_REPLY_INTEGER,
		[REDIS_FRESH] = REDIS_REPLY_INTEGER,
		[REDIS_WAITING] = REDIS_REPLY_INTEGER,
		[REDIS_RESULT] = REDIS_REPLY_ARRAY,
		[REDIS_NEWS] = REDIS_REPLY_ARRAY,
	};
	int64_t now;

	if (!r || r->type != REDIS_REPLY_ARRAY || r->elements != REDIS_ANSWER)
		return false;
	for (size_t i = 0; i < REDIS_ANSWER; i++)
		if (r->element[i]->type != types[i])
			return false;
	now = r->element[REDIS_NOW]->integer;
	return !now || (now > CLOCK_LEAST_MS && now < CLOCK_MOST_MS);
}

bool redis_lacks_script(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_ERROR &&
	       strncmp(r->str, "NOSCRIPT", 8) == 0;
}

/* As a server that takes no more, or not from us, says it: of scripts, too. */
static bool is_of_server(struct span s)
{
	static const char *const words[] = { "OOM ",
					     "READONLY",
					     "MISCONF",
					     "NOREPLICAS",
					     "MASTERDOWN",
					     "CLUSTERDOWN",
					     "NOPERM",
					     "NOAUTH",
					     "ACL failure",
					     "permissions",
					     "can't run",
					     "killed",
					     "called from script" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_has(s, span_of(words[i])))
			return true;
	return false;
}

bool redis_is_unreadable(const redisReply *r)
{
	struct span s;

	if (!r || r->type != REDIS_REPLY_ERROR)
		return false;
	s = (struct span){ r->str, (size_t)r->len };
	if (span_starts(s, "WRONGTYPE"))
		return true;
	return span_starts(s, "ERR ") && span_has(s, SPAN("script")) &&
	       !is_of_server(s);
}

const char *redis_fault(const redisReply *r, char *out, size_t n)
{
	if (r && r->type == REDIS_REPLY_ERROR)
		snprintf(out, n, "it says %.*s",
			 r->len < 120 ? (int)r->len : 120, r->str);
	else
		snprintf(out, n, "its answer cannot be read");
	return out;
}
