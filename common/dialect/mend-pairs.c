/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/mend-pairs.h"

#include <string.h>

struct pair {
	const char *at;
	size_t turn;
	size_t mate; /* 1 + its place; 0: none */
	/* Of a call: others of its id that wait. */
	int next;    /* in its turn */
	int last;    /* of the first: the last of the turn */
	int earlier; /* of the first: the first of an earlier turn */
	bool call, moves;
	struct span name; /* of a call, as it is sent */
};

static struct pair *add(struct pairs *p, struct arena *a, const char *at,
			size_t turn, bool call)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct pair *more = arena_try(a, cap * sizeof(*more));

		if (!more)
			return NULL;
		if (p->n)
			memcpy(more, p->list, p->n * sizeof(*more));
		p->list = more;
		p->cap = cap;
	}
	p->list[p->n] = (struct pair){ .at = at, .turn = turn, .call = call };
	return &p->list[p->n++];
}

void pairs_call(struct pairs *p, struct arena *a, const char *at,
		struct span id, size_t turn)
{
	int *latest = names_at(&p->latest, a, id);
	struct pair *x = add(p, a, at, turn, true);

	if (!x)
		return;
	x->last = (int)p->n;
	if (*latest && p->list[*latest - 1].turn == turn) {
		struct pair *first = &p->list[*latest - 1];

		p->list[first->last - 1].next = x->last;
		first->last = x->last;
		return;
	}
	x->earlier = *latest;
	*latest = (int)p->n;
}

/* It waits no longer. */
static int behind_first(struct pairs *p, const struct pair *first)
{
	struct pair *next = first->next ? &p->list[first->next - 1] : NULL;

	if (!next)
		return first->earlier;
	next->last = first->last;
	next->earlier = first->earlier;
	return first->next;
}

enum pair_fate pairs_result(struct pairs *p, struct arena *a, const char *at,
			    struct span id, size_t turn, bool behind)
{
	struct pair *x = add(p, a, at, turn, false);
	int *latest = names_at(&p->latest, a, id);
	struct pair *call;

	if (!x)
		return PAIR_STAYS;
	if (!*latest)
		return PAIR_GOES;
	call = &p->list[*latest - 1];
	call->mate = p->n;
	x->mate = (size_t)*latest;
	*latest = behind_first(p, call);
	x->moves = behind || call->turn + p->after != turn;
	return x->moves ? PAIR_MOVES : PAIR_STAYS;
}

static struct pair *find(const struct pairs *p, const char *at)
{
	size_t from = 0, to = p->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (p->list[mid].at == at)
			return &p->list[mid];
		if (p->list[mid].at < at)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

enum pair_fate pairs_fate(const struct pairs *p, const char *at)
{
	const struct pair *x = find(p, at);

	if (!x)
		return PAIR_STAYS;
	if (!x->mate)
		return PAIR_GOES;
	return x->moves ? PAIR_MOVES : PAIR_STAYS;
}

bool pairs_has(const struct pairs *p, const char *at)
{
	return find(p, at);
}

size_t pairs_turn(const struct pairs *p, const char *at)
{
	const struct pair *x = find(p, at);

	if (!x || !x->mate)
		return 0;
	return x->call ? x->turn : p->list[x->mate - 1].turn + p->after;
}

const char *pairs_mate(const struct pairs *p, const char *at)
{
	const struct pair *x = find(p, at);

	return x && x->mate ? p->list[x->mate - 1].at : NULL;
}

void pairs_name(struct pairs *p, const char *at, struct span id)
{
	struct pair *x = find(p, at);

	if (x)
		x->name = id;
}

struct span pairs_own_name(const struct pairs *p, const char *at)
{
	const struct pair *x = find(p, at);

	return x ? x->name : SPAN("");
}

struct span pairs_mate_name(const struct pairs *p, const char *at)
{
	const struct pair *x = find(p, at);

	return x && x->mate ? p->list[x->mate - 1].name : SPAN("");
}

void pairs_part(struct pairs *p, const char *at)
{
	struct pair *x = find(p, at);

	if (!x || !x->mate)
		return;
	p->list[x->mate - 1].mate = 0;
	x->mate = 0;
}
