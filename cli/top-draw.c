/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/top.h"

#include "base/utf8.h"
#include "cli/term.h"
#include "state/show/account-show.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAME 14
#define BACKEND 18
#define WIDE 100 /* columns from which bars are longer */

/* One line: what does not fit is cut. Texts are made harmless. */
struct canvas {
	const struct top *top;
	int width, lines; /* that are left */
	int used;         /* columns of this line */
};

static void put(struct canvas *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void put(struct canvas *c, const char *fmt, ...)
{
	char text[1024];
	struct span fits;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	utf8_clean_str(text);
	fits = utf8_fit(span_of(text), (size_t)(c->width - c->used));
	fwrite(fits.p, 1, fits.n, stdout);
	c->used += (int)fits.n;
}

/* A column that is left empty where it does not fit. */
static void put_bar(struct canvas *c, double share, int columns)
{
	if (c->used + columns > c->width)
		return;
	term_bar(share, columns);
	c->used += columns;
}

static bool has_line(const struct canvas *c)
{
	return c->lines > 0;
}

static void end_line(struct canvas *c)
{
	putchar('\n');
	c->used = 0;
	c->lines--;
}

/* An empty line and a title, where there is room for one thing below it. */
static bool begin_part(struct canvas *c, const char *title)
{
	if (c->lines < 3)
		return false;
	end_line(c);
	fputs(term_bold(), stdout);
	put(c, "%s", title);
	fputs(term_plain(), stdout);
	end_line(c);
	return true;
}

/* A part with a line for each of a list, as many as there is room for. */
static void draw_list(struct canvas *c, struct json_object *list,
		      const char *title,
		      void (*draw)(struct canvas *c, struct json_object *one))
{
	size_t n = json_length(list);

	if (!n || !begin_part(c, title))
		return;
	for (size_t i = 0; i < n && has_line(c); i++)
		draw(c, json_at(list, i));
}

static void put_time(struct canvas *c, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	put(c, "%s", text);
}

/* How long it is until then; "" when it is over or not known. */
static const char *until(const struct canvas *c, int64_t when, char out[32])
{
	*out = '\0';
	if (when > c->top->now)
		show_duration(out, 32, when - c->top->now);
	return out;
}

/* --- the head ------------------------------------------------------------- */

static void draw_head(struct canvas *c)
{
	struct json_object *h = c->top->parts[TOP_HEALTH];
	int64_t busy = json_int(h, "busy", -1);

	fputs(term_bold(), stdout);
	put(c, "dario  ");
	fputs(term_plain(), stdout);
	put_time(c, c->top->now);
	put(c, "Z  %s", c->top->from);
	if (busy >= 0)
		put(c, "  busy %lld of %lld", (long long)busy,
		    (long long)json_count(h, "capacity", 0));
	put(c, "  %lld waiting", (long long)json_count(h, "queued", 0));
	end_line(c);
}

static void draw_hour(struct canvas *c)
{
	struct json_object *w = json_get(c->top->parts[TOP_ANALYTICS],
					 "window");
	struct json_object *s = json_get(w, "sum");
	int64_t in = json_count(s, "uncached", 0) +
		     json_count(s, "write5m", 0) + json_count(s, "write1h", 0);
	int64_t out = json_count(s, "output", 0) +
		      json_count(s, "reasoning", 0);
	char a[24], b[24], r[24];

	if (!s || !has_line(c))
		return;
	put(c, "the last %lld minutes: %lld requests, %lld failed, %s in, ",
	    (long long)json_count(w, "minutes", 0),
	    (long long)json_count(s, "requests", 0),
	    (long long)json_count(s, "errors", 0), term_number(in, a));
	put(c, "%s cached, %s out, ", term_number(json_count(s, "read", 0), r),
	    term_number(out, b));
	if (json_object_is_type(json_get(s, "cost"), json_type_string))
		put(c, "cost unknown");
	else
		put(c, "$%.2f", json_amount(s, "cost", 0));
	end_line(c);
}

/* --- accounts ------------------------------------------------------------- */

static struct json_object *window_of(struct json_object *account,
				     const char *name)
{
	struct json_object *list = json_get(account, "windows");

	for (size_t i = 0; i < json_length(list); i++)
		if (span_is(json_str(json_at(list, i), "name"), name))
			return json_at(list, i);
	return NULL;
}

static void put_window(struct canvas *c, struct json_object *account,
		       const char *name)
{
	struct json_object *w = window_of(account, name);
	double used = json_amount(w, "used", -1);
	int bar = c->width >= WIDE ? 20 : 10;
	char left[32];

	put_bar(c, used, bar);
	if (used < 0)
		put(c, "%14s", "");
	else
		put(c, " %3.0f%% %-8s", used * 100,
		    until(c, json_int(w, "resetsAt", 0), left));
}

/* When it is full at the rate of this hour. */
static int64_t full_at(const struct canvas *c, const char *alias)
{
	struct json_object *list = json_get(c->top->parts[TOP_ANALYTICS],
					    "predictions");

	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *p = json_at(list, i);
		int64_t h5 = json_int(p, "exhaustedAt5h", 0);
		int64_t d7 = json_int(p, "exhaustedAt7d", 0);

		if (span_is(json_str(p, "alias"), alias))
			return h5 && (!d7 || h5 < d7) ? h5 : d7;
	}
	return 0;
}

