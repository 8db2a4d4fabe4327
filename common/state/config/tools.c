/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/tools.h"

#include "base/install-path.h"

#include <stdlib.h>

/* The user's rows are wrong, or ours: say which file. */
static struct tool_rows *parse(struct json_object *shipped,
			       struct json_object *user, struct err *e)
{
	struct tool_rows *t = tool_rows_parse(shipped, user, e);

	if (!t)
		err_add(e, user ? TOOLS_FILE : "share/" TOOLS_FILE);
	return t;
}

struct tool_rows *tools_load(const char *home, struct err *e)
{
	struct json_object *shipped = install_path_json("share/" TOOLS_FILE, e);
	struct json_object *user = NULL;
	struct tool_rows *t = NULL;

	if (shipped && json_load(home, TOOLS_FILE, &user, e) >= 0)
		t = parse(shipped, user, e);
	json_object_put(user);
	json_object_put(shipped);
	return t;
}

struct template *template_load(const char *home, const char *path,
			       struct err *e)
{
	struct json_object *file = NULL;
	struct template *t = NULL;

	if (path)
		file = json_file(path, e);
	if (path ? !file : json_load(home, TEMPLATE_FILE, &file, e) < 0)
		return NULL;
	t = template_parse(file, e);
	if (!t)
		err_add(e, path ? path : TEMPLATE_FILE);
	json_object_put(file);
	return t;
}
