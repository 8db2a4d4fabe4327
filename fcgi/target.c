/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/target.h"

#include "base/clock.h"
#include "dialect/error.h"
#include "fcgi/upstream.h"
#include "state/breaker.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MS 200 /* before the first retry; doubled with each */

const struct route *target_route(const struct target *t)
{
	return &t->plan->routes[t->at];
}

bool target_has_next(const struct target *t)
{
	return t->at + 1 < t->plan->n && clock_ms() < t->deadline;
}

/* The status of an answer, or of an error inside its stream. */
static int status_of(const struct failure *f)
{
	if (f->status)
		return f->status;
	return f->err->code == ERR_PASSED ? error_status(f->err, true) : 0;
}

static bool is_listed(const struct rule *rule, const struct failure *f)
{
	int status = status_of(f);

	if (status)
		return status > 0 && status < 600 && rule->on_status[status];
	if (f->err->code == ERR_TIMEOUT)
		return rule->on_timeout;
	return rule->on_connect;
}

bool target_moves_on(const struct target *t, const struct failure *f)
{
	return target_has_next(t) && is_listed(t->plan->rule, f);
}

bool target_leaves_exhausted(const struct target *t)
{
	return target_has_next(t) && t->plan->rule->on_exhausted;
}

/* A failure in a few words: "429", "timeout". */
static const char *why(struct target *t, const struct failure *f)
{
	int status = status_of(f);

	if (status)
		return arena_fmt(t->r->arena, "%d", status);
	return err_name(f->err->code);
}

void target_note_fallback(struct target *t, const char *name, const char *why)
{
	const char *before = t->r->log.fallback;

	t->r->log.fallback = arena_fmt(t->r->arena, "%s%s%s: %s",
				       before ? before : "", before ? ", " : "",
				       name, why);
}

/* A fault of the backend, or only of this request? */
static bool is_fault(const struct failure *f)
{
	int status = status_of(f);

	return !status || status >= 500;
}

static void note(const struct target *t, bool ok)
{
	breaker_note(snapshot_home(t->r->app->config),
		     target_route(t)->backend->name, &t->r->config->settings,
		     ok);
}

static bool again(void *arg, const struct failure *f)
{
	struct target *t = arg;

	if (is_fault(f))
		note(t, false);
	t->retry = t->retries_left > 0 && is_listed(t->plan->rule, f) &&
		   clock_ms() + t->pause < t->deadline;
	if (t->retry) {
		t->retries_left--;
		return true;
	}
	if (!target_moves_on(t, f))
		return false;
	target_note_fallback(t, target_route(t)->backend->name, why(t, f));
	return true;
}

/* Half as long to half as long again, so that many do not come at once. */
static long jittered(long ms)
{
	unsigned random = (unsigned)clock_ms() * 2654435761u;

	return ms / 2 + (long)(random % (unsigned)ms);
}

static int call(struct target *t, struct outgoing *o, enum target_end *end,
		struct err *e)
{
	const struct rule *rule = t->plan->rule;
	struct relay_call call = {
		.chat = o->chat,
		.upstream = o->dialect,
		.arg = t,
		.again = again,
	};

	t->retries_left = rule->retries;
	t->pause = jittered(RETRY_MS);
	for (;;) {
		if (upstream_call(t->r, o, NULL, &call.http, e))
			return -1;
		if (rule->first_byte_ms)
			call.http.first_byte_ms = rule->first_byte_ms;
		call.hold = t->retries_left > 0 || target_has_next(t);
		if (!relay_run(t->relay, &call)) {
			if (!t->r->log.error && t->r->log.status < 500)
				note(t, true);
			*end = TARGET_DONE;
			return 0;
		}
		if (!t->retry) {
			*end = TARGET_NEXT;
			return 0;
		}
		if (relay_wait(t->relay, t->pause, e))
			return -1;
		t->pause = jittered(t->pause * 2);
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
