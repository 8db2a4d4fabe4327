/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/refusal.h"

#include "base/http-date.h"

#include <string.h>
#include <strings.h>

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define OVERLOAD_MS (10 * SECOND)
#define BURST_MIN_MS (1 * SECOND)
#define BURST_MAX_MS (6 * HOUR)
#define TEXT_MAX 16384 /* bytes of a body that are looked at */

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

/* The first row that fits is it. Both texts must be there, in any case. */
static const struct row {
	int kinds;
	int status; /* 0: any that is a refusal */
	const char *text, *also;
	enum limit_cause cause;
	enum refusal_scope scope;
	enum refusal_next next;
	enum clock clock;
} rows[] = {
	/* anthropics/claude-code/issues/72457, /8327 */
	{ ANTHROPIC, 0, "organization has been disabled", NULL, CAUSE_DISABLED,
	  SCOPE_ACCOUNT, NEXT_OTHER, A_DAY },
	/* anthropics/claude-code/issues/6590 */
	{ ANTHROPIC, 0, "not allowed for this organization", NULL, CAUSE_OAUTH,
	  SCOPE_ACCOUNT, NEXT_OTHER, A_DAY },
	/* anthropics/claude-code/issues/65609 */
	{ ANTHROPIC, 0, "must accept", "terms", CAUSE_TERMS, SCOPE_ACCOUNT,
	  NEXT_OTHER, TEN_MINUTES },
	{ ANTHROPIC, 0, "accept the", "consumer terms", CAUSE_TERMS,
	  SCOPE_ACCOUNT, NEXT_OTHER, TEN_MINUTES },
	/* anthropics/claude-code/issues/4208 */
	{ ANTHROPIC, 0, "credit balance is too low", NULL, CAUSE_CREDIT,
	  SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	/* platform.claude.com, spend limits of a workspace */
	{ ANTHROPIC, 0, "reached your specified", "usage limits", CAUSE_CREDIT,
	  SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	/* It is said with quota left, too, as reported from the field. */
	{ ANTHROPIC, 0, "out of extra usage", NULL, CAUSE_NONE, SCOPE_ACCOUNT,
	  NEXT_OTHER, NO_CLOCK },
	/* anthropics/claude-code/issues/42616 */
	{ ANTHROPIC, 429, "required for long context", NULL, CAUSE_NONE,
	  SCOPE_MODEL, NEXT_OTHER, NO_CLOCK },
	/* anthropics/claude-code/issues/27944 */
	{ ANTHROPIC, 400, "long context beta is not yet available", NULL,
	  CAUSE_NONE, SCOPE_MODEL, NEXT_OTHER, NO_CLOCK },
	/* platform.claude.com, extended thinking; a signature of elsewhere */
	{ ANTHROPIC, 400, "redacted_thinking", NULL, CAUSE_NONE, SCOPE_ACCOUNT,
	  NEXT_STRIP, NO_CLOCK },
	{ ANTHROPIC, 400, "thinking", "ignature", CAUSE_NONE, SCOPE_ACCOUNT,
	  NEXT_STRIP, NO_CLOCK },
	/* docs.claude.com/en/api/errors: not_found_error "model: NAME" */
	{ ANTHROPIC, 404, "model", NULL, CAUSE_MODEL, SCOPE_MODEL, NEXT_OTHER,
	  AN_HOUR },
	/* docs.claude.com/en/api/errors: permission_error */
	{ ANTHROPIC, 0, "not have access to", "claude-", CAUSE_MODEL,
	  SCOPE_MODEL, NEXT_OTHER, AN_HOUR },
	{ ANTHROPIC, 403, "access to", "model", CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	/* docs.claude.com/en/api/errors: authentication_error */
	{ ANTHROPIC, 401, "", NULL, CAUSE_AUTH, SCOPE_ACCOUNT, NEXT_REFRESH,
	  FOR_EVER },
	/* anthropics/claude-code/issues/5210: revoked */
	{ ANTHROPIC, 403, "oauth token", NULL, CAUSE_AUTH, SCOPE_ACCOUNT,
	  NEXT_REFRESH, FOR_EVER },
	{ ANTHROPIC, 403, "", NULL, CAUSE_NONE, SCOPE_ACCOUNT, NEXT_OTHER,
	  NO_CLOCK },
	/* docs.claude.com/en/api/errors: overloaded_error */
	{ ANTHROPIC, 529, "", NULL, CAUSE_OVERLOAD, SCOPE_ACCOUNT, NEXT_OTHER,
	  A_MOMENT },
	{ ANTHROPIC, 500, "overloaded_error", NULL, CAUSE_OVERLOAD,
	  SCOPE_ACCOUNT, NEXT_OTHER, A_MOMENT },
	{ ANTHROPIC, 503, "overloaded", NULL, CAUSE_OVERLOAD, SCOPE_ACCOUNT,
	  NEXT_OTHER, A_MOMENT },

	/* platform.openai.com/docs/guides/error-codes */
	{ OPENAI, 429, "insufficient_quota", NULL, CAUSE_CREDIT, SCOPE_ACCOUNT,
	  NEXT_OTHER, AN_HOUR },
	{ OPENAI, 429, "exceeded your current quota", "billing", CAUSE_CREDIT,
	  SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	{ OPENAI, 0, "billing_not_active", NULL, CAUSE_CREDIT, SCOPE_ACCOUNT,
	  NEXT_OTHER, AN_HOUR },
	{ OPENAI, 0, "check your billing details", NULL, CAUSE_CREDIT,
	  SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	/* dfinke/PowerShellAI/issues/127: it comes as a 400 */
	{ OPENAI, 0, "billing_hard_limit_reached", NULL, CAUSE_CREDIT,
	  SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	{ OPENAI, 0, "billing hard limit", NULL, CAUSE_CREDIT, SCOPE_ACCOUNT,
	  NEXT_OTHER, AN_HOUR },
	/* platform.openai.com/docs/guides/error-codes: account_deactivated */
	{ OPENAI, 0, "account_deactivated", NULL, CAUSE_DISABLED, SCOPE_ACCOUNT,
	  NEXT_OTHER, A_DAY },
	{ OPENAI, 0, "account has been deactivated", NULL, CAUSE_DISABLED,
	  SCOPE_ACCOUNT, NEXT_OTHER, A_DAY },
	/* songquanpeng/one-api/issues/1764: it comes as a 400 */
	{ OPENAI, 0, "organization_restricted", NULL, CAUSE_DISABLED,
	  SCOPE_ACCOUNT, NEXT_OTHER, A_DAY },
	{ OPENAI, 0, "organization has been restricted", NULL, CAUSE_DISABLED,
	  SCOPE_ACCOUNT, NEXT_OTHER, A_DAY },
	/* console.groq.com: model_terms_required comes as a 400 */
	{ OPENAI, 0, "model_terms_required", NULL, CAUSE_TERMS, SCOPE_MODEL,
	  NEXT_OTHER, TEN_MINUTES },
	{ OPENAI, 0, "terms acceptance", NULL, CAUSE_TERMS, SCOPE_MODEL,
	  NEXT_OTHER, TEN_MINUTES },
	/* api-docs.deepseek.com/quick_start/error_codes, openrouter.ai/docs */
	{ OPENAI, 402, "", NULL, CAUSE_CREDIT, SCOPE_ACCOUNT, NEXT_OTHER,
	  AN_HOUR },
	/* continuedev/continue/issues/10373, warpdotdev/warp/issues/14863 */
	{ OPENAI, 0, "used all available credits", NULL, CAUSE_CREDIT,
	  SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	{ OPENAI, 403, "credits", NULL, CAUSE_CREDIT, SCOPE_ACCOUNT, NEXT_OTHER,
	  AN_HOUR },
	{ OPENAI, 403, "spending limit", NULL, CAUSE_CREDIT, SCOPE_ACCOUNT,
	  NEXT_OTHER, AN_HOUR },
	/* docs.siliconflow.com: 403, code 30001 */
	{ OPENAI, 403, "balance", "insufficient", CAUSE_CREDIT, SCOPE_ACCOUNT,
	  NEXT_OTHER, AN_HOUR },
	/* MoonshotAI/kimi-code/pull/1857, MoonshotAI/Kimi-K2/issues/5 */
	{ OPENAI, 0, "exceeded_current_quota", NULL, CAUSE_CREDIT,
	  SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	{ OPENAI, 429, "insufficient balance", NULL, CAUSE_CREDIT,
	  SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	/* cequence-io/openai-scala-client/issues/109: they come as a 400 */
	{ OPENAI, 400, "api key not valid", NULL, CAUSE_AUTH, SCOPE_ACCOUNT,
	  NEXT_OTHER, FOR_EVER },
	{ OPENAI, 400, "api_key_invalid", NULL, CAUSE_AUTH, SCOPE_ACCOUNT,
	  NEXT_OTHER, FOR_EVER },
	{ OPENAI, 400, "api key expired", NULL, CAUSE_AUTH, SCOPE_ACCOUNT,
	  NEXT_OTHER, FOR_EVER },
	/* docs.x.ai: a wrong key comes as a 400 */
	{ OPENAI, 400, "incorrect api key", NULL, CAUSE_AUTH, SCOPE_ACCOUNT,
	  NEXT_OTHER, FOR_EVER },
	/* platform.openai.com, console.groq.com: model_not_found */
	{ OPENAI, 0, "model_not_found", NULL, CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	{ OPENAI, 404, "model", "not exist", CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	{ OPENAI, 404, "model", "not found", CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	{ OPENAI, 404, "no endpoints found", NULL, CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	/* learn.microsoft.com, Azure OpenAI */
	{ OPENAI, 404, "deploymentnotfound", NULL, CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	/* maxnowack/anthropic-proxy/issues/4: it comes as a 400 */
	{ OPENAI, 400, "not a valid model", NULL, CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	{ OPENAI, 400, "invalid_model", NULL, CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	{ OPENAI, 400, "model not exist", NULL, CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	{ OPENAI, 403, "access to", "model", CAUSE_MODEL, SCOPE_MODEL,
	  NEXT_OTHER, AN_HOUR },
	/* It never fits under this key's limit:
	 * continuedev/continue/issues/10218, vanna-ai/vanna-flask/issues/11 */
	{ OPENAI, 413, "request too large for model", NULL, CAUSE_NONE,
	  SCOPE_MODEL, NEXT_OTHER, NO_CLOCK },
	{ OPENAI, 429, "request too large for", NULL, CAUSE_NONE, SCOPE_MODEL,
	  NEXT_OTHER, NO_CLOCK },
	{ OPENAI, 401, "", NULL, CAUSE_AUTH, SCOPE_ACCOUNT, NEXT_OTHER,
	  FOR_EVER },
	/* Content and country are not the key's: openrouter.ai, moderation */
	{ OPENAI, 403, "moderation", NULL, CAUSE_NONE, SCOPE_ACCOUNT,
	  NEXT_ANSWER, NO_CLOCK },
	{ OPENAI, 403, "unsupported_country", NULL, CAUSE_NONE, SCOPE_ACCOUNT,
	  NEXT_OTHER, NO_CLOCK },
	{ OPENAI, 403, "", NULL, CAUSE_AUTH, SCOPE_ACCOUNT, NEXT_OTHER,
	  FOR_EVER },
	/* platform.openai.com: "The engine is currently overloaded" */
	{ OPENAI, 429, "overloaded", NULL, CAUSE_OVERLOAD, SCOPE_FAMILY,
	  NEXT_OTHER, A_MOMENT },
	{ OPENAI, 429, "capacity", NULL, CAUSE_OVERLOAD, SCOPE_FAMILY,
	  NEXT_OTHER, A_MOMENT },
	/* console.groq.com: 498 capacity_exceeded */
	{ OPENAI, 498, "", NULL, CAUSE_OVERLOAD, SCOPE_FAMILY, NEXT_OTHER,
	  A_MOMENT },
	{ OPENAI, 503, "overloaded", NULL, CAUSE_OVERLOAD, SCOPE_FAMILY,
	  NEXT_OTHER, A_MOMENT },
	{ OPENAI, 503, "capacity", NULL, CAUSE_OVERLOAD, SCOPE_FAMILY,
	  NEXT_OTHER, A_MOMENT },
	{ OPENAI, 529, "", NULL, CAUSE_OVERLOAD, SCOPE_FAMILY, NEXT_OTHER,
	  A_MOMENT },

	{ BOTH, 402, "", NULL, CAUSE_CREDIT, SCOPE_ACCOUNT, NEXT_OTHER,
	  AN_HOUR },
};

static bool says(struct span text, const char *words)
{
	size_t n = strlen(words);

	if (text.n > TEXT_MAX)
		text.n = TEXT_MAX;
	for (size_t i = 0; i + n <= text.n; i++)
		if (strncasecmp(text.p + i, words, n) == 0)
			return true;
	return false;
}

static const struct row *row_of(enum provider_kind kind, int status,
				struct span text)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		if (r->kinds & (1 << kind) &&
		    (r->status ? r->status == status : status >= 400) &&
		    says(text, r->text) && (!r->also || says(text, r->also)))
			return r;
	}
	return NULL;
}

static struct refusal from_row(const struct row *r,
			       const struct refused_answer *a, int64_t now)
{
	int64_t delay = http_date_delay(a->retry_after, now);
	int64_t least = clocks[r->clock];
	struct refusal v = { r->next, r->cause, r->scope, 0 };

	if (v.next == NEXT_REFRESH && !a->subscription)
		v.next = NEXT_OTHER;
	if (!least)
		return v;
	if (r->clock == A_MOMENT && delay > least)
		least = delay < BURST_MAX_MS ? delay : BURST_MAX_MS;
	v.until = now + least;
	return v;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
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
			       const struct refused_answer *a,
			       const struct limits *l,
			       const struct asked *asked, int64_t now)
{
	struct refusal v = { NEXT_OTHER, CAUSE_NONE, SCOPE_ACCOUNT, 0 };
	int64_t delay = http_date_delay(a->retry_after, now);
	const struct limits_told *t = a->told;

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
	} else if (delay >= 0) {
		v.cause = CAUSE_BURST;
		if (kind == PROVIDER_OPENAI)
			v.scope = SCOPE_FAMILY;
		delay = later(delay, BURST_MIN_MS);
	}
	if (v.cause && v.until <= now)
		v.until = now + (delay < BURST_MAX_MS ? delay : BURST_MAX_MS);
	return v;
}

struct refusal refusal_of(enum provider_kind kind,
			  const struct refused_answer *a,
			  const struct limits *l, const struct asked *asked,
			  int64_t now)
{
	struct refusal v = { .next = NEXT_ANSWER };
	const struct row *r = row_of(kind, a->status, a->text);

	if (r)
		return from_row(r, a, now);
	if (a->status == 429)
		return too_many(kind, a, l, asked, now);
	if (a->status == 0 || a->status == 408 || a->status >= 500)
		v.next = NEXT_OTHER;
	return v;
}

enum limit_cause refusal_word(enum provider_kind kind, int status,
			      struct span text)
{
	const struct row *r = row_of(kind, status, text);

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
