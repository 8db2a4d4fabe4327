/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/usage-sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 512 /* names from outside; the rest goes under "other" */

static bool same(const char *name, const char *other, size_t size)
{
	return strncmp(name, other, size - 1) == 0;
}

static struct usage_sum *row_of(struct usage_sum_table *t, const char *backend,
				const char *name)
{
	struct usage_sum_row *r;

	for (size_t i = 0; i < t->n; i++) {
		r = &t->rows[i];
		if (same(r->name, name, sizeof(r->name)) &&
		    same(r->backend, backend, sizeof(r->backend)))
			return &r->sum;
	}
	if (!t->rows)
		t->rows = xcalloc(ROWS_MAX + 1, sizeof(*t->rows));
	if (t->n >= ROWS_MAX && (strcmp(name, "other") || *backend))
		return row_of(t, "", "other");
	r = &t->rows[t->n++];
	snprintf(r->name, sizeof(r->name), "%s", name);
	snprintf(r->backend, sizeof(r->backend), "%s", backend);
	return &r->sum;
}

/* A backend's own key has the backend's name, as in its pool. */
struct usage_sum *usage_sum_account(struct usage_sums *s, const char *backend,
				    const char *account)
{
	return row_of(&s->accounts, backend, *account ? account : backend);
}

void usage_sum_label(const struct usage_sum_table *t, size_t row,
		     char out[USAGE_LABEL_BYTES])
{
	const struct usage_sum_row *r = &t->rows[row];
	size_t alike = 0;

	for (size_t i = 0; i < t->n; i++)
		alike += strcmp(t->rows[i].name, r->name) == 0;
	snprintf(out, USAGE_LABEL_BYTES, "%s%s%s", alike > 1 ? r->backend : "",
		 alike > 1 && *r->backend ? "/" : "", r->name);
}

void usage_sums_release(struct usage_sums *s)
{
	free(s->accounts.rows);
	free(s->models.rows);
	memset(s, 0, sizeof(*s));
}

/* Files can be edited: no sum overflows. */
static void plus(int64_t *to, int64_t n)
{
	if (n > JSON_COUNT_MAX || n < 0)
		n = JSON_COUNT_MAX;
	*to = *to > JSON_COUNT_MAX - n ? JSON_COUNT_MAX : *to + n;
}

static void add(struct usage_sum *s, const struct history_record *r,
		double cost)
{
	s->requests++;
	s->errors += r->status >= 400;
	s->partial += r->partial;
	s->fallbacks += r->fallback;
	s->unknown += r->status < 400 && !r->has_usage;
	if (!r->has_usage)
		return;
	plus(&s->usage.input, r->usage.input);
	plus(&s->usage.cache_read, r->usage.cache_read);
	plus(&s->usage.cache_write, r->usage.cache_write);
	plus(&s->usage.cache_write_1h, r->usage.cache_write_1h);
	plus(&s->usage.output, r->usage.output);
	plus(&s->usage.reasoning, r->usage.reasoning);
	if (cost < 0)
		s->unpriced++;
	else
		s->cost += cost;
}

void usage_sums_add(struct usage_sums *s, const struct prices *p,
		    const struct history_record *r)
{
	bool generates = *r->model || r->usage.input || r->usage.output;
	double cost = generates ? prices_cost(p, r->model, r->time, &r->usage)
				: 0;

	add(&s->all, r, cost);
	if (*r->model) /* a list of files has none */
		add(row_of(&s->models, "", r->model), r, cost);
	add(usage_sum_account(s, r->backend, r->account), r, cost);
}

/* --- as JSON ------------------------------------------------------------- */

static const struct {
	const char *key;
	size_t at;
} counters[] = {
#define AT(member) offsetof(struct usage_sum, member)
	{ "requests", AT(requests) },
	{ "errors", AT(errors) },
	{ "partial", AT(partial) },
	{ "fallbacks", AT(fallbacks) },
	{ "usageUnknown", AT(unknown) },
	{ "costUnknown", AT(unpriced) },
	{ "uncached", AT(usage.input) },
	{ "read", AT(usage.cache_read) },
	{ "write1h", AT(usage.cache_write_1h) },
	{ "reasoning", AT(usage.reasoning) },
#undef AT
};

bool usage_sum_cost_unknown(const struct usage_sum *s)
{
	return s->unpriced || s->unknown;
}

/* Disjoint: reasoning is not in output, an hour's writes not in the others. */
static void put_members(struct jw *w, const struct usage_sum *s)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		jw_kint(w, counters[i].key,
			*(const int64_t *)((const char *)s + counters[i].at));
	jw_kint(w, "write5m", s->usage.cache_write - s->usage.cache_write_1h);
	jw_kint(w, "output", s->usage.output - s->usage.reasoning);
	jw_key(w, "cost");
	if (usage_sum_cost_unknown(s) && s->cost == 0)
		jw_str(w, SPAN("unknown"));
	else
		jw_double(w, s->cost);
}

void usage_sum_put(struct jw *w, const struct usage_sum *s)
{
	jw_obj(w);
	put_members(w, s);
	jw_obj_end(w);
}

static void read_sum(struct usage_sum *s, struct json_object *o)
{
	int64_t reasoning = json_count(o, "reasoning", 0);

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		plus((int64_t *)((char *)s + counters[i].at),
		     json_count(o, counters[i].key, 0));
	plus(&s->usage.cache_write, json_count(o, "write5m", 0));
	plus(&s->usage.cache_write, json_count(o, "write1h", 0));
	plus(&s->usage.output, json_count(o, "output", 0));
	plus(&s->usage.output, reasoning);
	s->cost += json_amount(o, "cost", 0);
}

void usage_sum_table_put(struct jw *w, const struct usage_sum_table *t)
{
	jw_obj(w);
	for (size_t i = 0; i < t->n; i++) {
		const struct usage_sum_row *r = &t->rows[i];
		char label[USAGE_LABEL_BYTES];

		usage_sum_label(t, i, label);
		jw_key(w, label);
		jw_obj(w);
		if (*r->backend) {
			jw_kcstr(w, "backend", r->backend);
			jw_kcstr(w, "account", r->name);
		}
		put_members(w, &r->sum);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static void read_table(struct usage_sum_table *t, struct json_object *o)
{
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, name, value)
	{
		struct span account = json_str(value, "account");

		read_sum(row_of(t, json_str(value, "backend").p,
				account.n ? account.p : name),
			 value);
	}
}

void usage_sums_read(struct usage_sums *s, struct json_object *o)
{
	read_sum(&s->all, json_get(o, "all"));
	read_table(&s->accounts, json_get(o, "accounts"));
	read_table(&s->models, json_get(o, "models"));
}

void usage_sums_write(const struct usage_sums *s, int64_t folded,
		      struct buf *out)
{
	struct jw w = jw_to(out);

	jw_obj(&w);
	jw_kint(&w, "folded", folded);
	jw_key(&w, "all");
	usage_sum_put(&w, &s->all);
	jw_key(&w, "accounts");
	usage_sum_table_put(&w, &s->accounts);
	jw_key(&w, "models");
	usage_sum_table_put(&w, &s->models);
	jw_obj_end(&w);
}
