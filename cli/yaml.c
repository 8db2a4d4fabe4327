/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/yaml.h"

#ifdef HAVE_YAML

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 64
#define NODES_MAX 100000
#define ANCHORS_MAX 256

struct anchor {
	char *name;
	struct json_object *value;
};

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	size_t nodes;
	struct anchor anchors[ANCHORS_MAX];
	size_t n_anchors;
};

static int bad(const struct reader *r, const char *what, struct err *e)
{
	return err_set(e, ERR_CONFIG, "line %zu: %s",
		       r->event.start_mark.line + 1, what);
}

static int next(struct reader *r, struct err *e)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = yaml_parser_parse(&r->parser, &r->event);
	if (r->has_event)
		return 0;
	return err_set(e, ERR_CONFIG, "line %zu: %s",
		       r->parser.problem_mark.line + 1,
		       r->parser.problem ? r->parser.problem : "no YAML");
}

/* A name counts from where it is given; the last one is meant. */
static int keep_anchor(struct reader *r, char *name, struct json_object *v,
		       struct err *e)
{
	if (!name)
		return 0;
	if (r->n_anchors == ANCHORS_MAX) {
		free(name);
		return bad(r, "too many anchors", e);
	}
	r->anchors[r->n_anchors++] = (struct anchor){ name,
						      json_object_get(v) };
	return 0;
}

static int read_alias(struct reader *r, struct json_object **out, struct err *e)
{
	const char *name = (const char *)r->event.data.alias.anchor;

	for (size_t i = r->n_anchors; i-- > 0;)
		if (strcmp(r->anchors[i].name, name) == 0) {
			*out = json_object_get(r->anchors[i].value);
			return 0;
		}
	return bad(r, "an alias of nothing", e);
}

static struct json_object *scalar(const yaml_event_t *v)
{
	const char *text = (const char *)v->data.scalar.value;
	size_t n = v->data.scalar.length;
	bool plain = v->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (plain &&
	    (!n || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0))
		return NULL;
	return json_object_new_string_len(text, (int)n);
}

static char *anchor_of(const yaml_event_t *v)
{
	switch (v->type) {
	case YAML_SCALAR_EVENT:
		return xstrdup((const char *)v->data.scalar.anchor);
	case YAML_SEQUENCE_START_EVENT:
		return xstrdup((const char *)v->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return xstrdup((const char *)v->data.mapping_start.anchor);
	default:
		return NULL;
	}
}

static int read_value(struct reader *r, int depth, struct json_object **out,
		      struct err *e);

static int read_list(struct reader *r, int depth, struct json_object *list,
		     struct err *e)
{
	struct json_object *v;

	for (;;) {
		if (next(r, e))
			return -1;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (read_value(r, depth + 1, &v, e))
			return -1;
		json_object_array_add(list, v);
	}
}

/* What the mapping has not said itself. */
static void merge(struct json_object *into, struct json_object *from)
{
	if (json_object_is_type(from, json_type_array)) {
		for (size_t i = 0; i < json_length(from); i++)
			merge(into, json_at(from, i));
		return;
	}
	if (!json_object_is_type(from, json_type_object))
		return;
	json_object_object_foreach(from, key, value)
	{
		if (!json_object_object_get_ex(into, key, NULL))
			json_object_object_add(into, key,
					       json_object_get(value));
	}
}

static int read_map(struct reader *r, int depth, struct json_object *map,
		    struct err *e)
{
	struct json_object *v, *merged = json_object_new_array();
	char *key = NULL;
	int rc = -1;

	for (;;) {
		if (next(r, e))
			break;
		if (r->event.type == YAML_MAPPING_END_EVENT) {
			merge(map, merged);
			rc = 0;
			break;
		}
		if (r->event.type != YAML_SCALAR_EVENT) {
			bad(r, "a key that is no text", e);
			break;
		}
		free(key);
		key = xstrdup((const char *)r->event.data.scalar.value);
		if (next(r, e) || read_value(r, depth + 1, &v, e))
			break;
		if (strcmp(key, "<<") == 0)
			json_object_array_add(merged, v);
		else
			json_object_object_add(map, key, v);
	}
	free(key);
	json_object_put(merged);
	return rc;
}

static int read_value(struct reader *r, int depth, struct json_object **out,
		      struct err *e)
{
	char *anchor = anchor_of(&r->event);
	int rc = 0;

	*out = NULL;
	if (depth > DEPTH_MAX || ++r->nodes > NODES_MAX) {
		rc = bad(r, "it is too deep, or has too much in it", e);
	} else if (r->event.type == YAML_ALIAS_EVENT) {
		rc = read_alias(r, out, e);
	} else if (r->event.type == YAML_SCALAR_EVENT) {
		*out = scalar(&r->event);
	} else if (r->event.type == YAML_SEQUENCE_START_EVENT) {
		*out = json_object_new_array();
		rc = read_list(r, depth, *out, e);
	} else if (r->event.type == YAML_MAPPING_START_EVENT) {
		*out = json_object_new_object();
		rc = read_map(r, depth, *out, e);
	} else {
		rc = bad(r, "a value is missing", e);
	}
	if (rc) {
		free(anchor);
		json_object_put(*out);
		*out = NULL;
		return -1;
	}
	return keep_anchor(r, anchor, *out, e);
}

static int read_document(struct reader *r, struct json_object **out,
			 struct err *e)
{
	do {
		if (next(r, e))
			return -1;
		if (r->event.type == YAML_STREAM_END_EVENT)
			return 0;
	} while (r->event.type != YAML_DOCUMENT_START_EVENT);
	return next(r, e) || read_value(r, 0, out, e) ? -1 : 0;
}

struct json_object *yaml_read(struct span text, struct err *e)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	struct json_object *out = NULL;

	if (!yaml_parser_initialize(&r->parser)) {
		err_memory(e);
		free(r);
		return NULL;
	}
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text.p,
				     text.n);
	if (read_document(r, &out, e)) {
		json_object_put(out);
		out = NULL;
	}
	if (r->has_event)
		yaml_event_delete(&r->event);
	for (size_t i = 0; i < r->n_anchors; i++) {
		free(r->anchors[i].name);
		json_object_put(r->anchors[i].value);
	}
	yaml_parser_delete(&r->parser);
	free(r);
	return out;
}

#else

struct json_object *yaml_read(struct span text, struct err *e)
{
	(void)text;
	err_set(e, ERR_CONFIG,
		"this dario was built without libyaml: it reads no YAML");
	return NULL;
}

#endif
