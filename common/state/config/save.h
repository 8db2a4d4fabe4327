/* SPDX-License-Identifier: MIT */
/*
 * save: changes a file of the configuration, if all of the configuration is
 * valid with the change; else the file is as it was. The caller holds the
 * file's lock.
 */
#ifndef DARIO_SAVE_H
#define DARIO_SAVE_H

#include "base/err.h"
#include "base/json.h"

/* `file` NULL: remove it. */
int save_checked(const char *home, const char *name, struct json_object *file,
		 struct err *e);

#endif
