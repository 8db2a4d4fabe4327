/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-link.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/own-pid.h"
#include "base/task.h"
#include "base/wait.h"
#include "state/shared/redis-call.h"
#include "state/shared/redis-lane.h"
#include "state/shared/redis-open.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RETRY_MS 1000
#define FOLLOW_MS 1000       /* between looks who is the master */
#define FOLLOW_MOST_MS 100   /* for each sentinel */
#define UNREADABLE_MS 600000 /* without it before it is said again */
#define LIVES_MS 100 /* between calls that say that this process lives */

static struct {
	struct redis_setup setup;
	pthread_mutex_t lock;       /* of the connection: held while it waits */
	pthread_mutex_t known_lock; /* of the place and why: never */
	redisContext *sync;
	pid_t pid;
	struct redis_place place; /* as it was found last */
	char self[48];
	char why[200];
	_Atomic bool kept, away;
	_Atomic int64_t since, next; /* wall ms; clock_ms of the next try */
	_Atomic unsigned times;      /* that it went */
	_Atomic int64_t lived;       /* when it was said last; clock_ms */
	int64_t followed;            /* of the keeper; clock_ms */
	_Atomic int64_t unreadable;  /* clock_ms; 0: nothing was */
} link_ = { .lock = PTHREAD_MUTEX_INITIALIZER,
	    .known_lock = PTHREAD_MUTEX_INITIALIZER };

/* --- is it there? -------------------------------------------------------- */

/* What is random may be the same in two processes after a fork. */
static void name_self(void)
{
	char prefix[16];

	link_.pid = own_pid();
	snprintf(prefix, sizeof(prefix), "p%d-", (int)link_.pid);
	digest_random_id(link_.self, sizeof(link_.self), prefix);
	atomic_store(&link_.lived, 0);
}

void redis_link_setup(const struct redis_setup *s)
{
	redis_tls_free(link_.setup.tls);
	link_.setup = *s;
	name_self();
}

void redis_link_keep(void)
{
	atomic_store(&link_.kept, true);
}

bool redis_link_is_kept(void)
{
	return atomic_load(&link_.kept);
}

/* With the lock. */
static void after_fork(void)
{
	if (link_.pid == own_pid())
		return;
	if (link_.sync)
		redisFree(link_.sync);
	link_.sync = NULL;
	name_self();
}

const char *redis_link_self(void)
{
	if (link_.pid != own_pid()) {
		pthread_mutex_lock(&link_.lock);
		after_fork();
		pthread_mutex_unlock(&link_.lock);
	}
	return link_.self;
}

static void set_away(const char *why)
{
	atomic_store(&link_.next, clock_ms() + RETRY_MS);
	if (atomic_exchange(&link_.away, true))
		return;
	atomic_fetch_add(&link_.times, 1);
	pthread_mutex_lock(&link_.known_lock);
	snprintf(link_.why, sizeof(link_.why), "%s", why);
	pthread_mutex_unlock(&link_.known_lock);
	atomic_store(&link_.since, clock_wall_ms());
	log_msg("the store is away (%s): requests go on with what this host "
		"knows; see dario doctor",
		why);
}

void redis_link_lost(const char *why)
{
	set_away(why);
}

void redis_link_unreadable(const char *why)
{
	int64_t was = atomic_exchange(&link_.unreadable, clock_ms());

	if (was && clock_ms() - was < UNREADABLE_MS)
		return;
	log_msg("something in the store is not what dario has put there (%s): "
		"what needs it goes on as if the store were away",
		why);
}

int64_t redis_link_unreadable_at(void)
{
	return atomic_load(&link_.unreadable);
}

static void set_back(void)
{
	if (!atomic_exchange(&link_.away, false))
		return;
	log_msg("the store is back after %lld s",
		(long long)(clock_wall_ms() - atomic_load(&link_.since)) /
			1000);
}

bool redis_link_up(void)
{
	return !atomic_load(&link_.away);
}

int64_t redis_link_away(char *why, size_t n)
{
	if (redis_link_up())
		return 0;
	pthread_mutex_lock(&link_.known_lock);
	snprintf(why, n, "%s", link_.why);
	pthread_mutex_unlock(&link_.known_lock);
	return atomic_load(&link_.since);
}

/* May it be asked, by somebody who must not wait for it? */
static bool worth_asking(void)
{
	return redis_link_up() || (!atomic_load(&link_.kept) &&
				   clock_ms() >= atomic_load(&link_.next));
}

/* --- requests and answers ------------------------------------------------ */

