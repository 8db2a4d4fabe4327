/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/refusal.h"

#include "base/http-date.h"
#include "state/error-said.h"

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define OVERLOAD_MS (10 * SECOND)
#define BURST_MIN_MS (1 * SECOND)
#define BURST_MAX_MS (6 * HOUR)

/* How long. Where the answer says it (Retry-After) that is the least. */
enum clock {
	NO_CLOCK, /* nobody rests */
	A_MOMENT,
	TEN_MINUTES,
	AN_HOUR,
	A_DAY,
	FOR_EVER, /* until another credential */
};

static const int64_t clocks[] = {
	[NO_CLOCK] = 0,   [A_MOMENT] = OVERLOAD_MS, [TEN_MINUTES] = 10 * MINUTE,
	[AN_HOUR] = HOUR, [A_DAY] = 24 * HOUR,      [FOR_EVER] = 0,
};

enum {
	ANTHROPIC = 1 << PROVIDER_ANTHROPIC,
	OPENAI = 1 << PROVIDER_OPENAI,
	BOTH = ANTHROPIC | OPENAI
};

/* Where the words stand. A message may quote the request: where a status is
 * the answer to that, too (400, 404, 413), the known sentences begin it. */
enum where {
	ANY,    /* the status alone says it */
	NAMED,  /* a code, type, status or reason */
	BEGINS, /* the message does so */
	MODEL,  /* so does what follows its first word, a model's name */
	HOLDS,  /* anywhere in the message */
};

#define STATUSES 4

