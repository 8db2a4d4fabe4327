/* SPDX-License-Identifier: MIT */
/* What a client sends back of seals and ids, once it is read: chat.h. */
#include "config.h"

#include "dialect/call-ids.h"
#include "dialect/chat-write.h"
#include "dialect/chat.h"
#include "dialect/item-seal.h"

#define CARRIERS_MAX 512 /* looked at, of one message */
#define ANSWERS_MAX 16   /* that one turn is made of */

struct state {
	struct chat *c;
	struct call_ids ids;
	struct names at; /* of a client's id: 1 + its place in `long_ids` */
	struct span *long_ids; /* originals that do not stand in them */
	int n, cap;
	size_t left; /* bytes that may be compared */
};

void chat_sealed(struct chat *c, struct part *p, struct span value)
{
	struct seal s = seal_open(c->arena, value);
	bool ours = s.kind != SEAL_NONE;

	p->seal = s.kind;
	p->about = s.about;
	p->foreign = ours && !s.old && !seal_is_of(&s, c->origin);
	p->foreign |= s.kind == SEAL_BROKEN;
	/* A signature over another text is refused. */
	if (s.kind == SEAL_CLAUDE && !s.old && s.about != seal_hash(0, p->text))
		p->foreign = true;
	if (p->kind == PART_REDACTED)
		p->text = p->foreign ? SPAN("") : s.original;
	else
		p->signature = p->foreign ? SPAN("") : s.original;
}

static bool is_carrier(const struct part *p)
{
	return p->kind == PART_REDACTED &&
	       (p->seal == SEAL_GOOGLE || p->seal == SEAL_ID ||
		p->seal == SEAL_SEARCH || p->seal == SEAL_ITEMS);
}

/* A search of the target's own stands where its carrier does. */
static void settle_search(struct chat *c, struct part *p)
{
	if (p->kind != PART_REDACTED || p->seal != SEAL_SEARCH)
		return;
	if (p->foreign) {
		chat_dropped(c, "web_search_call");
		return;
	}
	p->kind = PART_SEARCH;
	c->searches--;
}

static void keep_long_id(struct state *st, struct span id, struct span original)
{
	struct arena *a = st->c->arena;

	if (st->n == st->cap) {
		int cap = st->cap ? 2 * st->cap : 16;
		struct span *more = arena_try(a, (size_t)cap * sizeof(*more));

		if (!more)
			return;
		for (int i = 0; i < st->n; i++)
			more[i] = st->long_ids[i];
		st->long_ids = more;
		st->cap = cap;
	}
	st->long_ids[st->n++] = original;
	*names_at(&st->at, a, id) = st->n;
}

/* What was carried beside a call, by the id that the client has of it. */
static void attach(struct state *st, struct msg *m, struct part *call)
{
	uint64_t about = seal_hash(0, call->id);
	int left = CARRIERS_MAX;

	for (const struct part *p = m->parts; p; p = p->next) {
		if (!is_carrier(p))
			continue;
		if (!left--)
			break;
		if (p->foreign || p->about != about)
			continue;
		if (p->seal == SEAL_GOOGLE)
			call->google = p->text;
		else if (p->seal == SEAL_ID)
			keep_long_id(st, call->id, p->text);
	}
}

static void drop_carriers(struct msg *m)
{
	struct part **at = &m->parts;

	while (*at) {
		if (is_carrier(*at))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	m->tail = at;
}

/* A result has no name: what its call's name shows is kept for it. */
static struct span original_of(struct state *st, const struct part *p)
{
	struct arena *a = st->c->arena;
	struct span original, name, id = p->id;
	int place = *names_at(&st->at, a, id);

	if (place)
		return st->long_ids[place - 1];
	if (seal_open_id(a, st->c->origin, id, &original))
		return original;
	if (p->kind != PART_TOOL_USE)
		return id;
	name = chat_tool_name(a, p->name, WRITE_NAME_MAX);
	if (!seal_open_named_id(a, st->c->origin, id, name, &original))
		return id;
	keep_long_id(st, id, original);
	return original;
}

/* The id for the target: of its own, or the original where it is the
 * target's. */
static void settle_id(struct state *st, struct part *p)
{
	struct arena *a = st->c->arena;
	struct span id = original_of(st, p);

	p->own_id = !span_eq(id, p->id);
	if (!p->own_id)
		id = p->kind == PART_TOOL_USE
			   ? call_ids_call(&st->ids, a, id)
			   : call_ids_result(&st->ids, a, id);
	p->id = id;
}

static bool notes_items(const struct part *p)
{
	return p->kind == PART_REDACTED && p->seal == SEAL_ITEMS && !p->foreign;
}

/* Before its ids become the target's: each answer that the turn is made of. */
static void settle_items(struct state *st, struct msg *m)
{
	const struct part *carriers[ANSWERS_MAX];
	size_t n = 0;

	for (struct part *p = m->parts; p && n < ANSWERS_MAX; p = p->next)
		if (notes_items(p))
			carriers[n++] = p;
	for (size_t i = 0; i < n; i++)
		item_notes_restore(st->c, m, carriers[i], &st->left);
}

static bool any_carrier(const struct part *p)
{
	for (; p; p = p->next)
		if (is_carrier(p))
			return true;
	return false;
}

void chat_settle(struct chat *c)
{
	struct state st = { .c = c, .left = ITEM_NOTES_TEXT_MAX };

	if (!c->tools && (c->choice == CHOICE_ANY || c->choice == CHOICE_NAMED))
		chat_dropped(c, "tool_choice"); /* of nothing */
	for (struct msg *m = c->msgs; m; m = m->next) {
		bool carriers = any_carrier(m->parts);

		if (m->role == ROLE_ASSISTANT)
			call_ids_turn(&st.ids);
		if (carriers)
			settle_items(&st, m);
		for (struct part *p = m->parts; p; p = p->next) {
			settle_search(c, p);
			if (p->kind == PART_TOOL_USE && carriers)
				attach(&st, m, p);
			if (p->kind == PART_TOOL_USE ||
			    p->kind == PART_TOOL_RESULT)
				settle_id(&st, p);
		}
		if (carriers)
			drop_carriers(m);
	}
}

bool chat_signed(const struct part *p)
{
	if (p->foreign)
		return false;
	if (p->kind == PART_REDACTED)
		return p->seal == SEAL_NONE || p->seal == SEAL_REDACTED;
	return p->kind == PART_THINKING &&
	       (p->seal == SEAL_CLAUDE ||
		(p->seal == SEAL_NONE && p->signature.n));
}