/* Once in that time. */
static bool is_due(void)
{
	int64_t now = clock_ms(), was = atomic_load(&link_.lived);

	return (!was || now - was >= LIVES_MS) &&
	       atomic_compare_exchange_strong(&link_.lived, &was, now);
}

void redis_args(struct redis_args *a, const char *op, const char *who,
		int64_t since)
{
	a->argc = 0;
	a->used = 0;
	a->waits = false;
	redis_word(a, "EVALSHA");
	redis_word(a, ""); /* its hash, when it is known */
	redis_word(a, "1");
	redis_word(a, link_.setup.prefix);
	redis_word(a, op);
	redis_word(a, who);
	redis_int(a, *who && is_due() ? -since - 1 : since);
}

/* --- a thread that blocks ------------------------------------------------ */

/* With the lock: a connection, or NULL. */
static redisContext *connection(struct err *e)
{
	struct redis_place place;

	after_fork();
	if (link_.sync && link_.sync->err) {
		redisFree(link_.sync);
		link_.sync = NULL;
	}
	if (link_.sync)
		return link_.sync;
	link_.sync = redis_open(&link_.setup, &place, e);
	if (link_.sync) {
		pthread_mutex_lock(&link_.known_lock);
		link_.place = place;
		pthread_mutex_unlock(&link_.known_lock);
	}
	return link_.sync;
}

/* An answer, or NULL; once more when the script had to be loaded again. */
static redisReply *run_script(redisContext *c, struct redis_args *a)
{
	redisReply *r = redis_call_args(c, link_.setup.answer_ms, a);

	if (!redis_lacks_script(r))
		return r;
	freeReplyObject(r);
	r = redis_call(c, link_.setup.answer_ms, "SCRIPT LOAD %s",
		       redis_script);
	if (!r)
		return NULL;
	freeReplyObject(r);
	return redis_call_args(c, link_.setup.answer_ms, a);
}

/* With the lock. Where the script had to give up, *unreadable is true, if it
 * is not NULL, and the connection stays. */
static int ask_locked(struct redis_args *a, redis_done *done, void *arg,
		      bool *unreadable, struct err *e)
{
	redisContext *c = connection(e);
	redisReply *r;
	char why[160];
	int rc = 0;

	if (!c)
		return -1;
	a->v[1] = link_.place.sha;
	a->n[1] = strlen(link_.place.sha);
	r = run_script(c, a);
	if (!r) {
		rc = err_set(e, ERR_INTERNAL, "%s", redis_why(c));
	} else if (!redis_is_answer(r)) {
		rc = err_set(e, ERR_INTERNAL, "%s",
			     redis_fault(r, why, sizeof(why)));
	} else {
		link_.setup.heard(r);
		done(arg, r);
	}
	if (rc && unreadable)
		*unreadable = redis_is_unreadable(r);
	if (r)
		freeReplyObject(r);
	if (rc && !(unreadable && *unreadable)) {
		redisFree(c);
		link_.sync = NULL;
	}
	return rc;
}

static int ask_blocking(struct redis_args *a, redis_done *done, void *arg,
			struct err *e)
{
	bool unreadable = false;
	int rc;

	pthread_mutex_lock(&link_.lock);
	rc = ask_locked(a, done, arg, &unreadable, e);
	if (unreadable)
		redis_link_unreadable(e->msg);
	else if (rc)
		set_away(e->msg);
	else if (!atomic_load(&link_.kept))
		set_back();
	pthread_mutex_unlock(&link_.lock);
	if (rc)
		done(arg, NULL);
	return rc;
}

static void ignore(void *arg, const redisReply *answer)
{
	(void)arg;
	(void)answer;
}

/* With the lock. */
static int ask_quickly(struct redis_args *a, struct err *e)
{
	int64_t begun = clock_ms();

	if (ask_locked(a, ignore, NULL, NULL, e))
		return -1;
	if (clock_ms() - begun <= link_.setup.answer_ms / 2)
		return 0;
	return err_set(e, ERR_INTERNAL, "it answers slowly");
}

int redis_link_retry(struct err *e)
{
	struct redis_args a;
	int rc;

	atomic_store(&link_.lived, 0); /* it shall do all that any call may */
	redis_args(&a, "look", link_.setup.who(), INT64_MAX / 4096);
	pthread_mutex_lock(&link_.lock);
	rc = ask_locked(&a, ignore, NULL, NULL, e);
	/* One that is just fast enough would come and go all the time. */
	if (rc == 0 && !redis_link_up())
		rc = ask_quickly(&a, e);
	if (rc)
		atomic_store(&link_.next, clock_ms() + RETRY_MS);
	else
		set_back();
	pthread_mutex_unlock(&link_.lock);
	return rc;
}

