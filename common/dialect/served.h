/* SPDX-License-Identifier: MIT */
/*
 * served: what a tool that Anthropic ran has asked for and found, in words.
 *
 * Blocks such as web_fetch_tool_result mean nothing to another provider, but
 * what was read in them the conversation goes on about. Pure; the text is from
 * the arena.
 */
#ifndef DARIO_SERVED_H
#define DARIO_SERVED_H

#include "dialect/chat.h"

#define SERVED_MAX (4u << 20) /* bytes of a block's text */

/* Of a block of this type: empty when nothing of it can be said. */
struct span served_text(struct arena *a, struct span type,
			struct json_object *block);

#endif
