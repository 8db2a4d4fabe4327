/* SPDX-License-Identifier: MIT */
/* caller: the user whom a request's body names, for the sums of usage. */
#ifndef DARIO_CALLER_H
#define DARIO_CALLER_H

#include "dialect/peek.h"
#include "fcgi/request.h"

/* `user`, or metadata.user_id, as a short hash: nobody is told the name. Claude
 * Code's has the session at its end, which is left out. NULL: none is named. */
const char *caller_user(const struct request *r, const struct peek *k);

#endif
