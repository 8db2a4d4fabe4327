/* SPDX-License-Identifier: MIT */
/*
 * migrate: what processes share, from the files of a home into the store of
 * several hosts, or back: limits of accounts, conversations, who made which
 * object, and what keys have used. Both sides may be in use: what both know is
 * brought together, the newer stands, and sums count once (meter-move.h). It
 * can be done again at any time, and should be once nobody uses the old side.
 * Leases and places in lines are of living processes, and stay.
 */
#ifndef DARIO_MIGRATE_H
#define DARIO_MIGRATE_H

#include "state/keys/meter-move.h"

struct migrated {
	size_t limits, conversations, objects; /* texts that have changed */
	struct meter_moved meters;
};

int migrate(const char *home, bool to_store, struct migrated *out,
	    struct err *e);

#endif
