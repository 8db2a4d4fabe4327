/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/metered.h"

#include "base/clock.h"
#include "base/jwalk.h"
#include "base/log.h"
#include "base/wait.h"
#include "fcgi/estimate.h"
#include "fcgi/hosted.h"
#include "fcgi/media.h"
#include "fcgi/persons-view.h"
#include "fcgi/reply.h"
#include "state/keys/meter.h"
#include "state/usage/cost.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PERSON_MAX 2 /* the device and its person */
#define BYTES_PER_TOKEN 2
#define NOTE_CHARS 512       /* of an answer, from one note to the next */
#define OUTPUT_UNKNOWN 32768 /* tokens, where neither says how many */
#define OUTPUT_MAX 100000000 /* however many are asked for */
#define CHOICES_MAX 128
#define BUSY_WAIT_MS 500 /* for what others have reserved */
#define BUSY_STEP_MS 5
#define BUSY_RETRY_SECONDS 2
#define RATE_SECONDS 65 /* clients wait so long: a minute, and its slice */
#define LIMITS "anthropic-ratelimit-unified-"

struct metered {
	struct meter_lease leases[PERSON_MAX];
	size_t n;
	struct meter_answer told;  /* of the money that is most used */
	const struct price *price; /* of who is asked; NULL: nothing */
	const char *model;         /* that this is the price of */
	size_t noted;              /* characters of the answer; 0: nothing is */
	bool free;               /* it only counts: neither money nor tokens */
	double factor;           /* of what the request asks beside tokens */
	struct hosted_ask tools; /* that the provider runs */
};

/* --- what costs more than its tokens ------------------------------------- */

/* Times so much: Anthropic's fast mode and its price in one country, OpenAI's
 * priority. Cheaper tiers are not: the answer may come from a dearer one. */
static const struct {
	const char *key, *value;
	double factor;
} dearer[] = {
	{ "service_tier", "\"priority\"", PRICE_PRIORITY },
	{ "service_tier", "\"fast\"", PRICE_PRIORITY },
	{ "speed", "\"fast\"", PRICE_FAST },
	{ "inference_geo", "\"us\"", PRICE_US },
};

/* A name with escapes is there to be overlooked: it is the dearest. */
static void look_at_extras(struct request *r)
{
	struct metered *m = r->metered;
	struct jwalk w = jwalk_in(buf_get(&r->body));

	m->factor = 1;
	hosted_ask_begin(&m->tools);
	while (jwalk_next(&w)) {
		hosted_ask_member(r, &w, &m->tools);
		if (memchr(w.key.p, '\\', w.key.n))
			m->factor = 6;
		for (size_t i = 0; i < sizeof(dearer) / sizeof(*dearer); i++)
			if (jwalk_key_is(&w, dearer[i].key) &&
			    !span_is(w.value, "null") &&
			    (span_is(w.value, dearer[i].value) ||
			     memchr(w.value.p, '\\', w.value.n)) &&
			    m->factor < dearer[i].factor)
				m->factor = dearer[i].factor;
	}
	hosted_ask_end(r, &m->tools);
}

/* --- the largest possible cost ------------------------------------------- */

/* What would not fit is more than any limit. */
static int64_t nano(double dollars)
{
	const int64_t most = 2LL * QUOTA_DOLLARS_MAX;

	return dollars < (double)most ? (int64_t)(dollars * QUOTA_DOLLAR + 0.5)
				      : most * QUOTA_DOLLAR;
}

static int64_t number(struct span value)
{
	char text[24];
	double v;

	snprintf(text, sizeof(text), "%.*s",
		 (int)(value.n < sizeof(text) ? value.n : sizeof(text) - 1),
		 value.p);
	v = strtod(text, NULL);
	if (!(v > 0))
		return 0;
	return v < OUTPUT_MAX ? (int64_t)v : OUTPUT_MAX;
}

/* Of each of its choices. */
struct output_asked {
	int64_t output; /* 0: nothing, or in a form that it cannot be told of */
	int64_t choices;
};

