/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/refusal.h"

#include "base/http-date.h"
#include "state/pool/error-said.h"

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define OVERLOAD_MS (10 * SECOND)
#define BURST_MIN_MS (1 * SECOND)
#define BURST_MAX_MS (15 * MINUTE) /* what takes longer is a limit */
#define TROUBLE_MAX_MS (6 * HOUR)
#define PLAN_MAX_MS (8 * DAY)
#define MONTH_MAX_MS (32 * DAY)

/* OpenRouter's own limit, of all free models; what a provider behind it refuses
 * is of one: openrouter.ai/docs/api-reference/limits,
 * Gitlawb/openclaude/issues/936. */
#define WHOLE_FAMILY "Rate limit exceeded"

/* How long. Where the answer says it (Retry-After) that is the least. */
enum clock {
	NO_CLOCK, /* nobody rests */
	A_MOMENT,
	A_MINUTE,
	TEN_MINUTES,
	AN_HOUR,
	A_DAY,
	FOR_EVER, /* until another credential */
};

static const int64_t clocks[] = {
	[NO_CLOCK] = 0,      [A_MOMENT] = OVERLOAD_MS,
	[A_MINUTE] = MINUTE, [TEN_MINUTES] = 10 * MINUTE,
	[AN_HOUR] = HOUR,    [A_DAY] = DAY,
	[FOR_EVER] = 0,
};

enum {
	ANTHROPIC = 1 << PROVIDER_ANTHROPIC,
	OPENAI = 1 << PROVIDER_OPENAI,
	BOTH = ANTHROPIC | OPENAI
};

/* Where the words stand. A message may quote the request: where a status is
 * the answer to that, too (400, 413), the known sentences begin it. */
enum where {
	ANY,    /* the status alone says it */
	SHAPED, /* the same, in the provider's own shape */
	NAMED,  /* a code, type, status or reason */
	BEGINS, /* the message does so */
	MODEL,  /* so does what follows its first word, a model's name */
	HOLDS,  /* anywhere in the message */
};

/* The statuses of a row, as bits. */
enum {
	S400 = 1 << 0,
	S401 = 1 << 1,
	S402 = 1 << 2,
	S403 = 1 << 3,
	S404 = 1 << 4,
	S407 = 1 << 5,
	S412 = 1 << 6,
	S413 = 1 << 7,
	S429 = 1 << 8,
	S498 = 1 << 9,
	S500 = 1 << 10,
	S503 = 1 << 11,
	S529 = 1 << 12,
};

static unsigned status_bit(int status)
{
	static const int codes[] = { 400, 401, 402, 403, 404, 407, 412,
				     413, 429, 498, 500, 503, 529 };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == status)
			return 1u << i;
	return 0;
}

/* What a row comes to. */
enum verdict {
	DISABLED,
	OAUTH,
	TERMS,
	MODEL_TERMS,
	CREDIT,
	ELSEWHERE,
	NO_MODEL,
	OLD_TOKEN,
	WRONG_KEY,
	UNPROVEN,
	GATEWAY,
	OVERLOAD,
	MODEL_OVERLOAD,
	CLIENTS,
};

