/* SPDX-License-Identifier: MIT */
/*
 * cores: how the processors of this machine are shared by worker processes and
 * their event loops: all of them are used, and none twice.
 */
#ifndef DARIO_CORES_H
#define DARIO_CORES_H

#include <stdint.h>

#define CORES_LOOPS_MAX 4 /* event loops of one worker */

/* Processes: `wanted`, or as many as it takes where that is 0. */
int cores_workers(long wanted);
/* Event loops in each of them, from 1 to CORES_LOOPS_MAX. */
int cores_loops(long wanted);
/* How long processors had nothing to do, in microseconds, of all of them since
 * the machine began; -1 when the system does not say. */
int64_t cores_idle_us(void);

#endif
