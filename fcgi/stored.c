/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/stored.h"

#include "base/jwalk.h"
#include "dialect/refs.h"
#include "fcgi/owned.h"

#include <string.h>
#include <strings.h>

#define IDS_MAX 64 /* that are looked up for one request */

/* --- what answers tell --------------------------------------------------- */

static void note_id(struct request *r, struct span id, const char *who)
{
	if (r->backend && objects_is_id(id))
		objects_note(snapshot_home(r->app->config), id, r->backend,
			     r->account, who);
}

static void note(struct request *r, struct span value, const char *who)
{
	note_id(r, jwalk_text(r->arena, value), who);
}

/* What an object has made is its maker's, whoever looks at it first. */
static const char *maker(struct request *r, struct span value)
{
	struct span id = jwalk_text(r->arena, value);
	struct object_place at;
	struct err unused;

	return objects_find(snapshot_home(r->app->config), id, &at, &unused) ==
			       0
		     ? arena_str(r->arena, span_of(at.who))
		     : owned_by(r);
}

void stored_note_id(struct request *r, struct span id)
{
	if (!span_is(jwalk_get(buf_get(&r->body), "store"), "false"))
		note_id(r, id, owned_by(r));
}

void stored_note_item(struct request *r, struct span json)
{
	if (span_has(json, SPAN("\"container_id\"")))
		note(r, jwalk_get(json, "container_id"), owned_by(r));
}

void stored_note_message(struct request *r, struct span json)
{
	if (span_has(json, SPAN("\"container\"")))
		note(r, jwalk_get(jwalk_get(json, "container"), "id"),
		     owned_by(r));
}

void stored_note_response(struct request *r, struct span json)
{
	struct jwalk out = jwalk_in(jwalk_get(json, "output"));

	if (!span_is(jwalk_get(json, "store"), "false"))
		note(r, jwalk_get(json, "id"), owned_by(r));
	stored_note_message(r, json);
	while (jwalk_next(&out))
		stored_note_item(r, out.value);
}

/* What is made in a collection has an id, whatever that begins with. */
static void note_other(struct request *r, struct span id)
{
	if (r->backend && strcmp(r->vars.method, "POST") == 0 &&
	    owned_is_collection(r->path) && !objects_is_id(id) &&
	    objects_may_be_id(id))
		objects_note(snapshot_home(r->app->config), id, r->backend,
			     r->account, owned_by(r));
}

/* A batch tells of the files that it has made, an upload of its file. */
void stored_note(struct request *r, struct span json)
{
	struct span id = jwalk_get(json, "id");
	const char *who;

	if (strcmp(r->vars.method, "DELETE") == 0)
		return;
	stored_note_response(r, json);
	note_other(r, jwalk_text(r->arena, id));
	who = maker(r, id);
	note(r, jwalk_get(json, "output_file_id"), who);
	note(r, jwalk_get(json, "error_file_id"), who);
	note(r, jwalk_get(jwalk_get(json, "file"), "id"), who);
}

/* --- and what requests name ---------------------------------------------- */

/* The objects of one request, which must all live in one place. */
struct search {
	struct request *r;
	struct span id; /* the first that is known; empty: none yet */
	struct object_place at;
	int n; /* looked up so far */
	/* The member holds an id for certain: of a provider's own endpoint, not
	 * of a model's dialogue, where a tool's input may have such members. */
	bool strict;
};

/* Ids are plain: whoever writes one with escapes wants it to be overlooked. */
static int check_odd(struct request *r, bool odd, struct err *e)
{
	return odd ? owned_check(r, SPAN("what the request names"), NULL, e)
		   : 0;
}

/* Google's: never noted, so nobody's but the owner's. */
static bool is_cache(struct span id)
{
	const struct span name = SPAN("cachedContents/");

	return memmem(id.p, id.n, name.p, name.n);
}

static int look_up(struct search *s, struct span id, struct err *e)
{
	struct object_place at;
	bool is = objects_is_id(id), known;
	int rc = 1;

	if (!is && !objects_may_be_id(id))
		return check_odd(s->r,
				 id.n && (s->strict || is_cache(id) ||
					  memchr(id.p, '\\', id.n)),
				 e);
	/* Beyond that a person's are not known either. */
	if (s->n < IDS_MAX)
		rc = objects_find(snapshot_home(s->r->app->config), id, &at, e);
	if (rc < 0)
		return -1;
	known = rc == 0;
	s->n++;
	if (!is && !known) /* may be anything: an argument of a tool */
		return check_odd(s->r, s->strict, e);
	if (owned_check(s->r, id, known ? &at : NULL, e))
		return -1;
	if (!known)
		return 0;
	if (!s->id.n) {
		s->id = id;
		s->at = at;
		return 0;
	}
	if (strcmp(at.backend, s->at.backend) == 0 &&
	    strcmp(at.account, s->at.account) == 0)
		return 0;
	return err_set(e, ERR_BAD_REQUEST,
		       "%.80s is kept at %s and %.80s at %s: one request can "
		       "use what one of them keeps",
		       arena_str(s->r->arena, s->id), s->at.backend,
		       arena_str(s->r->arena, id), at.backend);
}

