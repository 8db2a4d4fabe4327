/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/json.h"

#include "base/file.h"
#include "base/nearest.h"
#include "base/store.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* The value at the front of `text`, and where it ends. */
static struct json_object *parse(struct span text, int depth, int flags,
				 size_t *end, struct err *e)
{
	struct json_tokener *t = json_tokener_new_ex(depth);
	struct json_object *o = NULL;
	enum json_tokener_error je;

	if (!t || text.n >= INT_MAX) {
		err_set(e, ERR_TOO_BIG, "JSON text is too large");
		goto out;
	}
	json_tokener_set_flags(t, flags | JSON_TOKENER_STRICT |
					  JSON_TOKENER_VALIDATE_UTF8);
	/* The NUL tells the tokener that a bare number ends here. */
	o = json_tokener_parse_ex(t, text.p, (int)text.n);
	je = json_tokener_get_error(t);
	*end = json_tokener_get_parse_end(t);
	if (je == json_tokener_success)
		goto out;
	if (je == json_tokener_continue)
		err_set(e, ERR_BAD_REQUEST, "JSON text ends too early");
	else
		err_set(e, ERR_BAD_REQUEST, "not JSON at byte %zu: %s", *end,
			json_tokener_error_desc(je));
	json_object_put(o);
	o = NULL;
out:
	if (t)
		json_tokener_free(t);
	return o;
}

struct json_object *json_read(struct span text, struct err *e)
{
	size_t end = 0;
	struct json_object *o = parse(text, JSON_DEPTH, 0, &end, e);

	if (!o || !span_trim(span_skip(text, end)).n)
		return o;
	err_set(e, ERR_BAD_REQUEST,
		"not JSON at byte %zu: text follows the value", end);
	json_object_put(o);
	return NULL;
}

struct json_object *json_take(struct span *text, int depth, struct err *e)
{
	size_t end = 0;
	struct json_object *o =
		parse(*text, depth, JSON_TOKENER_ALLOW_TRAILING_CHARS, &end, e);

	*text = span_skip(*text, end);
	return o;
}

int json_load(const char *home, const char *name, struct json_object **out,
	      struct err *e)
{
	struct buf text;
	int rc;

	*out = NULL;
	buf_init(&text, STORE_FILE_MAX);
	rc = store_read(home, name, &text, e);
	if (rc == 0) {
		*out = json_read(buf_get(&text), e);
		if (!*out) {
			e->code = ERR_CONFIG;
			rc = err_add(e, name);
		}
	}
	buf_release(&text);
	return rc;
}

struct json_object *json_file(const char *path, struct err *e)
{
	struct json_object *o = NULL;
	struct buf text;

	buf_init(&text, JSON_FILE_MAX);
	if (file_read(path, &text, e) == 0) {
		o = json_read(buf_get(&text), e);
		if (!o) {
			e->code = ERR_CONFIG;
			err_add(e, path);
		}
	}
	buf_release(&text);
	return o;
}

int json_load_object(const char *home, const char *name,
		     struct json_object **out, struct err *e)
{
	if (json_load(home, name, out, e) < 0)
		return -1;
	if (!*out)
		*out = json_object_new_object();
	if (json_object_is_type(*out, json_type_object))
		return 0;
	json_object_put(*out);
	*out = NULL;
	return err_set(e, ERR_CONFIG, "%s: not a JSON object", name);
}

struct json_object *json_get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (!json_object_is_type(o, json_type_object))
		return NULL;
	json_object_object_get_ex(o, key, &v);
	return v;
}

struct span json_span(struct json_object *s)
{
	if (!json_object_is_type(s, json_type_string))
		return SPAN("");
	return (struct span){ json_object_get_string(s),
			      (size_t)json_object_get_string_len(s) };
}

const char *json_cstr(struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_string)
		     ? json_object_get_string(v)
		     : NULL;
}

int64_t json_int(struct json_object *o, const char *key, int64_t otherwise)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_int) ? json_object_get_int64(v)
						     : otherwise;
}

static int64_t to_count(int64_t v)
{
	if (v < 0)
		return 0;
	return v < JSON_COUNT_MAX ? v : JSON_COUNT_MAX;
}

int64_t json_count(struct json_object *o, const char *key, int64_t otherwise)
{
	return to_count(json_int(o, key, otherwise));
}

int64_t json_count_at(struct json_object *list, size_t i)
{
	struct json_object *v = json_at(list, i);

	return json_object_is_type(v, json_type_int)
		     ? to_count(json_object_get_int64(v))
		     : 0;
}

bool json_flag(struct json_object *o, const char *key, bool otherwise)
{
	struct json_object *v = json_get(o, key);

	return json_object_is_type(v, json_type_boolean)
		     ? json_object_get_boolean(v)
		     : otherwise;
}

double json_number(struct json_object *o, const char *key, double otherwise)
{
	struct json_object *v = json_get(o, key);
	double d;

	if (!json_object_is_type(v, json_type_double) &&
	    !json_object_is_type(v, json_type_int))
		return otherwise;
	d = json_object_get_double(v);
	return isfinite(d) ? d : otherwise;
}

double json_amount(struct json_object *o, const char *key, double otherwise)
{
	double d = json_number(o, key, -1);

	if (d < 0)
		return otherwise;
	return d < JSON_COUNT_MAX ? d : JSON_COUNT_MAX;
}

struct span json_str(struct json_object *o, const char *key)
{
	return json_span(json_get(o, key));
}

size_t json_length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array)
		     ? json_object_array_length(list)
		     : 0;
}

struct json_object *json_at(struct json_object *list, size_t i)
{
	return i < json_length(list) ? json_object_array_get_idx(list, i)
				     : NULL;
}

struct span json_text(struct json_object *o)
{
	size_t n = 0;
	const char *p = json_object_to_json_string_length(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);

	return (struct span){ p, n };
}

void json_set_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key,
			       value ? json_object_new_string(value) : NULL);
}

const char *json_pretty(struct json_object *o)
{
	return json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			   JSON_C_TO_STRING_NOSLASHESCAPE);
}

bool json_known(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key))
		keys++;
	return *keys || *key == '_' || *key == '$';
}

int json_only(struct json_object *o, const char *const *keys, struct err *e)
{
	const char *meant;

	if (!json_object_is_type(o, json_type_object))
		return 0;
	json_object_object_foreach(o, key, value)
	{
		(void)value;
		if (json_known(key, keys))
			continue;
		meant = nearest(key, keys);
		err_set(e, ERR_CONFIG, "unknown key \"%.60s\"", key);
		if (meant)
			err_set(e, ERR_CONFIG,
				"unknown key \"%.60s\": did you mean "
				"\"%s\"?",
				key, meant);
		return -1;
	}
	return 0;
}

struct json_object *json_split(const char *list)
{
	struct json_object *out = json_object_new_array();
	struct span rest = span_of(list);

	while (rest.n) {
		struct span s = span_trim(span_cut(&rest, ','));

		if (s.n)
			json_object_array_add(
				out, json_object_new_string_len(s.p, (int)s.n));
	}
	return out;
}
