/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/owned.h"

#include <string.h>

/* Names of collections, wherever they stand in a path. */
static const char *const collections[] = {
	"files",      "batches",       "uploads", "fine_tuning",
	"jobs",       "videos",        "skills",  "vector_stores",
	"responses",  "conversations", "threads", "containers",
	"assistants", "completions",   "evals",
};

const char *owned_by(struct request *r)
{
	const char *name = r->key ? r->key->name : "";
	struct span person = { name, strcspn(name, "/") };

	return arena_str(r->arena, person);
}

int owned_check(struct request *r, struct span id,
		const struct object_place *at, struct err *e)
{
	if (!r->key || (at && strcmp(at->who, owned_by(r)) == 0))
		return 0;
	return err_set(e, ERR_NOT_FOUND,
		       "%.80s is none that your keys have made",
		       arena_str(r->arena, id));
}

static bool is_collection(struct span name)
{
	for (size_t i = 0; i < sizeof(collections) / sizeof(*collections); i++)
		if (span_is(name, collections[i]))
			return true;
	return false;
}

int owned_path(struct request *r, const char *path, struct err *e)
{
	const char *home = snapshot_home(r->app->config);
	struct span rest = span_of(path), name;
	bool kept = false, last = false, own = false;
	struct object_place at;

	while (r->key && rest.n) {
		name = span_cut(&rest, '/');
		if (!name.n)
			continue;
		last = is_collection(name);
		kept |= last;
		if (!objects_is_id(name))
			continue;
		own = true;
		if (owned_check(r, name,
				objects_find(home, name, &at) ? &at : NULL, e))
			return -1;
	}
	if (!kept || own || (last && strcmp(r->vars.method, "POST") == 0))
		return 0;
	return err_set(e, ERR_FORBIDDEN,
		       "%.120s is for the owner of this router alone: it is "
		       "about what all people keep at the provider",
		       r->asked_path);
}
