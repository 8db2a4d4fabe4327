/* SPDX-License-Identifier: MIT */
/*
 * responses-calls: calls of the Responses API that are items of their own.
 *
 * A client declares local_shell, shell, apply_patch or tool_search and runs the
 * calls itself. Other dialects know functions only: each goes as a function of
 * the tool's name, and what the model calls comes back as the item that the
 * client knows. Source: the types of openai 7.57 (ResponseInputItem, Tool).
 */
#ifndef DARIO_RESPONSES_CALLS_H
#define DARIO_RESPONSES_CALLS_H

#include "base/jw.h"
#include "dialect/chat.h"

struct call_kind {
	enum call_shape shape;
	const char *tool;          /* its type, and the function's name */
	const char *call, *output; /* types of the items */
	const char *member;        /* that holds what is asked for */
	const char *id_prefix;
	const char *description;
	struct span schema;
};

/* NULL when there is none. */
const struct call_kind *call_kind_of(enum call_shape shape);
const struct call_kind *call_kind_of_tool(struct span type);
const struct call_kind *call_kind_of_call(struct span type);
const struct call_kind *call_kind_of_output(struct span type);

/* What a call of the history asks for, as a function's arguments: clients write
 * a shell's list, or its line, without the object around it. */
struct span call_arguments(struct chat *c, const struct call_kind *k,
			   struct json_object *item);

/* What an item of results says, as text. */
struct span call_output(struct chat *c, const struct call_kind *k,
			struct json_object *item);

/* The members of an item that say what is asked for: from a function's
 * arguments. They may lack anything while the call is not done. Where clients
 * need a list of strings, a line of text is made one. */
void call_put(struct jw *j, const struct call_kind *k, struct span arguments);

#endif
