/* SPDX-License-Identifier: MIT */
/* schema: JSON schemas of tools and answers, as the targets accept them. */
#ifndef DARIO_SCHEMA_H
#define DARIO_SCHEMA_H

#include "base/jw.h"
#include "dialect/chat.h"

/* A tool's schema with an object at its top; all keys are kept. NULL: a tool
 * without parameters. */
void schema_object(struct jw *w, struct json_object *schema);
void schema_tool(struct jw *w, const struct tool *t); /* the same, of a tool */

/* What Anthropic's structured output takes: no bounds, closed objects. */
void schema_sanitised(struct jw *w, struct json_object *schema);

/* The same for a strict tool: an object at its top. True when something had to
 * be changed. */
bool schema_object_sanitised(struct jw *w, struct json_object *schema);

/* Would OpenAI's strict mode take it as it is: objects closed, and all their
 * properties required? */
bool schema_is_strict(struct json_object *schema);

/* A free-text tool as a function: {"input": string}, its grammar as text. */
extern const struct span schema_custom;
struct span schema_custom_text(struct arena *a, const struct tool *t);

#endif
