/* SPDX-License-Identifier: MIT */
/*
 * cores: how the processors of this machine are shared by worker processes and
 * their event loops: all of them are used, and none twice.
 */
#ifndef DARIO_CORES_H
#define DARIO_CORES_H

#define CORES_LOOPS_MAX 4 /* event loops of one worker */

/* Processes: `wanted`, or as many as it takes where that is 0. */
int cores_workers(long wanted);
/* Event loops in each of them, from 1 to CORES_LOOPS_MAX. */
int cores_loops(long wanted);

#endif
