/* SPDX-License-Identifier: MIT */
/*
 * serve-pool: a request to a backend with several accounts.
 *
 * One turn after the other: choose an account, see that its token is good,
 * keep its pace, make the call. What a failed call means is told by refusal.h;
 * while the client knows nothing of an answer the next account gets the
 * request. When all accounts are exhausted the request waits in line.
 */
#include "config.h"

#include "base/clock.h"
#include "base/task.h"
#include "fcgi/conversation.h"
#include "fcgi/passage.h"
#include "fcgi/pooled.h"
#include "fcgi/serve.h"
#include "fcgi/upstream.h"
#include "net/catalog.h"
#include "net/refresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 1000 /* before an overloaded account is asked again */
#define QUEUE_STEP_MS 100

static const struct account *chosen(const struct pooled *c)
{
	return &c->pool.accounts->list[c->choice.at];
}

/* "Claude accounts", "keys of groq" */
static const char *them(const struct pooled *c)
{
	return c->claude ? "Claude accounts"
			 : arena_fmt(c->r->arena, "keys of %s",
				     c->route.backend->name);
}

/* --- before the call ----------------------------------------------------- */

static int wait_step(void *arg, long ms, struct err *e)
{
	struct pooled *c = arg;

	return relay_wait(c->relay, ms, e);
}

static bool is_due(const struct pooled *c, const struct account *a)
{
	return refresh_is_due(a) &&
	       (pool_refresh_pause(a, &c->limits) < clock_wall_ms() ||
		!account_fresh(a, 0));
}

/* The account as it is now, with a token that is good. */
static int ready_token(struct pooled *c, bool force, struct err *e)
{
	const struct account *a = force ? &c->account : chosen(c);
	struct refresh refresh = { .home = c->home,
				   .worker = c->r->app->program,
				   .wait = wait_step,
				   .arg = c };
	struct account fresh;

	if (!force && !is_due(c, a)) {
		account_release(&c->account);
		return account_copy(&c->account, a);
	}
	refresh.needed = force;
	if (refresh_or_keep(&refresh, a, &fresh, e))
		return -1;
	account_release(&c->account);
	c->account = fresh;
	return 0;
}

static int too_many(struct err *e)
{
	err_set(e, ERR_EXHAUSTED,
		"too many requests at a time for one subscription: add an "
		"account, or lower DARIO_MIN_INTERVAL_MS");
	e->retry_after = POOL_PACE_MAX_MS / 1000;
	return -1;
}

/* "opus" by its real name; known once there is an account to ask with. */
static void resolve_model(struct pooled *c)
{
	struct request *r = c->r;
	struct catalog catalog;
	char name[PEEK_MODEL_MAX + 1];
	bool million = false;

	if (!c->claude || r->config->settings.passthrough || r->passage)
		return;
	catalog_init(&catalog, r->http, c->home, c->route.backend, &c->account);
	if (catalog_alias(&catalog, r->config->models, c->route.model, name,
			  sizeof(name), &million)) {
		c->route.model = arena_str(r->arena, span_of(name));
		r->upstream_model = c->route.model;
	}
	catalog_release(&catalog);
	c->route.million |= million;
}

static int make_for(struct pooled *c, struct err *e)
{
	if (c->made)
		return outgoing_by(&c->out, c->r, &c->account, e);
	resolve_model(c);
	c->made = true;
	if (outgoing_make(&c->out, c->r, &c->route, c->peek, e))
		return -1;
	return outgoing_by(&c->out, c->r, &c->account, e);
}

static int shape(struct pooled *c, struct err *e)
{
	return c->claude && !c->r->passage
		     ? outgoing_shape(&c->out, c->r, &c->account, e)
		     : 0;
}

/* --- choosing ------------------------------------------------------------ */

/* When any account may serve again, also one that was tried; 0: unknown. */
static int64_t next_free(const struct pooled *c)
{
	struct pool_request all = c->pool;

	all.tried = NULL;
	return pool_next(&all);
}

/* In how long one may be free again, in seconds; 0: unknown. */
static long seconds_until(const struct pooled *c)
{
	int64_t next = next_free(c), now = clock_wall_ms();

	return next > now ? (long)((next - now) / 1000 + 1) : 0;
}

