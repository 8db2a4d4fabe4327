/* SPDX-License-Identifier: MIT */
/*
 * responses-tools: tools of a Responses request, wherever they stand.
 *
 * They are declared in `tools`, in additional_tools items and in what a tool
 * search has found, alone or in namespaces. Other dialects know one list of
 * names: a tool of a namespace goes as NAMESPACE__NAME, and its calls come back
 * with both (answer-restore).
 */
#ifndef DARIO_RESPONSES_TOOLS_H
#define DARIO_RESPONSES_TOOLS_H

#include "dialect/chat.h"

/* All tools of `body`, and the choice among them. */
int responses_read_tools(struct chat *c, struct json_object *body,
			 struct err *e);

/* The name of a tool outside its namespace, which may be empty. */
struct span responses_tool_name(struct chat *c, struct span space,
				struct span name);

#endif
