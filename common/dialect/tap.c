/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/tap.h"

#include "base/json.h"
#include "dialect/dialect.h"

#include <string.h>

/* The JSON text behind the first `"key":` in s, blanks skipped. */
static struct span after_key(struct span s, struct span key)
{
	const char *at = s.n ? memmem(s.p, s.n, key.p, key.n) : NULL;

	if (!at)
		return SPAN("");
	s = span_skip(s, (size_t)(at - s.p) + key.n);
	while (s.n && (s.p[0] == ' ' || s.p[0] == ':'))
		s = span_skip(s, 1);
	return s;
}

#define TYPE_MAX 64 /* bytes; longer ones are none of ours */

/* The event's type: `event:` where it is sent, else the data's own. */
static struct span type_of(struct span name, struct span data,
			   char mem[TYPE_MAX])
{
	struct json_object *o;
	struct span type;
	struct err unused;

	if (name.n)
		return name;
	o = json_read(data, &unused);
	type = json_str(o, "type");
	type.n = type.n < TYPE_MAX ? type.n : 0;
	memcpy(mem, type.p, type.n);
	json_object_put(o);
	return (struct span){ mem, type.n };
}

/* One of the event's own: some providers put such objects into a choice when
 * only their filter has failed. */
static bool has_error(struct span data)
{
	struct json_object *o;
	struct err unused;
	bool has;

	if (!span_has(data, SPAN("\"error\"")))
		return false;
	o = json_read(data, &unused);
	has = json_object_is_type(json_get(o, "error"), json_type_object);
	json_object_put(o);
	return has;
}

unsigned tap_anthropic(struct span name, struct span data)
{
	char mem[TYPE_MAX];
	struct span type = type_of(name, data, mem);

	if (span_is(type, "message_stop"))
		return TAP_END;
	if (span_is(type, "message_start"))
		return TAP_BEGUN;
	if (span_is(type, "error"))
		return TAP_ERROR;
	return 0;
}

bool content_anthropic(struct span name, struct span data)
{
	char mem[TYPE_MAX];

	return span_starts(type_of(name, data, mem), "content_block");
}

/* Is there more in a chunk's delta than its role? "text" is that of the older
 * Completions, "function_call" that of tools before they had their name. */
bool content_openai(struct span name, struct span data)
{
	static const struct span texts[] = {
		SPAN_INIT("\"content\""),   SPAN_INIT("\"reasoning_content\""),
		SPAN_INIT("\"reasoning\""), SPAN_INIT("\"refusal\""),
		SPAN_INIT("\"text\""),
	};
	static const struct span others[] = {
		SPAN_INIT("\"content\""),
		SPAN_INIT("\"tool_calls\""),
		SPAN_INIT("\"function_call\""),
		SPAN_INIT("\"audio\""),
	};

	(void)name;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct span v = after_key(data, texts[i]);

		if (v.n > 1 && v.p[0] == '"' && v.p[1] != '"')
			return true;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct span v = after_key(data, others[i]);

		if (v.n > 1 && strchr("[{", v.p[0]) && !strchr("]}", v.p[1]))
			return true;
	}
	return false;
}

unsigned tap_openai(struct span name, struct span data)
{
	struct span v;
	unsigned seen = TAP_BEGUN;

	if (span_is(span_trim(data), "[DONE]"))
		return TAP_END;
	if (span_is(name, "error") || has_error(data))
		return TAP_ERROR;
	v = after_key(data, SPAN("\"finish_reason\""));
	if (v.n && v.p[0] == '"')
		seen |= TAP_FINISH;
	/* Some send usage with every chunk: alone it is the end. */
	v = after_key(data, SPAN("\"usage\""));
	if (v.n && v.p[0] == '{' &&
	    span_starts(after_key(data, SPAN("\"choices\"")), "[]"))
		seen |= TAP_FINISH;
	return seen;
}

unsigned tap_responses(struct span name, struct span data)
{
	char mem[TYPE_MAX];
	struct span type = type_of(name, data, mem);

	if (span_is(type, "response.completed") ||
	    span_is(type, "response.incomplete"))
		return TAP_END;
	if (span_is(type, "error") || span_is(type, "response.failed"))
		return TAP_ERROR;
	if (span_is(type, "response.created"))
		return TAP_BEGUN;
	return 0;
}

bool content_responses(struct span name, struct span data)
{
	char mem[TYPE_MAX];
	struct span type = type_of(name, data, mem);

	return span_starts(type, "response.output") ||
	       span_starts(type, "response.content") ||
	       span_starts(type, "response.reasoning") ||
	       span_starts(type, "response.function");
}