/* Nobody will by itself: each account and what is the matter with it. */
static int none_can(const struct pooled *c, struct err *e)
{
	char mem[600];
	struct buf list = { .p = mem, .cap = sizeof(mem), .max = 599 };
	struct pool p;

	mem[0] = '\0';
	pool_look(&p, c->home, c->pool.accounts, &c->pool.asked);
	for (size_t i = 0; i < p.n && !list.full; i++)
		buf_fmt(&list, "%s%s: %s", i ? "; " : "",
			p.seats[i].account->alias,
			*p.seats[i].why ? p.seats[i].why
					: "it failed just now");
	pool_release(&p);
	return err_set(e, ERR_NO_ACCOUNT, "no %s can serve: %s",
		       c->claude ? "Claude account" : them(c), mem);
}

/* Has each of them said that it does not have the model? */
static bool is_unknown(const struct pooled *c)
{
	bool all = c->pool.accounts->n > 0;
	struct pool p;

	pool_look(&p, c->home, c->pool.accounts, &c->pool.asked);
	for (size_t i = 0; i < p.n; i++)
		all &= p.seats[i].cause == CAUSE_MODEL;
	pool_release(&p);
	return all;
}

/* Nobody can serve: why, and when to come back. */
static int no_seat(struct pooled *c, struct err *e)
{
	long seconds = seconds_until(c);

	if (c->error.code && !seconds) {
		*e = c->error;
		return -1;
	}
	if (!c->pool.accounts->n)
		return err_set(e, ERR_NO_MODEL,
			       "there is no Claude account: add one with "
			       "dario login or dario accounts add");
	if (!seconds)
		return none_can(c, e);
	if (is_unknown(c)) {
		err_set(e, ERR_NO_MODEL,
			"model not found: none of the %s has %.80s; they are "
			"asked again in %ld s",
			them(c), c->route.model, seconds);
		memcpy(e->param, "model", sizeof("model"));
		return -1;
	}
	err_set(e, ERR_EXHAUSTED,
		"all %s are exhausted: the first is free again in %ld s",
		them(c), seconds);
	e->retry_after = seconds;
	return -1;
}

/* There is an account, but more are before us than it serves in that time. */
static int too_long(const struct pooled *c, struct err *e)
{
	const struct settings *s = &c->r->config->settings;
	long before = (long)queue_length(c->home, c->pool.accounts);

	err_set(e, ERR_EXHAUSTED,
		"more requests wait for the %s than they serve in %ld s: add "
		"an account, or raise DARIO_QUEUE_MS",
		them(c), s->queue_ms / 1000);
	e->retry_after = s->min_interval_ms * before / 1000 + 1;
	return -1;
}

/* Whose limit it waits for: of those models of others that have a limit
 * together each may rest by itself, too. */
static const char *lane_of(const struct pooled *c)
{
	return c->claude ? c->pool.asked.family : c->pool.asked.model;
}

/* In line, until an account is free and nobody is before us. */
static int wait_in_line(struct pooled *c, struct err *e)
{
	if (!c->ticket.place.number &&
	    queue_join(c->home, c->pool.accounts, lane_of(c),
		       key_priority(c->r->key), &c->ticket, e)) {
		e->retry_after = seconds_until(c);
		return -1;
	}
	if (relay_wait(c->relay, QUEUE_STEP_MS, e))
		return -1;
	task_rested(QUEUE_STEP_MS);
	memset(c->tried, 0, c->pool.accounts->n * sizeof(*c->tried));
	return 0;
}

static bool worth_waiting(const struct pooled *c)
{
	int64_t next = next_free(c);
	int64_t left = c->deadline - clock_ms();

	return left > 0 && next && next - clock_wall_ms() < left;
}

/* c->choice.at; -1: nobody can. Whoever comes while others wait goes behind
 * them: it is not held, then. */
static void look(struct pooled *c)
{
	c->trial = false;
	if (!queue_first(c->home, c->pool.accounts, lane_of(c), &c->ticket)) {
		c->choice = (struct pool_choice){ .at = pool_peek(&c->pool) };
		c->choice.behind = c->choice.at >= 0;
		return;
	}
	pool_choose(&c->pool, &c->choice);
	if (c->choice.at >= 0)
		return;
	pool_try_full(&c->pool, &c->choice);
	c->trial = c->choice.at >= 0;
}

