/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/record.h"

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/estimate.h"
#include "fcgi/guard.h"
#include "fcgi/hosted.h"
#include "fcgi/metered.h"
#include "fcgi/passage-usage.h"
#include "fcgi/tally.h"
#include "state/usage/cost.h"
#include "state/usage/recent.h"
#include "state/usage/usage.h"

#include <string.h>

/* What the client has sent, and may be shown. */
struct shown {
	const char *path, *model, *upstream_model;
};

static void to_log(const struct request *r, const struct shown *s,
		   int64_t took_ms)
{
	const struct err *e = &r->outcome.error;
	struct log_access line = {
		.id = r->id,
		.method = r->vars.method,
		.path = s->path,
		.person = r->key ? r->key->name : NULL,
		.api = r->api,
		.backend = r->backend,
		.model = s->model,
		.upstream_model = s->upstream_model,
		.upstream_id = r->upstream_id,
		.account = r->account,
		.fallback = r->fallback,
		.dropped = r->dropped,
		.error = e->code ? err_name(e->code) : NULL,
		.cause = e->code ? guard_safe(r, e->msg) : NULL,
		.status = r->status,
		.stream = r->stream,
		.first_ms = r->first_ms,
		.total_ms = took_ms,
		.bytes_in = r->bytes_in,
		.bytes_out = r->bytes_out,
	};

	log_request(&line);
}

static void look_up_usage(struct request *r)
{
	if (r->answer.n) {
		r->has_usage = usage_scan(r->dialect->usage,
					  buf_get(&r->answer), &r->usage);
		hosted_note(r, buf_get(&r->answer));
	}
	if (!r->head_cost.n)
		return;
	usage_cost_field(&r->usage, r->head_cost);
	r->has_usage |= cost_is_told(request_backend(r), &r->usage);
}

/* In dollars; negative: not known. What generates nothing is free. */
static double dollars(const struct request *r, const char *model, int64_t now)
{
	bool generates = *model || r->usage.input || r->usage.output;
	double cost = generates && r->config ? cost_of(r->config, r->backend,
						       model, now, &r->usage)
					     : 0;
	double tools;
	bool known = hosted_cost(r, &tools);

	if (r->config && r->backend &&
	    cost_is_told(request_backend(r), &r->usage))
		return r->usage.cost;
	if (cost >= 0 && r->billed > 0)
		return r->billed;
	return cost < 0 || !known ? -1 : cost + tools;
}

static void add(const struct request *r, const struct history_record *h)
{
	const char *home = snapshot_home(r->app->config);

	history_add(home, h);
	usage_add(home, h);
	tally_add(r, h);
}

/* A batch was made with all its requests at a time, and is one. */
static void add_batch(const struct request *r, struct history_record *h)
{
	const struct batch_usage *b = r->batch;

	h->key = *b->who ? b->who : NULL;
	h->has_usage = true;
	for (size_t i = 0; i < b->n; i++) {
		h->model = b->parts[i].model;
		h->usage = b->parts[i].usage;
		h->cost = b->parts[i].unpriced ? -1 : b->parts[i].cost;
		add(r, h);
	}
	if (!b->unread)
		return;
	h->model = "";
	h->has_usage = false;
	add(r, h);
}

/* What went to a backend, or would have. */
static void to_sums(const struct request *r, const struct shown *s,
		    int64_t took_ms)
{
	const char *model = s->upstream_model ? s->upstream_model
			  : s->model          ? s->model
					      : "";
	int64_t now = clock_wall_ms();
	struct history_record h = {
		.time = now,
		.took_ms = took_ms,
		.first_ms = r->first_ms,
		.account = r->account ? r->account : "",
		.backend = r->backend ? r->backend : "",
		.model = model,
		.key = r->key ? r->key->name : NULL,
		.session = guard_safe(r, r->vars.claude_session),
		.agent = guard_safe(r, r->vars.claude_agent),
		.user = r->user,
		.status = r->status,
		.stream = r->stream,
		/* A count generates nothing, nor does what has no model. */
		.has_usage = r->has_usage || r->instead || !r->model,
		.estimated = r->estimated,
		.partial = r->outcome.error.code && r->status / 100 == 2,
		.fallback = r->fallback,
		.h5 = r->has_windows ? r->h5 : -1,
		.d7 = r->d7,
		.cost = dollars(r, model, now),
		.usage = r->usage,
	};

	if (r->batch)
		add_batch(r, &h);
	else
		add(r, &h);
}

/* What asked for a model or went to a backend, for /requests; of what the demo
 * provider is asked, the request that led there is enough. */
static void to_recent(const struct request *r, const struct shown *s,
		      int64_t took_ms)
{
	const struct err *e = &r->outcome.error;
	struct recent x = {
		.time = clock_wall_ms(),
		.took_ms = took_ms,
		.first_ms = r->first_ms,
		.status = r->status,
		.stream = r->stream,
		.has_usage = r->has_usage,
		.estimated = r->estimated,
		.partial = e->code && r->status / 100 == 2,
		.usage = r->usage,
		.texts = {
			.id = r->id,
			.path = s->path,
			.key = r->key ? r->key->name : NULL,
			.model = s->model,
			.backend = r->backend,
			.account = r->account,
			.upstream_model = s->upstream_model,
			.fallback = r->fallback,
			.dropped = r->dropped,
			.error = e->code ? err_name(e->code) : NULL,
		},
	};

	recent_add(snapshot_home(r->app->config), &x);
}

void record_request(struct request *r)
{
	int64_t took_ms = clock_ms() - r->started;
	bool asks = r->model && strncmp(r->path, "/demo/", 6);
	const struct shown s = {
		.path = guard_safe(r, r->asked_path),
		.model = guard_safe(r, r->model),
		.upstream_model = guard_safe(r, r->upstream_model),
	};

	passage_usage_settle(r);
	to_log(r, &s, took_ms);
	if (r->backend)
		look_up_usage(r);
	estimate_settle(r);
	hosted_settle(r);
	metered_settle(r);
	if (r->backend || (asks && r->status >= 400))
		to_sums(r, &s, took_ms);
	if (r->backend || asks)
		to_recent(r, &s, took_ms);
}
