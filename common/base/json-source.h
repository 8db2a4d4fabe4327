/* SPDX-License-Identifier: MIT */
/*
 * json-source: a tree that knows the text it was read from.
 *
 * json-c writes some values otherwise than they were written: integers beyond
 * 64 bits, -0, a key that comes twice. What goes from one API to another inside
 * a request (a tool's input, a schema) is handed on in the words of its text.
 *
 *	o = json_read_located(text, e);
 *	... json_wording(arena, json_get(o, "input"), text) ...
 *
 * The text must stay where it is as long as it is asked for. What was changed
 * in the tree, or copied (json_copy), must not be asked for: json_text knows
 * it, with numbers as they were written.
 */
#ifndef DARIO_JSON_SOURCE_H
#define DARIO_JSON_SOURCE_H

#include "base/arena.h"
#include "base/json.h"

/* As json_read; numbers that json-c would change are kept as they are written,
 * and objects and lists, but the whole, remember where they stand. */
struct json_object *json_read_located(struct span text, struct err *e);

/* As written; empty for what was not located in this text. */
struct span json_located(struct json_object *v, struct span text);
/* JSON text without the blanks between its values. */
void json_dense(struct buf *out, struct span text);

/* What stands where a string should: the string, or any other value as it is
 * written, without blanks. Sets a->full when there is no memory. */
struct span json_wording(struct arena *a, struct json_object *v,
			 struct span text);

#endif
