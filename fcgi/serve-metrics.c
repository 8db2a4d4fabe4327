/* SPDX-License-Identifier: MIT */
/*
 * serve-metrics: the sums of all time, and how things stand, for Prometheus.
 *
 * Each way to keep requests apart has families of its own, so that a sum over
 * one counts each request once. Names and labels are those of OpenTelemetry's
 * conventions for generative AI where there are any, with "_" for ".".
 */
#include "config.h"

#include "base/wait.h"
#include "fcgi/metrics-text.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/pool/breaker.h"
#include "state/pool/pool.h"
#include "state/shared/shared-choose.h"
#include "state/usage/usage-table.h"
#include "state/usage/usage.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (8u << 20)
#define ROWS_MAX 256 /* of one family; the rest is "other" */
#define THOUSAND 1000
#define MODEL "gen_ai_request_model"
#define BACKEND "gen_ai_provider_name"

#define BIT(dim) (1u << (dim))

/* How requests are kept apart. */
static const struct {
	const char *prefix; /* of its families */
	const char *of;     /* in words */
	unsigned dims;
	enum usage_dim needed; /* without it a request is in none of them */
} views[] = {
	{ "dario_key", "a person's key (empty: the owner)", BIT(USAGE_KEY),
	  USAGE_DIMS },
	{ "dario_model", "a model", BIT(USAGE_MODEL), USAGE_MODEL },
	{ "dario_backend", "a backend", BIT(USAGE_BACKEND), USAGE_BACKEND },
	{ "dario_account", "an account or key of a backend",
	  BIT(USAGE_BACKEND) | BIT(USAGE_ACCOUNT), USAGE_BACKEND },
};

#define VIEWS (sizeof(views) / sizeof(views[0]))

static const char *const labels[USAGE_LASTING] = {
	[USAGE_KEY] = "key",
	[USAGE_MODEL] = MODEL,
	[USAGE_BACKEND] = BACKEND,
	[USAGE_ACCOUNT] = "account",
};

struct sums {
	const char *home;
	struct usage_table views[VIEWS];
	struct usage_table times; /* by model and backend */
};

static void take(void *arg, const struct usage_id *id,
		 const union usage_cell *cell)
{
	struct sums *s = arg;

	if (id->kind != USAGE_SUM)
		return;
	for (size_t i = 0; i < VIEWS; i++)
		if (views[i].needed == USAGE_DIMS ||
		    *id->names[views[i].needed])
			usage_table_add(&s->views[i], 0, id->names, &cell->sum);
	if (*id->names[USAGE_BACKEND])
		usage_table_add(&s->times, 0, id->names, &cell->sum);
}

static void read_sums(void *arg)
{
	struct sums *s = arg;

	usage_walk_total(s->home, take, s);
}

/* --- counters ------------------------------------------------------------ */

static void put_names(struct metrics *m, const struct usage_table_row *row,
		      unsigned dims)
{
	for (int i = 0; i < USAGE_LASTING; i++)
		if (dims & BIT(i))
			metrics_label(m, labels[i], row->id.names[i]);
}

static void put_status(struct metrics *m, const struct usage_table_row *r,
		       unsigned dims)
{
	static const char *const classes[] = { "none", "1xx", "2xx",
					       "3xx",  "4xx", "5xx" };

	for (int i = 0; i < 6; i++) {
		if (!r->sum.status[i] && i != 2)
			continue;
		metrics_sample(m);
		put_names(m, r, dims);
		metrics_label(m, "status", classes[i]);
		metrics_int(m, r->sum.status[i]);
	}
}

/* Disjoint: their sum is what was read and written. */
static void put_tokens(struct metrics *m, const struct usage_table_row *r,
		       unsigned dims)
{
	const struct usage_kept *u = &r->sum.usage;
	const struct {
		const char *type;
		int64_t n;
	} types[] = {
		{ "input", u->input },
		{ "cache_read", u->cache_read },
		{ "cache_write_5m", u->cache_write - u->cache_write_1h },
		{ "cache_write_1h", u->cache_write_1h },
		{ "output", u->output - u->reasoning },
		{ "reasoning", u->reasoning },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		metrics_sample(m);
		put_names(m, r, dims);
		metrics_label(m, "gen_ai_token_type", types[i].type);
		metrics_int(m, types[i].n > 0 ? types[i].n : 0);
	}
}

static void put_cost(struct metrics *m, const struct usage_table_row *r,
		     unsigned dims)
{
	metrics_sample(m);
	put_names(m, r, dims);
	metrics_double(m, usage_sum_dollars(&r->sum));
}

static void put_count(struct metrics *m, const struct usage_table_row *r,
		      unsigned dims, int64_t n)
{
	metrics_sample(m);
	put_names(m, r, dims);
	metrics_int(m, n);
}