static void draw_account(struct canvas *c, struct json_object *a)
{
	const char *alias = json_cstr(a, "alias");
	const char *backend = json_cstr(a, "backend");
	const char *why = json_cstr(a, "why");
	bool claude = backend && strcmp(backend, "claude") == 0;
	int64_t full = claude && alias ? full_at(c, alias) : 0;
	char left[32];

	put(c, "%-*.*s ", NAME, NAME, alias ? alias : "?");
	put_window(c, a, "5h");
	put_window(c, a, "7d");
	put(c, "%4lld  ", (long long)json_count(a, "inFlight", 0));
	if (json_flag(a, "paused", false))
		put(c, "paused");
	else if (why)
		put(c, "%s%s%s", why,
		    json_int(a, "resetsAt", 0) > c->top->now ? ", free in "
							     : "",
		    until(c, json_int(a, "resetsAt", 0), left));
	else if (*until(c, full, left))
		put(c, "full in %s", left);
	else
		put(c, "%s",
		    json_cstr(a, "status") ? json_cstr(a, "status") : "");
	if (!claude && backend)
		put(c, "  of %s", backend);
	end_line(c);
}

static void draw_accounts(struct canvas *c)
{
	struct json_object *list = json_get(c->top->parts[TOP_ACCOUNTS],
					    "accounts");
	int bar = c->width >= WIDE ? 20 : 10;
	char title[200];

	snprintf(title, sizeof(title), "%-*s %-*s%-*s%4s  %s", NAME, "account",
		 bar + 14, "5 hours", bar + 14, "7 days", "now", "state");
	draw_list(c, list, title, draw_account);
}

/* --- backends ------------------------------------------------------------- */

static void put_list(struct canvas *c, struct json_object *list)
{
	char text[64] = "";
	size_t n = 0;

	for (size_t i = 0; i < json_length(list) && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
				      i ? "," : "",
				      SPAN_FMT(json_span(json_at(list, i))));
	put(c, "%-*.*s ", BACKEND, BACKEND, text);
}

static void draw_backend(struct canvas *c, struct json_object *b)
{
	const char *name = json_cstr(b, "name");
	const char *problem = json_cstr(b, "problem");
	int64_t breaker = json_int(b, "breakerUntil", 0);
	char left[32];

	put(c, "%-*.*s ", BACKEND, BACKEND, name ? name : "?");
	put_list(c, json_get(b, "protocols"));
	put(c, "%7lld  ", (long long)json_count(b, "queued", 0));
	if (breaker && *until(c, breaker, left))
		put(c, "breaker open, tried again in %s", left);
	else if (breaker)
		put(c, "breaker open, tried with the next request");
	else
		put(c, "%s", problem ? problem : "ready");
	end_line(c);
}

static void draw_backends(struct canvas *c)
{
	struct json_object *list = json_get(c->top->parts[TOP_HEALTH],
					    "backends");
	char title[200];

	snprintf(title, sizeof(title), "%-*s %-*s %7s  %s", BACKEND, "backend",
		 BACKEND, "APIs", "waiting", "state");
	draw_list(c, list, title, draw_backend);
}

/* --- requests ------------------------------------------------------------- */

static void draw_request(struct canvas *c, struct json_object *r)
{
	const char *model = json_cstr(r, "model");
	const char *who = json_cstr(r, "account");
	const char *backend = json_cstr(r, "backend");
	const char *error = json_cstr(r, "error");
	const char *fallback = json_cstr(r, "fallback");
	double cost = json_amount(r, "cost", -1);

	put_time(c, json_int(r, "time", 0));
	put(c, "  %3lld %6.1fs  ", (long long)json_count(r, "status", 0),
	    (double)json_count(r, "tookMs", 0) / 1000);
	put(c, "%-24.24s  ", model ? model : json_cstr(r, "path"));
	put(c, "%-*.*s ", NAME, NAME, who ? who : backend ? backend : "-");
	if (cost >= 0)
		put(c, "%8.4f", cost);
	else
		put(c, "%8s", "");
	if (fallback)
		put(c, "  instead of %s", fallback);
	if (error)
		put(c, "  %s", error);
	end_line(c);
}

static void draw_requests(struct canvas *c)
{
	struct json_object *list = json_get(c->top->parts[TOP_REQUESTS],
					    "requests");
	char title[200];

	snprintf(title, sizeof(title), "%-8s  %3s %7s  %-24s  %-*s %8s", "time",
		 "", "took", "model", NAME, "answered by", "$");
	draw_list(c, list, title, draw_request);
}

/* A person is not told of any. */
static bool is_empty(struct json_object *part, const char *list)
{
	return json_object_is_type(json_get(part, list), json_type_array) &&
	       !json_length(json_get(part, list));
}

void top_draw(const struct top *t, int width, int height)
{
	struct canvas c = { .top = t, .width = width, .lines = height };

	draw_head(&c);
	draw_hour(&c);
	draw_accounts(&c);
	draw_backends(&c);
	draw_requests(&c);
	if (is_empty(t->parts[TOP_ACCOUNTS], "accounts") &&
	    is_empty(t->parts[TOP_HEALTH], "backends") && has_line(&c)) {
		put(&c, "no account and no backend yet: dario setup");
		end_line(&c);
	}
}
