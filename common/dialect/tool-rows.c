/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/tool-rows.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define TOOL_NAME_MAX 128

static struct span keep(struct tool_rows *t, struct span s)
{
	return arena_span(&t->arena, s);
}

const struct tool_form *tool_rows_form(const struct tool_rows *t,
				       struct span name)
{
	for (size_t i = 0; i < t->n_forms; i++)
		if (span_eq(t->forms[i].name, name))
			return &t->forms[i];
	return NULL;
}

const struct tool_row *tool_rows_find(const struct tool_rows *t,
				      struct span client)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (span_eq(t->rows[i].client, client))
			return &t->rows[i];
	return NULL;
}

static bool listed(struct json_object *list, const char *name)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (span_is(json_span(json_at(list, i)), name))
			return true;
	return false;
}

static int parse_fields(struct tool_rows *t, struct tool_form *f,
			struct json_object *schema, struct err *e)
{
	struct json_object *properties = json_get(schema, "properties");
	size_t n;

	if (!json_object_is_type(properties, json_type_object))
		return err_set(e, ERR_CONFIG,
			       "input_schema.properties must be an object");
	n = (size_t)json_object_object_length(properties);
	if (n > TOOL_FIELDS_MAX)
		return err_set(e, ERR_CONFIG, "more than %d fields",
			       TOOL_FIELDS_MAX);
	f->fields = arena_take(&t->arena, (n + 1) * sizeof(*f->fields));
	json_object_object_foreach(properties, key, value)
	{
		struct tool_field *to = &f->fields[f->n++];

		to->name = keep(t, span_of(key));
		to->type = keep(t, json_str(value, "type"));
		to->description = keep(t, json_str(value, "description"));
		to->required = listed(json_get(schema, "required"), key);
	}
	return 0;
}

/* What Anthropic takes as the name of a tool. */
static bool good_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_' &&
		    s.p[i] != '-')
			return false;
	return s.n && s.n <= TOOL_NAME_MAX;
}

static int parse_form(struct tool_rows *t, struct json_object *o, struct err *e)
{
	struct span name = json_str(o, "name");
	struct json_object *schema = json_get(o, "input_schema");
	struct tool_form *f = &t->forms[t->n_forms];

	if (!good_name(name))
		return err_set(e, ERR_CONFIG,
			       "name must be 1 to %d letters, digits, _ and -",
			       TOOL_NAME_MAX);
	if (tool_rows_form(t, name))
		return 0; /* the user's own definition stands already */
	f->name = keep(t, name);
	f->description = keep(t, json_str(o, "description"));
	if (parse_fields(t, f, schema, e))
		return -1;
	f->schema = keep(t, json_text(schema));
	t->n_forms++;
	return 0;
}

/* "map[3]: message" */
static int at_entry(struct err *e, const char *list, size_t i)
{
	char place[64];

	snprintf(place, sizeof(place), "%s[%zu]", list, i);
	return err_add(e, place);
}

static int parse_forms(struct tool_rows *t, struct json_object *list,
		       struct err *e)
{
	for (size_t i = 0; i < json_length(list); i++) {
		int rc = 0;

		if (t->n_forms == TOOL_FORMS_MAX)
			rc = err_set(e, ERR_CONFIG, "more than %d tools",
				     TOOL_FORMS_MAX);
		if (rc || parse_form(t, json_at(list, i), e))
			return at_entry(e, "tools", i);
	}
	return 0;
}

/* A list of names. Absent: none. */
static int parse_names(struct tool_rows *t, struct json_object *list,
		       const char *what, struct tool_names *to, struct err *e)
{
	size_t n = json_length(list);

	if (list && !json_object_is_type(list, json_type_array))
		return err_set(e, ERR_CONFIG, "%s must be a list of names",
			       what);
	if (n > TOOL_NAMES_MAX)
		return err_set(e, ERR_CONFIG, "%s has more than %d names", what,
			       TOOL_NAMES_MAX);
	to->names = arena_take(&t->arena, (n + 1) * sizeof(*to->names));
	for (size_t i = 0; i < n; i++) {
		struct span s = json_span(json_at(list, i));

		if (!s.n)
			return err_set(e, ERR_CONFIG,
				       "%s must be a list of names", what);
		to->names[to->n++] = keep(t, s);
	}
	return 0;
}

