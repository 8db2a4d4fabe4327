/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/owned.h"

#include <string.h>

/* Names of collections, wherever they stand in a path. */
static const char *const collections[] = {
	"files",
	"batches",
	"uploads",
	"fine_tuning",
	"jobs",
	"videos",
	"skills",
	"vector_stores",
	"responses",
	"conversations",
	"threads",
	"containers",
	"assistants",
	"completions",
	"evals",

	/* Google's, Mistral's, OpenRouter's; accounts */
	"cachedcontents",
	"corpora",
	"filesearchstores",
	"interactions",
	"operations",
	"libraries",
	"activity",
	"credits",
	"keys",
	"billing",
	"organization",
	"organizations",
	"sessions",
	"environments",
	"vaults",
	"prompts",
	"datasets",
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

/* As the most tolerant server reads it: of any case, its parameters cut off. */
static bool is_collection(struct span name)
{
	name = span_cut(&name, ';');
	for (size_t i = 0; i < sizeof(collections) / sizeof(*collections); i++)
		if (span_ieq(name, collections[i]))
			return true;
	return false;
}

bool owned_is_collection(const char *path)
{
	struct span rest = span_of(path), last = SPAN("");

	while (rest.n) {
		struct span name = span_cut(&rest, '/');

		last = name.n ? name : last;
	}
	return is_collection(last);
}

static bool is_get(const struct request *r)
{
	return strcmp(r->vars.method, "GET") == 0 ||
	       strcmp(r->vars.method, "HEAD") == 0;
}

/* What is changed or deleted has to be the person's own, also where it has no
 * id that is known, such as a model. */
int owned_path(struct request *r, const char *path, struct err *e)
{
	bool is_post = strcmp(r->vars.method, "POST") == 0;
	const char *home = snapshot_home(r->app->config);
	struct span rest = span_of(path), name;
	bool kept = false, last = false, own = false, odd = false, known;
	struct object_place at;
	int rc;

	if (!r->key)
		return 0;
	while (rest.n) {
		name = span_cut(&rest, '/');
		if (!name.n)
			continue;
		last = is_collection(name);
		kept |= last;
		rc = objects_find(home, name, &at, e);
		if (rc < 0)
			return -1;
		known = rc == 0;
		if (!known && !objects_is_id(name)) {
			odd |= kept && !own && !last;
			continue;
		}
		own = true;
		if (owned_check(r, name, known ? &at : NULL, e))
			return -1;
	}
	if (!odd && (own || (kept ? last && is_post : is_post || is_get(r))))
		return 0;
	return err_set(e, ERR_FORBIDDEN,
		       "%.20s %.120s is for the owner of this router alone: it "
		       "is about what all people keep at the provider",
		       r->vars.method, r->asked_path);
}
