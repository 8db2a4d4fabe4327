/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/error-said.h"

#include "base/http-date.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX (1u << 20) /* bytes of one that is read */
#define MESSAGE_MAX 4096    /* bytes that are looked at */
#define DETAILS_MAX 16
#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void add_name(struct error_said *s, struct json_object *o,
		     const char *key)
{
	struct span name = json_str(o, key);

	if (name.n && s->n_names < ERROR_NAMES_MAX)
		s->names[s->n_names++] = name;
}

/* Gemini's stands in a list, that of an event may stand one deeper. */
static struct json_object *error_of(struct json_object *o)
{
	static const char *const around[] = { "response", "x_groq" };
	struct json_object *e;

	if (json_object_is_type(o, json_type_array))
		o = json_at(o, 0);
	for (size_t i = 0; i < 2 && !json_get(o, "error"); i++)
		if (json_get(json_get(o, around[i]), "error"))
			o = json_get(o, around[i]);
	e = json_get(o, "error");
	return json_object_is_type(e, json_type_object) ? e : o;
}

/* With a code or a type of the provider's own beside the message: a number
 * that is a status is none, nor is that of problem details (RFC 9457). */
static bool is_typed(const struct error_said *s, struct json_object *e)
{
	return (s->n_names || json_count(e, "code", 0) > 999) &&
	       !json_get(e, "title");
}

static void read_parts(struct error_said *s)
{
	static const char *const texts[] = { "message", "error", "detail" };
	static const char *const names[] = { "code", "type", "status" };
	struct json_object *e = error_of(s->o), *details;
	bool inner = json_object_is_type(e, json_type_object) && e != s->o &&
		     e != json_at(s->o, 0);

	s->message = json_span(e); /* a string alone */
	for (size_t i = 0; i < 3 && !s->message.n; i++)
		s->message = json_str(e, texts[i]);
	for (size_t i = 0; i < 3; i++)
		add_name(s, e, names[i]);
	details = json_get(e, "details");
	for (size_t i = 0; i < json_length(details) && i < DETAILS_MAX; i++)
		add_name(s, json_at(details, i), "reason");
	s->shaped = inner ? s->message.n || s->n_names
			  : s->message.n && is_typed(s, e);
}

void error_said_read(struct error_said *out, struct span body)
{
	struct err unused;

	memset(out, 0, sizeof(*out));
	body = span_trim(body);
	if (!body.n || body.n > BODY_MAX)
		return;
	if (strchr("{[\"", *body.p)) {
		out->o = json_read(body, &unused);
		if (out->o)
			read_parts(out);
	} else {
		out->message = body;
	}
	out->message = span_trim(out->message);
	if (span_starts(out->message, "<")) { /* a page */
		out->message.n = 0;
		out->shaped = false;
	}
	if (out->message.n > MESSAGE_MAX)
		out->message.n = MESSAGE_MAX;
}

void error_said_release(struct error_said *s)
{
	json_object_put(s->o);
	s->o = NULL;
}

bool error_begins(const struct error_said *s, const char *words)
{
	size_t n = strlen(words);

	return s->message.n >= n && !strncasecmp(s->message.p, words, n);
}

bool error_holds(const struct error_said *s, const char *words)
{
	size_t n = strlen(words);

	for (size_t i = 0; i + n <= s->message.n; i++)
		if (!strncasecmp(s->message.p + i, words, n))
			return true;
	return false;
}

bool error_is_named(const struct error_said *s, const char *name)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (span_ieq(s->names[i], name))
			return true;
	return error_begins(s, name);
}

/* --- when to come again -------------------------------------------------- */

/* "41s" or { "seconds": 41 }, of google.rpc.RetryInfo. */
static int64_t retry_info(struct json_object *error)
{
	struct json_object *details = json_get(error, "details");

	for (size_t i = 0; i < json_length(details) && i < DETAILS_MAX; i++) {
		struct json_object *d = json_get(json_at(details, i),
						 "retryDelay");
		int64_t ms = http_date_duration(json_span(d));

		if (ms >= 0)
			return ms;
		if (json_get(d, "seconds"))
			return json_count(d, "seconds", 0) * 1000;
	}
	return -1;
}