static const struct {
	enum limit_cause cause;
	enum refusal_scope scope;
	enum refusal_next next;
	enum clock clock;
} verdicts[] = {
	[DISABLED] = { CAUSE_DISABLED, SCOPE_ACCOUNT, NEXT_OTHER, A_DAY },
	[OAUTH] = { CAUSE_OAUTH, SCOPE_ACCOUNT, NEXT_OTHER, A_DAY },
	[TERMS] = { CAUSE_TERMS, SCOPE_ACCOUNT, NEXT_OTHER, TEN_MINUTES },
	[MODEL_TERMS] = { CAUSE_TERMS, SCOPE_MODEL, NEXT_OTHER, TEN_MINUTES },
	[CREDIT] = { CAUSE_CREDIT, SCOPE_ACCOUNT, NEXT_OTHER, AN_HOUR },
	[ELSEWHERE] = { CAUSE_NONE, SCOPE_ACCOUNT, NEXT_OTHER, NO_CLOCK },
	[NO_MODEL] = { CAUSE_MODEL, SCOPE_MODEL, NEXT_OTHER, AN_HOUR },
	[OLD_TOKEN] = { CAUSE_AUTH, SCOPE_ACCOUNT, NEXT_REFRESH, FOR_EVER },
	[WRONG_KEY] = { CAUSE_AUTH, SCOPE_ACCOUNT, NEXT_OTHER, FOR_EVER },
	[UNPROVEN] = { CAUSE_GATEWAY, SCOPE_ACCOUNT, NEXT_REFRESH, A_MINUTE },
	[GATEWAY] = { CAUSE_GATEWAY, SCOPE_ACCOUNT, NEXT_OTHER, A_MINUTE },
	[OVERLOAD] = { CAUSE_OVERLOAD, SCOPE_ACCOUNT, NEXT_OTHER, A_MOMENT },
	[MODEL_OVERLOAD] = { CAUSE_OVERLOAD, SCOPE_MODEL, NEXT_OTHER,
			     A_MOMENT },
	[CLIENTS] = { CAUSE_NONE, SCOPE_ACCOUNT, NEXT_ANSWER, NO_CLOCK },
};

