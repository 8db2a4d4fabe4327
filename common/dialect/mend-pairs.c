/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/mend-pairs.h"

#include <string.h>

struct pair {
	const char *at;
	size_t turn;
	size_t mate; /* 1 + its place; 0: none */
	int earlier; /* of a call: the one before of this id that waits */
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
	x->earlier = *latest;
	*latest = (int)p->n;
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
	*latest = call->earlier;
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
