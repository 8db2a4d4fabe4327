/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/served.h"

#include <string.h>

#define DEPTH_MAX 8

/* Members that hold words, in the order in which they are said. */
static const char *const words[] = { "title",  "url",        "text", "stdout",
				     "stderr", "error_code", "data", "content",
				     "lines",  "source" };

static void say(struct buf *b, struct span text)
{
	if (!text.n)
		return;
	buf_span(b, text);
	if (text.p[text.n - 1] != '\n')
		buf_byte(b, '\n');
}

/* Data is words only where it is said to be. */
static bool is_opaque(struct json_object *o, const char *key)
{
	return strcmp(key, "data") == 0 &&
	       !span_starts(json_str(o, "media_type"), "text/");
}

static void say_all(struct buf *b, struct json_object *o, int depth)
{
	say(b, json_span(o));
	for (size_t i = 0; depth && i < json_length(o); i++)
		say_all(b, json_at(o, i), depth - 1);
	if (!depth || !json_object_is_type(o, json_type_object))
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!is_opaque(o, words[i]))
			say_all(b, json_get(o, words[i]), depth - 1);
}

static bool ends_in(struct span s, const char *end)
{
	size_t n = strlen(end);

	return s.n >= n && span_is(span_skip(s, s.n - n), end);
}

/* "[web_fetch {"url":"..."}]" and, behind its result's name, what it says. */
struct span served_text(struct arena *a, struct span type,
			struct json_object *block)
{
	struct json_object *input = json_get(block, "input");
	struct span name = json_str(block, "name");
	struct span out = SPAN("");
	struct buf b;
	size_t head;

	buf_init(&b, SERVED_MAX);
	if (ends_in(type, "tool_use") && name.n) {
		buf_fmt(&b, "\n[%.*s %.*s]\n", SPAN_FMT(name),
			SPAN_FMT(input ? json_text(input) : SPAN("")));
		head = 0;
	} else {
		buf_fmt(&b, "\n[%.*s]\n", SPAN_FMT(type));
		head = b.n;
		if (ends_in(type, "tool_result"))
			say_all(&b, json_get(block, "content"), DEPTH_MAX);
	}
	if (b.n > head && !b.full)
		out = arena_all(a, &b);
	buf_release(&b);
	return out;
}
