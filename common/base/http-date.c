/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/http-date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 64
#define LATEST 253402300799.0 /* seconds: the year 9999 */

static bool to_text(struct span s, char out[TEXT_MAX])
{
	s = span_trim(s);
	if (!s.n || s.n >= TEXT_MAX)
		return false;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

static bool read_seconds(const char *text, double *out)
{
	char *end;

	if (strspn(text, "0123456789.") != strlen(text))
		return false;
	*out = strtod(text, &end);
	if (*out > LATEST)
		*out = LATEST;
	return end != text && !*end;
}

/* "+01:30" behind a time, in seconds. */
static long offset_of(const char *s)
{
	int h, m;

	s += strspn(s, ".0123456789");
	if ((*s != '+' && *s != '-') || sscanf(s + 1, "%2d:%2d", &h, &m) != 2)
		return 0;
	return (*s == '-' ? -1 : 1) * (h * 3600L + m * 60L);
}

int64_t http_date_read(struct span s)
{
	char text[TEXT_MAX];
	struct tm tm = { 0 };
	double seconds;
	const char *rest;

	if (!to_text(s, text))
		return 0;
	if (read_seconds(text, &seconds))
		return (int64_t)(seconds * 1000);
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest)
		return ((int64_t)timegm(&tm) - offset_of(rest)) * 1000;
	memset(&tm, 0, sizeof(tm));
	if (strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return (int64_t)timegm(&tm) * 1000;
	return 0;
}

int64_t http_date_delay(struct span s, int64_t now)
{
	char text[TEXT_MAX];
	double seconds;
	int64_t then;

	if (!to_text(s, text))
		return -1;
	if (read_seconds(text, &seconds))
		return (int64_t)(seconds * 1000);
	then = http_date_read(s);
	if (!then)
		return -1;
	return then > now ? then - now : 0;
}
