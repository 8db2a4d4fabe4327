/* SPDX-License-Identifier: MIT */
/*
 * serve-claude: a request to the pool of Claude accounts.
 *
 * One turn after the other: choose an account, see that its token is good,
 * keep its pace, make the call. What a failed call means is told by
 * account-failure.h; while the client knows nothing of an answer the next
 * account gets the request. When all accounts are exhausted the request waits
 * in line.
 */
#include "config.h"

#include "base/clock.h"
#include "fcgi/claude.h"
#include "fcgi/conversation.h"
#include "fcgi/serve.h"
#include "fcgi/upstream.h"
#include "net/catalog.h"
#include "net/refresh.h"
#include "state/pace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 1000 /* before an overloaded account is asked again */
#define QUEUE_STEP_MS 100
#define PACE_MAX_MS 30000 /* that a request waits for its place */
#define LONG_CONTEXT_BETA "context-1m-2025-08-07"

static const struct account *seat_account(const struct claude *c)
{
	return c->pool.seats[c->seat].account;
}

/* --- before the call ----------------------------------------------------- */

static int wait_step(void *arg, long ms, struct err *e)
{
	struct claude *c = arg;

	return relay_wait(c->relay, ms, e);
}

/* The account as it is now, with a token that is good. An old token serves on
 * when it cannot be renewed yet. */
static int ready_token(struct claude *c, bool force, struct err *e)
{
	const struct account *a = force ? &c->account : seat_account(c);
	struct refresh refresh = { .home = c->home,
				   .worker = c->r->app->program,
				   .wait = wait_step,
				   .arg = c };
	struct limits *l = &c->pool.seats[c->seat].limits;
	bool due = !account_fresh(a, ACCOUNT_REFRESH_AHEAD_MS) &&
		   account_refreshable(a) &&
		   (account_pause(a, l) < c->pool.now || !account_fresh(a, 0));
	struct account fresh;

	if (!force && !due) {
		account_release(&c->account);
		return account_copy(&c->account, a);
	}
	if (refresh_account(&refresh, a, &fresh, e) == 0) {
		account_release(&c->account);
		c->account = fresh;
		return 0;
	}
	if (force || e->code == ERR_GONE || e->code == ERR_SHUTDOWN ||
	    !account_fresh(a, 0))
		return -1;
	account_release(&c->account);
	return account_copy(&c->account, a);
}

static int too_many(struct err *e)
{
	err_set(e, ERR_EXHAUSTED,
		"too many requests at a time for one subscription: add an "
		"account, or lower DARIO_MIN_INTERVAL_MS");
	e->retry_after = PACE_MAX_MS / 1000;
	return -1;
}

static int keep_pace(struct claude *c, struct err *e)
{
	long interval = c->r->config->settings.min_interval_ms;
	int64_t end = clock_ms() + PACE_MAX_MS;
	long wait;

	if (!claude_is_subscription(c) || c->out.count)
		return 0;
	while ((wait = pace_take(c->home, c->account.alias, interval)) > 0) {
		if (clock_ms() + wait > end)
			return too_many(e);
		if (relay_wait(c->relay, wait, e))
			return -1;
	}
	return 0;
}

/* "opus" by its real name; known once there is an account to ask with. */
static void resolve_model(struct claude *c)
{
	struct request *r = c->r;
	struct catalog catalog;
	char name[PEEK_MODEL_MAX + 1];
	bool million = false;

	if (r->config->settings.passthrough)
		return;
	catalog_init(&catalog, r->http, c->home, c->route.backend, &c->account);
	if (catalog_alias(&catalog, r->config->models, c->route.model, name,
			  sizeof(name), &million)) {
		c->route.model = arena_str(r->arena, span_of(name));
		r->upstream_model = c->route.model;
	}
	catalog_release(&catalog);
	c->out.betas = million ? LONG_CONTEXT_BETA : NULL;
}

static int make_once(struct claude *c, struct err *e)
{
	const char *betas;

	if (c->made)
		return 0;
	resolve_model(c);
	betas = c->out.betas;
	c->made = true;
	if (outgoing_make(&c->out, c->r, &c->route, c->peek, e))
		return -1;
	c->out.betas = betas;
	return 0;
}

