/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/names.h"
#include "dialect/chat-read.h"
#include "dialect/mend-pairs.h"

/*
 * Calls and their results. Every dialect but Responses wants the results in the
 * very next turn, and clients put other things between: a message, the next
 * call, a result that came late. An id that is used again finds its own: a
 * result is of the latest call that waits (mend-pairs.h), as in a request that
 * is not translated.
 */

/* A call or a result. */
struct place {
	struct msg *at;
	struct part *part;
	size_t result; /* of a call: 1 + its place; 0: none */
	int next;      /* of a result without a call: one more with its id */
};

struct pairing {
	struct chat *c;
	struct place *list; /* in the order of the text */
	size_t n;
	struct pairs pairs;
	struct names calls;   /* by id: is there one? */
	struct names aliases; /* the call that has another id: 1 + its place */
	struct names early;   /* the last result that no call waits for */
};

static bool is_paired_kind(const struct msg *m, const struct part *p)
{
	return p->kind == PART_TOOL_RESULT ||
	       (p->kind == PART_TOOL_USE && m->role == ROLE_ASSISTANT);
}

static size_t count_places(const struct chat *c)
{
	size_t n = 0;

	for (const struct msg *m = c->msgs; m; m = m->next)
		for (const struct part *p = m->parts; p; p = p->next)
			n += is_paired_kind(m, p);
	return n;
}

/* Places in the list stand for those in the text. */
static const char *where(const struct place *p)
{
	return (const char *)p;
}

static size_t number(const struct pairing *x, const char *at)
{
	return (size_t)((const struct place *)(const void *)at - x->list) + 1;
}

static void add_call(struct pairing *x, const struct place *p, size_t turn)
{
	struct arena *a = x->c->arena;

	*names_at(&x->calls, a, p->part->id) = 1;
	if (p->part->alias.n)
		*names_at(&x->aliases, a, p->part->alias) = (int)x->n;
	pairs_call(&x->pairs, a, where(p), p->part->id, turn);
}

static void add_result(struct pairing *x, const struct place *p, size_t turn)
{
	struct arena *a = x->c->arena;
	struct span id = p->part->id;
	int alias = *names_at(&x->aliases, a, id);

	if (alias && !*names_at(&x->calls, a, id))
		id = x->list[alias - 1].part->id;
	pairs_result(&x->pairs, a, where(p), id, turn, false);
}

/* -1: there are none, or no memory for them. */
static int collect(struct pairing *x)
{
	size_t n = count_places(x->c), turn = 0;

	x->list = n ? arena_try(x->c->arena, n * sizeof(*x->list)) : NULL;
	if (!x->list)
		return -1;
	for (struct msg *m = x->c->msgs; m; m = m->next, turn++) {
		for (struct part *p = m->parts; p; p = p->next) {
			struct place *at = &x->list[x->n];

			if (!is_paired_kind(m, p))
				continue;
			*at = (struct place){ .at = m, .part = p };
			x->n++;
			if (p->kind == PART_TOOL_USE)
				add_call(x, at, turn);
			else
				add_result(x, at, turn);
		}
	}
	return 0;
}

static size_t take_early(struct pairing *x, struct span id)
{
	int *early = names_at(&x->early, x->c->arena, id);
	size_t found = (size_t)*early;

	if (found)
		*early = x->list[found - 1].next;
	return found;
}

/* Of the results before a call, which may be of one that is not here any more,
 * it has the last if there is no other. */
static void settle(struct pairing *x)
{
	for (size_t i = 0; i < x->n; i++) {
		struct place *p = &x->list[i];
		const char *mate = pairs_mate(&x->pairs, where(p));

		if (p->part->kind == PART_TOOL_RESULT) {
			int *early = mate ? NULL
					  : names_at(&x->early, x->c->arena,
						     p->part->id);

			if (early) {
				p->next = *early;
				*early = (int)i + 1;
			}
			continue;
		}
		p->result = mate ? number(x, mate) : take_early(x, p->part->id);
		if (!p->result && p->part->alias.n)
			p->result = take_early(x, p->part->alias);
	}
}

/* The user's turn directly behind m, made if there is none. */
static struct msg *turn_behind(struct chat *c, struct msg *m)
{
	struct msg *made;

	if (m->next && m->next->role == ROLE_USER)
		return m->next;
	made = arena_try(c->arena, sizeof(*made));
	if (!made)
		return NULL;
	made->role = ROLE_USER;
	made->tail = &made->parts;
	made->next = m->next;
	m->next = made;
	if (!made->next)
		c->tail = &made->next;
	return made;
}

/* Results that are to move behind the calls of one message. */
struct moved {
	struct part *first, **tail;
};

static void move(struct pairing *x, struct moved *to, struct part *p)
{
	struct part *copy = arena_try(x->c->arena, sizeof(*copy));

	if (!copy)
		return;
	*copy = *p;
	copy->next = NULL;
	p->gone = true;
	*to->tail = copy;
	to->tail = &copy->next;
}

