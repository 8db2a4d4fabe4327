/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/rate-fields.h"

#include "base/clock.h"
#include "base/http-date.h"
#include "fcgi/reply.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
	const char *anthropic, *openai;
} pairs[] = {
	{ "anthropic-ratelimit-requests-limit", "x-ratelimit-limit-requests" },
	{ "anthropic-ratelimit-requests-remaining",
	  "x-ratelimit-remaining-requests" },
	{ "anthropic-ratelimit-requests-reset", "x-ratelimit-reset-requests" },
	{ "anthropic-ratelimit-tokens-limit", "x-ratelimit-limit-tokens" },
	{ "anthropic-ratelimit-tokens-remaining",
	  "x-ratelimit-remaining-tokens" },
	{ "anthropic-ratelimit-tokens-reset", "x-ratelimit-reset-tokens" },
};

static int64_t unit_ms(const char *p, size_t n)
{
	if (n >= 2 && p[0] == 'm' && p[1] == 's')
		return 1;
	if (n >= 1 && p[0] == 's')
		return 1000;
	if (n >= 1 && p[0] == 'm')
		return 60000;
	return n >= 1 && p[0] == 'h' ? 3600000 : -1;
}

/* "6m0s", "1h2m", "20ms" as milliseconds; -1 when it is none. */
static int64_t read_duration(struct span s)
{
	double total = 0;
	size_t i = 0;

	while (i < s.n) {
		double v = 0, scale = 1;
		size_t from = i;
		int64_t unit;

		for (; i < s.n && isdigit((unsigned char)s.p[i]); i++)
			v = v * 10 + (s.p[i] - '0');
		if (i < s.n && s.p[i] == '.')
			for (i++; i < s.n && isdigit((unsigned char)s.p[i]);
			     i++)
				v += (s.p[i] - '0') * (scale /= 10);
		unit = i > from ? unit_ms(s.p + i, s.n - i) : -1;
		if (unit < 0)
			return -1;
		total += v * (double)unit;
		i += unit == 1 ? 2 : 1;
	}
	return s.n && total < 1e15 ? (int64_t)(total + 0.5) : -1;
}

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
	int64_t ms = to_openai ? until(value) : read_duration(value);
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

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct span v = http_field(head, from ? pairs[i].anthropic
						      : pairs[i].openai);
		const char *name = to ? pairs[i].anthropic : pairs[i].openai;

		if (!v.n)
			continue;
		if (from != to && strstr(name, "reset"))
			put_reset(r, name, v, from);
		else
			reply_field(r, name, v);
	}
}
