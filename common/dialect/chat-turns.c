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
	struct part *part;
	int next; /* with the same id; numbers begin with 1 */
};

struct pairing {
	struct chat *c;
	struct result *results;
	int n;
	struct names heads; /* the first result of each id not yet taken */
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
	int n = count_results(x->c);

	x->results = n ? arena_try(x->c->arena,
				   ((size_t)n + 1) * sizeof(*x->results))
		       : NULL;
	if (!x->results)
		return -1;
	for (struct msg *m = x->c->msgs; m; m = m->next) {
		for (struct part *p = m->parts; p; p = p->next) {
			int *tail;

			if (p->kind != PART_TOOL_RESULT)
				continue;
			x->results[++x->n] = (struct result){ m, p, 0 };
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

static struct result *take(struct pairing *x, struct span id)
{
	int *head = id.n ? names_at(&x->heads, x->c->arena, id) : NULL;
	struct result *r;

	if (!head || !*head)
		return NULL;
	r = &x->results[*head];
	*head = r->next;
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

/* False when nobody answers the call. */
static bool pair_call(struct pairing *x, struct msg *m, struct part *call,
		      struct moved *to)
{
	struct result *r = take(x, call->id);

	if (!r)
		r = take(x, call->alias);
	if (!r)
		return false;
	r->part->id = call->id;
	r->part->custom = call->custom;
	r->part->paired = true;
	if (r->at != m->next)
		move(x, to, r->part);
	return true;
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

static void pair_calls(struct pairing *x, struct msg *m, bool strict)
{
	struct moved moved = { .tail = &moved.first };

	for (struct part *p = m->parts; p; p = p->next) {
		if (p->kind != PART_TOOL_USE || pair_call(x, m, p, &moved) ||
		    !strict)
			continue;
		p->gone = true;
		chat_dropped(x->c, "a tool call without its output");
	}
	if (moved.first)
		put_moved(x->c, m, &moved);
}

/* A message whose last part goes, goes as well: true. */
static bool sweep(struct chat *c, struct msg *m, bool strict)
{
	struct part **at = &m->parts;
	bool any = false;

	while (*at) {
		struct part *p = *at;

		if (p->kind == PART_TOOL_RESULT && !p->paired && strict) {
			p->gone = true;
			chat_dropped(c, "a tool output without its call");
		}
		any |= p->gone;
		if (p->gone)
			*at = p->next;
		else
			at = &p->next;
	}
	m->tail = at;
	return any && !m->parts;
}

static void sweep_all(struct chat *c, bool strict)
{
	struct msg **at = &c->msgs;

	while (*at) {
		if (sweep(c, *at, strict))
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
	for (struct msg *m = c->msgs; m; m = m->next)
		if (m->role == ROLE_ASSISTANT)
			pair_calls(&x, m, strict);
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

void read_turns(struct chat *c, bool strict)
{
	read_merge(c);
	pair(c, strict);
	ask_alone(c);
}
