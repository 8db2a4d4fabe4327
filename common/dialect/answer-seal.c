/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/answer-seal.h"

#include "dialect/dialect.h"

#include <string.h>

void answer_seal_init(struct answer_seal *s, const struct seal_origin *origin,
		      struct arena *a, struct span nonce, ev_fn *sink,
		      void *arg)
{
	memset(s, 0, sizeof(*s));
	s->origin = origin;
	s->arena = a;
	s->nonce = seal_hash(0, nonce);
	item_notes_init(&s->items);
	s->sink = sink;
	s->arg = arg;
}

void answer_seal_items(struct answer_seal *s, bool blocks)
{
	s->items.on = true;
	s->items.blocks = blocks;
}

void answer_seal_release(struct answer_seal *s)
{
	item_notes_release(&s->items);
}

static struct span sealed(struct answer_seal *s, enum seal_kind kind,
			  uint64_t about, struct span original)
{
	struct seal seal = { .kind = kind,
			     .origin = *s->origin,
			     .about = about,
			     .original = original };

	return seal_make(s->arena, &seal);
}

/* A part of its own, for what belongs to something else. */
static int carry_about(struct answer_seal *s, enum seal_kind kind,
		       uint64_t about, struct span original, struct err *e)
{
	struct ev v = { .kind = EV_OPEN, .part = PART_REDACTED };

	v.text = sealed(s, kind, about, original);
	if (s->sink(s->arg, &v, e))
		return -1;
	v.kind = EV_DELTA;
	if (s->sink(s->arg, &v, e))
		return -1;
	v.kind = EV_CLOSE;
	v.text = SPAN("");
	return s->sink(s->arg, &v, e);
}

/* To the call with the client's id. */
static int carry(struct answer_seal *s, enum seal_kind kind,
		 struct span original, struct err *e)
{
	return carry_about(s, kind, seal_hash(0, s->id), original, e);
}

static int open_call(struct answer_seal *s, struct ev v, struct err *e)
{
	uint64_t nonce = s->nonce + s->calls++;
	bool whole;

	s->id = arena_span(s->arena,
			   seal_id(s->arena, s->origin, v.id, nonce, &whole));
	s->google = v.google.n > 0;
	if ((!whole && carry(s, SEAL_ID, v.id, e)) ||
	    (s->google && carry(s, SEAL_GOOGLE, v.google, e)))
		return -1;
	v.id = s->id;
	return s->sink(s->arg, &v, e);
}

static int close_call(struct answer_seal *s, const struct ev *v, struct err *e)
{
	if (s->sink(s->arg, v, e))
		return -1;
	if (s->google || !v->google.n)
		return 0;
	return carry(s, SEAL_GOOGLE, v->google, e);
}

static int thinking(struct answer_seal *s, struct ev v, struct err *e)
{
	if (v.kind == EV_OPEN)
		s->text = seal_hash(0, SPAN(""));
	else if (v.kind == EV_DELTA)
		s->text = seal_hash(s->text, v.text);
	else
		v.text = sealed(s, v.seal ? v.seal : SEAL_TEXT, s->text,
				v.text);
	return s->sink(s->arg, &v, e);
}

static int redacted(struct answer_seal *s, struct ev v, struct err *e)
{
	if (v.kind == EV_OPEN)
		s->sealed = sealed(s, v.seal ? v.seal : SEAL_REDACTED, 0,
				   v.text);
	if (v.kind != EV_CLOSE)
		v.text = s->sealed;
	return s->sink(s->arg, &v, e);
}

/* As its provider has it. */
static int search(struct answer_seal *s, const struct web_search *w,
		  struct err *e)
{
	struct span own = w->item.n ? w->item
				    : anthropic_search_blocks(s->arena, w);

	return own.n ? carry_about(s, SEAL_SEARCH, 0, own, e) : 0;
}

int answer_seal_event(void *arg, const struct ev *v, struct err *e)
{
	struct answer_seal *s = arg;
	struct span items;
	bool in_part = v->kind == EV_OPEN || v->kind == EV_DELTA ||
		       v->kind == EV_CLOSE;

	item_notes_take(&s->items, v, s->id);
	items = v->kind == EV_FINISH ? item_notes_get(&s->items) : SPAN("");
	if (items.n && carry_about(s, SEAL_ITEMS, s->items.said, items, e))
		return -1;
	if (v->kind == EV_SEARCH && search(s, v->search, e))
		return -1;
	if (in_part && v->part == PART_THINKING)
		return thinking(s, *v, e);
	if (in_part && v->part == PART_REDACTED)
		return redacted(s, *v, e);
	if (v->part == PART_TOOL_USE && v->kind == EV_OPEN)
		return open_call(s, *v, e);
	if (v->part == PART_TOOL_USE && v->kind == EV_CLOSE)
		return close_call(s, v, e);
	return s->sink(s->arg, v, e);
}
