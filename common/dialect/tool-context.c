/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/tool-context.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME SIZE_MAX /* no offset: the time of day */

static const struct {
	const char *name;
	size_t at; /* of the text in struct tool_context, or TIME */
} fields[] = {
	{ "sessionId", offsetof(struct tool_context, session_id) },
	{ "session_id", offsetof(struct tool_context, session_id) },
	{ "requestId", offsetof(struct tool_context, request_id) },
	{ "request_id", offsetof(struct tool_context, request_id) },
	{ "channelId", offsetof(struct tool_context, channel_id) },
	{ "channel_id", offsetof(struct tool_context, channel_id) },
	{ "userId", offsetof(struct tool_context, user_id) },
	{ "user_id", offsetof(struct tool_context, user_id) },
	{ "timestamp", TIME },
	{ "created_at", TIME },
	{ "createdAt", TIME },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

bool tool_context_field(struct span name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (span_is(name, fields[i].name))
			return true;
	return false;
}

static const char *const variants[] = { "anyOf", "oneOf", "allOf" };
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

/* What lies below a schema: of its properties, and of its elements. Of several
 * variants the first one with properties counts: the others are null. *owner is
 * the schema that has them. */
static struct json_object *properties_in(struct json_object *schema,
					 struct json_object **owner)
{
	struct json_object *p = json_get(schema, "properties");

	*owner = schema;
	if (json_object_is_type(p, json_type_object))
		return p;
	for (size_t k = 0; k < VARIANTS; k++) {
		struct json_object *list = json_get(schema, variants[k]);

		for (size_t i = 0; i < json_length(list); i++) {
			*owner = json_at(list, i);
			p = json_get(*owner, "properties");
			if (json_object_is_type(p, json_type_object))
				return p;
		}
	}
	return NULL;
}

static struct json_object *properties_of(struct json_object *schema)
{
	struct json_object *owner;

	return properties_in(schema, &owner);
}

bool tool_context_declared(struct json_object *schema)
{
	struct json_object *items = json_get(schema, "items");
	struct json_object *properties = properties_of(schema);

	if (items && tool_context_declared(items))
		return true;
	if (!properties)
		return false;
	json_object_object_foreach(properties, key, value)
	{
		if (tool_context_field(span_of(key)) ||
		    tool_context_declared(value))
			return true;
	}
	return false;
}

static void hide_required(struct json_object *schema)
{
	struct json_object *list = json_get(schema, "required");

	for (size_t i = json_length(list); i-- > 0;)
		if (tool_context_field(json_span(json_at(list, i))))
			json_object_array_del_idx(list, i, 1);
}

void tool_context_hide(struct json_object *schema)
{
	struct json_object *owner;
	struct json_object *properties = properties_in(schema, &owner);

	if (json_get(schema, "items"))
		tool_context_hide(json_get(schema, "items"));
	if (!properties)
		return;
	hide_required(owner);
	for (size_t i = 0; i < FIELDS; i++)
		json_object_object_del(properties, fields[i].name);
	json_object_object_foreach(properties, key, value)
	{
		(void)key;
		tool_context_hide(value);
	}
}

/* May a value of this JSON type stand where the schema says so? */
static bool allows(struct json_object *schema, const char *type)
{
	struct json_object *t = json_get(schema, "type");

	for (size_t i = 0; i < json_length(t); i++)
		if (span_is(json_span(json_at(t, i)), type))
			return true;
	for (size_t k = 0; !t && k < VARIANTS; k++) {
		struct json_object *list = json_get(schema, variants[k]);

		for (size_t i = 0; i < json_length(list); i++)
			if (span_is(json_str(json_at(list, i), "type"), type))
				return true;
	}
	return span_is(json_span(t), type);
}

static bool is_typed(struct json_object *schema)
{
	bool typed = json_get(schema, "type");

	for (size_t k = 0; k < VARIANTS; k++)
		typed = typed || json_get(schema, variants[k]);
	return typed;
}

static struct json_object *number(struct span text)
{
	char *end;
	int64_t v;

	if (text.n > 18 || !text.n || text.p[0] < '0' || text.p[0] > '9')
		return NULL;
	v = strtoll(text.p, &end, 10);
	return end == text.p + text.n ? json_object_new_int64(v) : NULL;
}

static struct span stamp(int64_t ms, char *out, size_t n)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t len = 0;

	if (gmtime_r(&seconds, &tm))
		len = strftime(out, n, "%Y-%m-%dT%H:%M:%S", &tm);
	if (len)
		len += (size_t)snprintf(out + len, n - len, ".%03dZ",
					(int)(ms % 1000));
	return (struct span){ out, len };
}

/* The value of field i as the schema wants it; NULL: it cannot be given. */
static struct json_object *value_of(const struct tool_context *c, size_t i,
				    struct json_object *schema)
{
	bool is_time = fields[i].at == TIME;
	bool numeric = allows(schema, "number") || allows(schema, "integer");
	bool text = allows(schema, "string") || !is_typed(schema);
	char buffer[40];
	struct span s;

	if (json_get(schema, "enum") || json_get(schema, "const") ||
	    (is_time && c->now_ms <= 0))
		return NULL;
	if (is_time && numeric && !text)
		return json_object_new_int64(c->now_ms);
	s = is_time ? stamp(c->now_ms, buffer, sizeof(buffer))
		    : *(const struct span *)((const char *)c + fields[i].at);
	if (!s.n)
		return NULL;
	if (text)
		return json_object_new_string_len(s.p, (int)s.n);
	return numeric ? number(s) : NULL;
}

struct walk {
	const struct tool_context *context; /* NULL: take out */
	size_t left;                        /* to be filled */
};

static void change(struct walk *w, struct json_object *value, size_t i,
		   struct json_object *declared)
{
	struct json_object *v = NULL;

	if (!w->context)
		json_object_object_del(value, fields[i].name);
	else if (w->left &&
		 !json_object_object_get_ex(value, fields[i].name, NULL))
		v = value_of(w->context, i, declared);
	if (!v)
		return;
	json_object_object_add(value, fields[i].name, v);
	w->left--;
}

/* Visit every object in `value` that `schema` declares. */
static void walk(struct walk *w, struct json_object *schema,
		 struct json_object *value)
{
	struct json_object *properties = properties_of(schema);
	struct json_object *items = json_get(schema, "items");
	struct json_object *declared;

	for (size_t i = 0; items && i < json_length(value); i++)
		walk(w, items, json_at(value, i));
	if (!properties || !json_object_is_type(value, json_type_object))
		return;
	for (size_t i = 0; i < FIELDS; i++)
		if (json_object_object_get_ex(properties, fields[i].name,
					      &declared))
			change(w, value, i, declared);
	json_object_object_foreach(value, key, member)
	{
		walk(w, json_get(properties, key), member);
	}
}

void tool_context_drop(struct json_object *schema, struct json_object *value)
{
	struct walk w = { 0 };

	walk(&w, schema, value);
}

void tool_context_fill(const struct tool_context *c, struct json_object *schema,
		       struct json_object *value)
{
	struct walk w = { c, TOOL_CONTEXT_FILL_MAX };

	walk(&w, schema, value);
}
