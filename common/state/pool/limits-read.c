/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/pool/limits-read.h"

#include "base/clock.h"
#include "base/http-date.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define UNIFIED "anthropic-ratelimit-unified-"
#define PER_KEY "anthropic-ratelimit-"
#define OTHERS "x-ratelimit-"
#define WINDOW_GUESS_MS (5 * 3600 * 1000)
#define KEY_GUESS_MS 60000
#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define RESET_MAX_MS (32 * DAY_MS)
#define WINDOW_MAX_MS (8 * DAY_MS) /* plans are counted by the week */

#define PARTS_MAX 64

/* A window, as its fields come one by one. */
struct part {
	char name[LIMIT_NAME_MAX];
	double used; /* negative: not said */
	int64_t reset;
	bool rejected, allowed;
};

/* What an allowance is for; how long that is when its reset is not said. */
static const struct {
	const char *ending;
	int64_t guess;
} periods[] = {
	{ "", KEY_GUESS_MS },           { "-minute", KEY_GUESS_MS },
	{ "-hour", 60 * KEY_GUESS_MS }, { "-day", 60 * KEY_GUESS_MS },
	{ "-month", DAY_MS },
};

#define PERIODS (sizeof(periods) / sizeof(periods[0]))

/* An allowance, as its fields come; negative: not said. */
struct said {
	double limit, remaining;
	int64_t reset; /* 0: not said */
};

struct reading {
	int64_t now;
	size_t n_parts;
	struct said said[METER_KINDS][PERIODS];
	char status[32], claim[32], overage_status[32];
	bool overage_in_use;
	int64_t unified_reset;
	struct part parts[PARTS_MAX]; /* the last: not cleared */
};

static bool text_of(struct span v, char *out, size_t n)
{
	if (!v.n || v.n >= n)
		return false;
	memcpy(out, v.p, v.n);
	out[v.n] = '\0';
	return true;
}

/* In small letters: a proxy may have changed them. */
static bool word_of(struct span v, char *out, size_t n)
{
	if (!text_of(v, out, n))
		return false;
	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return true;
}

static double number_of(struct span v)
{
	char text[64], *end;
	double d;

	if (!text_of(v, text, sizeof(text)))
		return -1;
	d = strtod(text, &end);
	return end == text || *end || !isfinite(d) || d < 0 || d > 1e15 ? -1
									: d;
}

/* One that nobody lives to see is none. */
static int64_t moment(int64_t then, int64_t now)
{
	return then > 0 && then < now + RESET_MAX_MS ? then : 0;
}

/* A duration, seconds from now, or a moment. */
static int64_t reset_of(struct span v, int64_t now)
{
	int64_t ms = http_date_duration(v);
	double d = number_of(v);

	if (ms >= 0)
		return moment(now + ms, now);
	if (d >= 1e12) /* milliseconds since 1970 */
		return moment((int64_t)d, now);
	if (d >= 0 && d < 1e8)
		return moment(now + (int64_t)(d * 1000), now);
	return moment(http_date_read(v), now);
}

/* Of a plan's window. */
static int64_t window_reset(struct span v, int64_t now)
{
	int64_t then = moment(http_date_read(v), now);

	return then > now + WINDOW_MAX_MS ? now + WINDOW_MAX_MS : then;
}

static bool cut_end(struct span *s, const char *ending)
{
	size_t n = strlen(ending);

	if (s->n <= n || strncasecmp(s->p + s->n - n, ending, n))
		return false;
	s->n -= n;
	return true;
}

static bool cut_start(struct span *s, const char *start)
{
	size_t n = strlen(start);

	if (s->n <= n || strncasecmp(s->p, start, n))
		return false;
	*s = span_skip(*s, n);
	return true;
}

/* --- one field ----------------------------------------------------------- */

static struct part *part_of(struct reading *r, struct span name)
{
	struct part *p;
	char text[LIMIT_NAME_MAX];

	if (!word_of(name, text, sizeof(text)))
		return NULL;
	for (size_t i = 0; i < r->n_parts; i++)
		if (strcmp(r->parts[i].name, text) == 0)
			return &r->parts[i];
	if (r->n_parts == PARTS_MAX && !window_is_shared(text))
		return NULL;
	p = &r->parts[r->n_parts < PARTS_MAX ? r->n_parts++ : PARTS_MAX - 1];
	*p = (struct part){ .used = -1 };
	memcpy(p->name, text, sizeof(p->name));
	return p;
}

