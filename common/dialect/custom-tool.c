/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/custom-tool.h"

const struct span custom_tool_schema = SPAN_INIT(
	"{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
	"\"required\":[\"input\"],\"additionalProperties\":false}");

/* The members syntax and definition, wherever they stand; NULL: free text. */
static struct json_object *grammar_of(const struct tool *t)
{
	struct json_object *inner = json_get(t->schema, "grammar");

	if (!span_is(json_str(t->schema, "type"), "grammar"))
		return NULL;
	return inner ? inner : t->schema;
}

/* A format that is to come. */
static bool is_unknown(const struct tool *t)
{
	return t->schema && !grammar_of(t) &&
	       !span_is(json_str(t->schema, "type"), "text");
}

struct span custom_tool_about(struct arena *a, const struct tool *t)
{
	struct json_object *grammar = grammar_of(t);
	const char *gap = t->description.n ? "\n" : "";

	if (is_unknown(t))
		return span_of(arena_fmt(
			a, "%.*s%sThe input must follow this format: %.*s",
			SPAN_FMT(t->description), gap,
			SPAN_FMT(json_text_or(t->schema, &a->full))));
	if (!grammar)
		return t->description;
	return span_of(arena_fmt(
		a, "%.*s%sThe input must match this %.*s%s:\n%.*s",
		SPAN_FMT(t->description), gap,
		SPAN_FMT(json_str(grammar, "syntax")),
		span_is(json_str(grammar, "syntax"), "regex") ? "" : " grammar",
		SPAN_FMT(json_str(grammar, "definition"))));
}

static void put_grammar(struct jw *w, struct json_object *grammar, bool nested)
{
	jw_kcstr(w, "type", "grammar");
	if (nested) {
		jw_key(w, "grammar");
		jw_obj(w);
	}
	jw_kstr(w, "syntax", json_str(grammar, "syntax"));
	jw_kstr(w, "definition", json_str(grammar, "definition"));
	if (nested)
		jw_obj_end(w);
}

void custom_tool_put(struct jw *w, const struct tool *t, struct span name,
		     bool nested)
{
	struct json_object *grammar = grammar_of(t);

	jw_kstr(w, "name", name);
	if (t->description.n)
		jw_kstr(w, "description", t->description);
	if (!t->schema)
		return;
	jw_key(w, "format");
	if (!grammar) {
		jw_raw(w, json_text(t->schema));
		return;
	}
	jw_obj(w);
	put_grammar(w, grammar, nested);
	jw_obj_end(w);
}
