/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/providers.h"

#include "base/glob.h"
#include "base/install-path.h"
#include "base/nearest.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "share/providers.json"
#define NAMES_MAX 400 /* ids and aliases */

struct row {
	struct globs urls, models;
	struct quirks set;    /* by URL */
	struct quirks behind; /* by model */
	const char *id;       /* or "" */
	bool router, always, local;
	const struct dialect *dialect; /* or NULL */
	const char *models_path;       /* or NULL */
};

struct providers {
	struct json_object *file;
	struct row *rows;
	size_t n;
};

static bool matches(const struct globs *g, struct glob_name name)
{
	return globs_match(g, name, FNM_CASEFOLD);
}

/* A pattern ends what ends there, a host or a port, with a slash, for another
 * may begin alike. To be freed. */
static char *with_slash(const char *base_url)
{
	size_t n = strlen(base_url);
	char *url = xcalloc(n + 2, 1);

	memcpy(url, base_url, n);
	url[n] = '/';
	return url;
}

static int parse_row(struct row *r, struct json_object *o, struct err *e)
{
	struct json_object *set = json_get(o, "set");
	struct json_object *behind = json_get(o, "behind");

	globs_read(&r->urls, json_get(o, "baseUrl"));
	globs_read(&r->models, json_get(o, "models"));
	r->id = json_str(o, "id").p;
	r->router = json_flag(o, "router", false);
	r->always = json_flag(o, "always", false);
	/* What hands on to others has their prices. */
	r->local = json_flag(o, "local", false) &&
		   !json_flag(o, "forwards", false);
	r->dialect = dialect_find(json_str(o, "dialect"));
	r->models_path = json_cstr(set, "modelsPath");
	if (quirks_parse(&r->set, set, e) ||
	    quirks_parse(&r->behind, behind ? behind : set, e))
		return err_add(e, json_cstr(o, "name"));
	return 0;
}

/* Of one list of the file. */
static int parse_rows(struct providers *p, struct json_object *list,
		      struct err *e)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (parse_row(&p->rows[p->n++], json_at(list, i), e))
			return err_add(e, FILE_NAME);
	return 0;
}

struct providers *providers_load(struct err *e)
{
	struct providers *p = xcalloc(1, sizeof(*p));
	struct json_object *known, *models;

	p->file = install_path_json(FILE_NAME, e);
	known = json_get(p->file, "providers");
	models = json_get(p->file, "models");
	p->rows = xcalloc(json_length(known) + json_length(models) + 1,
			  sizeof(*p->rows));
	if (!p->file || parse_rows(p, known, e) || parse_rows(p, models, e)) {
		providers_free(p);
		return NULL;
	}
	return p;
}

void providers_free(struct providers *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		globs_release(&p->rows[i].urls);
		globs_release(&p->rows[i].models);
	}
	json_object_put(p->file);
	free(p->rows);
	free(p);
}

static const struct row *row_of(const struct providers *p, const char *base_url)
{
	char *url = with_slash(base_url);
	struct glob_name name = glob_name(url);
	const struct row *found = NULL;

	for (size_t i = 0; i < p->n && !found; i++)
		if (matches(&p->rows[i].urls, name))
			found = &p->rows[i];
	free(url);
	return found;
}

void providers_fill(const struct providers *p, struct backend *b)
{
	const struct row *r = row_of(p, b->base_url);

	if (!r)
		return;
	quirks_fill(&b->quirks, &r->set);
	if (!b->models_path)
		b->models_path = xstrdup(r->models_path);
	b->first_hand = !r->router;
	b->router = r->router;
	b->local = r->local;
	snprintf(b->provider, sizeof(b->provider), "%s", r->id);
	b->known = true;
}