static void take_unified(struct reading *r, struct span name, struct span v)
{
	struct part *p;
	char word[32];

	if (span_ieq(name, "status"))
		word_of(v, r->status, sizeof(r->status));
	else if (span_ieq(name, "reset"))
		r->unified_reset = window_reset(v, r->now);
	else if (span_ieq(name, "representative-claim"))
		word_of(v, r->claim, sizeof(r->claim));
	else if (span_ieq(name, "overage-in-use"))
		r->overage_in_use = span_ieq(v, "true");
	else if (cut_end(&name, "-utilization")) {
		p = part_of(r, name);
		if (p)
			p->used = number_of(v);
	} else if (cut_end(&name, "-reset")) {
		p = part_of(r, name);
		if (p)
			p->reset = window_reset(v, r->now);
	} else if (cut_end(&name, "-status")) {
		p = part_of(r, name);
		if (!word_of(v, word, sizeof(word)))
			word[0] = '\0';
		if (span_ieq(name, "overage"))
			strcpy(r->overage_status, word);
		if (p) {
			p->rejected = strcmp(word, "rejected") == 0;
			p->allowed = strncmp(word, "allowed", 7) == 0;
		}
	}
}

/* "requests", "tokens-day": NULL when it is none. */
static struct said *said_of(struct reading *r, struct span name)
{
	static const struct {
		const char *name;
		enum meter_kind kind;
	} names[] = {
		{ "requests", METER_REQUESTS },
		{ "req", METER_REQUESTS },
		{ "tokens", METER_TOKENS },
		{ "input-tokens", METER_INPUT },
		{ "output-tokens", METER_OUTPUT },
	};
	size_t p = PERIODS - 1;

	while (p && !cut_end(&name, periods[p].ending))
		p--;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_ieq(name, names[i].name))
			return &r->said[names[i].kind][p];
	return NULL;
}

static void take_meter(struct reading *r, const char *what, struct span name,
		       struct span v, bool anthropic)
{
	struct said *s = said_of(r, name);

	if (!s)
		return;
	if (strcmp(what, "limit") == 0)
		s->limit = number_of(v);
	else if (strcmp(what, "remaining") == 0)
		s->remaining = number_of(v);
	else
		s->reset = anthropic ? moment(http_date_read(v), r->now)
				     : reset_of(v, r->now);
}

static void take_per_key(struct reading *r, struct span name, struct span v)
{
	static const char *const endings[] = { "-limit", "-remaining",
					       "-reset" };

	for (size_t i = 0; i < 3; i++)
		if (cut_end(&name, endings[i])) {
			take_meter(r, endings[i] + 1, name, v, true);
			return;
		}
}

/* Without a last word they are about requests. */
static void take_other(struct reading *r, struct span name, struct span v)
{
	static const char *const starts[] = { "limit", "remaining", "reset" };

	for (size_t i = 0; i < 3; i++) {
		struct span kind = name;

		if (span_ieq(name, starts[i]))
			take_meter(r, starts[i], SPAN("requests"), v, false);
		else if (cut_start(&kind, starts[i]) && cut_start(&kind, "-"))
			take_meter(r, starts[i], kind, v, false);
	}
}

static void take_field(struct reading *r, struct span name, struct span value)
{
	if (cut_start(&name, UNIFIED))
		take_unified(r, name, value);
	else if (cut_start(&name, PER_KEY))
		take_per_key(r, name, value);
	else if (cut_start(&name, OTHERS))
		take_other(r, name, value);
}

/* --- all of them --------------------------------------------------------- */

/* One that is full for some models, though not for these, says that it is
 * allowed, or leaves it to another to say no. */
static bool may_refuse(const struct reading *r, const struct part *p)
{
	if (p->rejected || p->allowed)
		return p->rejected;
	for (size_t i = 0; i < r->n_parts; i++)
		if (r->parts[i].rejected)
			return false;
	return true;
}