static struct output_asked asked_by(struct span body)
{
	static const char *const names[] = { "max_tokens",
					     "max_completion_tokens",
					     "max_output_tokens" };
	struct output_asked a = { 0, 1 };
	struct jwalk w = jwalk_in(body);

	while (jwalk_next(&w)) {
		int64_t v;

		if (memchr(w.key.p, '\\', w.key.n))
			return (struct output_asked){ 0, CHOICES_MAX };
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (jwalk_key_is(&w, names[i]) &&
			    (v = number(w.value)) > a.output)
				a.output = v;
		if (jwalk_key_is(&w, "n") && (v = number(w.value)) > a.choices)
			a.choices = v < CHOICES_MAX ? v : CHOICES_MAX;
	}
	return a;
}

static bool is_embedding(const struct request *r)
{
	return strcmp(r->upstream_path, "/embeddings") == 0;
}

/* No more than the model can, whatever is asked for. */
static int64_t largest_output(const struct request *r, const char *model,
			      struct output_asked a)
{
	int64_t most = models_max_output(r->config->models, model);

	if (is_embedding(r))
		return 0;
	if (!a.output)
		a.output = most ? most : OUTPUT_UNKNOWN;
	else if (most && a.output > most)
		a.output = most;
	return a.output * a.choices;
}

static const struct price *price_of(const struct request *r,
				    const struct backend *b, const char *model)
{
	const struct price *p;

	if (cost_is_free(b))
		return NULL;
	p = prices_find(r->config->prices, b, model, clock_wall_ms());
	return p ? p : prices_default(r->config->prices);
}

/* All of it written to the cache for an hour, or just read. */
static double largest_cost(const struct price *p, int64_t input, int64_t output)
{
	struct usage plain = { .input = input, .output = output };
	struct usage kept = { .cache_write = input,
			      .cache_write_1h = input,
			      .output = output };
	double a = price_cost(p, &plain), b = price_cost(p, &kept);

	return a > b ? a : b;
}

struct most {
	double cost;
	int64_t tokens;
};

/* Of one target: what it reads is half a token for each byte. */
static struct most most_at(const struct request *r, const struct route *to,
			   struct output_asked asked)
{
	const struct metered *m = r->metered;
	const struct price *p = price_of(r, to->backend, to->model);
	int64_t input = (int64_t)r->body.n / BYTES_PER_TOKEN + 1, output;
	struct most x = { .cost = 0 };
	struct usage u;

	if (media_of(r) != MEDIA_NONE) {
		x.cost = media_largest(r, p, &u);
		x.tokens = u.input + u.output;
		return x;
	}
	output = largest_output(r, to->model, asked);
	x.tokens = input + output;
	u = (struct usage){ .input = input, .output = output };
	if (p)
		x.cost = largest_cost(p, input, output) * m->factor +
			 hosted_most(r, &m->tools, to->backend, p, &u);
	return x;
}

/* Of all targets: any of them may be asked in the end. */
static struct meter_ask largest(const struct request *r,
				const struct plan *plan)
{
	struct output_asked asked = asked_by(buf_get(&r->body));
	struct meter_ask ask = {
		.strict = strcmp(r->config->settings.preflight, "refuse") == 0,
	};

	for (size_t i = 0; i < plan->n; i++) {
		struct most x = most_at(r, &plan->routes[i], asked);
		int64_t cost = nano(x.cost);

		if (cost > ask.cost)
			ask.cost = cost;
		if (x.tokens > ask.tokens)
			ask.tokens = x.tokens;
	}
	return ask;
}

/* --- refusals ------------------------------------------------------------ */

static void field(struct request *r, const char *name, const char *value)
{
	reply_field(r, name, span_of(value));
}

static bool is_anthropic(const struct request *r)
{
	return r->dialect == &dialects[DIALECT_ANTHROPIC];
}

static void refusal_fields(struct request *r, const char *reason)
{
	reply_field(r, "x-should-retry", SPAN("false"));
	if (!is_anthropic(r))
		return;
	field(r, LIMITS "status", "rejected");
	field(r, LIMITS "overage-disabled-reason", reason);
}

static long seconds_until(int64_t reset)
{
	int64_t left = reset - clock_wall_ms();

	return left > 0 ? (long)((left + 999) / 1000) : 1;
}