/* --- choosing ------------------------------------------------------------ */

static void look(struct claude *c)
{
	pool_release(&c->pool);
	pool_look(&c->pool, c->home, &c->r->config->accounts, c->family);
}

/* In how long a seat may be free again, in seconds; 0: unknown. */
static long seconds_until(const struct claude *c)
{
	int64_t next = pool_next(&c->pool);

	return next ? (long)((next - c->pool.now) / 1000 + 1) : 0;
}

/* Nobody will by itself: each account and what is the matter with it. */
static int none_can(const struct claude *c, struct err *e)
{
	char mem[600];
	struct buf list = { .p = mem, .cap = sizeof(mem), .max = 599 };

	mem[0] = '\0';
	for (size_t i = 0; i < c->pool.n && !list.full; i++)
		buf_fmt(&list, "%s%s: %s", i ? "; " : "",
			c->pool.seats[i].account->alias,
			*c->pool.seats[i].why ? c->pool.seats[i].why
					      : "it failed just now");
	return err_set(e, ERR_NO_ACCOUNT, "no Claude account can serve: %s",
		       mem);
}

/* Nobody can serve: why, and when to come back. */
static int no_seat(struct claude *c, struct err *e)
{
	long seconds = seconds_until(c);

	if (c->error.code && !seconds) {
		*e = c->error;
		return -1;
	}
	if (!c->pool.n)
		return err_set(e, ERR_NO_MODEL,
			       "there is no Claude account: add one with "
			       "dario login or dario accounts add");
	if (!seconds)
		return none_can(c, e);
	err_set(e, ERR_EXHAUSTED,
		"all Claude accounts are exhausted: the first is free again "
		"in %ld s",
		seconds);
	e->retry_after = seconds;
	return -1;
}

/* There is a seat, but more are before us than it serves in that time. */
static int too_long(const struct claude *c, struct err *e)
{
	long pace = c->r->config->settings.min_interval_ms;

	err_set(e, ERR_EXHAUSTED,
		"more requests wait for the Claude accounts than they serve in "
		"%ld s: add an account, or raise DARIO_QUEUE_MS",
		c->r->config->settings.queue_ms / 1000);
	e->retry_after = pace * (long)queue_length(c->home) / 1000 + 1;
	return -1;
}

/* In line, until a seat is free and nobody is before us. */
static int wait_in_line(struct claude *c, struct err *e)
{
	if (c->ticket.lock < 0 &&
	    queue_join(c->home, &c->ticket, c->family, e)) {
		e->retry_after = seconds_until(c);
		return -1;
	}
	if (relay_wait(c->relay, QUEUE_STEP_MS, e))
		return -1;
	memset(c->tried, 0, c->pool.n * sizeof(*c->tried));
	return 0;
}

static bool worth_waiting(const struct claude *c)
{
	int64_t next = pool_next(&c->pool);
	int64_t left = c->deadline - clock_ms();

	return left > 0 && next && next - c->pool.now < left;
}

/* Whoever comes while others wait goes behind them. */
static bool is_our_turn(const struct claude *c)
{
	return c->ticket.lock >= 0 ? queue_first(c->home, &c->ticket)
				   : queue_is_free(c->home, c->family);
}

/* c->seat, or c->leave, or an error. */
static int choose(struct claude *c, struct err *e)
{
	for (;;) {
		look(c);
		c->seat = pool_pick(&c->pool, c->bound.alias, c->tried);
		if (c->seat >= 0 && is_our_turn(c))
			return 0;
		if (c->seat < 0 && target_leaves_exhausted(c->target)) {
			target_note_fallback(c->target, "claude", "exhausted");
			c->leave = true;
			return 0;
		}
		if (c->seat < 0 && !worth_waiting(c))
			return no_seat(c, e);
		if (c->seat >= 0 && clock_ms() >= c->deadline)
			return too_long(c, e);
		if (wait_in_line(c, e))
			return -1;
	}
}

/* --- one turn ------------------------------------------------------------ */

