/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/load.h"

#include <stdbool.h>

int load_percent(int64_t part, int64_t of)
{
	return of > 0 ? (int)(part * 100 / of) : 0;
}

void load_reset(struct load *l)
{
	l->row = 0;
}

static bool is_room(const struct load_measure *a, const struct load_measure *b)
{
	return b->idle < 0 ||
	       load_percent(b->idle - a->idle, b->at - a->at) >= LOAD_SPARE;
}

static enum load_call help(struct load *l, const struct load_measure *m)
{
	bool soon = l->alone && m->at - l->alone < LOAD_SOON_US;

	if (!is_room(&l->first, m))
		return LOAD_AS_IT_IS;
	l->stays = soon ? 2 * l->stays : LOAD_ROW;
	if (l->stays > LOAD_ROW_MAX)
		l->stays = LOAD_ROW_MAX;
	return LOAD_HELP;
}

enum load_call load_judge(struct load *l, const struct load_measure *m)
{
	bool helped = m->helper >= 0;
	bool other = helped ? m->own + m->helper < LOAD_ENOUGH
			    : m->own >= LOAD_FULL;

	l->row = other ? l->row + 1 : 0;
	if (l->row == 1)
		l->first = *m;
	if (l->row < (helped && l->stays ? l->stays : LOAD_ROW))
		return LOAD_AS_IT_IS;
	l->row = 0;
	if (!helped)
		return help(l, m);
	l->alone = m->at;
	return LOAD_ALONE;
}
