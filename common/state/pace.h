/* SPDX-License-Identifier: MIT */
/*
 * pace: at least so much time between two requests of one account, whatever
 * process they come from. Kept in state/pace-ALIAS.json. Thread-safe.
 */
#ifndef DARIO_PACE_H
#define DARIO_PACE_H

/* 0: go now, it is noted; else milliseconds after which to ask again. */
long pace_take(const char *home, const char *alias, long interval_ms);

#endif