/* c->choice, or c->leave, or an error. */
static int choose(struct pooled *c, struct err *e)
{
	for (;;) {
		look(c);
		if (c->choice.slow)
			return too_many(e);
		if (c->choice.at >= 0 && !c->choice.behind)
			return 0;
		if (c->choice.at < 0 && target_leaves_exhausted(c->target)) {
			target_note_fallback(c->target, c->route.backend->name,
					     "exhausted");
			c->leave = true;
			return 0;
		}
		if (c->choice.at < 0 && !worth_waiting(c))
			return no_seat(c, e);
		if (c->choice.at >= 0 && clock_ms() >= c->deadline)
			return too_long(c, e);
		if (wait_in_line(c, e))
			return -1;
	}
}

/* --- one turn ------------------------------------------------------------ */

static void prepare(struct pooled *c, struct relay_call *call)
{
	long first_byte_ms = c->target->plan->rule->first_byte_ms;

	if (!c->claude && first_byte_ms)
		call->http.first_byte_ms = first_byte_ms;
	memset(&c->told, 0, sizeof(c->told));
	c->retry_after[0] = c->retry_after_ms[0] = '\0';
	c->accepted = false;
	c->before = c->limits;
	/* The first choice after all is no fallback, whatever was tried. */
	if (strcmp(c->first, c->account.alias) == 0)
		c->r->fallback = c->passed;
	c->r->account = arena_str(c->r->arena, span_of(c->account.alias));
}

static int call(struct pooled *c, struct err *e)
{
	struct relay_call call = {
		.chat = c->out.answer,
		.map = c->out.map,
		.names = c->out.made.names,
		.hide_usage = c->out.made.usage_asked,
		.upstream = c->out.dialect,
		.raw = c->r->passage,
		.hold = true,
		.moves = target_has_next(c->target),
		.arg = c,
		.on_head = pooled_on_head,
	};

	if (upstream_call(c->r, &c->out, &c->account, &call.http, e))
		return -1;
	prepare(c, &call);
	relay_run(c->relay, &call);
	pooled_learn(c);
	/* What fails with one key may be that key's alone, or its way there:
	 * with the backend counts what became of it with the last one. */
	if (!c->claude && c->next != NEXT_OTHER)
		target_note_outcome(c->target);
	if (c->next == NEXT_ANSWER && !c->leave)
		relay_give(c->relay);
	return 0;
}

/* This account has no token to offer: another, then. */
static int without_token(struct pooled *c, struct err *e)
{
	if (e->code == ERR_GONE || e->code == ERR_SHUTDOWN)
		return -1;
	c->error = *e;
	c->error.code = ERR_NO_ACCOUNT;
	c->tried[c->choice.at] = true;
	return 1;
}

/* After a failed call: the same account once more, or another. */
static int prepare_again(struct pooled *c, struct err *e)
{
	switch (c->next) {
	case NEXT_REFRESH:
		c->refreshed = true;
		return ready_token(c, true, e) ? without_token(c, e) : 0;
	case NEXT_AGAIN:
		return shape(c, e);
	case NEXT_OTHER:
	case NEXT_ANSWER:
		break;
	}
	if (c->cause == CAUSE_OVERLOAD && !pooled_has_other(c)) {
		c->retried = true; /* overloaded: in place, once */
		return relay_wait(c->relay, RETRY_MS, e);
	}
	c->tried[c->choice.at] = true;
	return 1;
}

/* Another turn of its pace, which may be now. */
static int next_turn(struct pooled *c, struct err *e)
{
	int64_t wait = pool_pace(&c->pool, c->choice.at);

	if (wait < 0)
		return too_many(e);
	c->turn_at = clock_ms() + wait;
	return 0;
}

/* At its turn: whoever was held up longer takes another one, for the next
 * request does not wait. */
static int keep_pace(struct pooled *c, struct err *e)
{
	long late = c->pool.interval / 5;

	if (!c->pool.interval || !pooled_is_subscription(c))
		return 0;
	for (;;) {
		int64_t left = c->turn_at - clock_ms();

		if (left > 0 && relay_wait(c->relay, (long)left, e))
			return -1;
		if (left > 0 || left >= -late)
			return 0;
		if (next_turn(c, e))
			return -1;
		if (c->turn_at <= clock_ms())
			return 0;
	}
}

/* With one account, until it has answered or another is to be asked. 0 done,
 * 1 choose again, -1. */