static void note_full(struct limits_told *t, const struct reading *r,
		      const struct part *p)
{
	if (window_is_shared(p->name)) {
		t->shared |= strcmp(p->name, "overage") != 0;
	} else if (t->n_full < TOLD_FULL_MAX && may_refuse(r, p)) {
		memcpy(t->full[t->n_full++], p->name, LIMIT_NAME_MAX);
	}
}

static void put_window(struct limits *l, const struct reading *r,
		       const struct part *p, struct limits_told *t)
{
	bool overage = strcmp(p->name, "overage") == 0;
	const struct window *known = limits_known_window(l, p->name);
	struct window w = { .used = p->used, .reset = p->reset };

	if (p->rejected && !overage)
		w.used = w.used > 1 ? w.used : 1;
	if (w.used < 0 && p->allowed && known && known->used >= 1)
		w.used = 0.99; /* more is not known */
	if (w.used < 0)
		return;
	if (!w.reset && p->rejected)
		w.reset = r->unified_reset;
	if (!w.reset)
		w.reset = known && known->reset > r->now
				? known->reset
				: r->now + WINDOW_GUESS_MS;
	memcpy(w.name, p->name, sizeof(w.name));
	limits_put_window(l, &w);
	t->any = true;
	if (w.used >= 1 && w.reset > r->now)
		note_full(t, r, p);
}

/* Of none left it does not matter how many there were. */
static bool allowance_of(const struct said *s, int64_t guess, int64_t now,
			 struct allowance *out)
{
	if (s->remaining < 0 || (s->limit < 0 && s->remaining > 0))
		return false;
	*out = (struct allowance){
		.limit = s->limit >= 1 ? (int64_t)s->limit : 1,
		.remaining = (int64_t)s->remaining,
		.reset = s->reset ? s->reset : now + guess,
	};
	return true;
}

static bool is_tighter(const struct allowance *a, const struct allowance *b)
{
	double left = (double)a->remaining / (double)a->limit;
	double other = (double)b->remaining / (double)b->limit;

	return left < other || (left == other && a->reset > b->reset);
}

/* The one of its periods that will be used up first. */
static bool put_meter(struct allowance *out, const struct reading *r, size_t k)
{
	bool any = false;

	for (size_t p = 0; p < PERIODS; p++) {
		struct allowance a;

		if (!allowance_of(&r->said[k][p], periods[p].guess, r->now,
				  &a) ||
		    (any && !is_tighter(&a, out)))
			continue;
		*out = a;
		any = true;
	}
	return any;
}

static void put_meters(struct limits *l, const struct asked *a,
		       const struct reading *r, struct limits_told *t)
{
	struct meter m = { .updated_at = r->now };
	bool any = false;

	for (size_t k = 0; k < METER_KINDS; k++)
		any |= put_meter(&m.of[k], r, k);
	if (!any)
		return;
	memcpy(limits_meter(l, a->family, r->now)->of, m.of, sizeof(m.of));
	t->any = true;
}

static void put_words(struct limits *l, const struct reading *r,
		      struct limits_told *t)
{
	if (*r->status) {
		t->any = true;
		memcpy(l->status, r->status, sizeof(l->status));
	}
	if (*r->claim)
		memcpy(l->claim, r->claim, sizeof(l->claim));
	t->rejected = strcmp(r->status, "rejected") == 0;
	t->reset = r->unified_reset;
	l->overage = r->overage_in_use || strcmp(l->claim, "overage") == 0 ||
		     /* beyond the plan, and let through all the same */
		     (strncmp(r->overage_status, "allowed", 7) == 0 &&
		      t->rejected);
}

void limits_take(struct limits *l, const struct asked *a, limits_field_fn *next,
		 const void *arg, struct limits_told *out)
{
	struct span name, value;
	struct reading r;
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	memset(&r, 0, offsetof(struct reading, parts));
	r.now = clock_wall_ms();
	for (size_t k = 0; k < METER_KINDS; k++)
		for (size_t p = 0; p < PERIODS; p++)
			r.said[k][p] = (struct said){ -1, -1, 0 };
	while (next(arg, &at, &name, &value))
		take_field(&r, name, value);
	for (size_t i = 0; i < r.n_parts; i++)
		put_window(l, &r, &r.parts[i], out);
	put_meters(l, a, &r, out);
	put_words(l, &r, out);
	if (out->any)
		l->updated_at = r.now;
}