/* "Nov 26", of UTC */
static const char *day_of(struct request *r, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char month[8];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(month, sizeof(month), "%b", &tm);
	return arena_fmt(r->arena, "%s %d", month, tm.tm_mday);
}

/* Cents, and what of a cent there is. */
static const char *dollars_of(struct request *r, int64_t nano)
{
	char text[40];
	size_t n = (size_t)snprintf(text, sizeof(text), "%lld.%09lld",
				    (long long)(nano / QUOTA_DOLLAR),
				    (long long)(nano % QUOTA_DOLLAR));

	while (text[n - 1] == '0' && text[n - 3] != '.')
		n--;
	return arena_str(r->arena, (struct span){ text, n });
}

static int spent(struct request *r, const struct quota *q,
		 const struct meter_answer *a, struct err *e)
{
	const char *name = quota_period_name(a->period);
	bool full = a->verdict == METER_SPENT;

	/* In words that Claude Code knows how to show. */
	err_set(e, ERR_SPENT,
		"spend limit %s · resets %s · %s $%s a %s: %s, or ask the "
		"owner of the router for more",
		full ? "reached" : "too small for this request",
		day_of(r, a->reset),
		full ? "this key may spend" : "it could pass the rest of",
		dollars_of(r, q->spend[a->period]), name,
		full ? "wait" : "lower max_tokens");
	e->retry_after = seconds_until(a->reset);
	refusal_fields(r, "org_spend_cap_reached");
	if (!is_anthropic(r))
		return -1;
	reply_int_field(r, LIMITS "reset", a->reset / 1000);
	reply_int_field(r, LIMITS "overage-reset", a->reset / 1000);
	reply_share_field(r, LIMITS "overage-utilization", a->used);
	field(r, LIMITS "overage-surpassed-threshold", "1");
	field(r, LIMITS "overage-period", quota_period_adverb(a->period));
	return -1;
}

/* What a while heals. A longer one is nobody's to wait for: Codex would, for as
 * long as Retry-After says, where it is not told that there is no more. */
static int too_fast(struct request *r, const char *what,
		    const struct quota_window *w, int64_t reset, struct err *e)
{
	long left = seconds_until(reset);
	bool brief = left <= RATE_SECONDS;
	struct buf text;

	buf_init(&text, 64);
	quota_write_window(w, &text);
	err_set(e, brief || is_anthropic(r) ? ERR_RATE : ERR_SPENT,
		"%s limit reached: this key may have %s; try again in %ld s",
		what, buf_cstr(&text), left);
	buf_release(&text);
	e->retry_after = left;
	if (!brief)
		reply_field(r, "x-should-retry", SPAN("false"));
	return -1;
}

static int busy(const struct quota *q, struct err *e)
{
	if (q->parallel)
		err_set(e, ERR_RATE,
			"too many requests at a time: this key may have %lld, "
			"and its limits hold for those that run; try again "
			"when one has ended",
			(long long)q->parallel);
	else
		err_set(e, ERR_RATE,
			"the rest of this key's limit is reserved for its "
			"requests that run: try again when one has ended");
	e->retry_after = BUSY_RETRY_SECONDS;
	return -1;
}

static int refuse(struct request *r, const struct quota *q,
		  const struct meter_answer *a, struct err *e)
{
	switch (a->verdict) {
	case METER_SPENT:
	case METER_BIG:
		return spent(r, q, a, e);
	case METER_NO_TOKENS:
		return too_fast(r, "token", &q->tokens, a->reset, e);
	case METER_RATE:
		return too_fast(r, "request", &q->rate, a->reset, e);
	case METER_BUSY:
		return busy(q, e);
	case METER_OK:
		break;
	}
	return 0;
}

