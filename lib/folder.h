/* SPDX-License-Identifier: MIT */
/* folder: what is configured below the folder that is open. */
#ifndef DARIO_FOLDER_H
#define DARIO_FOLDER_H

#include "lib/lib.h"
#include "state/config/snapshot.h"

/* NULL with an error; snapshot_put it. */
struct snapshot *folder_read(struct dario *d, struct err *e);

#endif
