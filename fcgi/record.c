/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/record.h"

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/metered.h"
#include "state/history.h"
#include "state/recent.h"

#include <string.h>

static void to_log(const struct request *r, int64_t took_ms)
{
	const struct err *e = &r->outcome.error;
	struct log_access line = {
		.id = r->id,
		.method = r->vars.method,
		.path = r->asked_path,
		.person = r->key ? r->key->name : NULL,
		.api = r->api,
		.backend = r->backend,
		.model = r->model,
		.upstream_model = r->upstream_model,
		.upstream_id = r->upstream_id,
		.account = r->account,
		.fallback = r->fallback,
		.dropped = r->dropped,
		.error = e->code ? err_name(e->code) : NULL,
		.cause = e->code ? e->msg : NULL,
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
	if (r->answer.n)
		r->has_usage = usage_scan(r->dialect->usage,
					  buf_get(&r->answer), &r->usage);
}

/* What went to a backend, for /analytics. */
static void to_history(const struct request *r, int64_t took_ms)
{
	struct history_record h = {
		.time = clock_wall_ms(),
		.took_ms = took_ms,
		.account = r->account ? r->account : "",
		.backend = r->backend,
		.model = r->upstream_model ? r->upstream_model
		       : r->model          ? r->model
					   : "",
		.key = r->key ? r->key->name : NULL,
		.status = r->status,
		/* A count generates nothing, nor does what has no model. */
		.has_usage = r->has_usage || r->instead || !r->model,
		.partial = r->outcome.error.code && r->status / 100 == 2,
		.fallback = r->fallback,
		.h5 = r->has_windows ? r->h5 : -1,
		.d7 = r->d7,
		.usage = r->usage,
	};

	history_add(snapshot_home(r->app->config), &h);
}

/* What asked for a model or went to a backend, for /requests; of what the demo
 * provider is asked, the request that led there is enough. */
static void to_recent(const struct request *r, int64_t took_ms)
{
	const struct err *e = &r->outcome.error;
	struct recent x = {
		.time = clock_wall_ms(),
		.took_ms = took_ms,
		.first_ms = r->first_ms,
		.status = r->status,
		.stream = r->stream,
		.has_usage = r->has_usage,
		.partial = e->code && r->status / 100 == 2,
		.usage = r->usage,
		.texts = {
			.id = r->id,
			.path = r->asked_path,
			.key = r->key ? r->key->name : NULL,
			.model = r->model,
			.backend = r->backend,
			.account = r->account,
			.upstream_model = r->upstream_model,
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

	to_log(r, took_ms);
	if (r->backend)
		look_up_usage(r);
	metered_settle(r);
	if (r->backend)
		to_history(r, took_ms);
	if (r->backend || (r->model && strncmp(r->path, "/demo/", 6)))
		to_recent(r, took_ms);
}
