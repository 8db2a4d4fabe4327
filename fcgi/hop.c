/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/hop.h"

#include "base/clock.h"
#include "dialect/error.h"
#include "fcgi/upstream.h"
#include "state/breaker.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MS 200 /* before the first retry; doubled with each */

const struct route *hop_route(const struct hop *h)
{
	return &h->plan->routes[h->at];
}

bool hop_has_next(const struct hop *h)
{
	return h->at + 1 < h->plan->n && clock_ms() < h->deadline;
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

bool hop_moves_on(const struct hop *h, const struct failure *f)
{
	return hop_has_next(h) && is_listed(h->plan->rule, f);
}

bool hop_leaves_exhausted(const struct hop *h)
{
	return hop_has_next(h) && h->plan->rule->on_exhausted;
}

const char *hop_why(struct hop *h, const struct failure *f)
{
	int status = status_of(f);

	if (status)
		return arena_fmt(h->r->arena, "%d", status);
	return err_name(f->err->code);
}

void hop_note_fallback(struct hop *h, const char *name, const char *why)
{
	const char *before = h->r->log.fallback;

	h->r->log.fallback = arena_fmt(h->r->arena, "%s%s%s: %s",
				       before ? before : "", before ? ", " : "",
				       name, why);
}

/* A fault of the backend, or only of this request? */
static bool is_fault(const struct failure *f)
{
	int status = status_of(f);

	return !status || status >= 500;
}

static void note(const struct hop *h, bool ok)
{
	breaker_note(config_home(h->r->app->config),
		     hop_route(h)->backend->name, &h->r->config->settings, ok);
}

static bool again(void *arg, const struct failure *f)
{
	struct hop *h = arg;

	if (is_fault(f))
		note(h, false);
	h->retry = h->retries_left > 0 && is_listed(h->plan->rule, f) &&
		   clock_ms() + h->pause < h->deadline;
	if (h->retry) {
		h->retries_left--;
		return true;
	}
	if (!hop_moves_on(h, f))
		return false;
	hop_note_fallback(h, hop_route(h)->backend->name, hop_why(h, f));
	return true;
}

/* Half as long to half as long again, so that many do not come at once. */
static long jittered(long ms)
{
	unsigned random = (unsigned)clock_ms() * 2654435761u;

	return ms / 2 + (long)(random % (unsigned)ms);
}

static int call(struct hop *h, struct outgoing *o, enum hop_end *end,
		struct err *e)
{
	const struct rule *rule = h->plan->rule;
	struct relay_call call = {
		.chat = o->chat,
		.upstream = o->dialect,
		.arg = h,
		.again = again,
	};

	h->retries_left = rule->retries;
	h->pause = jittered(RETRY_MS);
	for (;;) {
		if (upstream_call(h->r, o, NULL, &call.http, e))
			return -1;
		if (rule->first_byte_ms)
			call.http.first_byte_ms = rule->first_byte_ms;
		call.hold = h->retries_left > 0 || hop_has_next(h);
		if (!relay_run(h->relay, &call)) {
			if (!h->r->log.error && h->r->log.status < 500)
				note(h, true);
			*end = HOP_DONE;
			return 0;
		}
		if (!h->retry) {
			*end = HOP_NEXT;
			return 0;
		}
		if (relay_wait(h->relay, h->pause, e))
			return -1;
		h->pause = jittered(h->pause * 2);
	}
}

int hop_to_backend(struct hop *h, enum hop_end *end, struct err *e)
{
	struct outgoing o;
	int rc;

	rc = outgoing_make(&o, h->r, hop_route(h), h->peek, e);
	if (rc == 0)
		rc = call(h, &o, end, e);
	outgoing_release(&o);
	return rc;
}