static const struct backend *backend_of(const struct search *s)
{
	const struct snapshot *c = s->r->config;

	return strcmp(s->at.backend, c->claude.name) == 0
		     ? &c->claude
		     : snapshot_backend(c, span_of(s->at.backend));
}

static int gone(const struct search *s, const char *who, const char *name,
		struct err *e)
{
	return err_set(e, ERR_BAD_REQUEST,
		       "%.80s is kept at %s%s%s, which this router no longer "
		       "has: add it again, or leave the id out",
		       arena_str(s->r->arena, s->id), who, *name ? " " : "",
		       name);
}

/* The account that has it; NULL where there is no pool. */
static int account_of(const struct search *s, const struct backend *b,
		      const char **account, struct err *e)
{
	const struct accounts *pool = b->claude ? &s->r->config->accounts
						: &b->keys;
	const struct account *a;

	*account = NULL;
	if (!backend_is_pool(b))
		return 0;
	/* Noted when there was one key only: it has the backend's name. */
	a = accounts_find(pool, *s->at.account ? s->at.account : b->name);
	if (!a && *s->at.account)
		return s->r->key ? gone(s, "an account", "", e)
				 : gone(s, "the account", s->at.account, e);
	*account = a ? a->alias : NULL;
	return 0;
}

/* The plan's own target for that backend, else the model as it was asked
 * for. */
static struct route route_to(const struct plan *plan, const struct backend *b,
			     const char *model)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->routes[i].backend == b)
			return plan->routes[i];
	return (struct route){ .backend = b, .model = model ? model : "" };
}

/* Has the client named another backend by itself? */
static bool is_named(const struct request *r, const struct plan *plan,
		     const struct backend *b)
{
	const struct backend *other = plan->n ? plan->routes[0].backend : b;
	size_t n = strlen(other->name);

	return other != b && r->model &&
	       strncasecmp(r->model, other->name, n) == 0 &&
	       (r->model[n] == ':' || r->model[n] == '/');
}

static int lead_there(const struct search *s, struct plan *plan,
		      const char **account, struct err *e)
{
	struct request *r = s->r;
	const struct backend *b;
	struct route route;

	if (!s->id.n)
		return 0;
	b = backend_of(s);
	if (!b)
		return gone(s, "backend", s->at.backend, e);
	if (is_named(r, plan, b))
		return err_set(e, ERR_BAD_REQUEST,
			       "%.80s is kept at %s, and the model names %s: "
			       "ask %s for it, or leave the id out",
			       arena_str(r->arena, s->id), b->name,
			       plan->routes[0].backend->name, b->name);
	if (!r->passage && !b->speaks[r->dialect - dialects])
		return err_set(e, ERR_BAD_REQUEST,
			       "%.80s is kept at %s, which does not speak this "
			       "API: leave the id out, or use its own API",
			       arena_str(r->arena, s->id), b->name);
	route = route_to(plan, b, r->model);
	/* Its name may stand in the plan. */
	plan->rule = &rule_none;
	plan->routes[0] = route;
	plan->n = 1;
	return account_of(s, b, account, e);
}

int stored_by_path(struct request *r, const char *path, struct plan *plan,
		   const char **account, struct err *e)
{
	struct search s = { .r = r };
	struct span rest = span_of(path);

	while (rest.n)
		if (look_up(&s, span_cut(&rest, '/'), e))
			return -1;
	return lead_there(&s, plan, account, e);
}

int stored_by_body(struct request *r, const struct peek *k, struct plan *plan,
		   const char **account, struct err *e)
{
	struct refs refs = { .body = buf_get(&r->body) };
	struct search s = { .r = r, .strict = r->passage };

	if (!(k->marks & MARK_STORED))
		return 0;
	if (check_odd(r, k->marks & MARK_STORED_ODD, e))
		return -1;
	while (refs_next(&refs))
		if (look_up(&s, refs.id, e))
			return -1;
	return lead_there(&s, plan, account, e);
}
