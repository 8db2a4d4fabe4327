/* SPDX-License-Identifier: MIT */
/*
 * secret-name: what people give as names is not to be a key, which would stand
 * in lists, logs and errors then.
 */
#ifndef DARIO_SECRET_NAME_H
#define DARIO_SECRET_NAME_H

#include "base/err.h"

/* A key where the name of `what` belongs is refused, and not repeated. */
int secret_check_name(const char *name, const char *what, struct err *e);

/* The same, and whatever is no name of ours (store_good_name). */
int secret_check_short_name(const char *name, const char *what, struct err *e);

#endif
