/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage/usage-sum.h"

#include "base/json.h"

#define THOUSAND 1000
#define BILLION 1e9
#define SUM_MAX (INT64_C(1) << 62)

const char *const usage_dim_names[USAGE_DIMS] = {
	[USAGE_KEY] = "key",         [USAGE_MODEL] = "model",
	[USAGE_BACKEND] = "backend", [USAGE_ACCOUNT] = "account",
	[USAGE_SESSION] = "session", [USAGE_AGENT] = "agent",
	[USAGE_USER] = "user",
};

const char usage_other[] = "other";

/* The first two as OpenTelemetry's conventions for generative AI advise for
 * gen_ai.client.operation.duration and gen_ai.server.time_to_first_token. */
const struct usage_hist_form usage_hist_forms[USAGE_HISTS] = {
	[USAGE_DURATION] = { "duration",
			     14,
			     { 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120,
			       10240, 20480, 40960, 81920 } },
	[USAGE_FIRST_BYTE] = { "firstByte",
			       16,
			       { 1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750,
				 1000, 2500, 5000, 7500, 10000 } },
	[USAGE_RATE] = { "tokensPerSecond",
			 14,
			 { 1000, 2500, 5000, 10000, 20000, 30000, 40000, 60000,
			   80000, 100000, 150000, 200000, 500000, 1000000 } },
};

/* All that stands before the histograms. */
#define COUNTERS (offsetof(struct usage_sum, hists) / sizeof(int64_t))

void usage_sum_plus(int64_t *to, int64_t n)
{
	if (n > SUM_MAX)
		n = SUM_MAX;
	if (n > 0)
		*to = *to > SUM_MAX - n ? SUM_MAX : *to + n;
}

static void plus_small(uint32_t *to, uint32_t n)
{
	*to = *to > UINT32_MAX - n ? UINT32_MAX : *to + n;
}

static void observe(struct usage_sum *s, enum usage_hist_kind kind, int64_t v)
{
	const struct usage_hist_form *f = &usage_hist_forms[kind];
	struct usage_hist *h = &s->hists[kind];
	size_t i = 0;

	if (v < 0)
		v = 0;
	while (i < f->n && v > f->bounds[i])
		i++;
	plus_small(&h->n[i], 1);
	usage_sum_plus(&h->sum, v);
}

/* A stream is timed from its first byte on: before that nothing is made that
 * anybody sees. */
static void observe_times(struct usage_sum *s, const struct history_record *r)
{
	int64_t ms = r->took_ms;

	observe(s, USAGE_DURATION, r->took_ms);
	if (r->status / 100 != 2 || r->first_ms < 0)
		return;
	observe(s, USAGE_FIRST_BYTE, r->first_ms);
	if (r->stream)
		ms -= r->first_ms;
	if (r->has_usage && r->usage.output > 0 && ms > 0 &&
	    r->usage.output < JSON_COUNT_MAX / (THOUSAND * THOUSAND))
		observe(s, USAGE_RATE,
			r->usage.output * THOUSAND * THOUSAND / ms);
}

void usage_sum_add(struct usage_sum *s, const struct history_record *r)
{
	int class = r->status / 100;

	s->requests++;
	s->status[class > 0 && class < 6 ? class : 0]++;
	s->partial += r->partial;
	s->fallbacks += r->fallback;
	s->unknown += r->status < 400 && !r->has_usage;
	observe_times(s, r);
	if (!r->has_usage)
		return;
	s->estimated += r->estimated;
	usage_sum_plus(&s->usage.input, r->usage.input);
	usage_sum_plus(&s->usage.cache_read, r->usage.cache_read);
	usage_sum_plus(&s->usage.cache_write, r->usage.cache_write);
	usage_sum_plus(&s->usage.cache_write_1h, r->usage.cache_write_1h);
	usage_sum_plus(&s->usage.output, r->usage.output);
	usage_sum_plus(&s->usage.reasoning, r->usage.reasoning);
	if (r->cost < 0)
		s->unpriced++;
	else if (r->cost < (double)JSON_COUNT_MAX / BILLION)
		usage_sum_plus(&s->cost, (int64_t)(r->cost * BILLION + 0.5));
	else
		usage_sum_plus(&s->cost, JSON_COUNT_MAX);
}

void usage_sum_merge(struct usage_sum *s, const struct usage_sum *more)
{
	int64_t *to = (int64_t *)s;
	const int64_t *from = (const int64_t *)more;

	for (size_t i = 0; i < COUNTERS; i++)
		usage_sum_plus(&to[i], from[i]);
	usage_sum_plus(&s->estimated, more->estimated);
	for (int k = 0; k < USAGE_HISTS; k++) {
		usage_sum_plus(&s->hists[k].sum, more->hists[k].sum);
		for (size_t i = 0; i <= USAGE_BOUNDS; i++)
			plus_small(&s->hists[k].n[i], more->hists[k].n[i]);
	}
}

int64_t usage_sum_errors(const struct usage_sum *s)
{
	return s->status[4] + s->status[5];
}

double usage_sum_dollars(const struct usage_sum *s)
{
	return (double)s->cost / BILLION;
}

