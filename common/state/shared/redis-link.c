/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/shared/redis-link.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/task.h"
#include "base/wait.h"
#include "state/shared/redis-call.h"
#include "state/shared/redis-open.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RETRY_MS 1000
#define LIVES_MS 100  /* between calls that say that this process lives */
#define HANGS_MS 2000 /* what nobody waits for, before it is given up */

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
} link_ = { .lock = PTHREAD_MUTEX_INITIALIZER,
	    .known_lock = PTHREAD_MUTEX_INITIALIZER };

/* --- is it there? -------------------------------------------------------- */

/* What is random may be the same in two processes after a fork. */
static void name_self(void)
{
	char prefix[16];

	link_.pid = getpid();
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
	if (link_.pid == getpid())
		return;
	if (link_.sync)
		redisFree(link_.sync);
	link_.sync = NULL;
	name_self();
}

const char *redis_link_self(void)
{
	if (link_.pid != getpid()) {
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

/* With the lock. */
static int ask_locked(struct redis_args *a, redis_done *done, void *arg,
		      struct err *e)
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
	if (r)
		freeReplyObject(r);
	if (rc) {
		redisFree(c);
		link_.sync = NULL;
	}
	return rc;
}

static int ask_blocking(struct redis_args *a, redis_done *done, void *arg,
			struct err *e)
{
	int rc;

	pthread_mutex_lock(&link_.lock);
	rc = ask_locked(a, done, arg, e);
	if (rc)
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

	if (ask_locked(a, ignore, NULL, e))
		return -1;
	if (clock_ms() - begun <= link_.setup.answer_ms / 2)
		return 0;
	return err_set(e, ERR_INTERNAL, "it answers slowly");
}

int redis_link_retry(struct err *e)
{
	struct redis_args a;
	int rc;

	redis_args(&a, "look", "", INT64_MAX / 4096);
	pthread_mutex_lock(&link_.lock);
	rc = ask_locked(&a, ignore, NULL, e);
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

int redis_link_info(const char *section, struct buf *out, struct err *e)
{
	redisReply *r = NULL;
	redisContext *c;

	pthread_mutex_lock(&link_.lock);
	c = connection(e);
	if (c)
		r = redis_call(c, link_.setup.connect_ms, "INFO %s", section);
	if (r && r->type == REDIS_REPLY_STRING)
		buf_add(out, r->str, (size_t)r->len);
	else if (c)
		err_set(e, ERR_INTERNAL, "INFO: %s", r ? r->str : c->errstr);
	pthread_mutex_unlock(&link_.lock);
	if (!r)
		return -1;
	freeReplyObject(r);
	return out->n ? 0 : -1;
}

/* --- a loop -------------------------------------------------------------- */

/* One that waits, or that nobody waits for. */
struct call {
	redis_done *done;
	void *arg;
	struct task *task;
	bool over, ok;
	bool left;               /* nobody waits any more */
	struct redis_args *args; /* while it waits: to send them once more */
	char why[160];
};

/* Of a thread that runs a loop. */
static _Thread_local struct lane {
	struct watch watch; /* first: found again from it */
	struct loop *loop;
	redisAsyncContext *ac;
	struct timer hangs;
	struct loop_post flush, flush_now;
	bool flushing, flush_set, now_set;
	char sha[48];
	unsigned times; /* that the store had gone when it was connected */
	unsigned want, calls; /* calls: not answered yet */
	uint64_t answers;     /* so far, and when there were so many */
	uint64_t seen;
} lane;

static void set_want(struct lane *l, unsigned want)
{
	l->want = want;
	loop_watch(l->loop, &l->watch, want);
}

static void add_read(void *arg)
{
	struct lane *l = arg;

	set_want(l, l->want | LOOP_READ);
}

static void del_read(void *arg)
{
	struct lane *l = arg;

	set_want(l, l->want & ~(unsigned)LOOP_READ);
}

/* Several requests of one round are one system call. */
static void add_write(void *arg)
{
	struct lane *l = arg;

	if (l->flushing || !(l->ac->c.flags & REDIS_CONNECTED)) {
		set_want(l, l->want | LOOP_WRITE);
	} else if (!l->flush_set) {
		l->flush_set = true;
		loop_when_idle(l->loop, &l->flush);
	}
}

static void del_write(void *arg)
{
	struct lane *l = arg;

	if (l->want & LOOP_WRITE)
		set_want(l, l->want & ~(unsigned)LOOP_WRITE);
}

static void clean_up(void *arg)
{
	struct lane *l = arg;

	loop_unwatch(l->loop, &l->watch);
	loop_untime(l->loop, &l->hangs);
	l->want = 0;
	l->ac = NULL;
}

static void write_now(struct lane *l)
{
	l->flushing = true;
	redisAsyncHandleWrite(l->ac);
	l->flushing = false;
}

static void write_out(struct lane *l)
{
	if (l->ac && l->ac->c.flags & REDIS_CONNECTED)
		write_now(l);
}

static void on_flush(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, flush);

	l->flush_set = false;
	write_out(l);
}

static void on_flush_now(struct loop_post *p)
{
	struct lane *l = OWNER(p, struct lane, flush_now);

	l->now_set = false;
	write_out(l);
}

/* With what else this round asks for. */
static void flush_soon(struct lane *l)
{
	if (!l->now_set)
		loop_after_round(l->loop, &l->flush_now);
	l->now_set = true;
}

/* All that is under way comes to nothing. */
static void drop(struct lane *l)
{
	redisAsyncContext *ac = l->ac;

	if (ac)
		redisAsyncFree(ac);
	l->ac = NULL;
}

static void on_event(struct watch *w, unsigned events)
{
	struct lane *l = OWNER(w, struct lane, watch);

	if (l->want & LOOP_WRITE && events & (LOOP_WRITE | LOOP_GONE))
		write_now(l);
	if (l->ac && events & (LOOP_READ | LOOP_GONE))
		redisAsyncHandleRead(l->ac);
	if (l->ac && redis_is_too_long(l->ac->c.reader)) {
		set_away("its answer is too long");
		drop(l);
	}
}

static void on_hangs(struct timer *t)
{
	struct lane *l = OWNER(t, struct lane, hangs);

	if (l->calls && l->answers == l->seen)
		drop(l);
	l->seen = l->answers;
	if (l->ac && l->calls)
		loop_time(l->loop, t, clock_ms() + HANGS_MS);
}

static void on_answer(redisAsyncContext *ac, void *reply, void *arg);

/* False: nobody waits for it, or it has been already. */
static bool send_again(redisAsyncContext *ac, struct call *c)
{
	struct redis_args *a = c->left ? NULL : c->args;

	c->args = NULL;
	if (!a || redisAsyncCommandArgv(ac, on_answer, c, a->argc, a->v, a->n))
		return false;
	lane.calls++;
	flush_soon(&lane);
	return true;
}

static void on_answer(redisAsyncContext *ac, void *reply, void *arg)
{
	struct call *c = arg;
	bool unloaded = false;

	lane.calls--;
	lane.answers++;
	if (redis_lacks_script(reply)) {
		redis_load_script(ac);
		if (send_again(ac, c))
			return;
		unloaded = true;
	}
	c->ok = redis_is_answer(reply);
	c->over = true;
	if (c->ok)
		link_.setup.heard(reply);
	else if (reply)
		redis_fault(reply, c->why, sizeof(c->why));
	else
		snprintf(c->why, sizeof(c->why), "%s",
			 ac->err && *ac->errstr ? redis_why(&ac->c)
						: "it hung up");
	if (!c->left)
		c->done(c->arg, c->ok ? reply : NULL);
	if (c->task && !c->left) {
		task_wake(c->task);
		return;
	}
	if (!c->ok && !c->left && !unloaded && lane.ac)
		set_away(c->why);
	free(c);
}

/* It blocks. */
static void look_up(void *arg)
{
	struct err *e = arg;

	if (!redis_link_retry(e))
		e->code = ERR_NONE;
}

/* Where it is, and the hash of the script. */
static int know_place(struct redis_place *out, struct err *e)
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

static int connect_lane(struct lane *l, struct err *e)
{
	struct redis_place place;

	if (know_place(&place, e))
		return -1;
	if (l->ac) /* somebody else has, meanwhile */
		return 0;
	l->ac = *place.path ? redisAsyncConnectUnix(place.path)
			    : redisAsyncConnect(place.host, place.port);
	if (!l->ac || l->ac->err) {
		err_set(e, ERR_INTERNAL, "%s",
			l->ac ? l->ac->errstr : "no memory");
		drop(l);
		return -1;
	}
	redis_bound(l->ac->c.reader);
	l->times = atomic_load(&link_.times);
	snprintf(l->sha, sizeof(l->sha), "%s", place.sha);
	l->loop = task_loop();
	l->watch.fn = on_event;
	l->watch.fd = l->ac->c.fd;
	l->flush.fn = on_flush;
	l->flush_now.fn = on_flush_now;
	l->hangs.fn = on_hangs;
	l->ac->ev.data = l;
	l->ac->ev.addRead = add_read;
	l->ac->ev.delRead = del_read;
	l->ac->ev.addWrite = add_write;
	l->ac->ev.delWrite = del_write;
	l->ac->ev.cleanup = clean_up;
	if (redis_open_loop(l->ac, &link_.setup, &place, e)) {
		drop(l);
		return -1;
	}
	return 0;
}

/* NULL: it was not sent, and `done` not called. */
static struct call *send(struct lane *l, struct redis_args *a, redis_done *done,
			 void *arg, struct task *task, struct err *e)
{
	struct call *c;

	/* It may be another server by now. */
	if (l->ac && l->times != atomic_load(&link_.times))
		drop(l);
	if (!l->ac && connect_lane(l, e))
		return NULL;
	a->v[1] = l->sha;
	a->n[1] = strlen(l->sha);
	c = xcalloc(1, sizeof(*c));
	c->done = done;
	c->arg = arg;
	c->task = task;
	if (redisAsyncCommandArgv(l->ac, on_answer, c, a->argc, a->v, a->n)) {
		free(c);
		err_set(e, ERR_INTERNAL, "it has hung up");
		return NULL;
	}
	if (!l->calls++) {
		l->seen = l->answers;
		loop_time(l->loop, &l->hangs, clock_ms() + HANGS_MS);
	}
	return c;
}

/* It waits no longer. The store is away when it has had all of the time, not
 * when this task had used up most of it before. */
static int give_up(struct lane *l, struct call *c, int64_t had, struct err *e)
{
	c->left = true; /* freed when its answer comes */
	c->done(c->arg, NULL);
	err_set(e, ERR_INTERNAL, "it does not answer in time");
	if (had >= link_.setup.answer_ms) {
		set_away(e->msg);
		drop(l);
	}
	return -1;
}

static int ask_in_task(struct redis_args *a, redis_done *done, void *arg,
		       struct err *e)
{
	struct lane *l = &lane;
	int64_t begun = clock_ms(), unused = 0;
	int64_t *waited = a->waits ? &unused : task_waited();
	int64_t until = begun + link_.setup.answer_ms - *waited;
	struct call *c;
	int rc = -1;

	if (until <= begun) {
		done(arg, NULL);
		return err_set(e, ERR_INTERNAL,
			       "this request has waited for it long enough");
	}
	c = send(l, a, done, arg, task_self(), e);
	if (!c) {
		done(arg, NULL);
		set_away(e->msg);
		return -1;
	}
	c->args = a;
	flush_soon(l);
	while (!c->over && clock_ms() < until)
		task_wait(until);
	/* This thread may have been late, not the store. */
	if (!c->over && l->ac && l->ac->c.flags & REDIS_CONNECTED)
		redisAsyncHandleRead(l->ac);
	/* Also what took no time shows that this task has asked. */
	*waited += clock_ms() > begun ? clock_ms() - begun : 1;
	if (!c->over)
		return give_up(l, c, clock_ms() - begun, e);
	if (c->ok)
		rc = 0;
	else
		err_set(e, ERR_INTERNAL, "%s", c->why);
	free(c);
	if (rc)
		set_away(e->msg);
	return rc;
}

static int not_now(redis_done *done, void *arg, struct err *e)
{
	done(arg, NULL);
	return err_set(e, ERR_INTERNAL, "the store is away");
}

int redis_ask(struct redis_args *a, redis_done *done, void *arg, struct err *e)
{
	int rc;

	if (!worth_asking())
		return not_now(done, arg, e);
	rc = task_self() ? ask_in_task(a, done, arg, e)
			 : ask_blocking(a, done, arg, e);
	return rc ? err_add(e, "the store") : 0;
}

void redis_tell(struct redis_args *a, redis_done *done, void *arg)
{
	struct err e;

	if (!worth_asking())
		not_now(done, arg, &e);
	else if (!task_self())
		ask_blocking(a, done, arg, &e);
	else if (!send(&lane, a, done, arg, NULL, &e))
		done(arg, NULL);
}

void redis_link_leave(void)
{
	drop(&lane);
}
