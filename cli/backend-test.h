/* SPDX-License-Identifier: MIT */
/* backend-test: dario backend test, one question for the list of models. */
#ifndef DARIO_BACKEND_TEST_H
#define DARIO_BACKEND_TEST_H

#include "cli/cmd.h"

int backend_test(struct cmd *c, struct err *e);

#endif