bool usage_sum_cost_unknown(const struct usage_sum *s)
{
	return s->unpriced || s->unknown;
}

int64_t usage_hist_count(const struct usage_hist *h)
{
	int64_t n = 0;

	for (size_t i = 0; i <= USAGE_BOUNDS; i++)
		n += h->n[i];
	return n;
}

/* As Prometheus does: evenly within a step; beyond the last bound, that. */
double usage_hist_quantile(const struct usage_hist *h,
			   enum usage_hist_kind kind, double share)
{
	const struct usage_hist_form *f = &usage_hist_forms[kind];
	double rank = share * (double)usage_hist_count(h), below = 0;
	double from = 0;

	for (size_t i = 0; i < f->n; i++) {
		double to = (double)f->bounds[i] / THOUSAND;

		if (h->n[i] && below + h->n[i] >= rank)
			return from + (to - from) * (rank - below) / h->n[i];
		below += h->n[i];
		from = to;
	}
	return from;
}

/* --- as JSON ------------------------------------------------------------- */

void usage_sum_write(struct jw *w, const struct usage_sum *s)
{
	jw_key(w, "counts");
	jw_arr(w);
	for (size_t i = 0; i < COUNTERS; i++)
		jw_int(w, ((const int64_t *)s)[i]);
	jw_arr_end(w);
	jw_key(w, "hists");
	jw_arr(w);
	for (int k = 0; k < USAGE_HISTS; k++) {
		jw_arr(w);
		jw_int(w, s->hists[k].sum);
		for (size_t i = 0; i < USAGE_BOUNDS + 2; i++)
			jw_int(w, s->hists[k].n[i]);
		jw_arr_end(w);
	}
	jw_arr_end(w);
}

void usage_sum_read(struct json_object *o, struct usage_sum *out)
{
	struct json_object *counts = json_get(o, "counts");
	struct json_object *hists = json_get(o, "hists");

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < COUNTERS; i++)
		usage_sum_plus(&((int64_t *)out)[i], json_count_at(counts, i));
	for (size_t k = 0; k < USAGE_HISTS; k++) {
		struct json_object *h = json_at(hists, k);

		usage_sum_plus(&out->hists[k].sum, json_count_at(h, 0));
		for (size_t i = 0; i < USAGE_BOUNDS + 2; i++) {
			int64_t n = json_count_at(h, i + 1);

			out->hists[k].n[i] = n < UINT32_MAX ? (uint32_t)n
							    : UINT32_MAX;
		}
	}
}

static const struct {
	const char *key;
	size_t at;
} counters[] = {
#define AT(member) offsetof(struct usage_sum, member)
	{ "requests", AT(requests) },
	{ "status4xx", AT(status[4]) },
	{ "status5xx", AT(status[5]) },
	{ "partial", AT(partial) },
	{ "fallbacks", AT(fallbacks) },
	{ "usageUnknown", AT(unknown) },
	{ "usageEstimated", AT(estimated) },
	{ "costUnknown", AT(unpriced) },
	{ "uncached", AT(usage.input) },
	{ "read", AT(usage.cache_read) },
	{ "write1h", AT(usage.cache_write_1h) },
	{ "reasoning", AT(usage.reasoning) },
#undef AT
};

static void put_hist(struct jw *w, const struct usage_hist *h,
		     enum usage_hist_kind kind)
{
	static const struct {
		const char *key;
		double share;
	} quantiles[] = { { "p50", 0.5 }, { "p95", 0.95 } };
	int64_t n = usage_hist_count(h);

	jw_key(w, usage_hist_forms[kind].name);
	jw_obj(w);
	jw_kint(w, "count", n);
	jw_key(w, "avg");
	if (n)
		jw_double(w, (double)h->sum / THOUSAND / (double)n);
	else
		jw_null(w);
	for (int i = 0; i < 2; i++) {
		jw_key(w, quantiles[i].key);
		if (n)
			jw_double(w, usage_hist_quantile(h, kind,
							 quantiles[i].share));
		else
			jw_null(w);
	}
	jw_obj_end(w);
}

static int64_t at_least_0(int64_t n)
{
	return n > 0 ? n : 0;
}

/* Disjoint: reasoning is not in output, an hour's writes not in the others. */
void usage_sum_put(struct jw *w, const struct usage_sum *s)
{
	const struct usage_kept *u = &s->usage;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		jw_kint(w, counters[i].key,
			*(const int64_t *)((const char *)s + counters[i].at));
	jw_kint(w, "errors", usage_sum_errors(s));
	jw_kint(w, "write5m", at_least_0(u->cache_write - u->cache_write_1h));
	jw_kint(w, "output", at_least_0(u->output - u->reasoning));
	jw_key(w, "cost");
	if (usage_sum_cost_unknown(s) && s->cost == 0)
		jw_str(w, SPAN("unknown"));
	else
		jw_double(w, usage_sum_dollars(s));
	for (int k = 0; k < USAGE_HISTS; k++)
		put_hist(w, &s->hists[k], (enum usage_hist_kind)k);
}