/* The first row that fits is it. `also` may be anywhere in the message. */
static const struct row {
	int kinds;
	unsigned statuses;
	enum where where;
	const char *text, *also;
	enum verdict verdict;
} rows[] = {
	/* anthropics/claude-code/issues/72457, /8327 */
	{ ANTHROPIC, S400 | S403, BEGINS, "This organization has been disabled",
	  NULL, DISABLED },
	{ ANTHROPIC, S400 | S403, BEGINS, "Your organization has been disabled",
	  NULL, DISABLED },
	/* router-for-me/CLIProxyAPI/issues/3409: "has been disable" */
	{ ANTHROPIC, S400 | S401 | S403, BEGINS, "Your account has been disab",
	  NULL, DISABLED },
	/* anthropics/claude-code/issues/47130, /54863 */
	{ ANTHROPIC, S403, BEGINS,
	  "Your organization does not have access to Claude", NULL, DISABLED },
	/* Alishahryar1/free-claude-code/issues/87 */
	{ ANTHROPIC, S403, BEGINS,
	  "Your account does not have access to Claude Code", NULL, DISABLED },
	{ ANTHROPIC, S401 | S403, BEGINS, "Account is no longer a member", NULL,
	  WRONG_KEY },
	/* anthropics/claude-code/issues/63685, /65044 */
	{ ANTHROPIC, S401 | S403, BEGINS, "Your organization has disabled",
	  NULL, OAUTH },
	{ ANTHROPIC, S401 | S403, NAMED, "oauth_org_not_allowed", NULL, OAUTH },
	/* anthropics/claude-code/issues/6590 */
	{ ANTHROPIC, S401 | S403, BEGINS,
	  "OAuth authentication is currently not allowed", NULL, OAUTH },
	/* anthropics/claude-code/issues/65609 */
	{ ANTHROPIC, S400 | S403, BEGINS, "We've updated our Consumer Terms",
	  NULL, TERMS },
	{ ANTHROPIC, S400 | S403, BEGINS, "You must accept", "terms", TERMS },
	{ ANTHROPIC, S403, HOLDS, "accept", "terms", TERMS },
	/* anthropics/claude-code/issues/4208 */
	{ ANTHROPIC, S400 | S403, BEGINS, "Your credit balance is too low",
	  NULL, CREDIT },
	{ ANTHROPIC, S400 | S403, BEGINS, "Credit balance is too low", NULL,
	  CREDIT },
	/* platform.claude.com, spend limits of a workspace */
	{ ANTHROPIC, S400 | S403 | S429, BEGINS, "You have reached your",
	  "usage limit", CREDIT },
	/* anthropics/claude-code/issues/67939 */
	{ ANTHROPIC, S400 | S403 | S429, BEGINS, "You", "spend limit", CREDIT },
	/* It is said with quota left, too, as reported from the field. */
	{ ANTHROPIC, S400 | S403 | S429, BEGINS, "You're out of extra usage",
	  NULL, ELSEWHERE },
	/* anthropics/claude-code/issues/42616 */
	{ ANTHROPIC, S429, HOLDS, "required for long context", NULL,
	  ELSEWHERE },
	/* anthropics/claude-code/issues/27944 */
	{ ANTHROPIC, S400, BEGINS, "The long context beta is not yet available",
	  NULL, ELSEWHERE },
	/* docs.claude.com/en/api/errors: not_found_error "model: NAME" */
	{ ANTHROPIC, S404, BEGINS, "model:", NULL, NO_MODEL },
	{ ANTHROPIC, S404, HOLDS, "model", "not found", NO_MODEL },
	{ ANTHROPIC, S404, HOLDS, "model", "not exist", NO_MODEL },
	/* docs.claude.com/en/api/errors: permission_error */
	{ ANTHROPIC, S403 | S404, BEGINS,
	  "Your account does not have access to", NULL, NO_MODEL },
	{ ANTHROPIC, S403, HOLDS, "not have access to", "claude-", NO_MODEL },
	{ ANTHROPIC, S403, HOLDS, "access to", "model", NO_MODEL },
	/* docs.claude.com/en/api/errors: authentication_error */
	{ ANTHROPIC, S401, SHAPED, "", NULL, OLD_TOKEN },
	{ ANTHROPIC, S401, ANY, "", NULL, UNPROVEN },
	/* anthropics/claude-code/issues/5210: revoked */
	{ ANTHROPIC, S403, BEGINS, "OAuth token", NULL, OLD_TOKEN },
	{ ANTHROPIC, S403, ANY, "", NULL, ELSEWHERE },
	/* docs.claude.com/en/api/errors: overloaded_error */
	{ ANTHROPIC, S529, ANY, "", NULL, OVERLOAD },
	{ ANTHROPIC, S500 | S503, NAMED, "overloaded_error", NULL, OVERLOAD },
	{ ANTHROPIC, S503, HOLDS, "overloaded", NULL, OVERLOAD },

	/* platform.openai.com/docs/guides/error-codes */
	{ OPENAI, S429, NAMED, "insufficient_quota", NULL, CREDIT },
	{ OPENAI, S400 | S403 | S429, NAMED, "billing_not_active", NULL,
	  CREDIT },
	{ OPENAI, S403 | S429, BEGINS, "Your account is not active", NULL,
	  CREDIT },
	/* dfinke/PowerShellAI/issues/127: it comes as a 400 */
	{ OPENAI, S400 | S403 | S429, NAMED, "billing_hard_limit_reached", NULL,
	  CREDIT },
	{ OPENAI, S400 | S403 | S429, BEGINS, "Billing hard limit", NULL,
	  CREDIT },
	/* platform.openai.com/docs/guides/error-codes: account_deactivated */
	{ OPENAI, S401 | S403, NAMED, "account_deactivated", NULL, DISABLED },
	{ OPENAI, S401 | S403, HOLDS, "has been deactivated", NULL, DISABLED },
	{ OPENAI, S401 | S403, HOLDS, "organization", "disabled", DISABLED },
	/* songquanpeng/one-api/issues/1764: it comes as a 400 */
	{ OPENAI, S400 | S401 | S403, NAMED, "organization_restricted", NULL,
	  DISABLED },
	{ OPENAI, S400 | S401 | S403, BEGINS,
	  "Organization has been restricted", NULL, DISABLED },
	/* console.groq.com: model_terms_required comes as a 400 */
	{ OPENAI, S400 | S403, NAMED, "model_terms_required", NULL,
	  MODEL_TERMS },
	{ OPENAI, S400 | S403, BEGINS, "The model", "requires terms acceptance",
	  MODEL_TERMS },
	/* continuedev/continue/issues/10373, warpdotdev/warp/issues/14863 */
	{ OPENAI, S403 | S429, BEGINS, "Your", "used all available credits",
	  CREDIT },
	{ OPENAI, S403, BEGINS, "Your", "have any credits", CREDIT },
	{ OPENAI, S403 | S429, BEGINS, "Your", "monthly spending limit",
	  CREDIT },
	/* openrouter.ai/docs/api-reference/limits: of the key */
	{ OPENAI, S403, BEGINS, "Key limit exceeded", NULL, CREDIT },
	/* pollinations/pollinations/issues/12136: Fireworks, a 412 */
	{ OPENAI, S403 | S412 | S429, BEGINS, "Account", "spending limit",
	  CREDIT },
	{ OPENAI, S402 | S403 | S429, HOLDS, "insufficient credit", NULL,
	  CREDIT },
	/* huggingface/agents-course/issues/386: a string as error */
	{ OPENAI, S402 | S403 | S429, BEGINS, "You have exceeded your",
	  "credits", CREDIT },
	/* hsliuping/TradingAgents-CN/issues/170: it comes as a 400 */
	{ OPENAI, S400 | S403, NAMED, "Arrearage", NULL, CREDIT },
	/* coze-dev/coze-studio/issues/2195, RooCodeInc/Roo-Code/issues/12309 */
	{ OPENAI, S403, HOLDS, "overdue", NULL, CREDIT },
	/* docs.siliconflow.com: 403, code 30001 */
	{ OPENAI, S403, HOLDS, "balance is insufficient", NULL, CREDIT },
	{ OPENAI, S402 | S403 | S429, HOLDS, "insufficient balance", NULL,
	  CREDIT },
	/* MoonshotAI/kimi-code/pull/1857, MoonshotAI/Kimi-K2/issues/5 */
	{ OPENAI, S403 | S429, NAMED, "exceeded_current_quota_error", NULL,
	  CREDIT },
	/* cequence-io/openai-scala-client/issues/109: they come as a 400 */
	{ OPENAI, S400 | S401 | S403, BEGINS, "API key not valid", NULL,
	  WRONG_KEY },
	{ OPENAI, S400 | S403, NAMED, "API_KEY_INVALID", NULL, WRONG_KEY },
	{ OPENAI, S400 | S401 | S403, BEGINS, "API key expired", NULL,
	  WRONG_KEY },
	/* docs.x.ai: a wrong key comes as a 400 */
	{ OPENAI, S400 | S401 | S403, BEGINS, "Incorrect API key", NULL,
	  WRONG_KEY },
	{ OPENAI, S401 | S403, BEGINS, "Invalid API key", NULL, WRONG_KEY },
	{ OPENAI, S401 | S403, NAMED, "invalid_api_key", NULL, WRONG_KEY },
	/* docs.cohere.com, docs.siliconflow.com: a message alone, a string */
	{ OPENAI, S401, BEGINS, "invalid api token", NULL, WRONG_KEY },
	{ OPENAI, S401, BEGINS, "Invalid token", NULL, WRONG_KEY },
	/* discuss.ai.google.dev: reported as leaked, consumer suspended */
	{ OPENAI, S403, BEGINS, "Your API key was reported", NULL, WRONG_KEY },
	{ OPENAI, S403, NAMED, "CONSUMER_SUSPENDED", NULL, DISABLED },
	{ OPENAI, S401 | S403, HOLDS, "account", "suspended", DISABLED },
	/* docs.x.ai: a key that was blocked or disabled */
	{ OPENAI, S403, BEGINS, "The API key", "blocked", WRONG_KEY },
	{ OPENAI, S403, BEGINS, "The API key", "disabled", WRONG_KEY },
	/* platform.openai.com, console.groq.com: model_not_found */
	{ OPENAI, S400 | S403 | S404, NAMED, "model_not_found", NULL,
	  NO_MODEL },
	{ OPENAI, S404, HOLDS, "model", "not exist", NO_MODEL },
	{ OPENAI, S404, HOLDS, "model", "not found", NO_MODEL },
	{ OPENAI, S404, BEGINS, "No endpoints found", NULL, NO_MODEL },
	{ OPENAI, S404, HOLDS, "model", "unavailable", NO_MODEL },
	/* atiilla/sqlmap-ai/issues/3: it comes as a 400 */
	{ OPENAI, S400 | S404, NAMED, "model_decommissioned", NULL, NO_MODEL },
	{ OPENAI, S400 | S404, BEGINS, "The model", "decommissioned",
	  NO_MODEL },
	/* learn.microsoft.com, Azure OpenAI */
	{ OPENAI, S404, NAMED, "DeploymentNotFound", NULL, NO_MODEL },
	/* maxnowack/anthropic-proxy/issues/4: it comes as a 400 */
	{ OPENAI, S400, MODEL, "is not a valid model", NULL, NO_MODEL },
	{ OPENAI, S400, NAMED, "invalid_model", NULL, NO_MODEL },
	{ OPENAI, S400, BEGINS, "Invalid model", NULL, NO_MODEL },
	/* api-docs.deepseek.com: it comes as a 400 */
	{ OPENAI, S400, BEGINS, "Model Not Exist", NULL, NO_MODEL },
	{ OPENAI, S403, HOLDS, "access to", "model", NO_MODEL },
	/* It never fits under this key's limit:
	 * continuedev/continue/issues/10218, vanna-ai/vanna-flask/issues/11 */
	{ OPENAI, S413 | S429, BEGINS, "Request too large for", NULL,
	  ELSEWHERE },
	{ OPENAI, S401, SHAPED, "", NULL, WRONG_KEY },
	/* Content and country are not the key's: openrouter.ai, moderation.
	 * Nor need what else is forbidden be: docs.x.ai, a page of a guard. */
	{ OPENAI, S403, HOLDS, "moderation", NULL, CLIENTS },
	{ OPENAI, S403, ANY, "", NULL, ELSEWHERE },
	/* platform.openai.com: "The engine is currently overloaded" */
	{ OPENAI, S429 | S500 | S503, HOLDS, "overloaded", NULL,
	  MODEL_OVERLOAD },
	{ OPENAI, S429 | S503, HOLDS, "capacity", NULL, MODEL_OVERLOAD },
	/* console.groq.com: 498 capacity_exceeded */
	{ OPENAI, S498 | S529, ANY, "", NULL, MODEL_OVERLOAD },

	/* docs.claude.com/en/api/errors, api-docs.deepseek.com/quick_start/
	 * error_codes, openrouter.ai/docs */
	{ BOTH, S402, SHAPED, "", NULL, CREDIT },
	/* RFC 9110: a proxy's. And a page, a word, a message alone or nothing
	 * is what gateways answer: no proof against the credential. */
	{ BOTH, S401 | S402 | S407, ANY, "", NULL, GATEWAY },
};

