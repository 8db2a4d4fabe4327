/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/tool-shape.h"

#include "dialect/tool-context.h"

#include <string.h>

/* Schema words at the top that name properties in ways we do not follow, or
 * move them elsewhere. */
static const char *const foreign[] = {
	"$ref",
	"allOf",
	"anyOf",
	"oneOf",
	"not",
	"if",
	"dependencies",
	"dependentRequired",
	"dependentSchemas",
	"patternProperties",
	"propertyNames",
	"unevaluatedProperties",
	"$recursiveRef",
	"$dynamicRef",
};

static bool has(struct json_object *o, const char *key)
{
	return o && json_object_object_get_ex(o, key, NULL);
}

/* Is the schema one whose properties can be renamed? */
static bool plain(struct json_object *schema)
{
	struct span text;

	if (!schema)
		return true;
	if (!json_object_is_type(schema, json_type_object) ||
	    (has(schema, "type") &&
	     !span_is(json_str(schema, "type"), "object")))
		return false;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (has(schema, foreign[i]))
			return false;
	if (has(schema, "properties") &&
	    !json_object_is_type(json_get(schema, "properties"),
				 json_type_object))
		return false;
	if (has(schema, "required") &&
	    !json_object_is_type(json_get(schema, "required"), json_type_array))
		return false;
	/* Required, and nobody says what it is. */
	if (!has(schema, "properties") &&
	    json_length(json_get(schema, "required")))
		return false;
	/* A reference to a property would point to its old name. */
	text = json_text(schema);
	return !memmem(text.p, text.n, "\"#/properties/", 14);
}

static bool one_type(struct span have, struct span want)
{
	if (span_eq(have, want))
		return true;
	return (span_is(have, "integer") || span_is(have, "number")) &&
	       (span_is(want, "integer") || span_is(want, "number"));
}

/* Could the declared property hold what the canonical field holds? What does
 * not say its type is believed. */
static bool same_type(struct json_object *declared, struct span want)
{
	struct json_object *type = json_get(declared, "type");

	if (!type || !want.n)
		return true;
	for (size_t i = 0; i < json_length(type); i++)
		if (one_type(json_span(json_at(type, i)), want))
			return true;
	return one_type(json_span(type), want);
}

static const struct tool_pair *by_client(const struct tool_shape *s,
					 const char *name)
{
	for (size_t i = 0; i < s->n_pairs; i++)
		if (strcmp(s->pairs[i].client, name) == 0)
			return &s->pairs[i];
	return NULL;
}

static const struct tool_pair *by_canonical(const struct tool_shape *s,
					    const char *name)
{
	for (size_t i = 0; i < s->n_pairs; i++)
		if (strcmp(s->pairs[i].canonical, name) == 0)
			return &s->pairs[i];
	return NULL;
}

/* The client's name for a canonical field: the first that it declares; when it
 * does not say what it takes, the most usual. */
static const char *choose(const struct tool_shape *s,
			  struct json_object *properties, size_t field)
{
	const struct tool_names *names = &s->row->fields[field];
	struct span type = s->row->form->fields[field].type;

	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->names[i].p;

		if (tool_context_field(names->names[i]) || by_client(s, name))
			continue;
		if (s->open || (has(properties, name) &&
				same_type(json_get(properties, name), type)))
			return name;
	}
	return NULL;
}

static bool find_pairs(struct tool_shape *s, struct json_object *properties)
{
	const struct tool_form *f = s->row->form;

	for (size_t i = 0; i < f->n; i++) {
		const struct tool_field *field = &f->fields[i];
		const char *name = choose(s, properties, i);

		if (!name && field->required)
			return false;
		if (!name)
			continue;
		s->pairs[s->n_pairs++] =
			(struct tool_pair){ name, field->name.p, field };
		s->reshaped |= strcmp(name, field->name.p) != 0;
	}
	return true;
}

/* No two properties under one name, and nothing that rules the row out. */
static bool fits(const struct tool_shape *s, struct json_object *properties)
{
	for (size_t i = 0; i < s->row->unless.n; i++)
		if (has(properties, s->row->unless.names[i].p))
			return false;
	if (!properties)
		return true;
	json_object_object_foreach(properties, key, value)
	{
		(void)value;
		if (!by_client(s, key) && by_canonical(s, key))
			return false;
	}
	return true;
}

