/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jwalk.h"

#include "base/json.h"

#include <string.h>

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

const char *jwalk_string_end(const char *p, const char *end)
{
	const char *from = ++p;

	while ((p = memchr(p, '"', (size_t)(end - p)))) {
		const char *b = p;

		while (b > from && b[-1] == '\\')
			b--;
		p++;
		if ((p - 1 - b) % 2 == 0)
			return p;
	}
	return end;
}

static const char *skip_container(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		char c = *p;

		if (c == '"') {
			p = jwalk_string_end(p, end);
			continue;
		}
		p++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			break;
	}
	return p;
}

const char *jwalk_end(const char *p, const char *end)
{
	if (p == end)
		return p;
	if (*p == '"')
		return jwalk_string_end(p, end);
	if (*p == '{' || *p == '[')
		return skip_container(p, end);
	while (p < end && !strchr(",]} \n\t\r", *p))
		p++;
	return p;
}

struct jwalk jwalk_in(struct span container)
{
	struct jwalk w = { 0 };

	if (container.n < 2 || (*container.p != '{' && *container.p != '['))
		return w;
	w.object = *container.p == '{';
	w.at = container.p + 1;
	w.end = container.p + container.n - 1;
	return w;
}

const char *jwalk_peek(const struct jwalk *w)
{
	const char *p = w->at ? skip_blanks(w->at, w->end) : NULL;

	if (!p)
		return NULL;
	if (p < w->end && *p == ',')
		p = skip_blanks(p + 1, w->end);
	return p < w->end ? p : NULL;
}

static void member(struct jwalk *w, const char *p)
{
	const char *end = jwalk_string_end(p, w->end);

	w->key = (struct span){ p + 1, (size_t)(end - p) - 2 };
	p = skip_blanks(end, w->end);
	if (p < w->end && *p == ':')
		p = skip_blanks(p + 1, w->end);
	w->at = jwalk_end(p, w->end);
	w->value = (struct span){ p, (size_t)(w->at - p) };
}

bool jwalk_next(struct jwalk *w)
{
	const char *p;

	if (w->item.p) {
		w->kept |= !w->gone;
		w->before = w->item.p + w->item.n;
		w->gone = false;
	}
	p = jwalk_peek(w);
	if (!p || (w->object && (*p != '"' || w->end - p < 2))) {
		w->item = w->value = (struct span){ NULL, 0 };
		w->at = NULL;
		return false;
	}
	if (w->object) {
		member(w, p);
	} else {
		w->at = jwalk_end(p, w->end);
		if (w->at == p) /* not JSON */
			w->at++;
		w->value = (struct span){ p, (size_t)(w->at - p) };
	}
	w->item = (struct span){ p, (size_t)(w->at - p) };
	return true;
}

/* Does the string, with its quotes, say this? */
static bool says(struct span quoted, const char *text)
{
	struct span inside = { quoted.p + 1, quoted.n - 2 };
	struct json_object *o;
	struct err unused;
	bool is;

	if (!memchr(inside.p, '\\', inside.n))
		return span_is(inside, text);
	o = json_take(&quoted, &unused);
	is = o && span_is(json_span(o), text);
	json_object_put(o);
	return is;
}

bool jwalk_key_is(const struct jwalk *w, const char *name)
{
	return w->object &&
	       says((struct span){ w->key.p - 1, w->key.n + 2 }, name);
}

struct span jwalk_get(struct span object, const char *key)
{
	struct span found = { "", 0 };
	struct jwalk w = jwalk_in(object);

	while (w.object && jwalk_next(&w))
		if (jwalk_key_is(&w, key))
			found = w.value;
	return found;
}

bool jwalk_is_string(struct span value)
{
	return value.n >= 2 && *value.p == '"';
}

bool jwalk_is_array(struct span value)
{
	return value.n >= 2 && *value.p == '[';
}

bool jwalk_is_object(struct span value)
{
	return value.n >= 2 && *value.p == '{';
}

struct span jwalk_text(struct arena *a, struct span value)
{
	struct span inside = { value.p + 1, value.n - 2 };
	struct json_object *o;
	struct err unused;

	if (!jwalk_is_string(value))
		return SPAN("");
	if (!memchr(inside.p, '\\', inside.n))
		return inside;
	o = json_take(&value, &unused);
	inside = arena_span(a, json_span(o));
	json_object_put(o);
	return inside;
}

bool jwalk_is(struct span value, const char *text)
{
	return jwalk_is_string(value) && says(value, text);
}
