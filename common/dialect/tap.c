/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/tap.h"

#include "dialect/dialect.h"

#include <string.h>

/* The JSON text behind the first `"key":` in s, blanks skipped. */
static struct span after_key(struct span s, struct span key)
{
	const char *at = s.n ? memmem(s.p, s.n, key.p, key.n) : NULL;
	struct span rest = SPAN("");

	if (!at)
		return rest;
	rest.p = at + key.n;
	rest.n = s.n - (size_t)(rest.p - s.p);
	while (rest.n && (rest.p[0] == ' ' || rest.p[0] == ':')) {
		rest.p++;
		rest.n--;
	}
	return rest;
}

/* The event's type: `event:` where it is sent, else the data's own. */
static struct span type_of(struct span name, struct span data)
{
	struct span type = after_key(data, SPAN("\"type\""));
	const char *end;

	if (name.n)
		return name;
	if (type.n < 2 || type.p[0] != '"')
		return SPAN("");
	type.p++;
	type.n--;
	end = memchr(type.p, '"', type.n);
	if (end)
		type.n = (size_t)(end - type.p);
	return type;
}

unsigned tap_anthropic(struct span name, struct span data)
{
	struct span type = type_of(name, data);

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
	return span_starts(type_of(name, data), "content_block");
}

/* Is there more in a Chat chunk's delta than its role? */
bool content_openai(struct span name, struct span data)
{
	static const struct span keys[] = {
		SPAN_INIT("\"content\""),
		SPAN_INIT("\"reasoning_content\""),
		SPAN_INIT("\"reasoning\""),
		SPAN_INIT("\"refusal\""),
	};

	(void)name;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct span v = after_key(data, keys[i]);

		if (v.n > 1 && v.p[0] == '"' && v.p[1] != '"')
			return true;
	}
	return after_key(data, SPAN("\"tool_calls\"")).n ||
	       span_starts(after_key(data, keys[0]), "[");
}

unsigned tap_openai(struct span name, struct span data)
{
	struct span v;
	unsigned seen = TAP_BEGUN;

	if (span_is(span_trim(data), "[DONE]"))
		return TAP_END;
	v = after_key(data, SPAN("\"error\""));
	if (span_is(name, "error") || (v.n && v.p[0] == '{'))
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
	struct span type = type_of(name, data);

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
	struct span type = type_of(name, data);

	return span_starts(type, "response.output") ||
	       span_starts(type, "response.content") ||
	       span_starts(type, "response.reasoning") ||
	       span_starts(type, "response.function");
}
