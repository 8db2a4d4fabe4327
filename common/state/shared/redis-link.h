/* SPDX-License-Identifier: MIT */
/*
 * redis-link: requests to a Redis or Valkey, and whether it can be asked.
 *
 * Each request is one call of redis_script, by its hash. A task of a loop is
 * put aside until the answer is there, over a connection of its loop; any other
 * thread blocks, over the one connection of the process. Nobody waits longer
 * than `answer_ms`, all requests of one task together. When one was not
 * answered in that time, or the connection breaks, the store is away: requests
 * fail at once, until redis_link_retry finds it again and it answers twice as
 * fast. A process without a keeper (redis_link_keep) looks by itself once a
 * second.
 *
 * `done` is called once, in the thread that asked: with the answer, or with
 * NULL when there is none, and then it may or may not have been carried out.
 * `heard` sees every answer before, in any thread. Thread-safe.
 */
#ifndef DARIO_REDIS_LINK_H
#define DARIO_REDIS_LINK_H

#include "base/buf.h"
#include "base/err.h"
#include "state/shared/redis-tls.h"
#include "state/shared/redis-url.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#define REDIS_PREFIX_MAX 64
#define REDIS_ARGS_MAX 400

extern const char redis_script[];

struct redis_setup {
	struct redis_url url;
	struct redis_tls *tls; /* NULL: none; the link's from then on */
	char prefix[REDIS_PREFIX_MAX + 1];
	long answer_ms, connect_ms;
	void (*heard)(const redisReply *answer);
	const char *(*who)(void); /* on whose behalf it looks for the store */
};

/* Members of an answer. */
enum redis_answer {
	REDIS_NOW,
	REDIS_DATA,
	REDIS_LAST,
	REDIS_FROM,
	REDIS_FRESH,
	REDIS_WAITING,
	REDIS_RESULT,
	REDIS_NEWS,
	REDIS_ANSWER
};

struct redis_args {
	const char *v[REDIS_ARGS_MAX];
	size_t n[REDIS_ARGS_MAX];
	int argc;
	size_t used;
	bool waits;     /* who asks waits anyway: the time does not count */
	char mem[4096]; /* of numbers */
};

/* Once, before the first request. */
void redis_link_setup(const struct redis_setup *s);
/* The process's own name in the store; another one after a fork. */
const char *redis_link_self(void);

/* A request: the operation, on behalf of `who` ("" nobody), then arguments.
 * Texts are borrowed. */
void redis_args(struct redis_args *a, const char *op, const char *who,
		int64_t since);
void redis_text(struct redis_args *a, struct span s);
void redis_word(struct redis_args *a, const char *s);
void redis_int(struct redis_args *a, int64_t v);

typedef void redis_done(void *arg, const redisReply *answer);
/* 0 when it was answered; -1 with why not. */
int redis_ask(struct redis_args *a, redis_done *done, void *arg, struct err *e);
/* The same, of which the arguments are only asked for when this round of the
 * loop ends: `fill` writes them, in the loop, if the task still waits. */
typedef void redis_fill(struct redis_args *a, void *arg);
int redis_ask_late(struct redis_args *a, redis_fill *fill, redis_done *done,
		   void *arg, struct err *e);
/* As redis_ask without waiting for it, where there is a loop. */
void redis_tell(struct redis_args *a, redis_done *done, void *arg);

bool redis_is_answer(const redisReply *r);
/* Somebody has made the server forget all scripts. */
bool redis_lacks_script(const redisReply *r);
/* The store is there, but something in it is not what dario has put there: its
 * script had to give up. Such a call fails, and nothing else. */
bool redis_is_unreadable(const redisReply *r);
/* Why it is none, in words: of an error of the server its first ones. */
const char *redis_fault(const redisReply *r, char *out, size_t n);

/* An integer of the result; 0 when it has none there. */
int64_t redis_int_at(const redisReply *answer, size_t i);
struct span redis_text_at(const redisReply *answer, size_t i);
/* One that is a sum or a count: from 0 to REDIS_AMOUNT_MAX, of which a hundred
 * can be added. */
#define REDIS_AMOUNT_MAX (INT64_MAX / 128)
int64_t redis_amount_at(const redisReply *answer, size_t i);

bool redis_link_up(void);
unsigned redis_link_times(void); /* that it went */
/* Since when it is away, ms since 1970 (0: it is not), and why. */
int64_t redis_link_away(char *why, size_t n);
/* Look for it, and see whether it answers in time; it blocks. */
int redis_link_retry(struct err *e);
void redis_link_lost(const char *why); /* it was not found */
/* There is something unreadable; said once in a while. */
void redis_link_unreadable(const char *why);
/* When that was last, clock_ms; 0: never. */
int64_t redis_link_unreadable_at(void);
/* Have the sentinels another master by now? An old one may take for long what
 * is lost. Once a second, for the keeper: it blocks, for less than that. */
void redis_link_follow(void);
/* From now on somebody calls redis_link_retry. */
void redis_link_keep(void);
bool redis_link_is_kept(void);
/* What a command of the server's own says, "INFO server"; it blocks. */
int redis_link_info(const char *section, struct buf *out, struct err *e);
/* What one of its settings is, where it may be asked for that; it blocks. */
int redis_link_setting(const char *name, struct buf *out, struct err *e);

#endif
