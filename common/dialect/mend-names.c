/* SPDX-License-Identifier: MIT */
/* Names of tools in Chat that OpenAI and those like it refuse, such as those of
 * MCP with a dot: as a translated request has them. */
#include "config.h"

#include "dialect/chat-write.h"
#include "dialect/mend-chat.h"

static void mend_name(struct mend *m, struct span object)
{
	struct span value = jwalk_get(object, "name"), was, now;

	if (!jwalk_is_string(value))
		return;
	was = jwalk_text(m->arena, value);
	now = chat_tool_name(m->arena, was, WRITE_NAME_MAX);
	if (!was.n || span_eq(was, now))
		return;
	mend_replace(m, value, mend_quoted(m, now));
	mend_note(m, "names of tools");
	m->retooled = true;
}

/* A tool, a call, or the choice of one. */
static void mend_named(struct mend *m, struct span tool)
{
	mend_name(m, jwalk_get(tool, "function"));
	mend_name(m, jwalk_get(tool, "custom"));
}

static void mend_list(struct mend *m, struct span list)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_is_array(list) && jwalk_next(&w))
		mend_named(m, w.value);
}

void mend_tool_names(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));
	struct span choice = jwalk_get(m->text, "tool_choice");

	if (!m->target->quirks.paired)
		return;
	mend_list(m, jwalk_get(m->text, "tools"));
	mend_named(m, choice);
	mend_list(m, jwalk_get(jwalk_get(choice, "allowed_tools"), "tools"));
	while (jwalk_next(&w))
		mend_list(m, jwalk_get(w.value, "tool_calls"));
}
