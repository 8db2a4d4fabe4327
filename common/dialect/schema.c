/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/schema.h"

#include <string.h>

/* String formats that structured output checks. */
static bool known_format(struct span s)
{
	static const char *const known[] = {
		"date-time", "time", "date", "duration", "email",
		"hostname",  "uri",  "ipv4", "ipv6",     "uuid",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_is(s, known[i]))
			return true;
	return false;
}

static void sanitise(struct json_object *o, bool properties);

/* Below these stand values, which are not schemas. */
static bool holds_values(const char *key)
{
	static const char *const keys[] = { "const", "enum", "default",
					    "examples" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* Below these the keys are names, not keywords. */
static bool holds_names(const char *key)
{
	return strcmp(key, "properties") == 0 || strcmp(key, "$defs") == 0 ||
	       strcmp(key, "definitions") == 0;
}

static void sanitise_children(struct json_object *o, bool properties)
{
	json_object_object_foreach(o, key, value)
	{
		if (!properties && holds_values(key))
			continue;
		for (size_t i = 0; i < json_length(value); i++)
			sanitise(json_at(value, i), false);
		sanitise(value, !properties && holds_names(key));
	}
}

/* "object", or a list with it, such as ["object", "null"]. */
static bool is_object_type(struct json_object *type)
{
	if (span_is(json_span(type), "object"))
		return true;
	for (size_t i = 0; i < json_length(type); i++)
		if (span_is(json_span(json_at(type, i)), "object"))
			return true;
	return false;
}

static void sanitise(struct json_object *o, bool properties)
{
	static const char *const refused[] = {
		"minimum",          "maximum",     "exclusiveMinimum",
		"exclusiveMaximum", "multipleOf",  "minLength",
		"maxLength",        "pattern",     "minItems",
		"maxItems",         "uniqueItems", "not",
	};
	struct json_object *one;

	if (!json_object_is_type(o, json_type_object))
		return;
	sanitise_children(o, properties);
	if (properties)
		return;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		json_object_object_del(o, refused[i]);
	if (json_str(o, "format").n && !known_format(json_str(o, "format")))
		json_object_object_del(o, "format");
	one = json_get(o, "oneOf");
	if (one) {
		json_object_object_add(o, "anyOf", json_object_get(one));
		json_object_object_del(o, "oneOf");
	}
	if (is_object_type(json_get(o, "type")) || json_get(o, "properties"))
		json_object_object_add(o, "additionalProperties",
				       json_object_new_boolean(false));
}

/* A member that is there and of another type. */
static bool is_other(struct json_object *o, const char *key,
		     enum json_type type)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) &&
	       !json_object_is_type(v, type);
}

/* As SDKs write what is empty: null, and PHP's []. */
static bool is_ill(struct json_object *schema)
{
	return is_other(schema, "properties", json_type_object) ||
	       is_other(schema, "required", json_type_array);
}

static void heal(struct json_object *schema)
{
	if (is_other(schema, "properties", json_type_object))
		json_object_object_add(schema, "properties",
				       json_object_new_object());
	if (is_other(schema, "required", json_type_array))
		json_object_object_del(schema, "required");
}

static bool is_plain(struct json_object *schema, bool bare)
{
	return !bare && !is_ill(schema) &&
	       span_is(json_str(schema, "type"), "object") &&
	       !schema_has_choice(schema);
}

/* In the client's words, if `copy` says the same. */
static void put_changed(struct jw *w, struct chat *c,
			struct json_object *schema, struct json_object *copy)
{
	bool same = span_eq(json_text(copy), json_text(schema));

	jw_raw(w, same ? chat_said(c, schema) : json_text(copy));
	json_object_put(copy);
}

static void put_lowered(struct jw *w, struct chat *c, const struct tool *t,
			bool bare)
{
	struct json_object *copy = json_copy(t->schema);
	struct span before;

	if (!span_is(json_str(copy, "type"), "object"))
		json_set_str(copy, "type", "object");
	heal(copy);
	if (schema_has_choice(copy) && schema_lower(copy))
		chat_dropped(c, "tools.schema.root");
	if (bare) {
		before = arena_span(c->arena, json_text(copy));
		sanitise(copy, false);
		if (!span_eq(before, json_text(copy)))
			chat_dropped(c, "tools.schema.bounds");
	}
	put_changed(w, c, t->schema, copy);
}

void schema_tool(struct jw *w, struct chat *c, const struct tool *t, bool bare)
{
	if (t->schema_text.n)
		jw_raw(w, t->schema_text);
	else if (!json_object_is_type(t->schema, json_type_object) ||
		 json_object_object_length(t->schema) == 0)
		jw_raw(w, bare ? SPAN("{\"type\":\"object\",\"properties\":{},"
				      "\"additionalProperties\":false}")
			       : SPAN("{\"type\":\"object\","
				      "\"properties\":{}}"));
	else if (is_plain(t->schema, bare))
		jw_raw(w, chat_said(c, t->schema));
	else
		put_lowered(w, c, t, bare);
}

void schema_sanitised(struct jw *w, struct chat *c, struct json_object *schema)
{
	struct json_object *copy;

	if (!schema) {
		jw_raw(w, SPAN("{\"type\":\"object\","
			       "\"additionalProperties\":false}"));
		return;
	}
	copy = json_copy(schema);
	sanitise(copy, false);
	put_changed(w, c, schema, copy);
}

static bool all_required(struct json_object *o)
{
	struct json_object *properties = json_get(o, "properties");
	struct json_object *required = json_get(o, "required");

	return !json_object_is_type(properties, json_type_object) ||
	       (size_t)json_object_object_length(properties) ==
		       json_length(required);
}

static bool strict_below(struct json_object *o)
{
	for (size_t i = 0; i < json_length(o); i++)
		if (!schema_is_strict(json_at(o, i)))
			return false;
	if (!json_object_is_type(o, json_type_object))
		return true;
	json_object_object_foreach(o, key, value)
	{
		(void)key;
		if (!schema_is_strict(value))
			return false;
	}
	return true;
}

bool schema_is_strict(struct json_object *o)
{
	struct json_object *more = json_get(o, "additionalProperties");

	if (is_object_type(json_get(o, "type")) &&
	    (!more || json_object_get_boolean(more) || !all_required(o)))
		return false;
	return strict_below(o);
}
