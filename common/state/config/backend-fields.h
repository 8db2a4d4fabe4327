/* SPDX-License-Identifier: MIT */
/*
 * backend-fields: header fields of a backend's file: `headers`, which go with
 * each call, and `forward`, names of clients' fields that also go to another
 * dialect. Private to backend*.c, but for what backend.h tells of.
 */
#ifndef DARIO_BACKEND_FIELDS_H
#define DARIO_BACKEND_FIELDS_H

#include "state/config/backend.h"

int backend_load_fields(struct backend *b, struct json_object *file,
			struct err *e);
void backend_release_fields(struct backend *b);

/* Do its own fields let it in, without a key? */
bool backend_needs_no_key(const struct backend *b);

#endif
