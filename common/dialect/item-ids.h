/* SPDX-License-Identifier: MIT */
/*
 * item-ids: ids of the items of Responses answers that are written here.
 *
 * Those of one answer begin alike behind their prefix, and end with a sum that
 * tells them from others' ids. So a history shows where an answer ended and
 * the next one began, though both are the assistant's: what was put between
 * them once, for a target that wants it, is put there again. Pure.
 */
#ifndef DARIO_ITEM_IDS_H
#define DARIO_ITEM_IDS_H

#include "base/buf.h"

#define ITEM_IDS_STEM 20 /* letters and digits that an answer's ids share */

/* The n-th id, beginning with `prefix`; `stem` is of ITEM_IDS_STEM letters and
 * digits at least. */
void item_ids_make(char *id, size_t size, const char *prefix, const char *stem,
		   unsigned n);
/* What it has in common with the others of its answer; empty: it is none of
 * ours. */
struct span item_ids_answer(struct span id);

#endif