/* Not `strict`: the user may have given a shipped tool fewer fields. */
static int parse_row_fields(struct tool_rows *t, struct tool_row *r,
			    struct json_object *o, bool strict, struct err *e)
{
	const struct tool_form *f = r->form;
	struct tool_names *to = arena_take(&t->arena, (f->n + 1) * sizeof(*to));
	size_t found = 0;

	r->fields = to;
	if (!o)
		return 0;
	if (!json_object_is_type(o, json_type_object))
		return err_set(e, ERR_CONFIG, "fields must be an object");
	for (size_t i = 0; i < f->n; i++) {
		struct json_object *list = json_get(o, f->fields[i].name.p);

		found += list != NULL;
		if (parse_names(t, list, f->fields[i].name.p, &to[i], e))
			return -1;
	}
	if (strict && found != (size_t)json_object_object_length(o))
		return err_set(e, ERR_CONFIG,
			       "fields names something that %s does not have",
			       f->name.p);
	return 0;
}

static int parse_row(struct tool_rows *t, struct json_object *o, bool strict,
		     struct err *e)
{
	struct json_object *tool = NULL;
	static const char *const keys[] = { "names",  "tool", "fields",
					    "unless", "note", NULL };
	struct tool_names clients = { 0 };
	struct tool_row row = { 0 };

	if (strict && json_only(o, keys, e))
		return -1;
	if (parse_names(t, json_get(o, "names"), "names", &clients, e) ||
	    parse_names(t, json_get(o, "unless"), "unless", &row.unless, e))
		return -1;
	if (!clients.n || !json_object_object_get_ex(o, "tool", &tool))
		return err_set(e, ERR_CONFIG, "names or tool is missing");
	if (tool) {
		row.form = tool_rows_form(t, json_span(tool));
		if (!row.form)
			return err_set(e, ERR_CONFIG, "no tool is called %.64s",
				       json_text(tool).p);
		if (parse_row_fields(t, &row, json_get(o, "fields"), strict, e))
			return -1;
	}
	if (t->n_rows + clients.n > TOOL_ROWS_MAX)
		return err_set(e, ERR_CONFIG, "more than %d names in all",
			       TOOL_ROWS_MAX);
	for (size_t i = 0; i < clients.n; i++) {
		row.client = clients.names[i];
		t->rows[t->n_rows++] = row;
	}
	return 0;
}

static int parse_map(struct tool_rows *t, struct json_object *list, bool strict,
		     struct err *e)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (parse_row(t, json_at(list, i), strict, e))
			return at_entry(e, "map", i);
	return 0;
}

static int check(struct json_object *file, struct err *e)
{
	static const char *const lists[] = { "tools", "map", NULL };

	if (!json_object_is_type(file, json_type_object))
		return err_set(e, ERR_CONFIG, "not a JSON object");
	if (json_only(file, lists, e))
		return -1;
	for (size_t i = 0; i < 2; i++) {
		struct json_object *list = json_get(file, lists[i]);

		if (list && !json_object_is_type(list, json_type_array))
			return err_set(e, ERR_CONFIG, "%s must be a list",
				       lists[i]);
	}
	return 0;
}

/* How many client names the rows of a file have. */
static size_t count_names(struct json_object *file)
{
	struct json_object *map = json_get(file, "map");
	size_t n = 0;

	for (size_t i = 0; i < json_length(map); i++)
		n += json_length(json_get(json_at(map, i), "names"));
	return n < TOOL_ROWS_MAX ? n : TOOL_ROWS_MAX;
}

struct tool_rows *tool_rows_parse(struct json_object *shipped,
				  struct json_object *user, struct err *e)
{
	struct json_object *files[] = { user, shipped };
	struct tool_rows *t = xcalloc(1, sizeof(*t));

	arena_init(&t->arena);
	t->forms = arena_take(&t->arena, TOOL_FORMS_MAX * sizeof(*t->forms));
	t->rows = arena_take(&t->arena,
			     (count_names(user) + count_names(shipped) + 1) *
				     sizeof(*t->rows));
	for (size_t i = 0; i < 2; i++)
		if (files[i] &&
		    (check(files[i], e) ||
		     parse_forms(t, json_get(files[i], "tools"), e)))
			goto fail;
	for (size_t i = 0; i < 2; i++)
		if (files[i] && parse_map(t, json_get(files[i], "map"),
					  files[i] == user, e))
			goto fail;
	return t;
fail:
	tool_rows_free(t);
	return NULL;
}

void tool_rows_free(struct tool_rows *t)
{
	if (!t)
		return;
	arena_release(&t->arena);
	free(t);
}
