/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/account-failure.h"

#include "base/http-date.h"

#include <string.h>

#define SECOND 1000
#define OVERLOAD_MS (10 * SECOND)
#define CREDIT_MS (60 * 60 * SECOND)
#define BURST_MIN_MS (1 * SECOND)
#define BURST_MAX_MS (6 * 60 * 60 * SECOND)

static bool says(struct span text, const char *words)
{
	return memmem(text.p, text.n, words, strlen(words)) != NULL;
}

/* A 429 is one of three things: a window that is used up, a burst that
 * Retry-After puts an end to, or neither: then it says nothing of the next
 * request. */
static void too_many(struct account_failure *v, const struct failed_answer *a,
		     const struct limits *l, enum family_kind f, int64_t now)
{
	int64_t delay = http_date_delay(a->retry_after, now);
	bool rejected = a->told && strcmp(l->status, "rejected") == 0;
	int64_t reset = limits_reset(l, f, now);

	if (!reset)
		reset = a->reset;
	if (limits_headroom(l, f, now) == 0) {
		v->cause = CAUSE_WINDOW;
		v->until = reset;
		return;
	}
	if (delay < 0 && !rejected)
		return;
	v->cause = rejected ? CAUSE_WINDOW : CAUSE_BURST;
	if (delay < BURST_MIN_MS)
		delay = rejected && reset > now ? reset - now : BURST_MIN_MS;
	v->until = now + (delay < BURST_MAX_MS ? delay : BURST_MAX_MS);
}

/* A key's credit is gone, or the sum that its owner allows. */
static bool has_no_credit(struct span text)
{
	return says(text, "credit balance is too low") ||
	       says(text, "reached your specified API usage limits");
}

static void bad_request(struct account_failure *v,
			const struct failed_answer *a, int64_t now)
{
	if (has_no_credit(a->text)) {
		v->next = NEXT_OTHER;
		v->cause = CAUSE_CREDIT;
		v->until = now + CREDIT_MS;
	} else if (says(a->text, "out of extra usage")) {
		v->next = NEXT_OTHER; /* it is said with quota left, too */
	} else if (says(a->text, "redacted_thinking") ||
		   (says(a->text, "thinking") && says(a->text, "ignature"))) {
		v->next = NEXT_STRIP;
	}
}

static void not_allowed(struct account_failure *v,
			const struct failed_answer *a)
{
	bool token = a->status == 401 || says(a->text, "OAuth token");

	v->next = NEXT_OTHER;
	if (!token)
		return;
	v->cause = CAUSE_AUTH;
	if (a->subscription)
		v->next = NEXT_REFRESH;
}

static int64_t overload_ms(const struct failed_answer *a, int64_t now)
{
	int64_t delay = http_date_delay(a->retry_after, now);

	if (delay < OVERLOAD_MS)
		return OVERLOAD_MS;
	return delay < BURST_MAX_MS ? delay : BURST_MAX_MS;
}

struct account_failure account_failure_of(const struct failed_answer *a,
					  const struct limits *l,
					  enum family_kind f, int64_t now)
{
	struct account_failure v = { .next = NEXT_ANSWER };

	switch (a->status) {
	case 400:
		bad_request(&v, a, now);
		break;
	case 401:
	case 403:
		not_allowed(&v, a);
		break;
	case 402:
		v = (struct account_failure){ NEXT_OTHER, CAUSE_CREDIT,
					      now + CREDIT_MS };
		break;
	case 429:
		v.next = NEXT_OTHER;
		too_many(&v, a, l, f, now);
		break;
	case 529:
		v = (struct account_failure){ NEXT_OTHER, CAUSE_OVERLOAD,
					      now + overload_ms(a, now) };
		break;
	}
	if (a->status == 0 || (a->status >= 500 && a->status != 529))
		v.next = NEXT_OTHER;
	return v;
}

/* What was learnt of a credential is void with another log-in. */
static bool is_of(const struct limits *l, const struct account *a)
{
	char sign[sizeof(l->sign)];

	account_sign(a, sign, sizeof(sign));
	return strcmp(sign, l->sign) == 0;
}

bool account_has_new_credential(const struct account *a, const struct limits *l)
{
	return (l->cause == CAUSE_AUTH || l->cause == CAUSE_CREDIT) &&
	       !is_of(l, a);
}

int64_t account_pause(const struct account *a, const struct limits *l)
{
	return l->refresh_after && is_of(l, a) ? l->refresh_after : 0;
}
