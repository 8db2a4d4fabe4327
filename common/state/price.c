/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/price.h"

#include "base/http-date.h"
#include "base/install-path.h"
#include "base/json.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#define MILLION 1e6

struct prices {
	struct json_object *file;
};

struct prices *prices_load(struct err *e)
{
	struct prices *p;
	struct json_object *file = install_path_json("share/prices.json", e);

	if (!file)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->file = file;
	return p;
}

void prices_free(struct prices *p)
{
	if (!p)
		return;
	json_object_put(p->file);
	free(p);
}

static bool matches(struct json_object *row, const char *model)
{
	struct json_object *globs = json_get(row, "match");

	for (size_t i = 0; i < json_length(globs); i++)
		if (fnmatch(json_span(json_at(globs, i)).p, model, 0) == 0)
			return true;
	return false;
}

/* The first day of a row, as a moment. */
static int64_t from(struct json_object *row)
{
	char text[40];

	snprintf(text, sizeof(text), "%.10sT00:00:00Z",
		 json_str(row, "from").p);
	return http_date_read(span_of(text));
}

/* The first row that matches names the model; an older row with another date
 * stands behind it under the same name. */
static struct json_object *find(const struct prices *p, const char *model,
				int64_t when)
{
	struct json_object *rows = json_get(p->file, "prices");

	for (size_t i = 0; i < json_length(rows); i++) {
		struct json_object *row = json_at(rows, i);

		if (matches(row, model) && from(row) <= when)
			return row;
	}
	return NULL;
}

double prices_cost(const struct prices *p, const char *model, int64_t when,
		   const struct usage *u)
{
	struct json_object *row = find(p, model, when), *far;
	int64_t prompt = u->input + u->cache_read + u->cache_write;
	double input;

	if (!row)
		return -1;
	far = json_get(row, "long");
	if (far && prompt > json_int(far, "over", 0))
		row = far;
	input = json_amount(row, "input", 0);
	return ((double)u->input * input +
		(double)u->cache_read * json_amount(row, "read", input) +
		(double)(u->cache_write - u->cache_write_1h) *
			json_amount(row, "write5m", input) +
		(double)u->cache_write_1h * json_amount(row, "write1h", input) +
		(double)u->output * json_amount(row, "output", 0)) /
	       MILLION;
}
