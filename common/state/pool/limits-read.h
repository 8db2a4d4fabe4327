/* SPDX-License-Identifier: MIT */
/*
 * limits-read: what the header fields of an answer say of limits. Pure.
 *
 * Anthropic: anthropic-ratelimit-unified-NAME-{status,utilization,reset} is the
 * window NAME of a subscription, anthropic-ratelimit-{requests,tokens,
 * input-tokens,output-tokens}-{limit,remaining,reset} are a key's allowances.
 * OpenAI and most others: x-ratelimit-{limit,remaining,reset}-{requests,tokens}
 * with durations ("6m0s", "20ms"), seconds (Azure) or moments; OpenRouter has
 * the same without the last word and milliseconds since 1970; Cerebras,
 * SambaNova and Mistral say more at its end: -requests-day, -tokens-minute,
 * -req-minute, -tokens-month. Sources: the rate limit pages of
 * docs.claude.com, platform.openai.com, console.groq.com, learn.microsoft.com
 * (Azure OpenAI), openrouter.ai, inference-docs.cerebras.ai and
 * docs.sambanova.ai; mistralai/client-ts/issues/169; the unified fields as
 * observed on answers to subscriptions.
 */
#ifndef DARIO_LIMITS_READ_H
#define DARIO_LIMITS_READ_H

#include "state/pool/limits.h"

/* The next field of an answer, as http_next_field: *at is 0 at first. */
typedef bool limits_field_fn(const void *arg, size_t *at, struct span *name,
			     struct span *value);

#define TOLD_FULL_MAX 4

/* What one answer said. */
struct limits_told {
	bool any;
	bool rejected; /* the plan as a whole says no to this request */
	bool shared;   /* a window that counts for all models is full */
	int64_t reset; /* of what decides; 0: not said */
	/* other windows that are full, and may have refused it */
	char full[TOLD_FULL_MAX][LIMIT_NAME_MAX];
	size_t n_full;
};

/* Take it over into `l`, for the family that was asked for. */
void limits_take(struct limits *l, const struct asked *a, limits_field_fn *next,
		 const void *arg, struct limits_told *out);

#endif