/* The counters are not to be had: 1 let through, -1. */
static int unreadable(struct request *r, struct err *e)
{
	static _Atomic int64_t said;
	int64_t now = clock_wall_ms(), last = atomic_load(&said);
	bool allow = strcmp(r->config->settings.on_error, "allow") == 0;

	if (now - last > 60000 &&
	    atomic_compare_exchange_strong(&said, &last, now))
		log_msg("%s: requests of keys with limits are %s", e->msg,
			allow ? "let through, and counted later if they can be"
			      : "refused");
	if (allow)
		return 1;
	err_set(e, ERR_SPENT,
		"the limits of this key cannot be looked up just now: ask the "
		"owner of the router to look at its log");
	refusal_fields(r, "fetch_error");
	return -1;
}

/* --- before -------------------------------------------------------------- */

/* There may be a lease all the same: what it costs is counted later. */
static int not_taken(struct request *r, struct err *e)
{
	struct metered *m = r->metered;
	int rc = unreadable(r, e);

	if (rc < 0)
		meter_cancel(&m->leases[m->n]);
	else if (m->leases[m->n].flight)
		m->n++;
	return rc;
}

/* What holds for one that only counts, too: how many there may be. */
static struct quota counts_alone(const struct quota *q)
{
	struct quota out = *q;

	for (int p = 0; p < QUOTA_PERIODS; p++)
		out.spend[p] = -1;
	out.tokens.most = 0;
	return out;
}

/* Others may be about to give back what is missing. */
static int take(struct request *r, const struct key *k,
		const struct meter_ask *ask, int64_t end, struct err *e)
{
	struct metered *m = r->metered;
	struct quota q = m->free ? counts_alone(&k->quota) : k->quota;
	struct meter_answer a;

	if (!quota_limits(&q))
		return 0;
	for (;;) {
		if (meter_take(snapshot_home(r->app->config), k->name, &q, ask,
			       &m->leases[m->n], &a, e))
			return not_taken(r, e);
		if (a.verdict != METER_BUSY || clock_ms() >= end ||
		    gateway_gone(r->gw))
			break;
		wait_ms(BUSY_STEP_MS);
	}
	if (a.verdict != METER_OK)
		return refuse(r, &q, &a, e);
	m->n++;
	if (a.has_spend && (!m->told.has_spend || a.used > m->told.used))
		m->told = a;
	return 0;
}

/* It goes on when the request has ended. */
static bool in_background(const struct request *r)
{
	struct jwalk body = jwalk_in(buf_get(&r->body));

	while (r->dialect == &dialects[DIALECT_RESPONSES] && jwalk_next(&body))
		if (jwalk_key_is(&body, "background") &&
		    !span_is(body.value, "false") &&
		    !span_is(body.value, "null"))
			return true;
	return false;
}

static int take_all(struct request *r, const struct meter_ask *ask,
		    struct err *e)
{
	int64_t end = clock_ms() + BUSY_WAIT_MS;
	int rc = 0;

	for (const struct key *k = r->key; k && rc == 0; k = k->person)
		rc = take(r, k, ask, end, e);
	if (rc >= 0)
		return 0;
	for (size_t i = 0; i < r->metered->n; i++)
		meter_cancel(&r->metered->leases[i]);
	r->metered = NULL;
	return -1;
}

int metered_count(struct request *r, struct err *e)
{
	if (!r->key || !key_is_limited(r->key))
		return 0;
	r->metered = arena_take(r->arena, sizeof(*r->metered));
	r->metered->free = true;
	return take_all(r, &(struct meter_ask){ .cost = 0 }, e);
}

int metered_admit(struct request *r, const struct plan *plan, struct err *e)
{
	struct meter_ask ask;

	if (!r->key || !key_is_limited(r->key))
		return 0;
	if (in_background(r))
		return err_set(e, ERR_BAD_REQUEST,
			       "what a background answer uses cannot be "
			       "counted, and this key has limits: leave "
			       "background out");
	r->metered = arena_take(r->arena, sizeof(*r->metered));
	look_at_extras(r);
	ask = largest(r, plan);
	return take_all(r, &ask, e);
}

/* --- while the answer comes ---------------------------------------------- */

/* Who answers, and at what price, may have changed. */
static const struct price *price_now(struct request *r)
{
	struct metered *m = r->metered;
	const char *model = r->upstream_model ? r->upstream_model : r->model;

	if (m->model == model)
		return m->price;
	m->model = model;
	m->price = price_of(r, request_backend(r), model);
	return m->price;
}