static int64_t passed_field(struct json_object *fields, const char *name,
			    int64_t now)
{
	struct span value;
	int64_t then;
	bool full = false;

	value = json_said(json_get(fields, name), &full);
	if (strcasecmp(name, "retry-after") == 0)
		return http_date_delay(value, now);
	if (strcasecmp(name, "x-ratelimit-reset"))
		return -1;
	then = http_date_read(value);
	return then > now ? then - now : -1;
}

/* The latest of them. */
static int64_t passed_on(struct json_object *error, int64_t now)
{
	struct json_object *fields = json_get(json_get(error, "metadata"),
					      "headers");
	int64_t delay = -1;

	if (!json_object_is_type(fields, json_type_object))
		return -1;
	json_object_object_foreach(fields, name, v)
	{
		int64_t ms = passed_field(fields, name, now);

		(void)v;
		if (ms > delay)
			delay = ms;
	}
	return delay;
}

/* The number at the front of `s`: how many bytes it has. */
static size_t take_number(struct span s, double *out)
{
	char text[24];
	size_t n = 0;

	while (n < s.n && n < sizeof(text) - 1 && s.p[n] &&
	       strchr(n ? "0123456789." : "0123456789", s.p[n]))
		n++;
	while (n && s.p[n - 1] == '.') /* of the sentence */
		n--;
	memcpy(text, s.p, n);
	text[n] = '\0';
	*out = strtod(text, NULL);
	return n;
}

/* A word for a time at the front of `s`, in ms; 0: none. It is cut off. */
static int64_t take_unit(struct span *s)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{ "millisecond", 1 }, { "ms", 1 },      { "sec", SECOND },
		{ "min", MINUTE },    { "hour", HOUR }, { "hr", HOUR },
		{ "day", DAY },       { "s", SECOND },  { "m", MINUTE },
		{ "h", HOUR },        { "d", DAY },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(units[i].name);

		if (!span_starts(*s, units[i].name))
			continue;
		while (n > 1 && n < s->n && islower((unsigned char)s->p[n]))
			n++; /* seconds, minutes */
		if (n < s->n && islower((unsigned char)s->p[n]))
			continue; /* month */
		*s = span_skip(*s, n);
		return units[i].ms;
	}
	return 0;
}

static void skip_blanks(struct span *s)
{
	while (s->n && *s->p == ' ')
		*s = span_skip(*s, 1);
}

/* "20s", "6m0s", "1.5 seconds", "2 hours and 5 minutes": the front of `s`. */
static int64_t front_duration(struct span s)
{
	int64_t unit;
	double total = -1;

	do {
		double v;
		size_t n = take_number(s, &v);

		s = span_skip(s, n);
		skip_blanks(&s);
		unit = n ? take_unit(&s) : 0;
		if (unit)
			total = (total < 0 ? 0 : total) + v * (double)unit;
		skip_blanks(&s);
		if (span_starts(s, "and "))
			s = span_skip(s, 4);
	} while (unit);
	return total < 1e15 ? (int64_t)total : -1;
}

/* "2027-01-01 at 00:00 UTC", in ms from now. */
static int64_t front_moment(struct span s, int64_t now)
{
	char text[32];
	int64_t then;

	if (s.n < 19 || memcmp(s.p + 10, " at ", 4))
		return -1;
	snprintf(text, sizeof(text), "%.10sT%.5s:00Z", s.p, s.p + 14);
	then = http_date_read(span_of(text));
	return then > now ? then - now : -1;
}

static int64_t in_words(const struct error_said *s, int64_t now)
{
	static const char *const words[] = { "try again in ", "retry in ",
					     "retry after ", "try again after ",
					     "regain access on " };

	for (size_t i = 0; i < s->message.n; i++)
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
			struct span rest = span_skip(s->message, i);
			size_t n = strlen(words[k]);
			int64_t ms;

			if (rest.n <= n || strncasecmp(rest.p, words[k], n))
				continue;
			rest = span_skip(rest, n);
			ms = front_moment(rest, now);
			return ms >= 0 ? ms : front_duration(rest);
		}
	return -1;
}

int64_t error_said_delay(const struct error_said *s, int64_t now)
{
	struct json_object *error = error_of(s->o);
	int64_t delay = retry_info(error), fields = passed_on(error, now);

	if (fields > delay)
		delay = fields;
	return delay >= 0 ? delay : in_words(s, now);
}
