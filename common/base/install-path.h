/* SPDX-License-Identifier: MIT */
/*
 * install-path: files that belong to the program. They are taken from
 * DARIO_DATADIR and DARIO_LIBEXECDIR, from the build tree when the program runs
 * in one, else from where it is installed. Malloced paths; NULL with an error.
 */
#ifndef DARIO_INSTALL_PATH_H
#define DARIO_INSTALL_PATH_H

#include "base/json.h"

/* The program that runs; NULL when that cannot be known. */
char *install_path_self(void);
char *install_path_worker(struct err *e);
char *install_path_data(const char *name, struct err *e);
/* The same as JSON; json_object_put it. */
struct json_object *install_path_json(const char *name, struct err *e);

#endif
