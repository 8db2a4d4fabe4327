/* SPDX-License-Identifier: MIT */
/*
 * place: files that belong to the program. They are taken from DARIO_DATADIR
 * and DARIO_LIBEXECDIR, from the build tree when the program runs in one, else
 * from where it is installed. Malloced paths; NULL with an error.
 */
#ifndef DARIO_PLACE_H
#define DARIO_PLACE_H

#include "base/json.h"

char *place_worker(struct err *e);
char *place_data(const char *name, struct err *e);
/* The same as JSON; json_object_put it. */
struct json_object *place_json(const char *name, struct err *e);

#endif
