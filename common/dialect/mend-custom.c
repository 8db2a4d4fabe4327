/* SPDX-License-Identifier: MIT */
/* Tools of free text in Chat, as functions: custom-tool.h. */
#include "config.h"

#include "base/json-source.h"
#include "dialect/chat-write.h"
#include "dialect/custom-tool.h"
#include "dialect/mend-chat.h"

static bool is_custom(struct span object)
{
	return jwalk_is(jwalk_get(object, "type"), "custom") &&
	       jwalk_is_object(jwalk_get(object, "custom"));
}

static struct span function_of(struct mend *m, struct span custom)
{
	struct tool t = { .kind = TOOL_CUSTOM };
	struct err unused = { 0 };
	struct json_object *o = json_read_located(custom, &unused);
	struct buf b;
	struct jw w = jw_to(&b);
	struct span out;

	t.name = json_str(o, "name");
	if (m->target->quirks.paired)
		t.name = chat_tool_name(m->arena, t.name, WRITE_NAME_MAX);
	t.description = json_str(o, "description");
	t.schema = json_get(o, "format");
	buf_init(&b, REQUEST_TEXT_MAX);
	jw_obj(&w);
	jw_kcstr(&w, "type", "function");
	jw_key(&w, "function");
	jw_obj(&w);
	jw_kstr(&w, "name", t.name);
	if (custom_tool_about(m->arena, &t).n)
		jw_kstr(&w, "description", custom_tool_about(m->arena, &t));
	jw_key(&w, "parameters");
	jw_raw(&w, custom_tool_schema);
	jw_obj_end(&w);
	jw_obj_end(&w);
	m->arena->full |= b.full || !o;
	out = arena_all(m->arena, &b);
	buf_release(&b);
	json_object_put(o);
	return out;
}

static void mend_tools(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "tools"));

	while (jwalk_next(&w)) {
		struct span custom = jwalk_get(w.value, "custom");

		if (!is_custom(w.value))
			continue;
		mend_replace(m, w.value, function_of(m, custom));
		mend_note(m, "custom tools");
		m->retooled = true;
	}
}

/* It is named as a function is. */
static void mend_named(struct mend *m, struct span object)
{
	struct jwalk w = jwalk_in(object);

	if (!is_custom(object))
		return;
	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "type"))
			mend_replace(m, w.value, SPAN("\"function\""));
		else if (jwalk_key_is(&w, "custom"))
			mend_replace(m, w.key, SPAN("function"));
	}
}

static void mend_choice(struct mend *m)
{
	struct span choice = jwalk_get(m->text, "tool_choice");
	struct span allowed = jwalk_get(choice, "allowed_tools");
	struct jwalk w = jwalk_in(jwalk_get(allowed, "tools"));

	mend_named(m, choice);
	while (jwalk_next(&w))
		mend_named(m, w.value);
}

static void mend_call(struct mend *m, struct span call)
{
	struct jwalk w = jwalk_in(jwalk_get(call, "custom"));

	if (!is_custom(call))
		return;
	mend_named(m, call);
	mend_note(m, "custom tools");
	while (jwalk_next(&w)) {
		if (!jwalk_key_is(&w, "input"))
			continue;
		mend_replace(m, w.key, SPAN("arguments"));
		mend_replace(
			m, w.value,
			mend_quoted(m, span_of(arena_fmt(m->arena,
							 "{\"input\":%.*s}",
							 SPAN_FMT(w.value)))));
	}
}

void mend_customs(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));

	if (!quirks_lack_custom(&m->target->quirks))
		return;
	mend_tools(m);
	mend_choice(m);
	while (jwalk_next(&w)) {
		struct jwalk c = jwalk_in(jwalk_get(w.value, "tool_calls"));

		while (jwalk_next(&c))
			mend_call(m, c.value);
	}
}