/* The first row that fits is it. `also` may be anywhere in the message. */
static const struct row {
	int kinds;
	int status[STATUSES];
	enum where where;
	const char *text, *also;
	enum limit_cause cause;
	enum refusal_scope scope;
	enum refusal_next next;
	enum clock clock;
} rows[] = {
	/* anthropics/claude-code/issues/72457, /8327 */
	{ ANTHROPIC,
	  { 400, 403 },
	  BEGINS,
	  "This organization has been disabled",
	  NULL,
	  CAUSE_DISABLED,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_DAY },
	{ ANTHROPIC,
	  { 400, 403 },
	  BEGINS,
	  "Your organization has been disabled",
	  NULL,
	  CAUSE_DISABLED,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_DAY },
	/* anthropics/claude-code/issues/6590 */
	{ ANTHROPIC,
	  { 401, 403 },
	  BEGINS,
	  "OAuth authentication is currently not allowed",
	  NULL,
	  CAUSE_OAUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_DAY },
	/* anthropics/claude-code/issues/65609 */
	{ ANTHROPIC,
	  { 400, 403 },
	  BEGINS,
	  "We've updated our Consumer Terms",
	  NULL,
	  CAUSE_TERMS,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  TEN_MINUTES },
	{ ANTHROPIC,
	  { 400, 403 },
	  BEGINS,
	  "You must accept",
	  "terms",
	  CAUSE_TERMS,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  TEN_MINUTES },
	/* anthropics/claude-code/issues/4208 */
	{ ANTHROPIC,
	  { 400, 403 },
	  BEGINS,
	  "Your credit balance is too low",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	/* platform.claude.com, spend limits of a workspace */
	{ ANTHROPIC,
	  { 400, 403, 429 },
	  BEGINS,
	  "You have reached your specified",
	  "usage limits",
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	/* It is said with quota left, too, as reported from the field. */
	{ ANTHROPIC,
	  { 400, 403, 429 },
	  BEGINS,
	  "You're out of extra usage",
	  NULL,
	  CAUSE_NONE,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  NO_CLOCK },
	/* anthropics/claude-code/issues/42616 */
	{ ANTHROPIC,
	  { 429 },
	  HOLDS,
	  "required for long context",
	  NULL,
	  CAUSE_NONE,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  NO_CLOCK },
	/* anthropics/claude-code/issues/27944 */
	{ ANTHROPIC,
	  { 400 },
	  BEGINS,
	  "The long context beta is not yet available",
	  NULL,
	  CAUSE_NONE,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  NO_CLOCK },
	/* platform.claude.com, extended thinking; a signature of elsewhere */
	{ ANTHROPIC,
	  { 400 },
	  HOLDS,
	  "redacted_thinking",
	  NULL,
	  CAUSE_NONE,
	  SCOPE_ACCOUNT,
	  NEXT_STRIP,
	  NO_CLOCK },
	{ ANTHROPIC,
	  { 400 },
	  HOLDS,
	  "thinking",
	  "ignature",
	  CAUSE_NONE,
	  SCOPE_ACCOUNT,
	  NEXT_STRIP,
	  NO_CLOCK },
	/* docs.claude.com/en/api/errors: not_found_error "model: NAME" */
	{ ANTHROPIC,
	  { 404 },
	  BEGINS,
	  "model:",
	  NULL,
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	/* docs.claude.com/en/api/errors: permission_error */
	{ ANTHROPIC,
	  { 403, 404 },
	  BEGINS,
	  "Your account does not have access to",
	  NULL,
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	{ ANTHROPIC,
	  { 403 },
	  HOLDS,
	  "not have access to",
	  "claude-",
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	{ ANTHROPIC,
	  { 403 },
	  HOLDS,
	  "access to",
	  "model",
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	/* docs.claude.com/en/api/errors: authentication_error */
	{ ANTHROPIC,
	  { 401 },
	  ANY,
	  "",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_REFRESH,
	  FOR_EVER },
	/* anthropics/claude-code/issues/5210: revoked */
	{ ANTHROPIC,
	  { 403 },
	  BEGINS,
	  "OAuth token",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_REFRESH,
	  FOR_EVER },
	{ ANTHROPIC,
	  { 403 },
	  ANY,
	  "",
	  NULL,
	  CAUSE_NONE,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  NO_CLOCK },
	/* docs.claude.com/en/api/errors: overloaded_error */
	{ ANTHROPIC,
	  { 529 },
	  ANY,
	  "",
	  NULL,
	  CAUSE_OVERLOAD,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_MOMENT },
	{ ANTHROPIC,
	  { 500, 503 },
	  NAMED,
	  "overloaded_error",
	  NULL,
	  CAUSE_OVERLOAD,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_MOMENT },
	{ ANTHROPIC,
	  { 503 },
	  HOLDS,
	  "overloaded",
	  NULL,
	  CAUSE_OVERLOAD,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_MOMENT },

	/* platform.openai.com/docs/guides/error-codes */
	{ OPENAI,
	  { 429 },
	  NAMED,
	  "insufficient_quota",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 400, 403, 429 },
	  NAMED,
	  "billing_not_active",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 403, 429 },
	  BEGINS,
	  "Your account is not active",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	/* dfinke/PowerShellAI/issues/127: it comes as a 400 */
	{ OPENAI,
	  { 400, 403, 429 },
	  NAMED,
	  "billing_hard_limit_reached",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 400, 403, 429 },
	  BEGINS,
	  "Billing hard limit",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	/* platform.openai.com/docs/guides/error-codes: account_deactivated */
	{ OPENAI,
	  { 401, 403 },
	  NAMED,
	  "account_deactivated",
	  NULL,
	  CAUSE_DISABLED,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_DAY },
	{ OPENAI,
	  { 401, 403 },
	  HOLDS,
	  "has been deactivated",
	  NULL,
	  CAUSE_DISABLED,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_DAY },
	/* songquanpeng/one-api/issues/1764: it comes as a 400 */
	{ OPENAI,
	  { 400, 401, 403 },
	  NAMED,
	  "organization_restricted",
	  NULL,
	  CAUSE_DISABLED,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_DAY },
	{ OPENAI,
	  { 400, 401, 403 },
	  BEGINS,
	  "Organization has been restricted",
	  NULL,
	  CAUSE_DISABLED,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_DAY },
	/* console.groq.com: model_terms_required comes as a 400 */
	{ OPENAI,
	  { 400, 403 },
	  NAMED,
	  "model_terms_required",
	  NULL,
	  CAUSE_TERMS,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  TEN_MINUTES },
	{ OPENAI,
	  { 400, 403 },
	  BEGINS,
	  "The model",
	  "requires terms acceptance",
	  CAUSE_TERMS,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  TEN_MINUTES },
	/* continuedev/continue/issues/10373, warpdotdev/warp/issues/14863 */
	{ OPENAI,
	  { 403, 429 },
	  BEGINS,
	  "Your",
	  "used all available credits",
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 403 },
	  BEGINS,
	  "Your",
	  "have any credits",
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 403, 429 },
	  BEGINS,
	  "Your",
	  "monthly spending limit",
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	/* openrouter.ai/docs/api-reference/limits: of the key */
	{ OPENAI,
	  { 403 },
	  BEGINS,
	  "Key limit exceeded",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	/* docs.siliconflow.com: 403, code 30001 */
	{ OPENAI,
	  { 403 },
	  HOLDS,
	  "balance is insufficient",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 403, 429 },
	  HOLDS,
	  "insufficient balance",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	/* MoonshotAI/kimi-code/pull/1857, MoonshotAI/Kimi-K2/issues/5 */
	{ OPENAI,
	  { 403, 429 },
	  NAMED,
	  "exceeded_current_quota_error",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
	/* cequence-io/openai-scala-client/issues/109: they come as a 400 */
	{ OPENAI,
	  { 400, 403 },
	  BEGINS,
	  "API key not valid",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	{ OPENAI,
	  { 400, 403 },
	  NAMED,
	  "API_KEY_INVALID",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	{ OPENAI,
	  { 400, 403 },
	  BEGINS,
	  "API key expired",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	/* docs.x.ai: a wrong key comes as a 400 */
	{ OPENAI,
	  { 400, 403 },
	  BEGINS,
	  "Incorrect API key",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	{ OPENAI,
	  { 403 },
	  BEGINS,
	  "Invalid API key",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	{ OPENAI,
	  { 403 },
	  NAMED,
	  "invalid_api_key",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	/* discuss.ai.google.dev: reported as leaked, consumer suspended */
	{ OPENAI,
	  { 403 },
	  BEGINS,
	  "Your API key was reported",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	{ OPENAI,
	  { 403 },
	  NAMED,
	  "CONSUMER_SUSPENDED",
	  NULL,
	  CAUSE_DISABLED,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  A_DAY },
	/* docs.x.ai: a key that was blocked or disabled */
	{ OPENAI,
	  { 403 },
	  BEGINS,
	  "The API key",
	  "blocked",
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	{ OPENAI,
	  { 403 },
	  BEGINS,
	  "The API key",
	  "disabled",
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	/* platform.openai.com, console.groq.com: model_not_found */
	{ OPENAI,
	  { 400, 403, 404 },
	  NAMED,
	  "model_not_found",
	  NULL,
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 404 },
	  HOLDS,
	  "model",
	  "not exist",
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 404 },
	  HOLDS,
	  "model",
	  "not found",
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 404 },
	  BEGINS,
	  "No endpoints found",
	  NULL,
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	/* learn.microsoft.com, Azure OpenAI */
	{ OPENAI,
	  { 404 },
	  NAMED,
	  "DeploymentNotFound",
	  NULL,
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	/* maxnowack/anthropic-proxy/issues/4: it comes as a 400 */
	{ OPENAI,
	  { 400 },
	  MODEL,
	  "is not a valid model",
	  NULL,
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 400 },
	  NAMED,
	  "invalid_model",
	  NULL,
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	/* api-docs.deepseek.com: it comes as a 400 */
	{ OPENAI,
	  { 400 },
	  BEGINS,
	  "Model Not Exist",
	  NULL,
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI,
	  { 403 },
	  HOLDS,
	  "access to",
	  "model",
	  CAUSE_MODEL,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  AN_HOUR },
	/* It never fits under this key's limit:
	 * continuedev/continue/issues/10218, vanna-ai/vanna-flask/issues/11 */
	{ OPENAI,
	  { 413, 429 },
	  BEGINS,
	  "Request too large for",
	  NULL,
	  CAUSE_NONE,
	  SCOPE_MODEL,
	  NEXT_OTHER,
	  NO_CLOCK },
	{ OPENAI,
	  { 401 },
	  ANY,
	  "",
	  NULL,
	  CAUSE_AUTH,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  FOR_EVER },
	/* Content and country are not the key's: openrouter.ai, moderation.
	 * Nor need what else is forbidden be: docs.x.ai, a page of a guard. */
	{ OPENAI,
	  { 403 },
	  HOLDS,
	  "moderation",
	  NULL,
	  CAUSE_NONE,
	  SCOPE_ACCOUNT,
	  NEXT_ANSWER,
	  NO_CLOCK },
	{ OPENAI,
	  { 403 },
	  ANY,
	  "",
	  NULL,
	  CAUSE_NONE,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  NO_CLOCK },
	/* platform.openai.com: "The engine is currently overloaded" */
	{ OPENAI,
	  { 429, 503 },
	  HOLDS,
	  "overloaded",
	  NULL,
	  CAUSE_OVERLOAD,
	  SCOPE_FAMILY,
	  NEXT_OTHER,
	  A_MOMENT },
	{ OPENAI,
	  { 429, 503 },
	  HOLDS,
	  "capacity",
	  NULL,
	  CAUSE_OVERLOAD,
	  SCOPE_FAMILY,
	  NEXT_OTHER,
	  A_MOMENT },
	/* console.groq.com: 498 capacity_exceeded */
	{ OPENAI,
	  { 498, 529 },
	  ANY,
	  "",
	  NULL,
	  CAUSE_OVERLOAD,
	  SCOPE_FAMILY,
	  NEXT_OTHER,
	  A_MOMENT },

	/* docs.claude.com/en/api/errors, api-docs.deepseek.com/quick_start/
	 * error_codes, openrouter.ai/docs */
	{ BOTH,
	  { 402 },
	  ANY,
	  "",
	  NULL,
	  CAUSE_CREDIT,
	  SCOPE_ACCOUNT,
	  NEXT_OTHER,
	  AN_HOUR },
};

static bool has_status(const struct row *r, int status)
{
	for (size_t i = 0; i < STATUSES && r->status[i]; i++)
		if (r->status[i] == status)
			return true;
	return false;
}

static bool says(const struct row *r, const struct error_said *s)
{
	struct error_said rest = *s;

	switch (r->where) {
	case ANY:
		break;
	case NAMED:
		return error_is_named(s, r->text);
	case MODEL:
		span_cut(&rest.message, ' ');
		return error_begins(&rest, r->text);
	case BEGINS:
		if (!error_begins(s, r->text))
			return false;
		break;
	case HOLDS:
		if (!error_holds(s, r->text))
			return false;
		break;
	}
	return !r->also || error_holds(s, r->also);
}

static const struct row *row_of(enum provider_kind kind, int status,
				const struct error_said *s)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		if (r->kinds & (1 << kind) && has_status(r, status) &&
		    says(r, s))
			return r;
	}
	return NULL;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t capped(int64_t delay)
{
	return delay < BURST_MAX_MS ? delay : BURST_MAX_MS;
}

/* When to come again, in ms from now: the latest of what is said; -1: not. */
static int64_t delay_of(const struct refused_answer *a,
			const struct error_said *said, int64_t now)
{
	int64_t fine = http_date_delay(a->retry_after_ms, 0);
	int64_t delay = http_date_delay(a->retry_after, now);

	if (fine >= 0)
		delay = fine / 1000;
	if (a->status == 429 || a->status >= 500)
		delay = later(delay, error_said_delay(said, now));
	return delay;
}

static struct refusal from_row(const struct row *r,
			       const struct refused_answer *a, int64_t delay,
			       int64_t now)
{
	int64_t least = clocks[r->clock];
	struct refusal v = { r->next, r->cause, r->scope, 0 };

	if (v.next == NEXT_REFRESH && !a->subscription)
		v.next = NEXT_OTHER;
	if (!least)
		return v;
	if (r->clock == A_MOMENT && delay > least)
		least = capped(delay);
	v.until = now + least;
	return v;
}

/* Until when the windows that said no are full. */
static int64_t end_of_windows(const struct limits_told *t,
			      const struct limits *l, int64_t now)
{
	int64_t end = 0;

	for (size_t i = 0; i < t->n_full; i++) {
		const struct window *w = limits_known_window(l, t->full[i]);

		end = later(end, w ? w->reset : 0);
	}
	return end > now ? end : t->reset;
}

/* A 429 is one of three things: a window that is used up, for all models or
 * for some; a burst that Retry-After puts an end to; or neither: then it says
 * nothing of the next request. */
static struct refusal too_many(enum provider_kind kind,
			       const struct limits_told *t,
			       const struct limits *l,
			       const struct asked *asked, int64_t delay,
			       int64_t now)
{
	struct refusal v = { NEXT_OTHER, CAUSE_NONE, SCOPE_ACCOUNT, 0 };

	if (limits_shared_headroom(l, now) == 0) {
		v.cause = CAUSE_WINDOW;
		v.until = limits_reset(l, asked, now);
		return v;
	}
	if (t->n_full || t->rejected) {
		v.cause = CAUSE_WINDOW;
		v.scope = SCOPE_FAMILY;
		v.until = end_of_windows(t, l, now);
		if (v.until <= now && delay < BURST_MIN_MS)
			delay = MINUTE;
	} else if (limits_headroom(l, asked, now) == 0) {
		v.cause = CAUSE_WINDOW;
		v.scope = SCOPE_FAMILY;
		v.until = limits_reset(l, asked, now);
		if (delay > 0) /* another limit is used up for longer */
			v.until = later(v.until, now + capped(delay));
	} else if (delay >= 0) {
		v.cause = CAUSE_BURST;
		if (kind == PROVIDER_OPENAI)
			v.scope = SCOPE_FAMILY;
		delay = later(delay, BURST_MIN_MS);
	}
	if (v.cause && v.until <= now)
		v.until = now + capped(delay);
	return v;
}

struct refusal refusal_of(enum provider_kind kind,
			  const struct refused_answer *a,
			  const struct limits *l, const struct asked *asked,
			  int64_t now)
{
	struct refusal v = { .next = NEXT_ANSWER };
	struct error_said said;
	const struct row *r;
	int64_t delay;

	error_said_read(&said, a->text);
	r = row_of(kind, a->status, &said);
	delay = delay_of(a, &said, now);
	error_said_release(&said);
	if (r)
		return from_row(r, a, delay, now);
	if (a->status == 429)
		return too_many(kind, a->told, l, asked, delay, now);
	if (a->status == 0 || a->status == 408 || a->status >= 500)
		v.next = NEXT_OTHER;
	return v;
}

enum limit_cause refusal_word(enum provider_kind kind, int status,
			      struct span text)
{
	struct error_said said;
	const struct row *r;

	error_said_read(&said, text);
	r = row_of(kind, status, &said);
	error_said_release(&said);
	switch (r ? r->cause : CAUSE_NONE) {
	case CAUSE_AUTH:
	case CAUSE_DISABLED:
	case CAUSE_OAUTH:
	case CAUSE_TERMS:
		return CAUSE_AUTH;
	case CAUSE_CREDIT:
		return CAUSE_CREDIT;
	case CAUSE_MODEL:
		return CAUSE_MODEL;
	case CAUSE_NONE:
	case CAUSE_WINDOW:
	case CAUSE_BURST:
	case CAUSE_OVERLOAD:
	case CAUSE_OVERAGE:
	case CAUSES:
		break;
	}
	return CAUSE_NONE;
}
