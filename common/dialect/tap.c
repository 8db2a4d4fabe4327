/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/tap.h"

#include "dialect/dialect.h"
#include "dialect/error.h"

#include <string.h>

/* The JSON text behind the first `"key":` in s, blanks skipped. */
static struct span after_key(struct span s, struct span key)
{
	const char *at;

	while (s.n && (at = memmem(s.p, s.n, key.p, key.n))) {
		bool is_key = false;

		s = span_skip(s, (size_t)(at - s.p) + key.n);
		while (s.n && (s.p[0] == ' ' || s.p[0] == ':')) {
			is_key |= s.p[0] == ':';
			s = span_skip(s, 1);
		}
		if (is_key) /* and no value of that text */
			return s;
	}
	return SPAN("");
}

static bool is_empty_text(struct span value)
{
	return span_starts(value, "\"\"");
}

/* Is there a key of the list whose value is more than ""? *any: is there one
 * at all? */
static bool has_text(struct span data, const struct span *keys, size_t n,
		     bool *any)
{
	for (size_t i = 0; i < n; i++) {
		struct span v = after_key(data, keys[i]);

		if (v.n < 2 || v.p[0] != '"')
			continue;
		*any = true;
		if (!is_empty_text(v))
			return true;
	}
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define TYPE_MAX 64 /* bytes; longer ones are none of ours */

/* The event's type: `event:` where it is sent, else the data's own. */
static struct span type_of(struct span name, struct span data,
			   char mem[TYPE_MAX])
{
	struct span type;
	struct err unused;
	struct jdoc d;

	if (name.n && !span_is(name, "message")) /* the default's name */
		return name;
	jdoc_init(&d);
	type = jval_str(jdoc_read(&d, data, &unused), "type");
	type.n = type.n < TYPE_MAX ? type.n : 0;
	memcpy(mem, type.p, type.n);
	jdoc_release(&d);
	return (struct span){ mem, type.n };
}

/* --- one look at an event's keys ------------------------------------------ */

struct look {
	bool error;  /* the word, as a key or a value, and not null; or what
		      * MiniMax says in its place */
	bool finish; /* a finish reason */
	bool usage;  /* an object */
	bool empty;  /* its choices are */
};

static bool ends_in(struct span s, const char *end)
{
	size_t n = strlen(end);

	return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

/* `before`: up to the colon. */
static void take_key(struct look *l, struct span before, struct span value)
{
	if (value.n > 1 && value.p[1] == 'e' && span_starts(value, "\"error\""))
		l->error = true;
	if (before.n < 2 || before.p[before.n - 1] != '"')
		return;
	switch (before.p[before.n - 2]) { /* most end in another letter */
	case 'r':
		if (ends_in(before, "\"error\""))
			l->error |= !span_starts(value, "null");
		break;
	case 'n':
		if (ends_in(before, "\"finish_reason\""))
			l->finish |= span_starts(value, "\"");
		break;
	case 'e':
		if (ends_in(before, "\"usage\""))
			l->usage |= span_starts(value, "{");
		break;
	case 'p':
		if (ends_in(before, "\"base_resp\""))
			l->error |= span_starts(value, "{");
		break;
	case 's':
		if (ends_in(before, "\"choices\""))
			l->empty |= span_starts(value, "[]");
		break;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* From colon to colon: there are few. */
static struct look look_at(struct span data)
{
	const char *p = data.p, *end = data.p + data.n;
	struct look l = { 0 };

	while (p < end && (p = memchr(p, ':', (size_t)(end - p)))) {
		const char *key = p++;

		while (key > data.p && is_blank(key[-1]))
			key--;
		while (p < end && is_blank(*p))
			p++;
		take_key(&l, (struct span){ data.p, (size_t)(key - data.p) },
			 (struct span){ p, (size_t)(end - p) });
	}
	return l;
}

bool tap_word(struct span data)
{
	return look_at(data).error;
}

static unsigned bits_of(const struct look *l)
{
	return (l->error ? TAP_WORD : 0) | (l->usage ? TAP_USAGE : 0);
}

static unsigned begun_anthropic(struct span type)
{
	if (span_is(type, "message_stop"))
		return TAP_BEGUN | TAP_END;
	if (span_is(type, "error"))
		return TAP_ERROR | TAP_END;
	return span_is(type, "ping") ? 0 : TAP_BEGUN;
}

unsigned tap_anthropic(struct span name, struct span data)
{
	struct look l = look_at(data);
	char mem[TYPE_MAX];

	return begun_anthropic(type_of(name, data, mem)) | bits_of(&l);
}

/* A block begins empty, but for those that come whole. */
static bool begins_empty(struct span data)
{
	static const char *const kinds[] = { "\"text\"", "\"thinking\"",
					     "\"tool_use\"",
					     "\"server_tool_use\"",
					     "\"mcp_tool_use\"" };
	struct span block = after_key(data, SPAN("\"content_block\""));
	struct span kind = after_key(block, SPAN("\"type\""));

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (span_starts(kind, kinds[i]))
			return true;
	return false;
}

bool content_anthropic(struct span name, struct span data)
{
	static const struct span texts[] = {
		SPAN_INIT("\"text\""),
		SPAN_INIT("\"thinking\""),
		SPAN_INIT("\"partial_json\""),
		SPAN_INIT("\"signature\""),
	};
	char mem[TYPE_MAX];
	struct span type = type_of(name, data, mem), input;
	bool any = false;

	if (span_is(type, "content_block_delta"))
		return has_text(data, texts, COUNT(texts), &any) || !any;
	if (!span_is(type, "content_block_start"))
		return span_is(type, "message_delta");
	if (!begins_empty(data) || has_text(data, texts, COUNT(texts), &any))
		return true;
	input = after_key(data, SPAN("\"input\""));
	return input.n > 1 && input.p[0] == '{' && input.p[1] != '}';
}

/* The list or object of a key has something in it. */
static bool has_members(struct span data, struct span key)
{
	struct span v = after_key(data, key);

	return v.n > 1 && strchr("[{", v.p[0]) && !strchr("]}", v.p[1]);
}

/* Is there more in a chunk's delta than its role? "text" is that of the older
 * Completions, "function_call" that of tools before they had their name. A
 * call begins with its name and no arguments. */
bool content_openai(struct span name, struct span data)
{
	static const struct span texts[] = {
		SPAN_INIT("\"content\""),   SPAN_INIT("\"reasoning_content\""),
		SPAN_INIT("\"reasoning\""), SPAN_INIT("\"refusal\""),
		SPAN_INIT("\"text\""),
	};
	static const struct span arguments = SPAN_INIT("\"arguments\"");
	bool any = false;

	(void)name;
	if (has_text(data, texts, COUNT(texts), &any))
		return true;
	if (has_members(data, SPAN("\"content\"")) ||
	    has_members(data, SPAN("\"audio\"")))
		return true;
	if (!has_members(data, SPAN("\"tool_calls\"")) &&
	    !has_members(data, SPAN("\"function_call\"")))
		return false;
	any = false;
	return has_text(data, &arguments, 1, &any) || !any;
}

/* Some send usage with every chunk: alone it is the end. An error is one of the
 * event's own: some providers put such objects into a choice when only their
 * filter has failed. */
unsigned tap_openai(struct span name, struct span data)
{
	struct look l;
	unsigned seen;

	if (span_is(span_trim(data), "[DONE]"))
		return TAP_END;
	l = look_at(data);
	seen = bits_of(&l);
	if (span_is(name, "error") || (l.error && error_find(data, NULL)))
		return seen | TAP_ERROR;
	if (l.finish || (l.usage && l.empty))
		seen |= TAP_FINISH;
	if (l.usage && l.empty)
		seen |= TAP_APART;
	return seen | TAP_BEGUN;
}

/* An `error` may have response.failed behind it, and that is the end. */
static unsigned begun_responses(struct span type)
{
	if (span_is(type, "response.completed") ||
	    span_is(type, "response.incomplete"))
		return TAP_BEGUN | TAP_END;
	if (span_is(type, "response.failed"))
		return TAP_ERROR | TAP_END;
	return span_is(type, "error") ? TAP_ERROR : TAP_BEGUN;
}

unsigned tap_responses(struct span name, struct span data)
{
	struct look l = look_at(data);
	char mem[TYPE_MAX];

	return begun_responses(type_of(name, data, mem)) | bits_of(&l);
}

bool content_responses(struct span name, struct span data)
{
	static const char *const before[] = {
		".created",   ".queued",     ".in_progress",  ".added",
		".searching", ".generating", ".interpreting", "keepalive",
	};
	static const struct span delta = SPAN_INIT("\"delta\"");
	char mem[TYPE_MAX];
	struct span type = type_of(name, data, mem);
	bool any = false;

	if (ends_in(type, ".delta"))
		return has_text(data, &delta, 1, &any) || !any;
	for (size_t i = 0; i < COUNT(before); i++)
		if (ends_in(type, before[i]))
			return false;
	return span_starts(type, "response.");
}
