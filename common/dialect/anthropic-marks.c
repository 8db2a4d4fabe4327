/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/anthropic-mend.h"

#define CACHE_MARKS 4 /* the API's limit */

/* Members of an answer that no message has. */
void anthropic_echo(struct mend *m, struct span message)
{
	static const char *const names[] = {
		"id",
		"type",
		"model",
		"usage",
		"container",
		"stop_reason",
		"stop_sequence",
		"stop_details",
		"context_management",
	};
	struct jwalk w = jwalk_in(message);

	while (jwalk_next(&w)) {
		bool echo = false;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			echo = echo || jwalk_key_is(&w, names[i]);
		if (!echo)
			continue;
		mend_cut(m, &w);
		mend_note(m, "fields of messages");
	}
}

/* --- cache_control -------------------------------------------------------- */

struct marks {
	struct mend *m;
	int left; /* to be taken out; below 0: they are counted only */
	int n;
};

static void mark_of(struct marks *x, struct span object)
{
	struct jwalk w = jwalk_in(object);

	while (jwalk_next(&w)) {
		if (!jwalk_key_is(&w, "cache_control") ||
		    !jwalk_is_object(w.value))
			continue;
		x->n++;
		if (x->left <= 0)
			continue;
		x->left--;
		mend_cut(x->m, &w);
		mend_note(x->m, "cache_control");
		mend_dropped(x->m, "cache_control before the last four");
	}
}

/* Blocks, and those within results. */
static void marks_of(struct marks *x, struct span list)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_is_array(list) && jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");

		if (jwalk_is(type, "tool_result"))
			marks_of(x, jwalk_get(w.value, "content"));
		mark_of(x, w.value);
	}
}

/* In the order of the prompt. */
static void all_marks(struct marks *x)
{
	struct span text = x->m->text;
	struct jwalk w = jwalk_in(jwalk_get(text, "messages"));

	marks_of(x, jwalk_get(text, "tools"));
	marks_of(x, jwalk_get(text, "system"));
	while (jwalk_next(&w))
		marks_of(x, jwalk_get(w.value, "content"));
}

void anthropic_cache_marks(struct mend *m)
{
	struct marks x = { .m = m, .left = -1 };
	bool own = jwalk_is_object(jwalk_get(m->text, "cache_control"));

	all_marks(&x);
	x.left = x.n - (CACHE_MARKS - own);
	if (x.left > 0)
		all_marks(&x);
}

/* --- tools ---------------------------------------------------------------- */

void anthropic_called(struct mend *m, struct span name)
{
	struct span text = jwalk_text(m->arena, name);

	if (!jwalk_is_string(name) || !text.n ||
	    (*names_at(&m->called, m->arena, text))++)
		return;
	buf_str(&m->tools, m->tools.n ? "," : "[");
	buf_str(&m->tools, "{\"name\":");
	buf_span(&m->tools, name);
	buf_str(&m->tools, ",\"input_schema\":{\"type\":\"object\"}}");
}

void anthropic_declare(struct mend *m)
{
	struct jwalk top = jwalk_in(m->text), w;
	struct span tools = jwalk_get(m->text, "tools"), now;

	w = jwalk_in(tools);
	if (!m->tools.n || jwalk_next(&w) || !jwalk_next(&top))
		return;
	buf_byte(&m->tools, ']');
	m->arena->full |= m->tools.full;
	now = arena_all(m->arena, &m->tools);
	mend_note(m, "tools");
	if (tools.n) {
		mend_replace(m, tools, now);
		return;
	}
	mend_insert(m, top.item.p, SPAN("\"tools\":"));
	mend_insert(m, top.item.p, now);
	mend_insert(m, top.item.p, SPAN(","));
}