struct quirks providers_quirks(const struct providers *p,
			       const struct backend *b, enum dialect_id dialect,
			       const char *model)
{
	struct glob_name name = glob_name(model);
	struct quirks q = b->quirks;

	for (size_t i = 0; i < p->n; i++) {
		const struct row *r = &p->rows[i];

		if ((b->first_hand && !r->always) ||
		    (r->dialect && r->dialect != &dialects[dialect]))
			continue;
		if (matches(&r->models, name))
			quirks_fill(&q, &r->behind);
	}
	return q;
}

struct json_object *providers_row(struct json_object *list,
				  const char *base_url)
{
	char *text = with_slash(base_url);
	struct glob_name url = glob_name(text);
	struct json_object *found = NULL;

	for (size_t i = 0; i < json_length(list) && !found; i++) {
		struct globs urls;

		globs_read(&urls, json_get(json_at(list, i), "baseUrl"));
		if (matches(&urls, url))
			found = json_at(list, i);
		globs_release(&urls);
	}
	free(text);
	return found;
}

struct json_object *providers_find(const char *base_url, struct err *e)
{
	struct json_object *file = install_path_json(FILE_NAME, e);
	struct json_object *row = providers_row(json_get(file, "providers"),
						base_url);
	struct json_object *set = json_object_get(json_get(row, "set"));

	json_object_put(file);
	return set;
}

void providers_url(const char *base_url, char *out, size_t n)
{
	struct err unused;
	struct json_object *file = install_path_json(FILE_NAME, &unused);
	struct json_object *row = providers_row(json_get(file, "providers"),
						base_url);
	const char *url = json_cstr(row, "url");

	snprintf(out, n, "%s", url ? url : "");
	json_object_put(file);
}

/* Has the row this name? */
static bool is_named(struct json_object *row, const char *name)
{
	struct json_object *others = json_get(row, "aliases");
	bool is = span_ieq(json_str(row, "id"), name);

	for (size_t i = 0; i < json_length(others) && !is; i++)
		is = span_ieq(json_span(json_at(others, i)), name);
	return is;
}

static struct json_object *find_named(struct json_object *list,
				      const char *name)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (is_named(json_at(list, i), name))
			return json_at(list, i);
	return NULL;
}

struct json_object *providers_named(const char *name, struct err *e)
{
	struct json_object *file = install_path_json(FILE_NAME, e), *found;

	found = find_named(json_get(file, "providers"), name);
	json_object_get(found);
	json_object_put(file);
	return found;
}

static size_t list_names(struct json_object *row, const char **out, size_t n)
{
	struct json_object *others = json_get(row, "aliases");
	struct span id = json_str(row, "id");

	if (id.n && n < NAMES_MAX)
		out[n++] = id.p;
	for (size_t i = 0; i < json_length(others) && n < NAMES_MAX; i++)
		out[n++] = json_span(json_at(others, i)).p;
	return n;
}

bool providers_meant(const char *name, char *out, size_t n)
{
	struct err unused;
	struct json_object *file = install_path_json(FILE_NAME, &unused);
	struct json_object *list = json_get(file, "providers");
	const char *names[NAMES_MAX + 1], *near;
	size_t k = 0;

	for (size_t i = 0; i < json_length(list); i++)
		k = list_names(json_at(list, i), names, k);
	names[k] = NULL;
	near = nearest(name, names);
	if (near)
		snprintf(out, n, "%s", json_cstr(find_named(list, near), "id"));
	json_object_put(file);
	return near;
}

struct json_object *providers_placeholders(struct err *e)
{
	struct json_object *file = install_path_json(FILE_NAME, e), *o;

	o = json_object_get(json_get(file, "placeholders"));
	json_object_put(file);
	return o;
}

void providers_ids(struct buf *out)
{
	struct err unused;
	struct json_object *file = install_path_json(FILE_NAME, &unused);
	struct json_object *list = json_get(file, "providers");

	for (size_t i = 0; i < json_length(list); i++) {
		struct span id = json_str(json_at(list, i), "id");

		if (id.n)
			buf_fmt(out, "%s%.*s", out->n ? ", " : "",
				SPAN_FMT(id));
	}
	json_object_put(file);
}
