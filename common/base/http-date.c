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

/* As Go writes them, and days. */
static const struct {
	struct span name;
	double ms;
} units[] = {
	{ SPAN_INIT("ms"), 1 },         { SPAN_INIT("us"), 1e-3 },
	{ SPAN_INIT("\u00b5s"), 1e-3 }, { SPAN_INIT("\u03bcs"), 1e-3 },
	{ SPAN_INIT("ns"), 1e-6 },      { SPAN_INIT("s"), 1000 },
	{ SPAN_INIT("m"), 60000 },      { SPAN_INIT("h"), 3600000 },
	{ SPAN_INIT("d"), 86400000 },
};

/* The unit at the front of `s`, which is cut off, in ms; 0: none. */
static double take_unit(struct span *s)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (s->n >= units[i].name.n &&
		    memcmp(s->p, units[i].name.p, units[i].name.n) == 0) {
			*s = span_skip(*s, units[i].name.n);
			return units[i].ms;
		}
	return 0;
}

static double take_number(struct span *s)
{
	double v = 0, scale = 1;

	for (; s->n && isdigit((unsigned char)*s->p); *s = span_skip(*s, 1))
		v = v * 10 + (*s->p - '0');
	if (s->n && *s->p == '.')
		*s = span_skip(*s, 1);
	else
		return v;
	for (; s->n && isdigit((unsigned char)*s->p); *s = span_skip(*s, 1))
		v += (*s->p - '0') * (scale /= 10);
	return v;
}

int64_t http_date_duration(struct span s)
{
	bool any = s.n;
	double total = 0;

	while (s.n) {
		const char *from = s.p;
		double v = take_number(&s);
		double unit = s.p > from ? take_unit(&s) : 0;

		if (unit == 0)
			return -1;
		total += v * unit;
	}
	return any && total < 1e15 ? (int64_t)(total + 0.5) : -1;
}