static bool says(const struct row *r, const struct error_said *s)
{
	struct error_said rest = *s;

	switch (r->where) {
	case ANY:
		break;
	case SHAPED:
		return s->shaped;
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
	unsigned bit = status_bit(status);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		if (r->kinds & (1 << kind) && r->statuses & bit && says(r, s))
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
	return delay < TROUBLE_MAX_MS ? delay : TROUBLE_MAX_MS;
}

/* Of a limit what is said is kept to the end: plans are counted by the week,
 * free tiers by the month. More than that is nonsense. */
static int64_t believed(enum provider_kind kind, int64_t delay)
{
	int64_t most = kind == PROVIDER_ANTHROPIC ? PLAN_MAX_MS : MONTH_MAX_MS;

	return delay <= most ? delay : capped(delay);
}

/* When to come again, in ms from now: the latest of what is said; -1: not. A
 * message that may quote the request is not asked. */
static int64_t delay_of(const struct refused_answer *a,
			const struct error_said *said, const struct row *r,
			int64_t now)
{
	int64_t fine = http_date_delay(a->retry_after_ms, 0);
	int64_t delay = http_date_delay(a->retry_after, now);

	if (delay < 0)
		delay = http_date_duration(a->retry_after);
	if (fine >= 0)
		delay = fine / 1000;
	if (a->status == 429 || a->status >= 500 || (r && r->verdict == CREDIT))
		delay = later(delay, error_said_delay(said, now));
	return delay;
}

static struct refusal from_row(const struct row *r,
			       const struct refused_answer *a, int64_t delay,
			       int64_t now)
{
	enum clock clock = verdicts[r->verdict].clock;
	int64_t least = clocks[clock];
	struct refusal v = {
		.next = verdicts[r->verdict].next,
		.cause = verdicts[r->verdict].cause,
		.scope = verdicts[r->verdict].scope,
	};

	if (v.next == NEXT_REFRESH && !a->subscription)
		v.next = NEXT_OTHER;
	if (!least)
		return v;
	if (clock == A_MOMENT && delay > least)
		least = capped(delay);
	if (v.cause == CAUSE_CREDIT && delay <= MONTH_MAX_MS)
		least = later(least, delay);
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
 * for some; a burst that Retry-After puts an end to, or a limit without a name
 * when that is far; or neither: then it says nothing of the next request. */
static struct refusal too_many(enum provider_kind kind,
			       const struct limits_told *t,
			       const struct limits *l,
			       const struct asked *asked, int64_t delay,
			       int64_t now)
{
	struct refusal v = { NEXT_OTHER, CAUSE_NONE, SCOPE_ACCOUNT, 0, false };

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
			v.until = later(v.until, now + believed(kind, delay));
	} else if (delay >= 0) {
		v.cause = delay > BURST_MAX_MS ? CAUSE_WINDOW : CAUSE_BURST;
		if (kind == PROVIDER_OPENAI)
			v.scope = SCOPE_MODEL;
		delay = later(delay, BURST_MIN_MS);
	}
	if (v.cause && v.until <= now)
		v.until = now + believed(kind, delay);
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
	bool whole;

	error_said_read(&said, a->text);
	r = row_of(kind, a->status, &said);
	delay = delay_of(a, &said, r, now);
	whole = error_begins(&said, WHOLE_FAMILY);
	error_said_release(&said);
	if (r)
		return from_row(r, a, delay, now);
	if (a->status == 429) {
		v = too_many(kind, a->told, l, asked, delay, now);
		if (v.scope == SCOPE_MODEL && whole)
			v.scope = SCOPE_FAMILY;
		return v;
	}
	if (a->status == 0 || a->status == 408 || a->status >= 500) {
		v.next = NEXT_OTHER;
		v.failed = true;
		v.until = delay > 0 ? now + capped(delay) : 0;
	}
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
	switch (r ? verdicts[r->verdict].cause : CAUSE_NONE) {
	case CAUSE_AUTH:
	case CAUSE_DISABLED:
	case CAUSE_OAUTH:
	case CAUSE_TERMS:
	case CAUSE_GATEWAY:
		return CAUSE_AUTH;
	case CAUSE_CREDIT:
		return CAUSE_CREDIT;
	case CAUSE_MODEL:
		return CAUSE_MODEL;
	case CAUSE_NONE:
	case CAUSE_WINDOW:
	case CAUSE_BURST:
	case CAUSE_OVERLOAD:
	case CAUSE_FAILING:
	case CAUSE_OVERAGE:
	case CAUSES:
		break;
	}
	return CAUSE_NONE;
}
