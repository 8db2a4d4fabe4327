/* SPDX-License-Identifier: MIT */
/*
 * windows-show: how the windows of the Claude pool's accounts have filled, as
 * JSON, for charts: the last answer's shares in each step of some time. From
 * the sums of hours, so of the last two days at most. It may wait.
 */
#ifndef DARIO_WINDOWS_SHOW_H
#define DARIO_WINDOWS_SHOW_H

#include "base/jw.h"
#include "state/config/snapshot.h"

/* Since then, or as long as it is known; milliseconds since 1970. */
void show_windows(struct jw *w, const struct snapshot *c, const char *home,
		  int64_t since);

#endif
