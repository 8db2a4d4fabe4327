/* SPDX-License-Identifier: MIT */
/*
 * anew: what an answer loses when it is read and written anew in its own API.
 *
 * That is done where tools went by other names, and where a backend says so. A
 * request tells beforehand what its answer will hold: one that would lose some
 * of it passes as it came, or goes without what asks for that.
 */
#ifndef DARIO_ANEW_H
#define DARIO_ANEW_H

#include "base/buf.h"

#include <stdbool.h>

/* Would the answer to this request lose anything? */
bool anew_loses(struct span body);
/* Does a member of it ask for what is lost? */
bool anew_loses_member(struct span key, struct span value);
/* Are there tools whose calls have a shape of their own, or that a provider
 * runs? */
bool anew_other_tools(struct span body);

#endif
