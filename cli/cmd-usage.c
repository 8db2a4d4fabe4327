/* SPDX-License-Identifier: MIT */
/* dario usage: what was used, and how fast the accounts fill up. */
#include "config.h"

#include "cli/cmd.h"
#include "cli/live.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/usage-table.h"
#include "state/show/account-show.h"
#include "state/show/report.h"
#include "state/usage/usage.h"

#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MAX (8u << 20)
#define WATCH_MS 2000
#define BAR 22    /* columns */
#define WHOLE 100 /* columns from which numbers are written out */

static void count(int64_t v, bool whole, char out[24])
{
	if (whole)
		snprintf(out, 24, "%lld", (long long)v);
	else
		term_number(v, out);
}

static void print_sum(const char *name, const struct usage_sum *s)
{
	const struct usage_kept *u = &s->usage;
	bool wide = term_room() >= WHOLE, unknown = usage_sum_cost_unknown(s);
	char in[24], cached[24], out[24], cost[64] = "cost unknown";
	int n = wide ? 8 : 6;

	count(u->input + u->cache_write, wide, in);
	count(u->cache_read, wide, cached);
	count(u->output, wide, out);
	if (!unknown || s->cost)
		snprintf(cost, sizeof(cost), "$%.2f%s", usage_sum_dollars(s),
			 unknown ? " and more that is unknown" : "");
	say_line(4, "%-*s %6lld requests %*s in %*s cached %*s out  %s",
		 wide ? 24 : 15, name, (long long)s->requests, n, in, n, cached,
		 n, out, cost);
}

static void print_table(const struct usage_table *t)
{
	char label[REPORT_LABEL_BYTES];

	for (size_t i = 0; i < t->n; i++) {
		report_label(t, i, label);
		print_sum(label, &t->rows[i]->sum);
	}
}

static void print_window(const char *what, double used, struct forecast f,
			 int64_t now)
{
	char left[32], rest[120];
	int used_columns = printf("  %s ", what) + BAR;

	term_bar(used, BAR);
	show_duration(left, sizeof(left), f.full_at - now);
	if (f.per_hour < 0)
		snprintf(rest, sizeof(rest),
			 " %3.0f%% used, too early to say how fast",
			 used * 100);
	else
		snprintf(rest, sizeof(rest),
			 " %3.0f%% used, %.1f%% an hour%s%s", used * 100,
			 f.per_hour * 100, f.full_at ? ", full in " : "",
			 f.full_at ? left : "");
	term_wrap(rest, used_columns, 4);
}

static void print_trend(const char *home, const struct trend *t, int64_t now)
{
	int64_t reset5h, reset7d;
	struct limits l;

	limits_read(home, t->alias, &l);
	reset5h = limits_window_reset(&l, "5h");
	reset7d = limits_window_reset(&l, "7d");
	if (reset5h <= now && reset7d <= now)
		return;
	say(stdout, "%s\n", t->alias);
	print_window("five hours", limits_used(&l, "5h", now),
		     report_forecast(t, false, reset5h, now), now);
	print_window("seven days", limits_used(&l, "7d", now),
		     report_forecast(t, true, reset7d, now), now);
}

#define LATELY 5 /* failed requests that are shown beside all else */

static void print_errors(const char *home, int64_t since, size_t most)
{
	struct usage_error *list;
	size_t n = usage_errors(home, since, NULL, most, &list);

	usage_print_errors(list, n);
	free(list);
}

static void print_report(const struct report *r, const char *home)
{
	printf("The last %d minutes\n", r->minutes);
	print_sum("all", &r->recent.all);
	print_table(&r->recent.accounts);
	printf("\nAll time\n");
	print_sum("all", &r->ever.all);
	print_table(&r->ever.accounts);
	print_table(&r->ever.models);
	usage_print_estimated(&r->ever.all);
	if (r->n_trends)
		putchar('\n');
	for (size_t i = 0; i < r->n_trends; i++)
		print_trend(home, &r->trends[i], r->now);
	print_errors(home, r->now - HISTORY_DAYS * USAGE_DAY_MS, LATELY);
}

