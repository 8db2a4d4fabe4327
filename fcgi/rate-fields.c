/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/rate-fields.h"

#include "base/clock.h"
#include "base/http-date.h"
#include "fcgi/reply.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIELDS 6

static const char *const anthropic[FIELDS] = {
	"anthropic-ratelimit-requests-limit",
	"anthropic-ratelimit-requests-remaining",
	"anthropic-ratelimit-requests-reset",
	"anthropic-ratelimit-tokens-limit",
	"anthropic-ratelimit-tokens-remaining",
	"anthropic-ratelimit-tokens-reset",
};

/* The same in the same order. */
static const char *const openai[FIELDS] = {
	"x-ratelimit-limit-requests",   "x-ratelimit-remaining-requests",
	"x-ratelimit-reset-requests",   "x-ratelimit-limit-tokens",
	"x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
};

static void put_duration(char *out, size_t n, int64_t ms)
{
	long long s = ms / 1000;

	if (ms < 1000)
		snprintf(out, n, "%lldms", (long long)ms);
	else if (s < 60)
		snprintf(out, n, "%llds", s);
	else if (s < 3600)
		snprintf(out, n, "%lldm%llds", s / 60, s % 60);
	else
		snprintf(out, n, "%lldh%lldm%llds", s / 3600, s / 60 % 60,
			 s % 60);
}

/* How long until a moment such as 2026-11-22T10:00:00Z; -1: unreadable. */
static int64_t until(struct span text)
{
	int64_t then = http_date_read(text), now = clock_wall_ms();

	if (!then)
		return -1;
	return then > now ? then - now : 0;
}

static void put_reset(struct request *r, const char *name, struct span value,
		      bool to_openai)
{
	char out[64];
	int64_t ms = to_openai ? until(value) : http_date_duration(value);
	time_t then;
	struct tm tm;

	if (ms < 0)
		return;
	if (to_openai) {
		put_duration(out, sizeof(out), ms);
	} else {
		then = time(NULL) + (time_t)((ms + 999) / 1000);
		gmtime_r(&then, &tm);
		strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%SZ", &tm);
	}
	reply_field(r, name, span_of(out));
}

void rate_fields(struct request *r, const struct http_head *head,
		 const struct dialect *upstream)
{
	bool from = upstream == &dialects[DIALECT_ANTHROPIC];
	bool to = r->dialect == &dialects[DIALECT_ANTHROPIC];

	struct span values[FIELDS];

	http_fields(head, from ? anthropic : openai, FIELDS, values);
	for (size_t i = 0; i < FIELDS; i++) {
		const char *name = to ? anthropic[i] : openai[i];

		if (!values[i].n)
			continue;
		if (from != to && strstr(name, "reset"))
			put_reset(r, name, values[i], from);
		else
			reply_field(r, name, values[i]);
	}
}
