/* SPDX-License-Identifier: MIT */
/* backend-add: dario backend add. */
#ifndef DARIO_BACKEND_ADD_H
#define DARIO_BACKEND_ADD_H

#include "cli/cmd.h"
#include "net/backend-edit.h"

extern const struct cmd_flag backend_add_flags[];
int backend_add(struct cmd *c, struct err *e);

#endif
