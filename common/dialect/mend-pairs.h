/* SPDX-License-Identifier: MIT */
/*
 * mend-pairs: which calls of tools have their results, and the reverse.
 *
 * Tell it of every call and result in the order of the text, by where they
 * stand; then ask what is to become of them. A result belongs to the latest
 * turn that calls its id and waits, and there to the first such call. Turns
 * are counted by the caller: a result must come in the turn of its call, or in
 * the next one, as `after` says. Begins zeroed; memory is the arena's.
 */
#ifndef DARIO_MEND_PAIRS_H
#define DARIO_MEND_PAIRS_H

#include "base/names.h"

enum pair_fate {
	PAIR_STAYS,
	PAIR_GOES,  /* without the other one it is refused */
	PAIR_MOVES, /* a result, to the turn of pairs_turn */
};

struct pair;
struct pairs {
	struct pair *list; /* by place */
	size_t n, cap;
	struct names latest; /* call of an id that waits, the first of its
			      * turn: 1 + its place */
	size_t after;        /* turns from a call to its result */
};

void pairs_call(struct pairs *p, struct arena *a, const char *at,
		struct span id, size_t turn);
/* `behind`: something that stays stands before it in its turn. */
enum pair_fate pairs_result(struct pairs *p, struct arena *a, const char *at,
			    struct span id, size_t turn, bool behind);
/* Is it known as a call or a result? */
bool pairs_has(const struct pairs *p, const char *at);
/* Nothing is known of what stands elsewhere: it stays. */
enum pair_fate pairs_fate(const struct pairs *p, const char *at);
size_t pairs_turn(const struct pairs *p, const char *at);
/* Where its call stands, or NULL. */
const char *pairs_mate(const struct pairs *p, const char *at);
/* The id that a call is sent with, for its result. */
void pairs_name(struct pairs *p, const char *at, struct span id);
struct span pairs_own_name(const struct pairs *p, const char *at);
struct span pairs_mate_name(const struct pairs *p, const char *at);
/* There is no place for the result: it goes, with its call. */
void pairs_part(struct pairs *p, const char *at);

#endif
