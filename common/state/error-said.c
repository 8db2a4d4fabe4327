/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/error-said.h"

#include <string.h>
#include <strings.h>

#define BODY_MAX (1u << 20) /* bytes of one that is read */
#define MESSAGE_MAX 4096    /* bytes that are looked at */
#define DETAILS_MAX 16

static void add_name(struct error_said *s, struct json_object *o,
		     const char *key)
{
	struct span name = json_str(o, key);

	if (name.n && s->n_names < ERROR_NAMES_MAX)
		s->names[s->n_names++] = name;
}

static struct json_object *error_of(struct json_object *o)
{
	struct json_object *e;

	if (json_object_is_type(o, json_type_array))
		o = json_at(o, 0);
	e = json_get(o, "error");
	return json_object_is_type(e, json_type_object) ? e : o;
}

static void read_parts(struct error_said *s)
{
	static const char *const texts[] = { "message", "error", "detail" };
	static const char *const names[] = { "code", "type", "status" };
	struct json_object *e = error_of(s->o), *details;

	s->message = json_span(e); /* a string alone */
	for (size_t i = 0; i < 3 && !s->message.n; i++)
		s->message = json_str(e, texts[i]);
	for (size_t i = 0; i < 3; i++)
		add_name(s, e, names[i]);
	details = json_get(e, "details");
	for (size_t i = 0; i < json_length(details) && i < DETAILS_MAX; i++)
		add_name(s, json_at(details, i), "reason");
}

void error_said_read(struct error_said *out, struct span body)
{
	struct err unused;

	memset(out, 0, sizeof(*out));
	body = span_trim(body);
	if (!body.n || body.n > BODY_MAX)
		return;
	if (strchr("{[\"", *body.p)) {
		out->o = json_read(body, &unused);
		if (out->o)
			read_parts(out);
	} else {
		out->message = body;
	}
	out->message = span_trim(out->message);
	if (span_starts(out->message, "<")) /* a page */
		out->message.n = 0;
	if (out->message.n > MESSAGE_MAX)
		out->message.n = MESSAGE_MAX;
}

void error_said_release(struct error_said *s)
{
	json_object_put(s->o);
	s->o = NULL;
}

bool error_begins(const struct error_said *s, const char *words)
{
	size_t n = strlen(words);

	return s->message.n >= n && !strncasecmp(s->message.p, words, n);
}

bool error_holds(const struct error_said *s, const char *words)
{
	size_t n = strlen(words);

	for (size_t i = 0; i + n <= s->message.n; i++)
		if (!strncasecmp(s->message.p + i, words, n))
			return true;
	return false;
}

bool error_is_named(const struct error_said *s, const char *name)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (span_ieq(s->names[i], name))
			return true;
	return error_begins(s, name);
}