/* --- what is asked for --------------------------------------------------- */

static int show_report(const struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct report r;
	struct buf out;
	struct jw w = jw_to(&out);

	if (!cfg)
		return -1;
	report_make(&r, c->home, cfg);
	if (cmd_value(c, "json")) {
		buf_init(&out, ANSWER_MAX);
		report_put(&w, &r, c->home);
		say_json(buf_get(&out));
		buf_release(&out);
	} else {
		print_report(&r, c->home);
	}
	report_release(&r);
	snapshot_free(cfg);
	return 0;
}

static void show_answer(const struct cmd *c, const struct usage_answer *a)
{
	struct buf out;
	struct jw w = jw_to(&out);

	buf_init(&out, ANSWER_MAX);
	if (cmd_value(c, "json")) {
		usage_answer_put(&w, a);
		say_json(buf_get(&out));
	} else if (cmd_value(c, "csv")) {
		usage_write_csv(&out, a);
		fwrite(out.p, 1, out.n, stdout);
	} else {
		usage_print_table(a);
	}
	buf_release(&out);
}

static void show_errors(const struct cmd *c, const struct usage_query *q)
{
	struct usage_error *list;
	size_t n = usage_errors(c->home, q->since, NULL, USAGE_ERRORS_MAX,
				&list);
	struct buf out;
	struct jw w = jw_to(&out);

	if (cmd_value(c, "json")) {
		buf_init(&out, ANSWER_MAX);
		usage_errors_put(&w, list, n);
		say_json(buf_get(&out));
		buf_release(&out);
	} else {
		usage_print_errors(list, n);
	}
	if (!n && !cmd_value(c, "json"))
		fputs("dario: no request has failed in that time\n", stderr);
	free(list);
}

static int show(const struct cmd *c, struct err *e)
{
	const char *by = cmd_value(c, "by"), *since = cmd_value(c, "since");
	struct usage_answer a;
	struct usage_query q;

	usage_query_init(&q);
	if ((by && usage_query_by(&q, by, e)) ||
	    (since && usage_query_since(&q, since, e))) {
		e->code = ERR_USAGE;
		return -1;
	}
	if (cmd_value(c, "errors")) {
		show_errors(c, &q);
		return 0;
	}
	if (!by && !since && !cmd_value(c, "csv"))
		return show_report(c, e);
	usage_query_run(&q, c->home, &a);
	show_answer(c, &a);
	usage_answer_release(&a);
	return 0;
}

static int draw(void *arg, struct err *e)
{
	return show(arg, e);
}

static int run(struct cmd *c, struct err *e)
{
	if (cmd_value(c, "json") && cmd_value(c, "csv"))
		return err_set(e, ERR_USAGE,
			       "--json and --csv exclude each other");
	if (!cmd_value(c, "watch"))
		return show(c, e);
	return live_run(&(struct live){ .ms = WATCH_MS,
					.plain = cmd_value(c, "json"),
					.draw = draw,
					.arg = c },
			e);
}

static const struct cmd_flag usage_flags[] = {
	{ "by", "WHAT,...",
	  "one row for each of: key, model, backend, account, session, agent, "
	  "user, and day or hour (UTC)" },
	{ "since", "TIME", "7d (as usual), 48h, 13M, or a date: 2026-11-01" },
	{ "errors", NULL, "the requests that failed in the last seven days" },
	{ "json", NULL, "as JSON" },
	{ "csv", NULL, "as CSV" },
	{ "watch", NULL, "again and again, until q or Ctrl-C" },
	{ 0 },
};

static const struct cmd_entry entries[] = {
	{ "",
	  "[--by=WHAT,...] [--since=TIME] [--errors] [--json|--csv] [--watch]",
	  "show requests, tokens, cost and burn rate", 0, 0, usage_flags, false,
	  run },
	{ 0 },
};

static const char *const usage_examples[] = {
	"dario usage",
	"dario usage --by=key,model --since=30d",
	"dario usage --by=day --since=13M --csv",
	"dario usage --by=hour --watch",
	NULL,
};

const struct cmd_group cmd_usage = { "usage", "usage", entries,
				     usage_examples };
