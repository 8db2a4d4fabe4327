/* SPDX-License-Identifier: MIT */
/*
 * tool-rows: which tool of a client is which canonical tool.
 *
 * A file holds two lists. `tools`: the canonical tools, each with name,
 * description and input_schema. `map`: rows {names, tool, fields, unless}. A
 * client tool with one of the `names` is the canonical `tool` (null: it is
 * none, and passes as it is); `fields` gives for each canonical field the
 * names that clients use, the most usual first; a client tool that declares a
 * field named in `unless` is something else. Other keys are notes.
 *
 * Immutable once parsed: plain text and no JSON objects, so threads may share
 * it.
 */
#ifndef DARIO_TOOL_ROWS_H
#define DARIO_TOOL_ROWS_H

#include "base/arena.h"
#include "base/json.h"

#define TOOL_FORMS_MAX 128 /* canonical tools */
#define TOOL_ROWS_MAX 2048 /* client names */
#define TOOL_FIELDS_MAX 32 /* of a canonical tool */
#define TOOL_NAMES_MAX 32  /* of one field, or of one row */

struct tool_field {
	struct span name;
	struct span type; /* empty: any */
	struct span description;
	bool required;
};

struct tool_form {
	struct span name, description;
	struct span schema; /* JSON text */
	struct tool_field *fields;
	size_t n;
};

struct tool_names {
	struct span *names;
	size_t n;
};

struct tool_row {
	struct span client;
	const struct tool_form *form;    /* NULL: passes as it is */
	const struct tool_names *fields; /* one for each of form->fields */
	struct tool_names unless;
};

struct tool_rows {
	struct arena arena;
	struct tool_form *forms;
	size_t n_forms;
	struct tool_row *rows; /* the first with a name counts */
	size_t n_rows;
};

/* `user` may be NULL; what it says goes before `shipped`, and its rows may use
 * the tools of both. NULL with ERR_CONFIG that names the place. Both objects
 * stay the caller's. */
struct tool_rows *tool_rows_parse(struct json_object *shipped,
				  struct json_object *user, struct err *e);
void tool_rows_free(struct tool_rows *t); /* NULL is fine */

const struct tool_row *tool_rows_find(const struct tool_rows *t,
				      struct span client);
const struct tool_form *tool_rows_form(const struct tool_rows *t,
				       struct span name);

#endif
