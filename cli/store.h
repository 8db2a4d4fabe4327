/* SPDX-License-Identifier: MIT */
/*
 * store: the commands of dario store (cmd-store.c), each as cmd.h says of run.
 */
#ifndef DARIO_CLI_STORE_H
#define DARIO_CLI_STORE_H

#include "cli/cmd.h"

int store_status(struct cmd *c, struct err *e); /* store-status.c */

/* store-share.c */
int store_push(struct cmd *c, struct err *e);
int store_pull(struct cmd *c, struct err *e);
int store_leave(struct cmd *c, struct err *e);

int store_migrate(struct cmd *c, struct err *e); /* store-migrate.c */

#endif
