/* SPDX-License-Identifier: MIT */
/*
 * tool-context: fields of a tool's input that tell about the request, not about
 * the work: sessionId session_id requestId request_id channelId channel_id
 * userId user_id timestamp created_at createdAt. A model cannot know them.
 */
#ifndef DARIO_TOOL_CONTEXT_H
#define DARIO_TOOL_CONTEXT_H

#include "dialect/tool-map.h"

#define TOOL_CONTEXT_FILL_MAX 1024

bool tool_context_field(struct span name);
/* Is one declared anywhere in the schema? */
bool tool_context_declared(struct json_object *schema);
/* Take them out of a schema, at any depth: properties and required. */
void tool_context_hide(struct json_object *schema);
/* In `value`, at every place that `schema` declares: take them out, or put in
 * what is missing. */
void tool_context_drop(struct json_object *schema, struct json_object *value);
void tool_context_fill(const struct tool_context *c, struct json_object *schema,
		       struct json_object *value);

#endif
