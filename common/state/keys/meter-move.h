/* SPDX-License-Identifier: MIT */
/*
 * meter-move: what people's keys have used, from the files of a home into the
 * store of several hosts, and back, while both are in use.
 *
 * Each side keeps a mark of what it has got from the other, which changes in
 * one step with its sums: the store in a script, the home in the table of its
 * counters. Only what the other side has counted by itself moves, and of that
 * what is more than the mark; so it can be done again at any time, and after a
 * crash, and counts nothing twice. store-moved.json says which home and which
 * store the marks are of.
 */
#ifndef DARIO_METER_MOVE_H
#define DARIO_METER_MOVE_H

#include "state/keys/meter-table.h"

#include "base/err.h"

/* Sums as plain numbers: 3 periods, 3 spent, 3 of what is under way (0), then
 * of rate and tokens: ms, number of the newest slice, the slices. */
#define METER_IMAGE 47

struct meter_moved {
	size_t keys;   /* of which something has moved */
	int64_t money; /* of this month, billionths of a dollar */
};

/* All keys of this home. */
int meter_move_out(const char *home, struct meter_moved *out, struct err *e);
int meter_move_back(const char *home, struct meter_moved *out, struct err *e);

#endif
