/* SPDX-License-Identifier: MIT */
/* tool-map-own: what tool-map.c and tool-answer.c share. */
#ifndef DARIO_TOOL_MAP_OWN_H
#define DARIO_TOOL_MAP_OWN_H

#include "dialect/tool-shape.h"

#define TOOL_TEXT_MAX (256u << 20) /* an event, or an input */

/* A tool's block whose input is held back. */
struct tool_block {
	int64_t index;
	const struct tool_shape *shape; /* NULL: free for the next block */
	bool given;                     /* the start event had an input */
	bool loose; /* given up: what still comes passes as it is */
	struct buf held;
	struct tool_block *next;
};

struct tool_map {
	struct arena *arena;
	struct tool_context context;
	struct tool_shape *shapes;
	sse_fn *sink;
	void *arg;
	struct tool_block *blocks;
	size_t n_blocks, open, held;
	struct buf text; /* of what is handed on, as it is now */
};

#endif
