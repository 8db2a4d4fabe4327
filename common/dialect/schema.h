/* SPDX-License-Identifier: MIT */
/* schema: JSON schemas of tools and answers, as the targets accept them. */
#ifndef DARIO_SCHEMA_H
#define DARIO_SCHEMA_H

#include "base/jw.h"
#include "dialect/chat.h"

/* A tool's schema, an object at its root whose choices are lowered into it; all
 * other keys are kept. NULL: a tool without parameters. `bare`: sanitised, too,
 * for a strict tool at Anthropic. What that loses is named in the chat. */
void schema_tool(struct jw *w, struct chat *c, const struct tool *t, bool bare);

/* Has the root a choice (anyOf, oneOf, allOf) or a reference? In place: make
 * one object of it; true when that says less than before. */
bool schema_has_choice(struct json_object *schema);
bool schema_lower(struct json_object *schema);

/* What Anthropic's structured output takes: no bounds, closed objects. */
void schema_sanitised(struct jw *w, struct chat *c, struct json_object *schema);

/* Would OpenAI's strict mode take it as it is: objects closed, and all their
 * properties required? */
bool schema_is_strict(struct json_object *schema);

#endif