static void put_unpriced(struct metrics *m, const struct usage_table_row *r,
			 unsigned dims)
{
	put_count(m, r, dims, r->sum.unpriced + r->sum.unknown);
}

static void put_estimated(struct metrics *m, const struct usage_table_row *r,
			  unsigned dims)
{
	put_count(m, r, dims, r->sum.estimated);
}

static void put_fallbacks(struct metrics *m, const struct usage_table_row *r,
			  unsigned dims)
{
	put_count(m, r, dims, r->sum.fallbacks);
}

static void put_partial(struct metrics *m, const struct usage_table_row *r,
			unsigned dims)
{
	put_count(m, r, dims, r->sum.partial);
}

static const struct {
	const char *name, *help;
	void (*put)(struct metrics *m, const struct usage_table_row *r,
		    unsigned dims);
} counters[] = {
	{ "requests", "Requests by class of status", put_status },
	{ "tokens", "Tokens by type, each in one type only", put_tokens },
	{ "cost_dollars", "Cost in US dollars, as far as prices are known",
	  put_cost },
	{ "unpriced_requests", "Requests whose cost is not known",
	  put_unpriced },
	{ "estimated_requests",
	  "Requests whose tokens are estimated by their text", put_estimated },
	{ "fallbacks", "Requests that the first choice did not answer",
	  put_fallbacks },
	{ "partial_answers", "Answers that were cut", put_partial },
};

static void put_counters(struct metrics *m, const struct sums *s)
{
	for (size_t v = 0; v < VIEWS; v++)
		for (size_t c = 0; c < sizeof(counters) / sizeof(counters[0]);
		     c++) {
			char name[64], help[160];

			snprintf(name, sizeof(name), "%s_%s", views[v].prefix,
				 counters[c].name);
			snprintf(help, sizeof(help), "%s, of %s.",
				 counters[c].help, views[v].of);
			metrics_family(m, METRICS_COUNTER, name, help);
			for (size_t i = 0; i < s->views[v].n; i++)
				counters[c].put(m, s->views[v].rows[i],
						views[v].dims);
		}
}

/* --- histograms ---------------------------------------------------------- */

static const struct {
	const char *name, *help;
} histograms[USAGE_HISTS] = {
	[USAGE_DURATION] = { "gen_ai_client_operation_duration_seconds",
			     "How long requests took." },
	[USAGE_FIRST_BYTE] = { "gen_ai_server_time_to_first_token_seconds",
			       "Time until the first byte of good answers." },
	[USAGE_RATE] = { "dario_output_tokens_per_second",
			 "Tokens of output a second, of a stream after its "
			 "first byte." },
};

/* The bound as both forms want it: 0.25, 1.0 */
static void put_bound(struct metrics *m, int64_t thousandths)
{
	char text[32];
	size_t n;

	snprintf(text, sizeof(text), "%lld.%03lld",
		 (long long)(thousandths / THOUSAND),
		 (long long)(thousandths % THOUSAND));
	for (n = strlen(text); text[n - 1] == '0' && text[n - 2] != '.'; n--)
		text[n - 1] = '\0';
	metrics_label(m, "le", text);
}

static void put_histogram(struct metrics *m, const struct usage_table_row *r,
			  unsigned dims, enum usage_hist_kind kind)
{
	const struct usage_hist_form *f = &usage_hist_forms[kind];
	const struct usage_hist *h = &r->sum.hists[kind];
	int64_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		n += h->n[i];
		metrics_sample_of(m, "_bucket");
		put_names(m, r, dims);
		put_bound(m, f->bounds[i]);
		metrics_int(m, n);
	}
	n += h->n[f->n];
	metrics_sample_of(m, "_bucket");
	put_names(m, r, dims);
	metrics_label(m, "le", "+Inf");
	metrics_int(m, n);
	metrics_sample_of(m, "_sum");
	put_names(m, r, dims);
	metrics_double(m, (double)h->sum / THOUSAND);
	metrics_sample_of(m, "_count");
	put_names(m, r, dims);
	metrics_int(m, n);
}

static void put_histograms(struct metrics *m, const struct sums *s)
{
	for (int k = 0; k < USAGE_HISTS; k++) {
		metrics_family(m, METRICS_HISTOGRAM, histograms[k].name,
			       histograms[k].help);
		for (size_t i = 0; i < s->times.n; i++)
			put_histogram(m, s->times.rows[i], s->times.dims,
				      (enum usage_hist_kind)k);
	}
}

/* --- how things stand ---------------------------------------------------- */

enum seat_gauge {
	HEADROOM,
	USABLE,
	IN_FLIGHT
};

