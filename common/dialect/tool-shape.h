/* SPDX-License-Identifier: MIT */
/*
 * tool-shape: one client tool as its canonical tool. Private to tool-*.c.
 *
 * A shape is the list of renamed properties, found by laying a row over what
 * the client declares. It lives in the arena but for `schema`, the client's
 * own declaration, which is released by tool_shape_release.
 */
#ifndef DARIO_TOOL_SHAPE_H
#define DARIO_TOOL_SHAPE_H

#include "dialect/tool-map.h"

struct tool_pair {
	const char *client, *canonical;
	const struct tool_field *field;
};

struct tool_shape {
	const struct tool_row *row;
	struct span client; /* name */
	struct tool_pair *pairs;
	size_t n_pairs;
	struct json_object *schema; /* as declared, or NULL */
	bool open;                  /* it does not say which properties */
	bool closed;                /* and no others */
	bool hides;                 /* fields of the context, at the top */
	bool hybrid;                /* has context fields to fill */
	bool reshaped;              /* input changes on its way */
	struct tool_shape *next;
};

/* NULL: the row does not fit what the client declares. `tool` is not changed;
 * a reference to its schema is taken. */
struct tool_shape *tool_shape_find(const struct tool_row *row,
				   enum tool_mode mode, struct arena *a,
				   struct json_object *tool);
void tool_shape_release(struct tool_shape *s);

/* The client's tool becomes the canonical one, in place. */
void tool_shape_declare(const struct tool_shape *s, struct json_object *tool);

/* An input to the model's names, and back: a new object, whose members are
 * shared with `input`; `input` itself (one more reference) when it is no
 * object or nothing changes. `history`: false for what must fit the schema
 * that the model sees. */
struct json_object *tool_shape_forth(const struct tool_shape *s,
				     struct json_object *input, bool history);
struct json_object *tool_shape_back(const struct tool_shape *s,
				    const struct tool_context *c,
				    struct json_object *input);

#endif
