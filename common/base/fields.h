/* SPDX-License-Identifier: MIT */
/*
 * fields: which header fields go on from one side of the router to the other.
 *
 * Lists are open: in one dialect everything that is end-to-end passes, both
 * ways, but what is named in fields.c. Names may be written as in HTTP or as in
 * CGI (X_FOO for X-Foo, without HTTP_): case does not count, and "-" and "_"
 * are one. Pure, thread-safe.
 */
#ifndef DARIO_FIELDS_H
#define DARIO_FIELDS_H

#include "base/buf.h"

enum field_way {
	FIELD_STAYS_UP = 1,   /* of a request: not for an upstream */
	FIELD_STAYS_DOWN = 2, /* of an answer: not for a client */
	FIELD_MADE = 4,       /* of a request: made anew for each upstream */
	FIELD_NEUTRAL = 8,    /* means the same in every dialect */
};

/* Of what the name is known for; 0: it passes in its own dialect. */
unsigned field_ways(struct span name);
bool field_same(struct span a, struct span b);
/* A token, as RFC 9110 has it: what is none is not handed on. */
bool field_is_token(struct span name);
/* Is `name` one that a Connection field names? `list` is its value. */
bool field_named(struct span list, struct span name);

#endif
