/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/anthropic-mend.h"
#include "dialect/anthropic-write.h"

#define CACHE_MARKS 4 /* the API's limit */

/* Members of an answer that no message has. */
void anthropic_echo(struct mend *m, struct span message)
{
	struct jwalk w = jwalk_in(message);

	while (jwalk_next(&w)) {
		if (!peek_is_echo(mend_key(m, &w)))
			continue;
		mend_cut(m, &w);
		mend_note(m, "fields of messages");
	}
}

/* --- members of blocks ---------------------------------------------------- */

struct marks {
	struct mend *m;
	bool count;  /* nothing is cut yet */
	int n, left; /* cache_control: all, and those that are one too many */
};

static void mend_mark(struct marks *x, struct jwalk *w)
{
	x->n++;
	if (x->count || x->left <= 0)
		return;
	x->left--;
	mend_cut(x->m, w);
	mend_note(x->m, "cache_control");
	mend_dropped(x->m, "cache_control before the last four");
}

static void mend_object(struct marks *x, struct span object, bool block)
{
	struct jwalk w = jwalk_in(object);

	while (jwalk_next(&w)) {
		if (jwalk_key_is(&w, "cache_control") &&
		    jwalk_is_object(w.value)) {
			mend_mark(x, &w);
		} else if (block && !x->count &&
			   peek_is_gathered(mend_key(x->m, &w))) {
			mend_cut(x->m, &w);
			mend_note(x->m, "fields of blocks");
		}
	}
}

/* Blocks, and those within results. */
static void mend_list(struct marks *x, struct span list, bool blocks)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_is_array(list) && jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");

		if (jwalk_is(type, "tool_result"))
			mend_list(x, jwalk_get(w.value, "content"), false);
		mend_object(x, w.value, blocks);
	}
}

/* In the order of the prompt. */
static void mend_all(struct marks *x)
{
	struct span text = x->m->text;
	struct jwalk w = jwalk_in(jwalk_get(text, "messages"));

	mend_list(x, jwalk_get(text, "tools"), false);
	mend_list(x, jwalk_get(text, "system"), false);
	while (jwalk_next(&w))
		mend_list(x, jwalk_get(w.value, "content"), true);
}

void anthropic_block_members(struct mend *m)
{
	struct marks x = { .m = m, .count = true };
	bool own = jwalk_is_object(jwalk_get(m->text, "cache_control"));

	mend_all(&x);
	x.left = x.n - (CACHE_MARKS - own);
	x.count = false;
	mend_all(&x);
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
	buf_span(&m->tools, mend_quoted(m, chat_tool_name(m->arena, text,
							  ANTHROPIC_NAME_MAX)));
	buf_str(&m->tools, ",\"input_schema\":{\"type\":\"object\"}}");
}

void anthropic_declare(struct mend *m)
{
	struct span tools = jwalk_get(m->text, "tools"), now;
	struct jwalk w = jwalk_in(tools);

	if (!m->tools.n || jwalk_next(&w) || !mend_is_nothing(tools))
		return;
	buf_byte(&m->tools, ']');
	m->arena->full |= m->tools.full;
	now = arena_all(m->arena, &m->tools);
	mend_note(m, "tools");
	if (tools.n) {
		mend_replace(m, tools, now);
		return;
	}
	mend_put_first(
		m, m->text,
		span_of(arena_fmt(m->arena, "\"tools\":%.*s", SPAN_FMT(now))));
}
