/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/target.h"

#include "base/clock.h"
#include "fcgi/passage.h"
#include "fcgi/upstream.h"
#include "state/pool/breaker.h"

#define RETRY_MS 200 /* before the first retry; doubled with each */

const struct route *target_route(const struct target *t)
{
	return &t->plan->routes[t->at];
}

bool target_has_next(const struct target *t)
{
	return t->at + 1 < t->plan->n && clock_ms() < t->deadline;
}

/* Does the rule speak of such a failure? */
static bool is_listed(const struct rule *rule, const struct outcome *o)
{
	if (outcome_refused(o))
		return o->status > 0 && o->status < 600 &&
		       rule->on_status[o->status];
	if (o->error.code == ERR_TIMEOUT)
		return rule->on_timeout;
	return rule->on_connect;
}

/* What the client has no part in, by its status or in the provider's words. */
static bool is_worded(const struct target *t)
{
	const struct rule *rule = t->plan->rule;
	const struct outcome *o = &t->r->outcome;
	enum limit_cause cause;

	if (!outcome_refused(o) ||
	    !(rule->on_auth || rule->on_credit || rule->on_model))
		return false;
	cause = refusal_word(backend_kind(target_route(t)->backend), o->status,
			     o->body);
	if (cause == CAUSE_MODEL)
		return rule->on_model || (rule->on_auth && o->status == 403);
	return (rule->on_credit &&
		(o->status == 402 || cause == CAUSE_CREDIT)) ||
	       (rule->on_auth &&
		(o->status == 401 || o->status == 403 || cause == CAUSE_AUTH));
}

bool target_moves_on(const struct target *t)
{
	return target_has_next(t) &&
	       (is_listed(t->plan->rule, &t->r->outcome) || is_worded(t));
}

bool target_leaves_exhausted(const struct target *t)
{
	return target_has_next(t) && t->plan->rule->on_exhausted;
}

void target_note_fallback(struct target *t, const char *name, const char *why)
{
	const char *before = t->r->fallback;

	t->r->fallback = arena_fmt(t->r->arena, "%s%s%s: %s",
				   before ? before : "", before ? ", " : "",
				   name, why);
}

/* One that was cut short on our side says nothing. */
void target_note_outcome(const struct target *t)
{
	const struct outcome *o = &t->r->outcome;

	if (!o->local)
		breaker_note(snapshot_home(t->r->app->config),
			     target_route(t)->backend->name,
			     &t->r->config->settings, !outcome_is_fault(o));
}

enum step {
	STEP_GIVE,
	STEP_AGAIN, /* without what was refused */
	STEP_RETRY,
	STEP_TARGET
};

/* What follows the last call: the one decision. */
static enum step decide(const struct target *t, struct outgoing *out)
{
	const struct outcome *o = &t->r->outcome;

	if (outcome_is_final(o))
		return STEP_GIVE;
	if (outgoing_repair(out, t->r))
		return STEP_AGAIN;
	if (t->retries_left > 0 && is_listed(t->plan->rule, o) &&
	    clock_ms() + t->pause < t->deadline)
		return STEP_RETRY;
	return target_moves_on(t) ? STEP_TARGET : STEP_GIVE;
}

/* Half as long to half as long again, so that many do not come at once. */
static long jittered(long ms)
{
	unsigned random = (unsigned)clock_ms() * 2654435761u;

	return ms / 2 + (long)(random % (unsigned)ms);
}

static int wait_to_retry(struct target *t, struct err *e)
{
	t->retries_left--;
	if (relay_wait(t->relay, t->pause, e))
		return -1;
	t->pause = jittered(t->pause * 2);
	return 0;
}

/* A key that a command prints may have run out: another one, once. */
static bool has_new_key(struct target *t)
{
	struct key_command *k = target_route(t)->backend->key_command;
	const struct outcome *o = &t->r->outcome;
	const struct passage *sent = t->r->passage;
	const char *key = k ? t->r->sent_key : NULL;

	if (!key || t->renewed || !outcome_refused(o) || o->status != 401 ||
	    outcome_is_final(o))
		return false;
	t->renewed = true;
	return key_command_refused(k, snapshot_home(t->r->app->config),
				   span_of(key)) &&
	       !(sent && sent->rest); /* it is gone */
}

static void move_on(struct target *t)
{
	char name[16];

	target_note_fallback(t, target_route(t)->backend->name,
			     outcome_name(&t->r->outcome, name));
}

/* Its key cannot be had: that is as good as one that is refused. */
static int leave_without_key(struct target *t, enum target_end *end,
			     const struct err *e)
{
	if (e->code != ERR_CONFIG || !target_has_next(t) ||
	    !t->plan->rule->on_auth)
		return -1;
	target_note_fallback(t, target_route(t)->backend->name,
			     "it has no key");
	*end = TARGET_NEXT;
	return 0;
}

static int call(struct target *t, struct outgoing *o, enum target_end *end,
		struct err *e)
{
	const struct rule *rule = t->plan->rule;
	struct relay_call call = { .upstream = o->dialect,
				   .raw = t->r->passage };

	t->renewed = false;
	t->retries_left = rule->retries;
	t->pause = jittered(RETRY_MS);
	for (;;) {
		if (upstream_call(t->r, o, NULL, &call.http, e))
			return leave_without_key(t, end, e);
		if (rule->first_byte_ms)
			call.http.first_byte_ms = rule->first_byte_ms;
		call.chat = o->answer;
		call.names = o->made.names;
		call.hide_usage = o->made.usage_asked;
		call.moves = target_has_next(t);
		call.hold = t->retries_left > 0 || call.moves ||
			    target_route(t)->backend->key_command ||
			    outgoing_may_be_refused(o, t->r);
		relay_run(t->relay, &call);
		if (has_new_key(t))
			continue;
		target_note_outcome(t);
		switch (decide(t, o)) {
		case STEP_AGAIN:
			break;
		case STEP_GIVE:
			relay_give(t->relay);
			*end = TARGET_DONE;
			return 0;
		case STEP_TARGET:
			move_on(t);
			*end = TARGET_NEXT;
			return 0;
		case STEP_RETRY:
			if (wait_to_retry(t, e))
				return -1;
		}
	}
}

int target_to_backend(struct target *t, enum target_end *end, struct err *e)
{
	struct outgoing o;
	int rc;

	rc = outgoing_make(&o, t->r, target_route(t), t->peek, e);
	if (rc == 0)
		rc = call(t, &o, end, e);
	outgoing_release(&o);
	return rc;
}
