/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/schema.h"

#include <string.h>

/*
 * The root of a tool's schema. Anthropic and OpenAI take an object there, and
 * refuse a choice beside it: what its branches have becomes the object's own.
 * Nodes are shared, not copied, so the result is no larger than its source.
 */

#define REFS_MAX 8        /* from one definition to the next */
#define BRANCHES_MAX 4096 /* of all choices: definitions may be circular */

struct lowering {
	struct json_object *root, *properties;
	int left;  /* branches that may still be looked at */
	bool lost; /* the object says less than its source */
};

static char ours; /* marks a node that is made here */

static const char *const choices[] = { "allOf", "anyOf", "oneOf" };

#define CHOICES (sizeof(choices) / sizeof(choices[0]))

bool schema_has_choice(struct json_object *schema)
{
	for (size_t i = 0; i < CHOICES; i++)
		if (json_get(schema, choices[i]))
			return true;
	return json_get(schema, "$ref") != NULL;
}

/* "#/$defs/NAME" of the same schema; NULL for any other place. */
static struct json_object *target(struct json_object *root, struct span ref)
{
	static const char *const folders[] = { "$defs", "definitions" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t n = strlen(folders[i]);

		if (ref.n > n + 3 && span_starts(ref, "#/") &&
		    memcmp(ref.p + 2, folders[i], n) == 0 &&
		    ref.p[n + 2] == '/')
			return json_get(json_get(root, folders[i]),
					ref.p + n + 3);
	}
	return NULL;
}

static struct json_object *resolved(struct json_object *root,
				    struct json_object *o)
{
	for (int i = 0; i < REFS_MAX && json_get(o, "$ref"); i++)
		o = target(root, json_str(o, "$ref"));
	return o;
}

/* The member of `o` with that type, made if there is none. */
static struct json_object *need(struct json_object *o, const char *key,
				enum json_type type)
{
	struct json_object *v = json_get(o, key);

	if (json_object_is_type(v, type))
		return v;
	v = type == json_type_array ? json_object_new_array()
				    : json_object_new_object();
	json_object_object_add(o, key, v);
	return v;
}

/* One property with two meanings may have either. */
static void add_either(struct json_object *properties, const char *key,
		       struct json_object *was, struct json_object *more)
{
	struct json_object *list = json_get(was, "anyOf"), *either;

	if (was == more || json_object_equal(was, more))
		return;
	if (json_object_get_userdata(was) == &ours) {
		for (size_t i = 0; i < json_length(list); i++)
			if (json_at(list, i) == more)
				return;
		json_object_array_add(list, json_object_get(more));
		return;
	}
	either = json_object_new_object();
	json_object_set_userdata(either, &ours, NULL);
	list = need(either, "anyOf", json_type_array);
	json_object_array_add(list, json_object_get(was));
	json_object_array_add(list, json_object_get(more));
	json_object_object_add(properties, key, either);
}

static void add_properties(struct lowering *x, struct json_object *from)
{
	struct json_object *to = x->properties;

	if (!json_object_is_type(from, json_type_object))
		return;
	json_object_object_foreach(from, key, value)
	{
		struct json_object *was = json_get(to, key);

		x->lost |= was && !json_object_equal(was, value);
		if (json_object_is_type(was, json_type_object) &&
		    json_object_is_type(value, json_type_object))
			add_either(to, key, was, value);
		else
			json_object_object_add(to, key, json_object_get(value));
	}
}

/* How many branches require each name. */
static void count_required(struct json_object *counts, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++) {
		const char *name = json_object_get_string(json_at(list, i));

		if (name)
			json_object_object_add(
				counts, name,
				json_object_new_int64(
					json_int(counts, name, 0) + 1));
	}
}

static void require(struct json_object *o, struct json_object *counts,
		    int64_t at_least)
{
	struct json_object *was = json_get(o, "required");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < json_length(was); i++) {
		json_object_array_add(list, json_object_get(json_at(was, i)));
		json_object_object_del(counts,
				       json_object_get_string(json_at(was, i)));
	}
	json_object_object_foreach(counts, key, value)
	{
		if (json_object_get_int64(value) >= at_least)
			json_object_array_add(list,
					      json_object_new_string(key));
	}
	if (json_length(list))
		json_object_object_add(o, "required", list);
	else
		json_object_put(list);
}

/* Is all that a branch says what its properties and choices say? */
static bool only_merged(struct json_object *branch)
{
	static const char *const merged[] = {
		"properties",  "required", "allOf",   "anyOf", "oneOf", "$defs",
		"definitions", "title",    "$schema", "$id",   NULL,
	};

	json_object_object_foreach(branch, key, value)
	{
		bool object = strcmp(key, "type") == 0 &&
			      span_is(json_span(value), "object");

		if (!object && !json_known(key, merged))
			return false;
	}
	return true;
}

static void merge(struct lowering *x, struct json_object *o, int depth);

/* A reference that more stands beside: only what it refers to is taken. */
static bool is_more_than_reference(struct json_object *o)
{
	return json_get(o, "$ref") && json_object_object_length(o) > 1;
}

/* The branches of one choice; what all of them require (or any, of allOf) is
 * required. */
static void merge_choice(struct lowering *x, struct json_object *o,
			 const char *name, int depth)
{
	struct json_object *list = json_get(o, name);
	struct json_object *counts = json_object_new_object();
	bool all = strcmp(name, "allOf") == 0;

	x->lost |= !all && json_length(list) > 1;
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *here = json_at(list, i);
		struct json_object *branch = resolved(x->root, here);
		bool object = json_object_is_type(branch, json_type_object);

		x->lost |= x->left <= 0 || !object ||
			   is_more_than_reference(here) || !only_merged(branch);
		if (x->left-- <= 0)
			break;
		if (!object)
			continue;
		merge(x, branch, depth - 1);
		count_required(counts, json_get(branch, "required"));
	}
	require(o, counts, all ? 1 : (int64_t)json_length(list));
	json_object_put(counts);
}

static void merge(struct lowering *x, struct json_object *o, int depth)
{
	add_properties(x, json_get(o, "properties"));
	for (size_t i = 0; i < CHOICES; i++) {
		if (!json_length(json_get(o, choices[i])))
			continue;
		if (depth)
			merge_choice(x, o, choices[i], depth);
		else
			x->lost = true;
	}
}

/* The root is a reference: what it refers to is the root's own. */
static void merge_base(struct lowering *x, struct json_object *base)
{
	struct json_object *counts = json_object_new_object();

	merge(x, base, REFS_MAX);
	count_required(counts, json_get(base, "required"));
	require(x->root, counts, 1);
	json_object_put(counts);
	x->lost |= !only_merged(base);
}

bool schema_lower(struct json_object *root)
{
	struct json_object *base = resolved(root, root);
	struct lowering x = { .root = root,
			      .properties = json_object_new_object(),
			      .left = BRANCHES_MAX };

	if (!json_object_is_type(base, json_type_object))
		x.lost = true;
	else if (base != root)
		merge_base(&x, base);
	merge(&x, root, REFS_MAX);
	for (size_t i = 0; i < CHOICES; i++)
		json_object_object_del(root, choices[i]);
	json_object_object_del(root, "$ref");
	json_object_object_add(root, "properties", x.properties);
	return x.lost;
}
