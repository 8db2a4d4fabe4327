/* SPDX-License-Identifier: MIT */
/* usage-carry: sums of all time from before there were files of sums. */
#include "config.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/store.h"
#include "state/usage/price.h"
#include "state/usage/usage-folder.h"
#include "state/usage/usage-table.h"
#include "state/usage/usage.h"

#include <stdlib.h>

#define TOTALS "state/totals.json" /* of what was not kept any more */
#define OLD "state/history-old.jsonl"
#define LASTING ((1u << USAGE_LASTING) - 1)

struct carrying {
	struct usage_table sums;
	struct prices *prices; /* or NULL */
	int64_t before;        /* what is of then or later is counted */
	int64_t requests, errors;
};

static void add(struct carrying *c, const char *model, const char *backend,
		const char *account, const char *key,
		const struct usage_sum *sum)
{
	const char *names[USAGE_DIMS];

	for (int i = 0; i < USAGE_DIMS; i++)
		names[i] = "";
	names[USAGE_MODEL] = model;
	names[USAGE_BACKEND] = backend;
	names[USAGE_ACCOUNT] = *account ? account : backend;
	names[USAGE_KEY] = key ? key : "";
	usage_table_add(&c->sums, 0, names, sum);
}

static int64_t nano(struct json_object *o)
{
	double cost = json_amount(o, "cost", 0);

	return cost > 0 && cost < 1e9 ? (int64_t)(cost * 1e9 + 0.5) : 0;
}

/* Which class the errors were of was not kept. */
static void set_requests(struct usage_sum *s, int64_t requests, int64_t errors)
{
	s->requests = requests;
	s->status[5] = errors < requests ? errors : requests;
	s->status[2] = requests - s->status[5];
}

static void read_sum(struct usage_sum *s, struct json_object *o)
{
	struct usage_kept *u = &s->usage;

	*s = (struct usage_sum){
		.partial = json_count(o, "partial", 0),
		.fallbacks = json_count(o, "fallbacks", 0),
		.unknown = json_count(o, "usageUnknown", 0),
		.unpriced = json_count(o, "costUnknown", 0),
		.cost = nano(o),
	};
	set_requests(s, json_count(o, "requests", 0),
		     json_count(o, "errors", 0));
	u->input = json_count(o, "uncached", 0);
	u->cache_read = json_count(o, "read", 0);
	u->cache_write_1h = json_count(o, "write1h", 0);
	u->cache_write = u->cache_write_1h + json_count(o, "write5m", 0);
	u->reasoning = json_count(o, "reasoning", 0);
	u->output = u->reasoning + json_count(o, "output", 0);
}

/* By model: what was kept by account is the same once more. */
static void take_totals(struct carrying *c, struct json_object *file)
{
	struct json_object *models = json_get(file, "models");
	struct usage_sum all, rest = { 0 }, one;

	read_sum(&all, json_get(file, "all"));
	if (json_object_is_type(models, json_type_object)) {
		json_object_object_foreach(models, name, value)
		{
			read_sum(&one, value);
			add(c, name, "", "", "", &one);
			c->requests += one.requests;
			c->errors += one.status[5];
		}
	}
	if (all.requests <= c->requests)
		return;
	set_requests(&rest, all.requests - c->requests,
		     all.status[5] > c->errors ? all.status[5] - c->errors : 0);
	add(c, "", "", "", "", &rest);
}

static void take_record(void *arg, const struct history_record *from)
{
	struct carrying *c = arg;
	struct history_record r = *from;
	struct usage_sum one = { 0 };

	if (r.time >= c->before)
		return;
	if (c->prices && r.has_usage)
		r.cost = prices_cost(c->prices, NULL, r.model, r.time,
				     &r.usage);
	usage_sum_add(&one, &r);
	add(c, r.model, r.backend, r.account, r.key, &one);
}

/* When the first file of sums begins. */
static int64_t first_sums(const char *home)
{
	int64_t first = clock_wall_ms();
	struct usage_entry *list;
	size_t n;

	list = usage_list(home, &n);
	for (size_t i = 0; i < n; i++)
		if (list[i].kind != USAGE_FILE_TOTAL && list[i].start < first)
			first = list[i].start;
	free(list);
	return first;
}

void usage_carry(const char *home)
{
	struct json_object *file = NULL;
	struct carrying c = { .before = first_sums(home) };
	struct store_sign s;
	struct err unused;

	if (json_load(home, TOTALS, &file, &unused) || !file)
		return;
	usage_table_init(&c.sums, LASTING, USAGE_ROWS);
	c.prices = prices_load(home, &unused);
	take_totals(&c, file);
	store_sign(home, OLD, &s);
	/* What is in the sums names the file by its inode. */
	if (!s.ino || json_int(file, "folded", 0) != (int64_t)s.ino)
		history_walk_file(home, OLD, take_record, &c);
	history_walk(home, 0, take_record, &c);
	/* Once more, if this is cut short before the end. */
	if (usage_image_write(home, USAGE_CARRIED,
			      &(struct usage_content){ .sums = &c.sums },
			      &unused) == 0) {
		store_remove(home, TOTALS, &unused);
		store_remove(home, OLD, &unused);
	}
	prices_free(c.prices);
	usage_table_release(&c.sums);
	json_object_put(file);
}