static void put_accounts(struct metrics *m, struct request *r,
			 const struct accounts *a, enum seat_gauge what)
{
	const char *backend = a->others ? a->backend : r->config->claude.name;
	struct pool p;

	pool_look(&p, snapshot_home(r->app->config), a, NULL);
	for (size_t i = 0; i < p.n; i++) {
		const struct seat *s = &p.seats[i];

		metrics_sample(m);
		metrics_label(m, BACKEND, backend);
		metrics_label(m, "account", s->account->alias);
		if (what == HEADROOM)
			metrics_double(m, s->headroom);
		else
			metrics_int(m, what == USABLE ? s->usable
						      : (int)s->in_flight);
	}
	pool_release(&p);
}

static void put_pools(struct metrics *m, struct request *r)
{
	static const struct {
		const char *name, *help;
	} gauges[] = {
		[HEADROOM] = { "dario_account_headroom_ratio",
			       "What is left of an account's limits." },
		[USABLE] = { "dario_account_usable",
			     "Can the account serve now? 1 or 0." },
		[IN_FLIGHT] = { "dario_account_requests_in_flight",
				"Requests that an account serves now." },
	};
	const struct snapshot *c = r->config;

	for (int k = HEADROOM; k <= IN_FLIGHT; k++) {
		metrics_family(m, METRICS_GAUGE, gauges[k].name,
			       gauges[k].help);
		put_accounts(m, r, &c->accounts, (enum seat_gauge)k);
		for (size_t i = 0; i < c->n_backends; i++)
			put_accounts(m, r, &c->backends[i].keys,
				     (enum seat_gauge)k);
	}
}

static void put_breakers(struct metrics *m, struct request *r)
{
	const char *home = snapshot_home(r->app->config);
	const struct snapshot *c = r->config;

	metrics_family(m, METRICS_GAUGE, "dario_backend_breaker_open",
		       "Is the backend passed over, because it failed? 1 or "
		       "0.");
	for (size_t i = 0; i < c->n_backends; i++) {
		metrics_sample(m);
		metrics_label(m, BACKEND, c->backends[i].name);
		metrics_int(m, breaker_until(home, c->backends[i].name) != 0);
	}
}

static void put_gauge(struct metrics *m, const char *name, const char *help,
		      int64_t value)
{
	metrics_family(m, METRICS_GAUGE, name, help);
	metrics_sample(m);
	metrics_int(m, value);
}

static void put_router(struct metrics *m, struct request *r)
{
	const struct app *app = r->app;

	metrics_family(m, METRICS_GAUGE, "dario_build_info",
		       "The version that runs; always 1.");
	metrics_sample(m);
	metrics_label(m, "version", PACKAGE_VERSION);
	metrics_int(m, 1);
	put_gauge(
		m, "dario_queue_requests",
		"Requests that wait in line for an account.",
		(int64_t)shared_length(snapshot_home(app->config), NULL, NULL));
	put_gauge(m, "dario_worker_requests_in_flight",
		  "Requests that the worker which answers this serves now.",
		  atomic_load(&app->busy));
	put_gauge(m, "dario_worker_requests_capacity",
		  "Requests that it can serve at a time.", app->capacity);
}

static void put_store(struct metrics *m)
{
	struct shared_state s;

	shared_look(&s);
	if (!s.remote)
		return;
	put_gauge(m, "dario_store_up",
		  "Does the store that hosts share answer? 1 or 0.", !s.away);
	put_gauge(m, "dario_store_waiting",
		  "Ends of requests that it has still to be told of.",
		  (int64_t)s.waiting);
}

/* --- all ----------------------------------------------------------------- */

static void init_sums(struct sums *s, const char *home)
{
	s->home = home;
	for (size_t i = 0; i < VIEWS; i++)
		usage_table_init(&s->views[i], views[i].dims, ROWS_MAX);
	usage_table_init(&s->times, BIT(USAGE_MODEL) | BIT(USAGE_BACKEND),
			 ROWS_MAX);
}

static void release_sums(struct sums *s)
{
	for (size_t i = 0; i < VIEWS; i++)
		usage_table_release(&s->views[i]);
	usage_table_release(&s->times);
}

static bool wants_open(const struct request *r)
{
	return r->vars.accept &&
	       strstr(r->vars.accept, "application/openmetrics-text");
}

int serve_metrics(struct request *r, struct err *e)
{
	struct sums s;
	struct metrics m;
	struct buf out;
	int rc = 0;

	init_sums(&s, snapshot_home(r->app->config));
	wait_work(read_sums, &s);
	buf_init(&out, ANSWER_MAX);
	metrics_init(&m, &out, wants_open(r));
	put_counters(&m, &s);
	put_histograms(&m, &s);
	put_pools(&m, r);
	put_breakers(&m, r);
	put_router(&m, r);
	put_store(&m);
	metrics_end(&m);
	release_sums(&s);
	if (out.full)
		rc = err_full(e, &out, ERR_INTERNAL,
			      "the answer is larger than %zu bytes", out.max);
	else
		reply_text(r, metrics_content_type(&m), buf_get(&out));
	buf_release(&out);
	return rc;
}
