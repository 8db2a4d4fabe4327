/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/save.h"

#include "state/config/snapshot.h"

static int change(const char *home, const char *name, struct json_object *file,
		  struct err *e)
{
	return file ? store_replace(home, name, span_of(json_pretty(file)), e)
		    : store_remove(home, name, e);
}

static bool is_valid(const char *home, struct err *e)
{
	struct snapshot *c = snapshot_load(home, e);

	snapshot_free(c);
	return c;
}

int save_checked(const char *home, const char *name, struct json_object *file,
		 struct err *e)
{
	struct err unused;
	struct buf was;
	int there, rc = -1;

	buf_init(&was, STORE_FILE_MAX);
	there = store_read(home, name, &was, e);
	if (there < 0 || change(home, name, file, e))
		goto out;
	if (is_valid(home, e))
		rc = 0;
	else if (there == 0)
		store_replace(home, name, buf_get(&was), &unused);
	else
		store_remove(home, name, &unused);
out:
	buf_release(&was);
	return rc;
}
