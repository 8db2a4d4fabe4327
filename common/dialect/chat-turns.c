/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/names.h"
#include "dialect/chat-read.h"

/*
 * Calls and their results. Every dialect but Responses wants the results in the
 * very next turn, and clients put other things between: a message, the next
 * call, a result that came late. Results are taken by id in their order, so an
 * id that is used twice finds its own.
 */

struct result {
	struct msg *at;
	int turn; /* of that message */
	struct part *part;
	int next; /* with the same id; numbers begin with 1 */
};

struct pairing {
	struct chat *c;
	struct result *results;
	int n;
	int turn;           /* of the message whose calls are paired */
	struct names heads; /* the first result of each id not yet taken */
	struct names early; /* the last one that stands before its call */
};

static int count_results(const struct chat *c)
{
	int n = 0;

	for (const struct msg *m = c->msgs; m; m = m->next)
		for (const struct part *p = m->parts; p; p = p->next)
			n += p->kind == PART_TOOL_RESULT;
	return n;
}

/* -1: there are none, or no memory for them. */
static int collect(struct pairing *x)
{
	struct names tails = { 0 };
	int n = count_results(x->c), turn = 0;

	x->results = n ? arena_try(x->c->arena,
				   ((size_t)n + 1) * sizeof(*x->results))
		       : NULL;
	if (!x->results)
		return -1;
	for (struct msg *m = x->c->msgs; m; m = m->next, turn++) {
		for (struct part *p = m->parts; p; p = p->next) {
			int *tail;

			if (p->kind != PART_TOOL_RESULT)
				continue;
			x->results[++x->n] = (struct result){ m, turn, p, 0 };
			tail = names_at(&tails, x->c->arena, p->id);
			if (*tail)
				x->results[*tail].next = x->n;
			else
				*names_at(&x->heads, x->c->arena, p->id) = x->n;
			*tail = x->n;
		}
	}
	return 0;
}

/* The next one behind the call; of those before it, which may be of a call that
 * is not here any more, the last, if there is no other. */
static struct result *take(struct pairing *x, struct span id)
{
	int *head = names_at(&x->heads, x->c->arena, id);
	int *early = names_at(&x->early, x->c->arena, id);
	struct result *r;

	while (*head) {
		int i = *head;

		r = &x->results[i];
		*head = r->next;
		if (r->turn > x->turn)
			return r;
		r->next = *early;
		*early = i;
	}
	r = *early ? &x->results[*early] : NULL;
	*early = r ? r->next : 0;
	return r;
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

static void pair_call(struct pairing *x, struct msg *m, struct part *call,
		      struct moved *to)
{
	struct result *r = take(x, call->id);

	if (!r && call->alias.n)
		r = take(x, call->alias);
	if (!r) /* nobody answers it */
		return;
	r->part->id = call->id;
	r->part->custom = call->custom;
	call->paired = r->part->paired = true;
	if (r->at != m->next)
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

static void pair_calls(struct pairing *x, struct msg *m)
{
	struct moved moved = { .tail = &moved.first };

	for (struct part *p = m->parts; p; p = p->next)
		if (p->kind == PART_TOOL_USE)
			pair_call(x, m, p, &moved);
	if (moved.first)
		put_moved(x->c, m, &moved);
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
	for (struct msg *m = c->msgs, *next; m; m = next, x.turn++) {
		next = m->next; /* before one is made in between */
		if (m->role == ROLE_ASSISTANT)
			pair_calls(&x, m);
	}
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
