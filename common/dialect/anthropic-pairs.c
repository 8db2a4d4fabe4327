/* SPDX-License-Identifier: MIT */
/* Messages: results stand at the front of the turn behind their calls. */
#include "config.h"

#include "dialect/anthropic-mend.h"

#define TURNS_MAX 100000

struct moved {
	struct span block;
	struct moved *next;
};

/* Of a user's turn: content that stays, and what is put in front of it. */
struct turn_place {
	struct span content;
	struct moved *first, **tail;
};

struct walk {
	struct mend *m;
	size_t turn;
	bool assistant, begun;
	bool other; /* what is no result has come in this user's turn */
};

/* The place of a turn, counted from 1; NULL when memory is short. */
static struct turn_place *place_of(struct mend *m, size_t turn)
{
	struct anthropic_places *l = &m->places;

	if (turn >= TURNS_MAX)
		return NULL;
	if (turn >= l->cap) {
		size_t cap = turn < 32 ? 64 : 2 * turn;
		struct turn_place *more = arena_try(m->arena,
						    cap * sizeof(*more));

		if (!more)
			return NULL;
		for (size_t i = 0; i < l->cap; i++)
			more[i] = l->list[i];
		for (size_t i = l->cap; i < cap; i++)
			more[i] = (struct turn_place){ .first = NULL };
		l->list = more;
		l->cap = cap;
	}
	return &l->list[turn];
}

static void note_place(struct walk *w, struct span content)
{
	struct turn_place *p = place_of(w->m, w->turn);

	if (p && !p->content.n)
		p->content = content;
}

static void read_block(struct walk *w, struct span block, struct span content)
{
	struct span type = jwalk_get(block, "type");
	bool call = w->assistant && jwalk_is(type, "tool_use");
	bool result = !w->assistant && jwalk_is(type, "tool_result");
	struct span value = jwalk_get(block, call ? "id" : "tool_use_id"), id;
	struct mend *m = w->m;

	if ((call || result) && !jwalk_is_string(value))
		return; /* it is refused for that */
	id = jwalk_text(m->arena, value);
	if (call) {
		pairs_call(&m->pairs, m->arena, block.p, id, w->turn);
	} else if (result) {
		if (pairs_result(&m->pairs, m->arena, block.p, id, w->turn,
				 w->other) == PAIR_STAYS)
			note_place(w, content);
	} else if (!w->assistant && anthropic_block_stays(m, block)) {
		w->other = true;
		note_place(w, content);
	}
}

/* A system message that becomes a user's text (mend_system), or may. */
static bool becomes_text(const struct walk *w, struct jwalk messages)
{
	if (w->assistant || !w->m->target->family.inline_system)
		return true;
	return jwalk_next(&messages) &&
	       !jwalk_is(jwalk_get(messages.value, "role"), "assistant");
}

static void read_message(struct walk *w, const struct jwalk *messages)
{
	struct span role = jwalk_get(messages->value, "role");
	struct span content = jwalk_get(messages->value, "content");
	bool assistant = jwalk_is(role, "assistant");
	bool system = jwalk_is(role, "system");
	struct jwalk blocks = jwalk_in(content);

	if (system ? !becomes_text(w, *messages)
		   : !assistant && !jwalk_is(role, "user"))
		return;
	if (!w->begun || assistant != w->assistant) {
		w->turn++;
		w->other = false;
	}
	w->begun = true;
	w->assistant = assistant;
	while (jwalk_next(&blocks))
		read_block(w, blocks.value, content);
	if (!assistant && jwalk_is_string(content) &&
	    !anthropic_is_blank(w->m, content)) {
		w->other = true;
		note_place(w, content);
	}
}

/* A result that has nowhere to go takes its call with it. */
static void part_placeless(struct mend *m)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "messages"));

	while (jwalk_next(&w)) {
		struct jwalk b = jwalk_in(jwalk_get(w.value, "content"));

		while (jwalk_next(&b)) {
			const char *at = b.value.p;
			struct turn_place *p;

			if (pairs_fate(&m->pairs, at) != PAIR_MOVES)
				continue;
			p = place_of(m, pairs_turn(&m->pairs, at));
			if (!p || !p->content.n)
				pairs_part(&m->pairs, at);
		}
	}
}

void anthropic_pair(struct mend *m)
{
	struct jwalk messages = jwalk_in(jwalk_get(m->text, "messages"));
	struct walk w = { .m = m };

	m->pairs.after = 1;
	while (jwalk_next(&messages))
		read_message(&w, &messages);
	part_placeless(m);
}

bool anthropic_pair_block(struct mend *m, struct jwalk *w, bool call)
{
	switch (pairs_fate(&m->pairs, w->value.p)) {
	case PAIR_STAYS:
		return true;
	case PAIR_MOVES:
		mend_note(m, "order of results");
		mend_cut(m, w);
		return false;
	case PAIR_GOES:
		break;
	}
	mend_lonely(m, call);
	mend_cut(m, w);
	return false;
}

void anthropic_move_result(struct mend *m, struct span block)
{
	struct turn_place *p = place_of(m, pairs_turn(&m->pairs, block.p));
	struct moved *x = arena_take(m->arena, sizeof(*x));

	if (!p)
		return;
	x->block = block;
	if (!p->tail)
		p->tail = &p->first;
	*p->tail = x;
	p->tail = &x->next;
}

static void put(struct mend *m, const struct turn_place *p)
{
	bool text = jwalk_is_string(p->content);
	struct jwalk w = jwalk_in(p->content);
	const char *at = p->content.p;

	if (!text && !jwalk_next(&w))
		return;
	if (!text)
		at = w.item.p;
	else
		mend_insert(m, at, SPAN("["));
	for (const struct moved *x = p->first; x; x = x->next) {
		mend_insert_moved(m, at, x->block);
		mend_insert(m, at, SPAN(","));
	}
	if (!text)
		return;
	mend_insert(m, at, SPAN("{\"type\":\"text\",\"text\":"));
	mend_insert(m, at + p->content.n, SPAN("}]"));
}

void anthropic_put_moved(struct mend *m)
{
	for (size_t i = 0; i < m->places.cap; i++)
		if (m->places.list[i].first)
			put(m, &m->places.list[i]);
}