static int ask(struct pooled *c, struct err *e)
{
	int rc;

	c->refreshed = c->retried = false;
	c->turn_at = clock_ms() + c->choice.pace;
	limits_seen(c->home, account_name(chosen(c)), &c->limits);
	if (ready_token(c, false, e))
		return without_token(c, e);
	if (make_for(c, e) || shape(c, e))
		return -1;
	do {
		if (keep_pace(c, e))
			return -1;
		/* The next in line comes behind us. */
		queue_leave(c->home, &c->ticket);
		if (call(c, e))
			return -1;
		if (c->next == NEXT_ANSWER)
			return 0;
		rc = prepare_again(c, e);
		if (rc == 0 && next_turn(c, e))
			return -1;
	} while (rc == 0);
	return rc;
}

/* The conversation's own account cannot serve: that is no silent move. */
static void note_move(struct pooled *c)
{
	const struct account *own = accounts_find(c->pool.accounts,
						  c->bound.alias);
	struct seat s;

	if (!c->first)
		c->first = *c->bound.alias ? c->bound.alias : chosen(c)->alias;
	if (!own || own == chosen(c) || c->r->fallback)
		return;
	pool_seat(&s, c->home, own, &c->pool.asked);
	target_note_fallback(c->target,
			     arena_fmt(c->r->arena, "%s/%s",
				       c->route.backend->name, own->alias),
			     s.cause    ? limit_cause_name(s.cause)
			     : s.usable ? "nearly used up"
					: "not usable");
}

static int serve(struct pooled *c, struct err *e)
{
	int rc;

	do {
		if (choose(c, e))
			return -1;
		if (c->leave)
			return 0;
		note_move(c);
		rc = ask(c, e);
		pool_let_go(&c->pool, &c->choice);
	} while (rc > 0);
	return rc;
}

/* The pool, or of it the one account that has what is asked for. */
static const struct accounts *pool_of(struct pooled *c, const struct target *t)
{
	const struct backend *b = c->route.backend;
	const struct accounts *all = b->claude ? &t->r->config->accounts
					       : &b->keys;
	const struct account *one = t->account ? accounts_find(all, t->account)
					       : NULL;

	if (!one)
		return all;
	c->only = *all;
	c->only.list = (struct account *)(uintptr_t)one;
	c->only.n = 1;
	return &c->only;
}

static void begin(struct pooled *c, struct target *t)
{
	const struct settings *s = &t->r->config->settings;
	const struct backend *b = c->route.backend;

	c->pool = (struct pool_request){
		.home = c->home,
		.accounts = pool_of(c, t),
		.strategy = pool_strategy_of(s->strategy),
		.bound = &c->bound,
		.interval = s->min_interval_ms,
	};
	c->claude = b->claude;
	c->kind = backend_kind(b);
	if (c->claude)
		asked_claude(&c->pool.asked, c->route.model);
	else
		asked_other(&c->pool.asked, c->route.model);
	c->tried = arena_take(t->r->arena, c->pool.accounts->n + 1);
	c->pool.tried = c->tried;
	/* What generates nothing has limits of its own, and no pace. */
	if (strcmp(t->r->upstream_path, "/messages/count_tokens") == 0 ||
	    (t->r->passage && strcmp(t->r->vars.method, "POST")))
		c->pool.interval = 0;
	if (c->pool.accounts->n > 1 &&
	    conversation_key(t->r, c->peek, b->name, c->pool.asked.family,
			     c->bound.key))
		sticky_guess(c->home, &c->bound);
}

int serve_pool(struct target *t, enum target_end *end, struct err *e)
{
	struct request *r = t->r;
	struct pooled *c = arena_take(r->arena, sizeof(*c));
	int rc;

	/* It is large, and zero already. */
	c->target = t;
	c->r = r;
	c->home = snapshot_home(r->app->config);
	c->route = *target_route(t);
	c->peek = t->peek;
	c->relay = t->relay;
	c->passed = r->fallback;
	c->deadline = clock_ms() + r->config->settings.queue_ms;
	begin(c, t);
	rc = serve(c, e);
	*end = c->leave ? TARGET_NEXT : TARGET_DONE;
	pool_let_go(&c->pool, &c->choice);
	queue_leave(c->home, &c->ticket);
	account_release(&c->account);
	if (c->made)
		outgoing_release(&c->out);
	return rc;
}
