/* SPDX-License-Identifier: MIT */
/* dario usage: what was used, and how fast the accounts fill up. */
#include "config.h"

#include "cli/cmd.h"
#include "cli/say.h"
#include "state/account-show.h"
#include "state/report.h"

#include <stdio.h>

static void print_sum(const char *name, const struct usage_sum *s)
{
	const struct usage *u = &s->usage;

	say(stdout, "%-24s %6lld requests %8lld in %8lld cached %8lld out  ",
	    name, (long long)s->requests,
	    (long long)(u->input + u->cache_write), (long long)u->cache_read,
	    (long long)u->output);
	if (usage_sum_cost_unknown(s) && s->cost == 0)
		printf("cost unknown\n");
	else
		printf("$%.2f%s\n", usage_sum_dollars(s),
		       usage_sum_cost_unknown(s) ? " and more that is unknown"
						 : "");
}

static void print_table(const struct usage_table *t)
{
	char label[REPORT_LABEL_BYTES];

	for (size_t i = 0; i < t->n; i++) {
		report_label(t, i, label);
		print_sum(label, &t->rows[i]->sum);
	}
}

static void print_forecast(const char *what, struct forecast f, int64_t now)
{
	char left[32];

	printf("  %s: %.1f%% an hour", what, f.per_hour * 100);
	if (f.full_at) {
		show_duration(left, sizeof(left), f.full_at - now);
		printf(", full in %s", left);
	}
	putchar('\n');
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
	say(stdout, "%s: %.0f%% of five hours, %.0f%% of seven days used\n",
	    t->alias, limits_used(&l, "5h", now) * 100,
	    limits_used(&l, "7d", now) * 100);
	print_forecast("five hours", report_forecast(t, false, reset5h, now),
		       now);
	print_forecast("seven days", report_forecast(t, true, reset7d, now),
		       now);
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
	if (r->n_trends)
		putchar('\n');
	for (size_t i = 0; i < r->n_trends; i++)
		print_trend(home, &r->trends[i], r->now);
}

static int run(struct cmd *c, struct err *e)
{
	struct snapshot *cfg = snapshot_load(c->home, e);
	struct report r;
	struct buf out;
	struct jw w = jw_to(&out);

	if (!cfg)
		return -1;
	report_make(&r, c->home, cfg);
	if (cmd_value(c, "json")) {
		buf_init(&out, 4u << 20);
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

static const struct cmd_entry entries[] = {
	{ "", "[--json]", "show tokens, cost and burn rate", 0, 0,
	  cmd_json_flags, false, run },
	{ 0 },
};

static const char *const usage_examples[] = {
	"dario usage",
	"dario usage --json",
	NULL,
};

const struct cmd_group cmd_usage = { "usage", "usage", entries,
				     usage_examples };
