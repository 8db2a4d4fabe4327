/* SPDX-License-Identifier: MIT */
/* anthropic-write: what the files that write Anthropic's requests share. */
#ifndef DARIO_ANTHROPIC_WRITE_H
#define DARIO_ANTHROPIC_WRITE_H

#include "dialect/chat-write.h"

#define ANTHROPIC_NAME_MAX 128 /* bytes of a tool's name */

/* tools and tool_choice, if there are any. */
void anthropic_tools(struct jw *w, const struct upstream_model *t,
		     struct chat *c, bool thinking);

/* A mark for the prompt cache, or none (NULL). */
void anthropic_cache(struct jw *w, struct json_object *cache);
/* The API takes four: the last ones stay, for each holds all before it. */
void anthropic_limit_cache(struct chat *c);

#endif
