/* SPDX-License-Identifier: MIT */
/*
 * option-earlier: config.json as the earlier dario (npm: @askalf/dario) writes
 * it in the same folder. It has a `version`, groups of settings, and all that
 * could be set, as it is by default.
 */
#ifndef DARIO_OPTION_EARLIER_H
#define DARIO_OPTION_EARLIER_H

#include "state/config/note.h"

bool earlier_is(struct json_object *file);
/* What it says of our setting `key`, as text that lives as long as the file,
 * and where it does; NULL: nothing. */
const char *earlier_text(struct json_object *file, const char *key,
			 const char **where);
#define EARLIER_MAX 32
extern const char *const earlier_keys[]; /* of it alone; ends with NULL */
/* Names what is set there and has no meaning here. */
void earlier_note(struct notes *n, struct json_object *file);

#endif
