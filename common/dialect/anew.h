/* SPDX-License-Identifier: MIT */
/*
 * anew: an answer that is read and written anew in its own API.
 *
 * That is done where tools went by other names, and where a backend says so.
 * Some of it is lost then. A request tells beforehand what its answer will
 * hold: one that would lose some of it passes as it came, or goes without what
 * asks for that.
 */
#ifndef DARIO_ANEW_H
#define DARIO_ANEW_H

#include "dialect/chat.h"

/* Would the answer to this request lose anything? */
bool anew_loses(struct span body);
/* Does a member of it ask for what is lost? */
bool anew_loses_member(struct span key, struct span value);

/* For the answer to `body`, which stays in its own API: what it is read and
 * written for, and the tools that go by other names, as the client has them. */
void anew_chat(struct chat *c, enum dialect_id d, struct span body,
	       bool stream);
void anew_tools(struct chat *c, enum dialect_id d, struct span body);

#endif
