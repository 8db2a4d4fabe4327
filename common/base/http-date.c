/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/http-date.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 64
#define LATEST 253402300799000.0 /* ms: the year 9999 */
/* A number above is no delay in seconds but a moment, and above the other one
 * that is in milliseconds. */
#define MOMENT 1e9
#define IN_MS 1e11

static bool to_text(struct span s, char out[TEXT_MAX])
{
	s = span_trim(s);
	if (!s.n || s.n >= TEXT_MAX)
		return false;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

static bool read_number(const char *text, double *out)
{
	char *end;

	if (strspn(text, "0123456789.") != strlen(text))
		return false;
	*out = strtod(text, &end);
	if (*out > LATEST)
		*out = LATEST;
	return end != text && !*end;
}

/* "+01:30" or "+0130" behind a time, in seconds. */
static long offset_of(const char *s)
{
	int h, m;

	s += strspn(s, ".0123456789");
	if ((*s != '+' && *s != '-') ||
	    (sscanf(s + 1, "%2d:%2d", &h, &m) != 2 &&
	     sscanf(s + 1, "%2d%2d", &h, &m) != 2))
		return 0;
	return (*s == '-' ? -1 : 1) * (h * 3600L + m * 60L);
}

int64_t http_date_read(struct span s)
{
	/* RFC 9110, 5.6.7: its own form, and those that are to be understood */
	static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT",
					     "%a, %d-%b-%y %H:%M:%S GMT",
					     "%a %b %d %H:%M:%S %Y" };
	char text[TEXT_MAX];
	struct tm tm = { 0 };
	double number;
	const char *rest;

	if (!to_text(s, text))
		return 0;
	if (read_number(text, &number))
		return (int64_t)(number < IN_MS ? number * 1000 : number);
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest)
		return ((int64_t)timegm(&tm) - offset_of(rest)) * 1000;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(&tm, 0, sizeof(tm));
		if (strptime(text, forms[i], &tm))
			return (int64_t)timegm(&tm) * 1000;
	}
	return 0;
}

int64_t http_date_delay(struct span s, int64_t now)
{
	char text[TEXT_MAX];
	double seconds;
	int64_t then;

	if (!to_text(s, text))
		return -1;
	if (read_number(text, &seconds) && seconds < MOMENT)
		return (int64_t)(seconds * 1000);
	then = http_date_read(s);
	if (!then)
		return -1;
	return then > now ? then - now : 0;
}

static int64_t unit_ms(const char *p, size_t n)
{
	if (n >= 2 && p[0] == 'm' && p[1] == 's')
		return 1;
	if (n >= 1 && p[0] == 's')
		return 1000;
	if (n >= 1 && p[0] == 'm')
		return 60000;
	if (n >= 1 && p[0] == 'h')
		return 3600000;
	return n >= 1 && p[0] == 'd' ? 86400000 : -1;
}

int64_t http_date_duration(struct span s)
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
