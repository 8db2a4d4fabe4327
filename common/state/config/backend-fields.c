/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/backend-fields.h"

#include "base/fields.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define KEY "{key}" /* in a value: the backend's key */

/* What each call says for itself. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = {
		"host",       "content-length",    "content-type",
		"connection", "content-encoding",  "accept-encoding",
		"expect",     "transfer-encoding", "te",
		"trailer",    "upgrade",
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (field_same(span_of(ours[i]), span_of(name)))
			return true;
	return false;
}

static bool good_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_", *p))
			return false;
	return *name && !is_ours(name);
}

/* The field that stands in for the dialect's own credential: the one with the
 * key in it, else one of the names that are credentials everywhere. */
static bool is_credential(const char *name, const char *value)
{
	return strstr(value, KEY) ||
	       field_same(span_of(name), SPAN("authorization")) ||
	       field_same(span_of(name), SPAN("x-api-key"));
}

static char *written(const char *name, const char *value)
{
	struct buf text;
	char *out;

	buf_init(&text, BACKEND_FIELD_MAX);
	buf_fmt(&text, "%s: %s", name, value);
	out = text.full ? NULL : xstrdup(buf_cstr(&text));
	buf_release(&text);
	return out;
}

static int keep(struct backend *b, char *field, struct err *e)
{
	if (b->n_fields == BACKEND_FIELDS_MAX) {
		free(field);
		return err_set(e, ERR_CONFIG, "more than %d headers",
			       BACKEND_FIELDS_MAX);
	}
	if (!b->fields)
		b->fields = xcalloc(BACKEND_FIELDS_MAX, sizeof(*b->fields));
	b->fields[b->n_fields++] = field;
	return 0;
}

static int set_credential(struct backend *b, char *field, struct err *e)
{
	bool with_key = strstr(field, KEY);
	char *was = b->credential;

	if (was && !with_key) /* the first of two that hold no key counts */
		return keep(b, field, e);
	if (was && strstr(was, KEY)) {
		free(field);
		return err_set(e, ERR_CONFIG,
			       "headers: " KEY " can stand in one field only");
	}
	b->credential = field;
	return was ? keep(b, was, e) : 0;
}

static int add_field(struct backend *b, const char *name, const char *value,
		     struct err *e)
{
	char *field;

	if (!good_name(name))
		return err_set(e, ERR_CONFIG,
			       "headers: %.60s is not a name that can be set "
			       "here",
			       name);
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(e, ERR_CONFIG,
				       "headers: %.60s has control characters",
				       name);
	field = written(name, value);
	if (!field)
		return err_set(e, ERR_CONFIG,
			       "headers: %.60s is longer than %d bytes", name,
			       BACKEND_FIELD_MAX);
	return is_credential(name, value) ? set_credential(b, field, e)
					  : keep(b, field, e);
}

static int load_forward(struct backend *b, struct json_object *list,
			struct err *e)
{
	size_t n = json_length(list);

	if (n > BACKEND_FIELDS_MAX)
		return err_set(e, ERR_CONFIG, "more than %d names in forward",
			       BACKEND_FIELDS_MAX);
	b->forward = xcalloc(n + 1, sizeof(*b->forward));
	for (size_t i = 0; i < n; i++) {
		struct span name = json_span(json_at(list, i));

		if (!field_is_token(name))
			return err_set(e, ERR_CONFIG,
				       "forward must be a list of names of "
				       "header fields");
		if (field_ways(name) & FIELD_STAYS_UP)
			return err_set(e, ERR_CONFIG,
				       "forward: %.60s is never handed on",
				       name.p);
		b->forward[b->n_forward++] = xstrndup(name.p, name.n);
	}
	return 0;
}

int backend_load_fields(struct backend *b, struct json_object *file,
			struct err *e)
{
	static const struct {
		const char *key, *field;
	} known[] = {
		{ "organization", "OpenAI-Organization" },
		{ "project", "OpenAI-Project" },
	};
	struct json_object *o = json_get(file, "headers");

	if (load_forward(b, json_get(file, "forward"), e))
		return -1;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *v = json_cstr(file, known[i].key);

		if (v && add_field(b, known[i].field, v, e))
			return -1;
	}
	if (!o)
		return 0;
	json_object_object_foreach(o, name, value)
	{
		if (!json_object_is_type(value, json_type_string))
			return err_set(e, ERR_CONFIG,
				       "headers: %.60s must be a string", name);
		if (add_field(b, name, json_object_get_string(value), e))
			return -1;
	}
	return 0;
}

void backend_release_fields(struct backend *b)
{
	for (size_t i = 0; i < b->n_fields; i++)
		free(b->fields[i]);
	for (size_t i = 0; i < b->n_forward; i++)
		free(b->forward[i]);
	free(b->fields);
	free(b->forward);
	free(b->credential);
}

bool backend_lists(char *const *list, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++) {
		struct span one = { list[i], strcspn(list[i], ":") };

		if (field_same(one, name))
			return true;
	}
	return false;
}

void backend_key_credential(const struct backend *b, const char *api_key,
			    enum dialect_id dialect, struct buf *out)
{
	const char *own = b->credential;
	const char *at = own ? strstr(own, KEY) : NULL;

	if (own && !at) {
		buf_str(out, own);
		return;
	}
	if (!api_key)
		return;
	if (own)
		buf_add(out, own, (size_t)(at - own));
	else
		buf_str(out, dialect == DIALECT_ANTHROPIC
				     ? "x-api-key: "
				     : "Authorization: Bearer ");
	buf_str(out, api_key);
	if (own)
		buf_str(out, at + strlen(KEY));
}

bool backend_needs_no_key(const struct backend *b)
{
	return b->credential && !strstr(b->credential, KEY);
}
