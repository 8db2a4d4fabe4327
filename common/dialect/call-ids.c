/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/call-ids.h"

#include "base/digest.h"

/* The hash keeps it apart from an id that happens to end in a number. */
struct span call_ids_numbered(struct arena *a, struct span id, int n)
{
	struct span name;
	char hex[7];

	if (n < 2)
		return id;
	name = span_of(arena_fmt(a, "%.*s_%d", SPAN_FMT(id), n));
	digest_hex(name, hex, sizeof(hex));
	return span_of(arena_fmt(a, "%.*s%s", SPAN_FMT(name), hex));
}

void call_ids_turn(struct call_ids *c)
{
	c->turn++;
}

struct span call_ids_call(struct call_ids *c, struct arena *a, struct span id)
{
	int *calls = names_at(&c->calls, a, id);
	int *turn = names_at(&c->turns, a, id);

	if (*turn != c->turn) { /* no results belong to earlier ones any more */
		*names_at(&c->results, a, id) = *calls;
		*turn = c->turn;
	}
	return call_ids_numbered(a, id, ++*calls);
}

struct span call_ids_result(struct call_ids *c, struct arena *a, struct span id)
{
	int calls = *names_at(&c->calls, a, id);
	int *results = names_at(&c->results, a, id);

	if (*results < calls)
		++*results;
	return call_ids_numbered(a, id, *results);
}
