/* SPDX-License-Identifier: MIT */
/*
 * lax-names: members of a body that some servers would read as one that the
 * limits of a key hang on.
 *
 * Go's JSON (Ollama's, for one) takes "Max_Tokens" for max_tokens, and the long
 * s and the Kelvin sign for s and k. Who passes such a body on would check
 * another model or size than the one that is served: it is refused, by name.
 */
#ifndef DARIO_LAX_NAMES_H
#define DARIO_LAX_NAMES_H

#include "base/arena.h"
#include "base/err.h"

/* -1: the body has one; e->param is the name that is meant. */
int lax_names_check(struct arena *a, struct span body, struct err *e);

#endif