/* As Anthropic's own limits count: not what a cache had. */
static int64_t counted(const struct request *r, const struct usage *u)
{
	return u->input + u->cache_write + u->output + hosted_tokens(r);
}

/* Does who answers tell how often it has searched? Both APIs do that have a
 * search of their own, where nothing is translated. */
static bool tells_searches(const struct request *r)
{
	size_t d = (size_t)(r->dialect - dialects);

	return r->has_usage && d != DIALECT_OPENAI &&
	       request_backend(r)->speaks[d];
}

/* That it may have run, and does not tell. */
static int64_t untold_searches(const struct metered *m)
{
	return m->tools.searches < HOSTED_SEARCHES ? m->tools.searches
						   : HOSTED_SEARCHES;
}

/* By what the answer says of how it was served, else by what was asked for. */
static int64_t nano_cost(const struct request *r, const struct price *p,
			 const struct usage *u)
{
	const struct metered *m = r->metered;
	struct usage all = *u;
	double tools;

	if (!p)
		return 0;
	if (cost_is_told(request_backend(r), u))
		return nano(u->cost);
	if (!u->searches && !tells_searches(r))
		all.searches = untold_searches(m);
	hosted_cost(r, &tools);
	return nano(price_times(p, &all, u->tier & USAGE_TOLD ? 1 : m->factor) +
		    tools);
}

static void note(struct request *r)
{
	struct metered *m = r->metered;
	struct usage u = estimate_so_far(r);
	const struct price *p = price_now(r);
	int64_t cost = nano_cost(r, p, &u);

	for (size_t i = 0; i < m->n; i++)
		meter_note(&m->leases[i], cost, counted(r, &u));
}

/* What is noted is for the case that this process is killed: a few words more
 * or less do not matter then. */
void metered_note(struct request *r)
{
	struct metered *m = r->metered;

	if (!m || m->free || (m->noted && r->chars < m->noted + NOTE_CHARS))
		return;
	note(r);
	m->noted = r->chars + !r->chars;
}

void metered_fields(struct request *r)
{
	const struct meter_answer *a = r->metered ? &r->metered->told : NULL;
	double used;

	if (r->metered && !r->metered->free &&
	    price_now(r) == prices_default(r->config->prices))
		field(r, "x-dario-price", "default: none is known");
	if (!a || !a->has_spend) {
		persons_view_fields(r);
		return;
	}
	if (r->metered->tools.unknown)
		field(r, "x-dario-preflight",
		      "unknown: nothing limits how often tools run");
	if (!is_anthropic(r))
		return;
	used = a->used < 0.99 ? a->used : 0.99; /* it has been let in */
	field(r, LIMITS "status", used >= 0.75 ? "allowed_warning" : "allowed");
	field(r, LIMITS "representative-claim", "overage");
	field(r, LIMITS "overage-status",
	      used >= 0.75 ? "allowed_warning" : "allowed");
	reply_share_field(r, LIMITS "overage-utilization", used);
	if (used >= 0.75)
		field(r, LIMITS "overage-surpassed-threshold",
		      used >= 0.95 ? "0.95" : "0.75");
	reply_int_field(r, LIMITS "reset", a->reset / 1000);
	reply_int_field(r, LIMITS "overage-reset", a->reset / 1000);
}

/* --- and after ----------------------------------------------------------- */

/* Of usage that is told, or estimated: see record.c. */
void metered_settle(struct request *r)
{
	struct metered *m = r->metered;
	struct usage u = { 0 };
	const struct price *p = NULL;
	int64_t cost;

	if (!m)
		return;
	r->was_metered = true;
	if (!m->free && r->backend && r->has_usage) {
		u = r->usage;
		p = price_now(r);
	}
	cost = p && r->billed > 0 ? nano(r->billed) : nano_cost(r, p, &u);
	if (p)
		r->billed = (double)cost / QUOTA_DOLLAR;
	for (size_t i = 0; i < m->n; i++)
		meter_settle(&m->leases[i], cost, counted(r, &u));
	r->metered = NULL;
}
