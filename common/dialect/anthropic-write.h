/* SPDX-License-Identifier: MIT */
/* anthropic-write: what the files that write Anthropic's dialect share. */
#ifndef DARIO_ANTHROPIC_WRITE_H
#define DARIO_ANTHROPIC_WRITE_H

#include "dialect/chat-write.h"

/* How the ids of other providers' searches begin: no search of Anthropic's. */
#define ANTHROPIC_SEARCH_ID "srvtoolu_ws"

#define ANTHROPIC_NAME_MAX 128 /* bytes of a tool's name */

/* Does Claude's API fetch it? */
bool anthropic_fetches(struct span url);

/* tools and tool_choice, if there are any. */
void anthropic_tools(struct jw *w, const struct upstream_model *t,
		     struct chat *c, bool thinking);

/* What a text relies on. */
void anthropic_citation(struct jw *w, const struct citation *c);

/* A mark for the prompt cache, or none (NULL). */
void anthropic_cache(struct jw *w, struct json_object *cache);
/* The API takes four: the last ones stay, for each holds all before it. */
void anthropic_limit_cache(struct chat *c);

#endif