static bool is_here(const struct redis_host *h)
{
	bool here;

	pthread_mutex_lock(&link_.known_lock);
	here = link_.place.port == h->port &&
	       strcmp(link_.place.name, h->name) == 0;
	pthread_mutex_unlock(&link_.known_lock);
	return here;
}

void redis_link_follow(void)
{
	struct redis_setup quick = link_.setup;
	struct redis_host master;
	struct err unused;

	if (!*quick.url.master || !redis_link_up() ||
	    clock_ms() - link_.followed < FOLLOW_MS)
		return;
	if (quick.connect_ms > FOLLOW_MOST_MS)
		quick.connect_ms = FOLLOW_MOST_MS;
	if (redis_find_master(&quick, &master, &unused) == 0 &&
	    !is_here(&master)) {
		pthread_mutex_lock(&link_.lock);
		if (link_.sync)
			redisFree(link_.sync);
		link_.sync = NULL;
		pthread_mutex_unlock(&link_.lock);
		set_away("its sentinels name another master");
	}
	link_.followed = clock_ms();
}

/* Its text, or the last of a list of texts. */
static int ask_server(const char *command, const char *what, struct buf *out,
		      struct err *e)
{
	const redisReply *last;
	redisReply *r = NULL;
	redisContext *c;

	pthread_mutex_lock(&link_.lock);
	c = connection(e);
	if (c)
		r = redis_call(c, link_.setup.connect_ms, command, what);
	last = r && r->type == REDIS_REPLY_ARRAY && r->elements
		     ? r->element[r->elements - 1]
		     : r;
	if (last && last->type == REDIS_REPLY_STRING)
		buf_add(out, last->str, (size_t)last->len);
	else if (c)
		err_set(e, ERR_INTERNAL, "%s: %s", what,
			!r       ? c->errstr
			: r->str ? r->str
				 : "it says nothing");
	pthread_mutex_unlock(&link_.lock);
	if (!r)
		return -1;
	freeReplyObject(r);
	return out->n ? 0 : -1;
}

int redis_link_info(const char *section, struct buf *out, struct err *e)
{
	return ask_server("INFO %s", section, out, e);
}

int redis_link_setting(const char *name, struct buf *out, struct err *e)
{
	return ask_server("CONFIG GET %s", name, out, e);
}

/* --- anybody -------------------------------------------------------------- */

const struct redis_setup *redis_link_config(void)
{
	return &link_.setup;
}

unsigned redis_link_times(void)
{
	return atomic_load(&link_.times);
}

/* It blocks. */
static void look_up(void *arg)
{
	struct err *e = arg;

	if (!redis_link_retry(e))
		e->code = ERR_NONE;
}

/* Where it is, and the hash of the script. */
int redis_link_place(struct redis_place *out, struct err *e)
{
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&link_.known_lock);
		*out = link_.place;
		pthread_mutex_unlock(&link_.known_lock);
		if (*out->sha)
			return 0;
		e->code = ERR_INTERNAL;
		wait_work(look_up, e);
		if (e->code)
			return -1;
	}
	return -1;
}

static int not_now(redis_done *done, void *arg, struct err *e)
{
	done(arg, NULL);
	return err_set(e, ERR_INTERNAL, "the store is away");
}

int redis_ask_late(struct redis_args *a, redis_fill *fill, redis_done *done,
		   void *arg, struct err *e)
{
	int rc;

	a->waits = false;
	if (!worth_asking())
		return not_now(done, arg, e);
	if (task_self()) {
		rc = redis_lane_ask(a, fill, done, arg, e);
	} else {
		fill(a, arg);
		rc = ask_blocking(a, done, arg, e);
	}
	return rc ? err_add(e, "the store") : 0;
}

int redis_ask(struct redis_args *a, redis_done *done, void *arg, struct err *e)
{
	int rc;

	if (!worth_asking())
		return not_now(done, arg, e);
	rc = task_self() ? redis_lane_ask(a, NULL, done, arg, e)
			 : ask_blocking(a, done, arg, e);
	return rc ? err_add(e, "the store") : 0;
}

void redis_tell(struct redis_args *a, redis_done *done, void *arg)
{
	struct err e;

	if (!worth_asking())
		not_now(done, arg, &e);
	else if (!task_self() && !redis_lane_is_open())
		ask_blocking(a, done, arg, &e);
	else if (redis_lane_tell(a, done, arg, &e))
		done(arg, NULL);
}
