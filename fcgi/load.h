/* SPDX-License-Identifier: MIT */
/*
 * load: is one event loop enough? Pure: judged by measures that follow each
 * other, at about even times while there is much to do; with no clock of its
 * own.
 *
 * Two loops take a third more for the same work than one does, as they wake and
 * are woken for less at a time. So a second one is of use only when the first
 * uses up a processor, and has another for itself.
 */
#ifndef DARIO_LOAD_H
#define DARIO_LOAD_H

#include <stdint.h>

/* Percent of a processor. */
#define LOAD_FULL 90    /* of one loop: it wants help */
#define LOAD_ENOUGH 100 /* of it and its helper: one is enough */
#define LOAD_SPARE 50   /* idle, of all processors together: help is of use */

#define LOAD_ROW 3 /* measures that agree: a single one may be chance */

/* Who needs help again so soon after it was alone keeps it twice as long as the
 * last time, up to so many measures: to move connections costs something. */
#define LOAD_SOON_US 5000000
#define LOAD_ROW_MAX 192

struct load_measure {
	int64_t at;   /* when it was taken, in microseconds */
	int64_t idle; /* of all processors until then: see cores_idle_us. Asked
		       * for only where nobody helps at LOAD_FULL and above. */
	int own;      /* percent of a processor */
	int helper;   /* the same, or -1 while nobody helps */
};

enum load_call {
	LOAD_AS_IT_IS,
	LOAD_HELP,  /* let one help */
	LOAD_ALONE, /* from now on nobody */
};

/* Zeroed at first. */
struct load {
	int row; /* measures that agree */
	struct load_measure first;
	int stays; /* measures that help is kept for, at least; 0: LOAD_ROW */
	int64_t alone; /* since when nobody helps */
};

enum load_call load_judge(struct load *l, const struct load_measure *m);
/* What was measured does not count: another judges now. */
void load_reset(struct load *l);

/* 0 where `of` is 0. */
int load_percent(int64_t part, int64_t of);

#endif
