/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/usage-table.h"

#include "base/utf8.h"
#include "cli/say.h"
#include "cli/term.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAME_COLUMNS 40 /* what is longer is cut */

/* "" stands for something: who has no key is the owner. */
static const char *shown(const struct usage_table_row *r, int by, char mem[32])
{
	const char *s = usage_answer_cell(r, by, mem);

	if (*s)
		return s;
	return by == USAGE_KEY ? "(owner)" : "-";
}

static size_t width_of(const struct usage_answer *a, int by)
{
	size_t width = strlen(usage_by_name(by));
	char mem[32];

	for (size_t i = 0; i < a->rows.n; i++) {
		size_t n = strlen(shown(a->rows.rows[i], by, mem));

		if (n > width)
			width = n;
	}
	return width < NAME_COLUMNS ? width : NAME_COLUMNS;
}

static void print_name(const char *name, size_t width)
{
	struct span fits = utf8_fit(span_of(name), width);

	say(stdout, "%-*.*s  ", (int)width, (int)fits.n, fits.p);
}

/* What a row has room for, beside its names. */
enum layout {
	LEAST,
	FEW,   /* tokens, too */
	SHORT, /* all but times */
	TIMES,
	WHOLE, /* numbers are written out */
};

enum {
	REQUESTS,
	ERRORS,
	IN,
	CACHED,
	OUT,
	COST,
	FIRST,
	RATE,
	COLUMNS
};
static const struct {
	const char *title;
	enum layout from;
	int whole, narrow; /* columns */
} columns[COLUMNS] = {
	[REQUESTS] = { "requests", LEAST, 9, 9 },
	[ERRORS] = { "errors", SHORT, 8, 8 },
	[IN] = { "in", FEW, 12, 8 },
	[CACHED] = { "cached", SHORT, 12, 8 },
	[OUT] = { "out", FEW, 11, 8 },
	[COST] = { "cost", LEAST, 12, 10 },
	[FIRST] = { "first s", TIMES, 9, 9 },
	[RATE] = { "tokens/s", TIMES, 9, 9 },
};

static int width_in(enum layout l, int column)
{
	if (columns[column].from > l)
		return 0;
	return l == WHOLE ? columns[column].whole : columns[column].narrow;
}

static enum layout layout_for(int room)
{
	for (enum layout l = WHOLE; l > LEAST; l--) {
		int width = 0;

		for (int i = 0; i < COLUMNS; i++)
			width += width_in(l, i);
		if (width <= room)
			return l;
	}
	return LEAST;
}

static void count(int64_t v, enum layout l, char out[32])
{
	if (l == WHOLE)
		snprintf(out, 32, "%lld", (long long)v);
	else
		term_number(v, out);
}

static void write_cost(const struct usage_sum *s, char out[32])
{
	bool more = usage_sum_cost_unknown(s);

	if (more && s->cost == 0)
		snprintf(out, 32, "unknown");
	else
		snprintf(out, 32, "$%.2f%s", usage_sum_dollars(s),
			 more ? "+" : "");
}

/* In seconds, and tokens a second. */
static void write_times(const struct usage_sum *s, char first[32],
			char per_second[32])
{
	const struct usage_hist *f = &s->hists[USAGE_FIRST_BYTE];
	const struct usage_hist *rate = &s->hists[USAGE_RATE];
	int64_t n = usage_hist_count(rate);

	snprintf(first, 32, "-");
	snprintf(per_second, 32, "-");
	if (usage_hist_count(f))
		snprintf(first, 32, "%.2f",
			 usage_hist_quantile(f, USAGE_FIRST_BYTE, 0.5));
	if (n)
		snprintf(per_second, 32, "%.1f",
			 (double)rate->sum / 1000 / (double)n);
}

static void print_numbers(const struct usage_sum *s, enum layout l)
{
	const struct usage_kept *u = &s->usage;
	char cells[COLUMNS][32];

	count(s->requests, WHOLE, cells[REQUESTS]);
	count(usage_sum_errors(s), WHOLE, cells[ERRORS]);
	count(u->input + u->cache_write, l, cells[IN]);
	count(u->cache_read, l, cells[CACHED]);
	count(u->output, l, cells[OUT]);
	write_cost(s, cells[COST]);
	write_times(s, cells[FIRST], cells[RATE]);
	for (int i = 0; i < COLUMNS; i++)
		if (width_in(l, i))
			printf("%*s", width_in(l, i), cells[i]);
	putchar('\n');
}

/* Names are cut where there is no room for the least of numbers beside them. */
static enum layout fit_names(size_t *widths, size_t n)
{
	int room = term_room(), names = 0;
	int least = columns[REQUESTS].narrow + columns[COST].narrow;
	size_t each = n ? (size_t)(room - least) / n : 0;

