/* SPDX-License-Identifier: MIT */
/* serve-metrics: the sums of all time in Prometheus' text format 0.0.4. */
#include "config.h"

#include "base/utf8.h"
#include "fcgi/reply.h"
#include "fcgi/serve.h"
#include "state/account-show.h"
#include "state/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (4u << 20)
#define LABEL_MAX 512

static void put_label(struct buf *out, const char *s)
{
	struct span text = utf8_fit(span_of(s), LABEL_MAX);
	char clean[LABEL_MAX];
	size_t n = text.n;

	memcpy(clean, text.p, n);
	n = utf8_clean(clean, n);
	for (size_t i = 0; i < n; i++) {
		if (clean[i] == '"' || clean[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, clean[i]);
	}
}

/* metric{by="name",backend="its": the rest follows; "" no backend. */
static void put_name(struct buf *out, const char *metric, const char *by,
		     const char *name, const char *backend)
{
	buf_fmt(out, "dario_%s{%s=\"", metric, by);
	put_label(out, name);
	if (*backend) {
		buf_str(out, "\",backend=\"");
		put_label(out, backend);
	}
	buf_byte(out, '"');
}

static void put_row(struct buf *out, const char *metric, const char *by,
		    const struct usage_sum_row *row, const char *extra,
		    int64_t value)
{
	put_name(out, metric, by, row->name, row->backend);
	buf_fmt(out, "%s} %lld\n", extra, (long long)value);
}

static void put_requests(struct buf *out, const char *by,
			 const struct usage_sum_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct usage_sum_row *row = &t->rows[i];
		const struct usage_sum *s = &row->sum;

		put_row(out, "requests_total", by, row, "", s->requests);
		put_row(out, "errors_total", by, row, "", s->errors);
		put_row(out, "fallbacks_total", by, row, "", s->fallbacks);
	}
}

static void put_tokens(struct buf *out, const char *by,
		       const struct usage_sum_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct usage *u = &t->rows[i].sum.usage;
		const struct {
			const char *label;
			int64_t n;
		} classes[] = {
			{ ",class=\"uncached\"", u->input },
			{ ",class=\"read\"", u->cache_read },
			{ ",class=\"write5m\"",
			  u->cache_write - u->cache_write_1h },
			{ ",class=\"write1h\"", u->cache_write_1h },
			{ ",class=\"output\"", u->output - u->reasoning },
			{ ",class=\"reasoning\"", u->reasoning },
		};

		for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]);
		     k++)
			put_row(out, "tokens_total", by, &t->rows[i],
				classes[k].label, classes[k].n);
	}
}

static void put_accounts(struct buf *out, struct request *r,
			 const struct accounts *a)
{
	const char *backend = a->others ? a->backend : r->config->claude.name;
	struct pool p;

	pool_look(&p, snapshot_home(r->app->config), a, NULL);
	for (size_t i = 0; i < p.n; i++) {
		const struct seat *s = &p.seats[i];
		const char *alias = s->account->alias;

		put_name(out, "account_headroom", "account", alias, backend);
		buf_fmt(out, "} %.4f\n", s->headroom);
		put_name(out, "account_usable", "account", alias, backend);
		buf_fmt(out, "} %d\n", s->usable);
		put_name(out, "account_in_flight", "account", alias, backend);
		buf_fmt(out, "} %" PRIu32 "\n", s->in_flight);
	}
	pool_release(&p);
}

static void put_pool(struct buf *out, struct request *r)
{
	const struct snapshot *c = r->config;

	buf_str(out, "# TYPE dario_account_headroom gauge\n"
		     "# TYPE dario_account_usable gauge\n"
		     "# TYPE dario_account_in_flight gauge\n");
	put_accounts(out, r, &c->accounts);
	for (size_t i = 0; i < c->n_backends; i++)
		put_accounts(out, r, &c->backends[i].keys);
}

static void put_worker(struct buf *out, const struct app *app)
{
	buf_fmt(out,
		"# TYPE dario_worker_busy gauge\ndario_worker_busy %d\n"
		"# TYPE dario_worker_capacity gauge\n"
		"dario_worker_capacity %d\n",
		atomic_load(&app->busy), app->capacity);
}

int serve_metrics(struct request *r, struct err *e)
{
	const char *home = snapshot_home(r->app->config);
	struct report report;
	struct buf out;
	int rc = 0;

	if (report_make(&report, home, r->config, e))
		return -1;
	buf_init(&out, ANSWER_MAX);
	buf_str(&out, "# TYPE dario_requests_total counter\n"
		      "# TYPE dario_errors_total counter\n"
		      "# TYPE dario_fallbacks_total counter\n");
	put_requests(&out, "account", &report.ever.accounts);
	put_requests(&out, "model", &report.ever.models);
	buf_str(&out, "# TYPE dario_tokens_total counter\n");
	put_tokens(&out, "account", &report.ever.accounts);
	put_tokens(&out, "model", &report.ever.models);
	put_pool(&out, r);
	put_worker(&out, r->app);
	report_release(&report);
	if (out.full)
		rc = err_full(e, &out, ERR_INTERNAL,
			      "the answer is larger than %zu bytes", out.max);
	else
		reply_text(r, "text/plain; version=0.0.4", buf_get(&out));
	buf_release(&out);
	return rc;
}