static int call(struct claude *c, struct err *e)
{
	struct relay_call call = {
		.chat = c->out.chat,
		.map = c->out.map,
		.upstream = c->out.dialect,
		.hold = true,
		.moves = target_has_next(c->target),
		.arg = c,
		.on_head = claude_on_head,
	};

	if (upstream_call(c->r, &c->out, &c->account, &call.http, e))
		return -1;
	c->told = false;
	c->retry_after[0] = '\0';
	c->reset = 0;
	/* The first choice after all is no fallback, whatever was tried. */
	if (strcmp(c->first, c->account.alias) == 0)
		c->r->fallback = c->passed;
	c->r->account = arena_str(c->r->arena, span_of(c->account.alias));
	relay_run(c->relay, &call);
	claude_learn(c);
	if (c->next == NEXT_ANSWER && !c->leave)
		relay_give(c->relay);
	return 0;
}

/* This account has no token to offer: another, then. */
static int without_token(struct claude *c, struct err *e)
{
	if (e->code == ERR_GONE || e->code == ERR_SHUTDOWN)
		return -1;
	c->error = *e;
	c->error.code = ERR_NO_ACCOUNT;
	c->tried[c->seat] = true;
	return 1;
}

/* After a failed call: the same account once more, or another. */
static int prepare_again(struct claude *c, struct err *e)
{
	switch (c->next) {
	case NEXT_REFRESH:
		c->refreshed = true;
		return ready_token(c, true, e) ? without_token(c, e) : 0;
	case NEXT_STRIP:
		return outgoing_shape(&c->out, c->r, &c->account, e);
	case NEXT_OTHER:
	case NEXT_ANSWER:
		break;
	}
	if (c->cause == CAUSE_OVERLOAD && !claude_has_other(c)) {
		c->retried = true; /* overloaded: in place, once */
		return relay_wait(c->relay, RETRY_MS, e);
	}
	c->tried[c->seat] = true;
	return 1;
}

/* With one account, until it has answered or another is to be asked. 0 done,
 * 1 choose again, -1. */
static int serve_seat(struct claude *c, struct err *e)
{
	int rc;

	c->refreshed = c->retried = false;
	if (ready_token(c, false, e))
		return without_token(c, e);
	if (make_once(c, e) || outgoing_shape(&c->out, c->r, &c->account, e))
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
	} while (rc == 0);
	return rc;
}

/* The conversation's own account cannot serve: that is no silent move. */
static void note_move(struct claude *c)
{
	if (!c->first)
		c->first = *c->bound.alias ? c->bound.alias
					   : seat_account(c)->alias;
	for (size_t i = 0; i < c->pool.n && !c->r->fallback; i++) {
		const struct seat *s = &c->pool.seats[i];

		if ((int)i != c->seat &&
		    strcmp(s->account->alias, c->bound.alias) == 0)
			target_note_fallback(
				c->target,
				arena_fmt(c->r->arena, "claude/%s",
					  c->bound.alias),
				s->cause ? limit_cause_name(s->cause)
					 : "not usable");
	}
}

static int serve(struct claude *c, struct err *e)
{
	int rc;

	do {
		if (choose(c, e))
			return -1;
		if (c->leave)
			return 0;
		note_move(c);
		rc = serve_seat(c, e);
	} while (rc > 0);
	return rc;
}

int serve_claude(struct target *t, enum target_end *end, struct err *e)
{
	struct request *r = t->r;
	const struct route *route = target_route(t);
	size_t n = r->config->accounts.n;
	struct claude c = {
		.target = t,
		.r = r,
		.home = snapshot_home(r->app->config),
		.route = *route,
		.peek = t->peek,
		.family = family_of(route->model),
		.relay = t->relay,
		.passed = r->fallback,
		.tried = arena_take(r->arena, n ? n : 1),
		.ticket = { .lock = -1 },
		.deadline = clock_ms() + r->config->settings.queue_ms,
	};
	int rc;

	if (n > 1 && conversation_key(r, c.peek, c.family, c.bound.key))
		sticky_get(c.home, &c.bound);
	rc = serve(&c, e);
	*end = c.leave ? TARGET_NEXT : TARGET_DONE;
	queue_leave(c.home, &c.ticket);
	pool_release(&c.pool);
	account_release(&c.account);
	if (c.made)
		outgoing_release(&c.out);
	return rc;
}
