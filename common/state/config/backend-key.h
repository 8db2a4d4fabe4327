/* SPDX-License-Identifier: MIT */
/* backend-key: where a backend's key is from: its file, the environment, or a
 * program. Private to backend*.c, but for what backend.h has. */
#ifndef DARIO_BACKEND_KEY_H
#define DARIO_BACKEND_KEY_H

#include "state/config/backend.h"

int backend_load_key(struct backend *b, const char *name,
		     struct json_object *file, struct err *e);

#endif
