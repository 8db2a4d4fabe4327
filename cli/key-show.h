/* SPDX-License-Identifier: MIT */
/* key-show: a person's key as dario key list and show have it. */
#ifndef DARIO_KEY_SHOW_H
#define DARIO_KEY_SHOW_H

#include "base/jw.h"
#include "state/keys/key.h"

/* With what is used of its limits; `home` has the counters. */
void key_show_json(struct jw *w, const char *home, const struct key *k);
void key_show_line(const char *home, const struct key *k);

#endif
