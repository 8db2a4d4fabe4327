/* SPDX-License-Identifier: MIT */
/*
 * tally: what has been spent by keys without limits.
 *
 * metered.h counts what limits are looked at for. What else a person's keys
 * cost is counted here, when a request is over: a limit that is set later holds
 * for all of its day, week and month, and a person sees it (serve-person.h). A
 * process that is killed loses what was under way.
 */
#ifndef DARIO_TALLY_H
#define DARIO_TALLY_H

#include "fcgi/request.h"
#include "state/usage/history.h"

/* The same that usage is told of; what has no price counts as limits do. */
void tally_add(const struct request *r, const struct history_record *h);

#endif