	for (size_t k = 0; k < n; k++)
		names += (int)widths[k] + 2;
	for (size_t k = 0; k < n && names > room - least; k++) {
		size_t most = each > 6 ? each - 2 : 4;

		if (widths[k] > most) {
			names -= (int)(widths[k] - most);
			widths[k] = most;
		}
	}
	return layout_for(room - names);
}

void usage_print_table(const struct usage_answer *a)
{
	const struct usage_query *q = &a->query;
	size_t widths[USAGE_BY_MAX];
	enum layout l;
	char mem[32];

	for (size_t k = 0; k < q->n_by; k++)
		widths[k] = width_of(a, q->by[k]);
	l = fit_names(widths, q->n_by);
	for (size_t k = 0; k < q->n_by; k++)
		print_name(usage_by_name(q->by[k]), widths[k]);
	for (int i = 0; i < COLUMNS; i++)
		if (width_in(l, i))
			printf("%*s", width_in(l, i), columns[i].title);
	putchar('\n');
	for (size_t i = 0; i < a->rows.n; i++) {
		for (size_t k = 0; k < q->n_by; k++)
			print_name(shown(a->rows.rows[i], q->by[k], mem),
				   widths[k]);
		print_numbers(&a->rows.rows[i]->sum, l);
	}
	for (size_t k = 0; a->rows.n != 1 && k < q->n_by; k++)
		print_name(k ? "" : "all", widths[k]);
	if (a->rows.n != 1)
		print_numbers(&a->total, l);
	usage_print_estimated(&a->total);
}

void usage_print_estimated(const struct usage_sum *s)
{
	if (s->estimated)
		printf("%lld of %lld requests did not tell all that they "
		       "used: it is estimated by their text\n",
		       (long long)s->estimated, (long long)s->requests);
}

/* --- as CSV -------------------------------------------------------------- */

static void put_field(struct buf *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		buf_str(out, text);
		buf_byte(out, ',');
		return;
	}
	buf_byte(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_byte(out, '"');
		buf_byte(out, *text);
	}
	buf_str(out, "\",");
}

/* The mean, or nothing. */
static void put_mean(struct buf *out, const struct usage_hist *h,
		     const char *end)
{
	int64_t n = usage_hist_count(h);

	if (n)
		buf_fmt(out, "%.3f", (double)h->sum / 1000 / (double)n);
	buf_str(out, end);
}

static void put_numbers(struct buf *out, const struct usage_sum *s)
{
	const struct usage_kept *u = &s->usage;
	const int64_t numbers[] = {
		s->requests,       s->status[4],
		s->status[5],      s->partial,
		s->fallbacks,      u->input,
		u->cache_read,     u->cache_write - u->cache_write_1h,
		u->cache_write_1h, u->output - u->reasoning,
		u->reasoning,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		buf_fmt(out, "%lld,", (long long)numbers[i]);
	buf_fmt(out, "%.9f,%lld,%lld,", usage_sum_dollars(s),
		(long long)(s->unpriced + s->unknown), (long long)s->estimated);
	put_mean(out, &s->hists[USAGE_DURATION], ",");
	put_mean(out, &s->hists[USAGE_FIRST_BYTE], ",");
	put_mean(out, &s->hists[USAGE_RATE], "\r\n");
}

void usage_write_csv(struct buf *out, const struct usage_answer *a)
{
	const struct usage_query *q = &a->query;
	char mem[32];

	for (size_t k = 0; k < q->n_by; k++)
		put_field(out, usage_by_name(q->by[k]));
	buf_str(out, "requests,status4xx,status5xx,partial,fallbacks,uncached,"
		     "read,write5m,write1h,output,reasoning,cost,"
		     "requestsWithoutCost,requestsEstimated,durationSeconds,"
		     "firstByteSeconds,tokensPerSecond\r\n");
	if (!q->n_by)
		put_numbers(out, &a->total);
	for (size_t i = 0; i < a->rows.n; i++) {
		for (size_t k = 0; k < q->n_by; k++)
			put_field(out, usage_answer_cell(a->rows.rows[i],
							 q->by[k], mem));
		put_numbers(out, &a->rows.rows[i]->sum);
	}
}

/* --- failed requests ----------------------------------------------------- */

void usage_print_errors(const struct usage_error *list, size_t n)
{
	if (n)
		printf("\nFailed requests, the last ones first\n");
	for (size_t i = 0; i < n; i++) {
		const struct usage_error *x = &list[i];
		time_t t = (time_t)(x->time / 1000);
		char when[32];
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &tm);
		say_line(4, "%s  %d  %s  %s%s%s  %s", when, x->status,
			 *x->backend ? x->backend : "-",
			 *x->model ? x->model : "-", *x->account ? "  " : "",
			 x->account, *x->key ? x->key : "(owner)");
	}
}