/* Does the model not see all of them? */
static bool hides_any(struct json_object *properties)
{
	if (!json_object_is_type(properties, json_type_object))
		return false;
	json_object_object_foreach(properties, key, value)
	{
		(void)value;
		if (tool_context_field(span_of(key)))
			return true;
	}
	return false;
}

struct tool_shape *tool_shape_find(const struct tool_row *row,
				   enum tool_mode mode, struct arena *a,
				   struct json_object *tool)
{
	struct json_object *schema = json_get(tool, "input_schema");
	struct json_object *properties = json_get(schema, "properties");
	struct json_object *more = json_get(schema, "additionalProperties");
	struct tool_shape *s = arena_try(a, sizeof(*s));
	struct span name = json_str(tool, "name");

	if (!s || !plain(schema))
		return NULL;
	s->row = row;
	s->client = arena_span(a, name);
	s->closed = json_object_is_type(more, json_type_boolean) &&
		    !json_object_get_boolean(more);
	s->open = !properties && !s->closed;
	s->pairs = arena_try(a, (row->form->n + 1) * sizeof(*s->pairs));
	if (!s->pairs || !find_pairs(s, properties) || !fits(s, properties))
		return NULL;
	s->hybrid = mode == TOOLS_HYBRID && tool_context_declared(schema);
	s->reshaped |= s->hybrid;
	s->hides = hides_any(properties);
	s->schema = json_object_get(schema);
	return s;
}

void tool_shape_release(struct tool_shape *s)
{
	json_object_put(s->schema);
	s->schema = NULL;
}

/* --- the declaration ---------------------------------------------------- */

/* The client's schema of one property; where it is silent, ours. */
static struct json_object *property(const struct tool_shape *s,
				    const struct tool_pair *p,
				    struct json_object *declared)
{
	struct json_object *copy;

	if (!json_object_is_type(declared, json_type_object))
		return json_object_get(declared);
	copy = json_copy(declared);
	if (s->hybrid)
		tool_context_hide(copy);
	if (!p)
		return copy;
	if (!json_object_object_length(copy) && p->field->type.n)
		json_set_str(copy, "type", p->field->type.p);
	if (!has(copy, "description") && p->field->description.n)
		json_set_str(copy, "description", p->field->description.p);
	return copy;
}

static struct json_object *properties_for(const struct tool_shape *s,
					  struct json_object *declared)
{
	struct json_object *out = json_object_new_object();

	json_object_object_foreach(declared, key, value)
	{
		const struct tool_pair *p = by_client(s, key);

		if (!tool_context_field(span_of(key)))
			json_object_object_add(out, p ? p->canonical : key,
					       property(s, p, value));
	}
	return out;
}

static struct json_object *required_for(const struct tool_shape *s,
					struct json_object *declared)
{
	struct json_object *out = json_object_new_array();

	for (size_t i = 0; i < json_length(declared); i++) {
		struct json_object *name = json_at(declared, i);
		const struct tool_pair *p;

		if (!json_object_is_type(name, json_type_string) ||
		    tool_context_field(json_span(name)))
			continue;
		p = by_client(s, json_object_get_string(name));
		json_object_array_add(out,
				      p ? json_object_new_string(p->canonical)
					: json_object_get(name));
	}
	return out;
}

static struct json_object *schema_for(const struct tool_shape *s)
{
	struct json_object *out = json_object_new_object();

	json_object_object_foreach(s->schema, key, value)
	{
		if (strcmp(key, "properties") == 0)
			value = properties_for(s, value);
		else if (strcmp(key, "required") == 0)
			value = required_for(s, value);
		else
			json_object_get(value);
		json_object_object_add(out, key, value);
	}
	return out;
}

/* For a tool that does not say what it takes: the canonical fields that the
 * row has names for. */
static struct json_object *schema_of_form(const struct tool_shape *s)
{
	struct err unused;
	struct json_object *out = json_read(s->row->form->schema, &unused);
	struct json_object *properties = json_get(out, "properties");

