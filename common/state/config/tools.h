/* SPDX-License-Identifier: MIT */
/*
 * tools: share/tools.json with the user's own rows from tools.json under the
 * home before it. Immutable once loaded; free with tool_rows_free.
 */
#ifndef DARIO_TOOLS_H
#define DARIO_TOOLS_H

#include "dialect/template.h"
#include "dialect/tool-rows.h"

#define TOOLS_FILE "tools.json"
#define TEMPLATE_FILE "template.json"

/* NULL with ERR_CONFIG that names the file and the place in it. */
struct tool_rows *tools_load(const char *home, struct err *e);

/* `path`, which must be there; when it is NULL, template.json under the home,
 * if there is one. Free with template_free. */
struct template *template_load(const char *home, const char *path,
			       struct err *e);

#endif
