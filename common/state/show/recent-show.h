/* SPDX-License-Identifier: MIT */
/* recent-show: a request of the last ones as JSON. */
#ifndef DARIO_RECENT_SHOW_H
#define DARIO_RECENT_SHOW_H

#include "base/jw.h"
#include "state/config/snapshot.h"
#include "state/usage/recent.h"

/* {"id":...,"status":200,...}; `account`: who pays, which is for the owner. The
 * cost is by the prices of today. */
void show_recent(struct jw *w, const struct recent *x, const struct snapshot *c,
		 bool account);
/* {"requests":[...]} of all of them. */
void show_all_recent(struct jw *w, const struct snapshot *c, const char *home);

#endif
