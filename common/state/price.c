/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/price.h"

#include "base/http-date.h"
#include "base/install-path.h"
#include "base/json.h"

#include <fnmatch.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION 1e6
#define HOUR_MS 3600000
#define KEPT 16 /* names of models that a thread has looked up last */

struct row {
	struct json_object *match; /* globs */
	int64_t from;              /* ms since 1970 */
	struct price price;
};

struct prices {
	struct json_object *file;
	struct row *rows;
	size_t n;
	uint64_t number; /* of this loading */
};

const struct price price_unknown = {
	.usual = { 5 / MILLION, 25 / MILLION, 0.5 / MILLION, 6.25 / MILLION,
		   10 / MILLION },
};

static void read_rates(struct price_rates *r, struct json_object *o)
{
	double input = json_amount(o, "input", 0);

	*r = (struct price_rates){
		.input = input / MILLION,
		.output = json_amount(o, "output", 0) / MILLION,
		.read = json_amount(o, "read", input) / MILLION,
		.write5m = json_amount(o, "write5m", input) / MILLION,
		.write1h = json_amount(o, "write1h", input) / MILLION,
	};
}

/* The first day of a row, as a moment. */
static int64_t from(struct json_object *row)
{
	char text[40];

	snprintf(text, sizeof(text), "%.10sT00:00:00Z",
		 json_str(row, "from").p);
	return http_date_read(span_of(text));
}

struct prices *prices_load(struct err *e)
{
	static atomic_uint_least64_t numbers;
	struct json_object *file = install_path_json("share/prices.json", e);
	struct json_object *list = json_get(file, "prices");
	struct prices *p;

	if (!file)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->file = file;
	p->number = atomic_fetch_add(&numbers, 1) + 1;
	p->n = json_length(list);
	p->rows = xcalloc(p->n, sizeof(*p->rows));
	for (size_t i = 0; i < p->n; i++) {
		struct json_object *o = json_at(list, i);
		struct json_object *far = json_get(o, "long");

		p->rows[i].match = json_get(o, "match");
		p->rows[i].from = from(o);
		read_rates(&p->rows[i].price.usual, o);
		if (far)
			read_rates(&p->rows[i].price.far, far);
		p->rows[i].price.over = json_int(far, "over", 0);
	}
	return p;
}

void prices_free(struct prices *p)
{
	if (!p)
		return;
	json_object_put(p->file);
	free(p->rows);
	free(p);
}

static bool matches(struct json_object *globs, const char *model)
{
	for (size_t i = 0; i < json_length(globs); i++)
		if (fnmatch(json_span(json_at(globs, i)).p, model, 0) == 0)
			return true;
	return false;
}

/* The first row that matches names the model; an older row with another date
 * stands behind it under the same name. */
static const struct price *find(const struct prices *p, const char *model,
				int64_t when)
{
	for (size_t i = 0; i < p->n; i++)
		if (matches(p->rows[i].match, model) && p->rows[i].from <= when)
			return &p->rows[i].price;
	return NULL;
}

const struct price *prices_find(const struct prices *p, const char *model,
				int64_t when)
{
	static _Thread_local struct {
		uint64_t number;
		int64_t hour; /* prices change at midnight */
		char model[64];
		const struct price *price;
	} kept[KEPT];
	size_t n = strlen(model);
	unsigned h = 0;

	if (n >= sizeof(kept->model))
		return find(p, model, when);
	for (size_t i = 0; i < n; i++)
		h = h * 31 + (unsigned char)model[i];
	h %= KEPT;
	if (kept[h].number != p->number || kept[h].hour != when / HOUR_MS ||
	    strcmp(kept[h].model, model)) {
		kept[h].price = find(p, model, when);
		kept[h].number = p->number;
		kept[h].hour = when / HOUR_MS;
		memcpy(kept[h].model, model, n + 1);
	}
	return kept[h].price;
}

double price_cost(const struct price *p, const struct usage *u)
{
	int64_t prompt = u->input + u->cache_read + u->cache_write;
	const struct price_rates *r = p->over && prompt > p->over ? &p->far
								  : &p->usual;

	return (double)u->input * r->input + (double)u->cache_read * r->read +
	       (double)(u->cache_write - u->cache_write_1h) * r->write5m +
	       (double)u->cache_write_1h * r->write1h +
	       (double)u->output * r->output;
}

double prices_cost(const struct prices *p, const char *model, int64_t when,
		   const struct usage *u)
{
	const struct price *price = prices_find(p, model, when);

	return price ? price_cost(price, u) : -1;
}
