/* SPDX-License-Identifier: MIT */
/* Schemas of the tools of a Messages request, as schema.h has them. */
#include "config.h"

#include "base/json-source.h"
#include "base/jw.h"
#include "dialect/anthropic-mend.h"
#include "dialect/schema.h"

/* As Anthropic takes it; what that loses is named. */
static struct span lowered(struct mend *m, struct span schema, bool strict)
{
	struct tool t = { .kind = TOOL_FUNCTION };
	struct err unused = { 0 };
	struct jw w;
	struct chat c;
	struct span out;
	struct buf b;

	w = jw_to(&b);
	buf_init(&b, REQUEST_TEXT_MAX);
	chat_init(&c, m->arena);
	t.schema = json_read_located(schema, &unused);
	c.source = schema;
	schema_tool(&w, &c, &t, strict);
	m->arena->full |= b.full;
	out = arena_all(m->arena, &b);
	buf_reset(&b);
	json_dense(&b, schema);
	if (span_eq(out, buf_get(&b)))
		out = schema; /* as it was, but for blanks */
	if (c.dropped.n)
		mend_dropped(m, arena_str(m->arena, buf_get(&c.dropped)));
	json_object_put(t.schema);
	chat_release(&c);
	buf_release(&b);
	return out;
}

static bool is_plain(struct span schema)
{
	static const char *const choices[] = { "anyOf", "oneOf", "allOf",
					       "$ref" };
	struct span properties = jwalk_get(schema, "properties");
	struct span required = jwalk_get(schema, "required");

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (jwalk_get(schema, choices[i]).n)
			return false;
	return jwalk_is(jwalk_get(schema, "type"), "object") &&
	       (!properties.n || jwalk_is_object(properties)) &&
	       (!required.n || jwalk_is_array(required));
}

/* Something, but no schema: its provider says so. */
static bool is_other(struct span schema)
{
	struct span properties = jwalk_get(schema, "properties");

	return (!jwalk_is_object(schema) && !mend_is_nothing(schema)) ||
	       (!jwalk_is_object(properties) && !mend_is_nothing(properties));
}

static void mend_schema(struct mend *m, struct span schema, bool strict)
{
	struct span now;

	if ((is_plain(schema) && !strict) || is_other(schema))
		return;
	now = lowered(m, schema, strict);
	if (now.p == schema.p)
		return;
	mend_replace(m, schema, now);
	mend_note(m, "schemas of tools");
}

static void mend_tool(struct mend *m, struct span tool)
{
	struct span type = jwalk_get(tool, "type");
	bool strict = span_is(jwalk_get(tool, "strict"), "true");
	bool may = m->target->family.structured && !m->target->quirks.no_strict;
	struct jwalk w = jwalk_in(tool);

	if (jwalk_is_string(type) && !jwalk_is(type, "custom"))
		return;
	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "input_schema")) {
			mend_schema(m, w.value, strict && may);
		} else if (jwalk_key_is(&w, "strict") && strict && !may) {
			mend_cut(m, &w);
			mend_note(m, "strict tools");
		}
	}
}

void anthropic_schemas(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "tools"));

	while (jwalk_next(&w))
		mend_tool(m, w.value);
}