	for (size_t i = 0; i < s->row->form->n; i++)
		if (!by_canonical(s, s->row->form->fields[i].name.p))
			json_object_object_del(properties,
					       s->row->form->fields[i].name.p);
	return out;
}

static void describe(const struct tool_shape *s, struct json_object *tool)
{
	struct span ours = s->row->form->description;
	struct span own = json_str(tool, "description");
	struct buf text;

	if (!ours.n)
		return;
	buf_init(&text, ours.n + own.n + 2);
	buf_span(&text, ours);
	if (span_trim(own).n) {
		buf_str(&text, "\n\n");
		buf_span(&text, own);
	}
	json_object_object_add(tool, "description",
			       json_object_new_string_len(text.p, (int)text.n));
	buf_release(&text);
}

static void put_examples(const struct tool_shape *s, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++)
		json_object_array_put_idx(
			list, i, tool_shape_forth(s, json_at(list, i), false));
}

void tool_shape_declare(const struct tool_shape *s, struct json_object *tool)
{
	json_set_str(tool, "name", s->row->form->name.p);
	describe(s, tool);
	json_object_object_add(tool, "input_schema",
			       s->open ? schema_of_form(s) : schema_for(s));
	put_examples(s, json_get(tool, "input_examples"));
}

/* --- inputs ------------------------------------------------------------- */

static const char *to_canonical(const struct tool_shape *s, const char *key)
{
	const struct tool_pair *p = by_client(s, key);

	return p ? p->canonical : NULL;
}

static const char *to_client(const struct tool_shape *s, const char *key)
{
	const struct tool_pair *p = by_canonical(s, key);

	return p ? p->client : NULL;
}

typedef const char *name_fn(const struct tool_shape *s, const char *key);

/* Every key by `name`. What has no new name keeps its own, unless the renamed
 * value of another key takes it. */
static struct json_object *rename_keys(const struct tool_shape *s,
				       struct json_object *input, name_fn *name,
				       name_fn *inverse)
{
	struct json_object *out = json_object_new_object();

	json_object_object_foreach(input, key, value)
	{
		const char *to = name(s, key);
		const char *rival = to ? NULL : inverse(s, key);

		if (!rival || !has(input, rival))
			json_object_object_add(out, to ? to : key,
					       json_object_get(value));
	}
	return out;
}

static void drop_top(struct json_object *schema, struct json_object *input)
{
	struct json_object *properties = json_get(schema, "properties");

	if (!json_object_is_type(properties, json_type_object))
		return;
	json_object_object_foreach(properties, key, value)
	{
		(void)value;
		if (tool_context_field(span_of(key)))
			json_object_object_del(input, key);
	}
}

struct json_object *tool_shape_forth(const struct tool_shape *s,
				     struct json_object *input, bool history)
{
	struct json_object *out;

	if (!json_object_is_type(input, json_type_object) ||
	    (history && !s->reshaped && !s->hides))
		return json_object_get(input);
	if (s->hybrid)
		tool_context_drop(s->schema, input);
	out = rename_keys(s, input, to_canonical, to_client);
	drop_top(s->schema, out);
	return out;
}

/* What a closed schema would refuse, and the model only gave because the
 * canonical tool has it. */
static void drop_surplus(const struct tool_shape *s, struct json_object *input)
{
	const struct tool_form *f = s->row->form;
	struct json_object *properties = json_get(s->schema, "properties");

	for (size_t i = 0; s->closed && i < f->n; i++)
		if (!has(properties, f->fields[i].name.p))
			json_object_object_del(input, f->fields[i].name.p);
}

struct json_object *tool_shape_back(const struct tool_shape *s,
				    const struct tool_context *c,
				    struct json_object *input)
{
	struct json_object *out;

	if (!json_object_is_type(input, json_type_object) || !s->reshaped)
		return json_object_get(input);
	out = rename_keys(s, input, to_client, to_canonical);
	drop_surplus(s, out);
	if (s->hybrid)
		tool_context_fill(c, s->schema, out);
	return out;
}
