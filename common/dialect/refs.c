/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/refs.h"

#include <string.h>

/* Members whose value is an id, a list of ids, or an object with an id; at any
 * depth. */
static const struct span keys[] = {
	SPAN_INIT("\"previous_response_id\""),
	SPAN_INIT("\"conversation\""),
	SPAN_INIT("\"file_id\""),
	SPAN_INIT("\"file_ids\""),
	SPAN_INIT("\"input_file_id\""),
	SPAN_INIT("\"training_file\""),
	SPAN_INIT("\"validation_file\""),
	SPAN_INIT("\"vector_store_ids\""),
	SPAN_INIT("\"container\""),
	SPAN_INIT("\"container_id\""),
	SPAN_INIT("\"cached_content\""),
	SPAN_INIT("\"cachedContent\""),
	SPAN_INIT("\"input_files\""),
	SPAN_INIT("\"skill_id\""),
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static struct span skip_blanks(struct span s)
{
	while (s.n && strchr(" \t\r\n", *s.p))
		s = span_skip(s, 1);
	return s;
}

/* The string at the front, without escapes: ids have none. */
static bool take_string(struct span *s, struct span *out)
{
	const char *end;

	if (!s->n || *s->p != '"')
		return false;
	*s = span_skip(*s, 1);
	end = memchr(s->p, '"', s->n);
	if (!end)
		return false;
	*out = (struct span){ s->p, (size_t)(end - s->p) };
	*s = span_skip(*s, out->n + 1);
	return true;
}

/* Behind the next key of that name; in a string it would be escaped. */
static bool find_key(struct refs *r, struct span *value)
{
	struct span key = keys[r->key];

	for (;;) {
		struct span rest = span_skip(r->body, r->at);
		const char *hit = rest.n ? memmem(rest.p, rest.n, key.p, key.n)
					 : NULL;

		if (!hit)
			return false;
		r->at += (size_t)(hit - rest.p) + key.n;
		*value = skip_blanks(span_skip(r->body, r->at));
		if ((hit > r->body.p && hit[-1] == '\\') ||
		    !span_starts(*value, ":"))
			continue;
		*value = skip_blanks(span_skip(*value, 1));
		return true;
	}
}

/* {"id": "..."}: each member of that name, for who knows which one counts. */
static bool take_member(struct refs *r)
{
	while (jwalk_next(&r->members)) {
		struct span v = r->members.value;

		if (!jwalk_key_is(&r->members, "id") || !jwalk_is_string(v))
			continue;
		r->id = (struct span){ v.p + 1, v.n - 2 };
		return true;
	}
	return false;
}

/* What stands in it is looked at once, however often it names itself. */
static void open_object(struct refs *r, struct span value)
{
	const char *end = jwalk_end(value.p, value.p + value.n);

	value.n = (size_t)(end - value.p);
	r->members = jwalk_in(value);
	r->at = (size_t)(end - r->body.p);
}

/* The next id of a list. */
static bool take_item(struct refs *r)
{
	if (!r->list.n)
		return false;
	r->list = skip_blanks(span_skip(r->list, 1)); /* bracket or comma */
	if (take_string(&r->list, &r->id)) {
		r->list = skip_blanks(r->list);
		if (!span_starts(r->list, ","))
			r->list.n = 0;
		return true;
	}
	r->list.n = 0;
	return false;
}

bool refs_next(struct refs *r)
{
	struct span value;

	while (r->key < KEYS) {
		if (take_item(r) || take_member(r))
			return true;
		if (!find_key(r, &value)) {
			r->key++;
			r->at = 0;
			continue;
		}
		if (span_starts(value, "["))
			r->list = value;
		else if (span_starts(value, "{"))
			open_object(r, value);
		else if (take_string(&value, &r->id))
			return true;
	}
	return false;
}