static void pair_call(struct pairing *x, const struct place *call,
		      struct moved *to)
{
	struct place *r = call->result ? &x->list[call->result - 1] : NULL;

	if (!r) /* nobody answers it */
		return;
	r->part->id = call->part->id;
	r->part->custom = call->part->custom;
	call->part->paired = r->part->paired = true;
	if (r->at != call->at->next)
		move(x, to, r->part);
}

/* Behind the results that stand at the front of m's next turn already. */
static void put_moved(struct chat *c, struct msg *m, const struct moved *list)
{
	struct msg *to = turn_behind(c, m);
	struct part **at = to ? &to->parts : NULL;

	if (!at)
		return;
	while (*at && (*at)->kind == PART_TOOL_RESULT)
		at = &(*at)->next;
	*list->tail = *at;
	*at = list->first;
	if (!*list->tail)
		to->tail = list->tail;
}

/* Those of one message, from the i-th place on; returns the place behind. */
static size_t pair_calls(struct pairing *x, size_t i)
{
	struct moved moved = { .tail = &moved.first };
	struct msg *m = x->list[i].at;

	for (; i < x->n && x->list[i].at == m; i++)
		if (x->list[i].part->kind == PART_TOOL_USE)
			pair_call(x, &x->list[i], &moved);
	if (moved.first)
		put_moved(x->c, m, &moved);
	return i;
}

/* A call without its result, or the reverse? */
static bool is_lonely(struct chat *c, const struct part *p)
{
	bool call = p->kind == PART_TOOL_USE;

	if (p->gone || p->paired || (!call && p->kind != PART_TOOL_RESULT))
		return false;
	chat_dropped(c, call ? "a tool call without its output"
			     : "a tool output without its call");
	return true;
}

/* A message whose last part goes, goes as well: true. */
static bool sweep(struct chat *c, struct msg *m, bool lonely)
{
	struct part **at = &m->parts;
	bool any = false;

	while (*at) {
		struct part *p = *at;

		p->gone |= lonely && is_lonely(c, p);
		any |= p->gone;
		if (p->gone)
			*at = p->next;
		else
			at = &p->next;
	}
	m->tail = at;
	return any && !m->parts;
}

static void sweep_all(struct chat *c, bool lonely)
{
	struct msg **at = &c->msgs;

	while (*at) {
		if (sweep(c, *at, lonely))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	c->tail = at;
}

static bool has_call(const struct msg *m)
{
	for (const struct part *p = m->parts; p; p = p->next)
		if (p->kind == PART_TOOL_USE)
			return true;
	return false;
}

/* What the model said between two results belongs to its turn: the
 * conversation goes on from the results. */
static void join_said(struct chat *c)
{
	struct msg *calls = NULL, *m = c->msgs;

	for (; m && m->next; m = m->next)
		if (m->role == ROLE_ASSISTANT && has_call(m))
			calls = m;
	if (!m || m->role != ROLE_ASSISTANT || has_call(m) || !calls ||
	    !calls->next || calls->next->next != m)
		return;
	*calls->tail = m->parts;
	calls->tail = m->parts ? m->tail : calls->tail;
	calls->next->next = NULL;
	c->tail = &calls->next->next;
}

static bool ends_in_result(const struct chat *c)
{
	const struct msg *m = c->msgs;

	while (m && m->next)
		m = m->next;
	return m && m->role == ROLE_USER && m->parts &&
	       m->parts->kind == PART_TOOL_RESULT;
}

static void pair(struct chat *c, bool strict)
{
	struct pairing x = { .c = c };
	bool results_last = ends_in_result(c);

	if (collect(&x) && !strict)
		return;
	settle(&x);
	for (size_t i = 0; i < x.n;)
		i = pair_calls(&x, i);
	sweep_all(c, strict);
	if (results_last)
		join_said(c);
	read_merge(c);
}

/* System text alone asks for an answer as a user's would, which all of them
 * take: the last message becomes one. */
static void ask_alone(struct chat *c)
{
	struct msg *last = NULL;

	for (struct msg *m = c->msgs; m; m = m->next) {
		if (m->role != ROLE_SYSTEM)
			return;
		if (m->parts)
			last = m;
	}
	if (last)
		last->role = ROLE_USER;
}

void read_lonely(struct chat *c)
{
	sweep_all(c, true);
	read_merge(c);
}

/* Calls at the very end: nobody can have answered them. */
static void wait_for_results(struct chat *c)
{
	struct msg *m = c->msgs;

	while (m && m->next)
		m = m->next;
	for (struct part *p = m ? m->parts : NULL; p; p = p->next)
		p->paired |= p->kind == PART_TOOL_USE;
}

void read_turns(struct chat *c, bool strict)
{
	if (!strict)
		wait_for_results(c);
	read_merge(c);
	pair(c, strict);
	ask_alone(c);
}
