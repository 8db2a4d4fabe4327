/* SPDX-License-Identifier: MIT */
/*
 * serve-pass: the endpoints of a provider that are no model's dialogue, as
 * they are: pictures, speech, files, batches, stored answers; and /to/NAME/,
 * any path at all of a named backend.
 *
 * Who is asked: the backend for the model, which the body names (JSON or a
 * form); without one, whoever keeps the object that the path or the body names;
 * else the backend in the client's x-dario-backend; else the only one that
 * can. What streams through is in passage.h.
 */
#include "config.h"

#include "base/clock.h"
#include "base/unpack.h"
#include "fcgi/allowed.h"
#include "fcgi/batched.h"
#include "fcgi/late-model.h"
#include "fcgi/literal-path.h"
#include "fcgi/media.h"
#include "fcgi/metered.h"
#include "fcgi/passage-usage.h"
#include "fcgi/passage.h"
#include "fcgi/serve.h"
#include "fcgi/spool.h"
#include "fcgi/stored.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES_MAX 400             /* bytes of a list of backends */
#define PASSAGE_STEP (256u << 10) /* bytes, to look for a model */

struct pass {
	struct request *r;
	struct passage passage;
	struct form form;
	struct late_model late;
	struct peek peek;
	struct plan plan;
	const char *account;
	const struct backend *batch; /* that the models of a batch lead to */
};

/* --- the body ------------------------------------------------------------ */

static bool has_body(const struct request *r)
{
	const char *method = r->vars.method;

	return request_announced(r) > 0 ||
	       (request_announced(r) < 0 && strcmp(method, "GET") &&
		strcmp(method, "HEAD"));
}

/* Its beginning, and the rest as it comes. */
static int hold_body(struct pass *p, size_t most, struct err *e)
{
	struct request *r = p->r;
	int64_t announced = request_announced(r);
	bool whole;

	if (request_hold_body(r, most, &whole, e))
		return -1;
	p->passage.rest = !whole;
	p->passage.rest_n = announced < 0 || r->packed
				  ? -1
				  : announced - (int64_t)r->bytes_in;
	return 0;
}

/* No part of a model is held alone. */
static int end_model(struct pass *p, struct err *e)
{
	struct request *r = p->r;

	while (p->passage.rest && p->form.in_model) {
		size_t was = r->body.n;

		if (hold_body(p, was + 1, e) ||
		    form_feed(&p->form, span_skip(buf_get(&r->body), was), e))
			return -1;
	}
	return 0;
}

static int read_form(struct pass *p, struct err *e)
{
	if (form_init(&p->form, p->r->vars.content_type, e) ||
	    hold_body(p, PASSAGE_HELD, e) ||
	    form_feed(&p->form, buf_get(&p->r->body), e) || end_model(p, e))
		return -1;
	p->passage.form = &p->form;
	if (p->form.has_model)
		p->r->model = arena_str(p->r->arena, span_of(p->form.model));
	return 0;
}

/* Behind a large file, where nothing else says who is asked: what stands before
 * it waits on the disk. */
static int find_late_model(struct pass *p, struct err *e)
{
	struct request *r = p->r;
	size_t held = r->body.n;

	r->spool = spool_new(snapshot_home(r->app->config), e);
	if (!r->spool)
		return -1;
	while (p->passage.rest && !p->form.has_model) {
		struct span piece;

		if (hold_body(p, held + PASSAGE_STEP, e))
			return -1;
		piece = span_skip(buf_get(&r->body), held);
		if (form_feed(&p->form, piece, e) ||
		    spool_add(r->spool, piece, e))
			return -1;
		buf_splice(&r->body, held, piece.n, SPAN(""));
	}
	p->passage.rest = true;
	if (p->form.has_model)
		r->model = arena_str(r->arena, span_of(p->form.model));
	return 0;
}

static int peek_piece(void *arg, struct span piece, struct err *e)
{
	return peek_feed(arg, piece, e);
}

static int end_json(struct pass *p, struct err *e)
{
	struct request *r = p->r;

	if (r->body.n && peek_whole(&p->peek, e))
		return -1;
	p->passage.json = r->body.n > 0;
	if (p->peek.has_model)
		r->model = arena_str(r->arena, span_of(p->peek.model));
	return 0;
}

/* curl calls JSON so when nobody tells it the type. */
static bool is_curls(const char *type)
{
	static const char name[] = "application/x-www-form-urlencoded";

	return type && strncasecmp(type, name, strlen(name)) == 0;
}

/* Of any other type. The ids in a person's JSON have to be seen. */
static int read_other(struct pass *p, bool curls, struct err *e)
{
	struct span body, s;

	if (hold_body(p, PASSAGE_HELD, e))
		return -1;
	body = buf_get(&p->r->body);
	s = span_trim(body);
	if (curls && !p->passage.rest && span_starts(s, "{")) {
		p->passage.type = "application/json";
		return peek_feed(&p->peek, body, e) ? -1 : end_json(p, e);
	}
	if (span_starts(s, "\xef\xbb\xbf"))
		s = span_trim(span_skip(s, 3));
	if (!p->r->key || (s.n ? *s.p != '{' : !p->passage.rest))
		return 0;
	return err_set(e, ERR_BAD_REQUEST,
		       "the body looks like JSON: send it with content-type "
		       "application/json");
}

/* As far as it has to be known. */
static int take_body(struct pass *p, struct err *e)
{
	const char *type = p->r->vars.content_type;
	const char *coding = p->r->vars.content_encoding;
	bool plain = !coding || !*coding || !strcasecmp(coding, "identity");
	bool literal = p->passage.to && !p->r->key;
	bool form = !p->passage.to && form_is(type);

	p->passage.type = type && *type ? type : NULL;
	if (!has_body(p->r))
		return 0;
	if (form && !plain && unpack_knows(coding)) {
		if (request_unpack(p->r, e))
			return -1;
		plain = true;
	}
	if (form && plain)
		return read_form(p, e);
	if (!literal && (!p->passage.type || strcasestr(type, "json")))
		return request_read_body(p->r, peek_piece, &p->peek, e)
			     ? -1
			     : end_json(p, e);
	return read_other(p, !p->passage.to && plain && is_curls(type), e);
}

/* --- whom to ask --------------------------------------------------------- */

static const struct backend *backend_named(const struct snapshot *c,
					   struct span name)
{
	return span_is(name, c->claude.name) ? &c->claude
					     : snapshot_backend(c, name);
}

/* OpenAI's endpoints are the same whichever of its two APIs is spoken. */
static bool can(const struct backend *b, enum dialect_id d)
{
	return d == DIALECT_ANTHROPIC ? b->speaks[d]
				      : b->speaks[DIALECT_OPENAI] ||
						b->speaks[DIALECT_RESPONSES];
}

/* Those that can, by name; *only: the last of them. */
static size_t candidates(const struct pass *p, struct buf *names,
			 const struct backend **only)
{
	const struct snapshot *c = p->r->config;
	enum dialect_id d = p->passage.dialect;
	size_t n = 0;

	*only = NULL;
	for (size_t i = 0; i <= c->n_backends; i++) {
		const struct backend *b = i < c->n_backends ? &c->backends[i]
							    : &c->claude;

		if (!can(b, d) || (b->claude && !c->accounts.n) || b->demo)
			continue;
		buf_fmt(names, "%s%s", n++ ? ", " : "", b->name);
		*only = b;
	}
	return n;
}

static int none_or_many(const struct pass *p, size_t n, const char *names,
			struct err *e)
{
	const char *path = p->r->asked_path;
	const char *coding = p->r->vars.content_encoding;

	if (n && form_is(p->passage.type) && !p->passage.form && coding &&
	    *coding)
		return err_set(e, ERR_ENCODING,
			       "nothing says which backend %.120s is for, and "
			       "no model is read in a form with the "
			       "content-encoding %.40s: send it uncompressed, "
			       "or name one in the header field "
			       "x-dario-backend (%s)",
			       path, coding, names);
	if (!n)
		return err_set(e, ERR_UNSUPPORTED,
			       "no backend speaks the API of %.120s: add one "
			       "with dario backend add",
			       path);
	return err_set(e, ERR_BAD_REQUEST,
		       "nothing says which backend %.120s is for: name one in "
		       "the header field x-dario-backend (%s), or a model, in "
		       "a form before a large file",
		       path, names);
}

static int the_only_one(struct pass *p, const struct backend **out,
			struct err *e)
{
	struct buf names;
	size_t n;

	buf_init(&names, NAMES_MAX);
	n = candidates(p, &names, out);
	if (n != 1)
		none_or_many(p, n, buf_cstr(&names), e);
	buf_release(&names);
	return n == 1 ? 0 : -1;
}

static int by_header(struct pass *p, const struct backend **out, struct err *e)
{
	const char *name = p->r->vars.backend;

	*out = backend_named(p->r->config, span_of(name));
	if (*out)
		return 0;
	return err_set(e, ERR_BAD_REQUEST,
		       "x-dario-backend: there is no backend %.64s: see dario "
		       "backend list",
		       name);
}

/* Where the model leads, if it has this endpoint: a name says nothing of what
 * beside dialogues a backend does, so one that nobody claims by a prefix or a
 * rule counts as none. -1: it leads nowhere, and why. */
static int by_model(struct pass *p, struct err *e)
{
	struct request *r = p->r;
	struct plan *plan = &p->plan;

	if (route_pick(r->config, r->model, plan, e)) {
		route_advise(r->config, snapshot_home(r->app->config), r->model,
			     e);
		return -1;
	}
	if (plan->rule == &rule_none && !plan->routes[0].renamed &&
	    !can(plan->routes[0].backend, p->passage.dialect))
		plan->n = 0;
	return 0;
}

/* What else its body says of a model is none of its API. */
static int by_batch(struct pass *p, struct err *e)
{
	struct request *r = p->r;

	r->model = NULL;
	p->peek.has_model = false;
	if (!p->passage.json)
		return 0;
	if (batched_pick(r, &p->plan, e))
		return -1;
	p->batch = p->plan.n ? p->plan.routes[0].backend : NULL;
	return 0;
}

/* Once it is sure that they go there. */
static int rename_batch(struct pass *p, struct err *e)
{
	return p->batch && p->batch == p->plan.routes[0].backend
		     ? batched_rename(p->r, e)
		     : 0;
}

/* Who keeps what the body names, where the path has not said it. Whether it is
 * the person's is looked at all the same. */
static int by_body(struct pass *p, struct err *e)
{
	struct request *r = p->r;
	const char *account = NULL;
	struct plan aside = { 0 };

	if (!p->passage.json)
		return 0;
	if (!p->account && !p->passage.to)
		return stored_by_body(r, &p->peek, &p->plan, &p->account, e);
	return r->key ? stored_by_body(r, &p->peek, &aside, &account, e) : 0;
}

/* What comes late in a form, where there is a choice: *out, or the plan. */
static int by_rest(struct pass *p, const struct backend **out, struct err *e)
{
	if (the_only_one(p, out, e) == 0)
		return 0;
	if (!*out || !p->passage.form || !p->passage.rest || p->r->model)
		return -1;
	if (find_late_model(p, e) || (p->r->model && by_model(p, e)))
		return -1;
	return p->plan.n ? 0 : the_only_one(p, out, e);
}

/* Whose models, or money, are limited is not let in before it is said what is
 * asked for. */
static bool must_know(const struct pass *p)
{
	const struct request *r = p->r;

	return r->key && key_is_restricted(r->key);
}

static int admit(struct pass *p, struct err *e)
{
	struct request *r = p->r;

	if (!must_know(p))
		return 0;
	if (passage_counts(r))
		return (r->model && allowed_check(r, e)) || metered_count(r, e)
			     ? -1
			     : 0;
	if (!r->model) {
		err_set(e, ERR_BAD_REQUEST,
			"model: name the one that is asked for: what it uses "
			"counts, for this key has limits");
		memcpy(e->param, "model", sizeof("model"));
		return -1;
	}
	if (media_of(r) == MEDIA_NONE) /* the path can be read in two ways */
		return err_set(e, ERR_UNSUPPORTED,
			       "what %.120s uses cannot be counted, and this "
			       "key has limits: write the path as it is",
			       r->asked_path);
	return allowed_check(r, e) || metered_admit(r, &p->plan, e) ? -1 : 0;
}

static int choose(struct pass *p, struct err *e)
{
	struct request *r = p->r;
	const struct backend *b;

	p->plan.rule = &rule_none;
	if (must_know(p) && p->passage.form && p->passage.rest && !r->model &&
	    find_late_model(p, e))
		return -1;
	if (batched_is(r)) {
		if (by_batch(p, e))
			return -1;
	} else if (r->model && by_model(p, e) && !r->vars.backend) {
		return -1;
	}
	if (!p->plan.n && stored_by_path(r, r->path, &p->plan, &p->account, e))
		return -1;
	if (by_body(p, e))
		return -1;
	if (p->plan.n)
		return 0;
	if (r->vars.backend ? by_header(p, &b, e) : by_rest(p, &b, e))
		return -1;
	if (p->plan.n)
		return 0;
	p->plan.routes[p->plan.n++] = (struct route){
		.backend = b, .model = r->model ? r->model : ""
	};
	return 0;
}

/* --- on the way ---------------------------------------------------------- */

/* Who is asked is settled by then. */
static const char *late_name(void *arg, const char *model)
{
	struct pass *p = arg;
	struct request *r = p->r;
	struct plan plan;
	struct err unused;

	r->model = model = arena_str(r->arena, span_of(model));
	if (route_pick(r->config, model, &plan, &unused))
		return model;
	for (size_t i = 0; i < plan.n; i++)
		if (plan.routes[i].backend == p->plan.routes[0].backend)
			return arena_str(r->arena,
					 span_of(plan.routes[i].model));
	return model;
}

static void expect_model(struct pass *p)
{
	if (!p->passage.form || !p->passage.rest || p->form.has_model)
		return;
	p->late = (struct late_model){ .r = p->r,
				       .form = &p->form,
				       .name = late_name,
				       .arg = p,
				       .fixed = p->passage.rest_n >= 0 };
	late_model_init(&p->late);
	p->passage.late = &p->late;
}

static int pass(struct pass *p, struct err *e)
{
	struct target t = {
		.r = p->r,
		.relay = relay_new(p->r, false),
		.peek = &p->peek,
		.plan = &p->plan,
		.deadline = clock_ms() + p->plan.rule->budget_ms,
		.account = p->account,
	};
	int rc = p->passage.rest ? request_may_stream(p->r, e) : 0;

	if (rc == 0) {
		expect_model(p);
		serve_targets(&t, e);
	}
	relay_free(t.relay);
	if (p->passage.late)
		late_model_release(&p->late);
	return rc;
}

#define MODELS "/models/"

/* The model of /models/NAME, which is in no body. */
static bool model_in_path(struct pass *p)
{
	struct request *r = p->r;
	bool is = strncmp(r->path, MODELS, strlen(MODELS)) == 0;

	if (is)
		r->model = r->path + strlen(MODELS);
	return is;
}

static struct pass *begin(struct request *r)
{
	struct pass *p = arena_take(r->arena, sizeof(*p));
	const char *query = r->vars.uri ? strchr(r->vars.uri, '?') : NULL;

	if (query) /* some web servers write QUERY_STRING anew */
		r->vars.query = query + 1;

	p->r = r;
	peek_init(&p->peek, arena_take(r->arena, sizeof(struct peek_seen)));
	r->passage = &p->passage;
	return p;
}

int serve_pass(struct request *r, struct err *e)
{
	struct pass *p = begin(r);
	const char *path = literal_path(r, e);
	bool in_path;

	if (!path)
		return -1;
	p->passage.path = request_strip_version(path);
	p->passage.dialect = (enum dialect_id)(r->dialect - dialects);
	in_path = model_in_path(p);
	if (take_body(p, e) || choose(p, e) || rename_batch(p, e) ||
	    admit(p, e))
		return -1;
	if (in_path && p->plan.routes[0].renamed)
		p->passage.path =
			literal_path_of(r,
					arena_fmt(r->arena, MODELS "%s",
						  p->plan.routes[0].model),
					e);
	if (!p->passage.path)
		return -1;
	return pass(p, e);
}

/* --- /to/NAME/ANY/PATH --------------------------------------------------- */

static int no_such_backend(const struct request *r, struct span name,
			   struct err *e)
{
	(void)r;
	return err_set(e, ERR_NOT_FOUND,
		       "/to/ leads to a backend of this router, and there is "
		       "none named \"%.*s\": see dario backend list",
		       (int)(name.n < 64 ? name.n : 64), name.p);
}

/* In which of its APIs it is spoken to: that decides how the credential is
 * sent. */
static enum dialect_id spoken(const struct request *r, const struct backend *b,
			      const char *path)
{
	bool anthropic = r->vars.anthropic_version || strstr(path, "/messages");

	if (anthropic && b->speaks[DIALECT_ANTHROPIC])
		return DIALECT_ANTHROPIC;
	return b->protocol;
}

/* A log-in opens all that its owner has at the provider: the profile, sessions,
 * even new API keys. A person asks its models, and nothing else of it. */
static int may_go_there(const struct request *r, const struct backend *b,
			struct err *e)
{
	const struct accounts *all = &r->config->accounts;

	for (size_t i = 0; r->key && b->claude && i < all->n; i++)
		if (!all->list[i].api_key)
			return err_set(e, ERR_FORBIDDEN,
				       "/to/%s/ is for the owner of this "
				       "router alone: it goes by their log-in",
				       b->name);
	return 0;
}

int serve_to(struct request *r, struct err *e)
{
	struct pass *p = begin(r);
	const char *path = literal_path(r, e);
	const struct backend *b;
	struct span name;

	if (!path)
		return -1;
	path = request_strip_version(path);
	if (strncmp(path, "/to/", 4))
		return err_set(e, ERR_BAD_REQUEST,
			       "the path can be read in more than one way: "
			       "write /to/NAME/ as it is");
	name = (struct span){ path + 4, strcspn(path + 4, "/") };
	b = backend_named(r->config, name);
	if (!b)
		return no_such_backend(r, name, e);
	if (may_go_there(r, b, e))
		return -1;
	p->passage.to = true;
	p->passage.path = name.p + name.n;
	p->passage.dialect = spoken(r, b, p->passage.path);
	if (take_body(p, e) || by_body(p, e))
		return -1;
	p->passage.json = false; /* whatever it says of a model */
	r->model = NULL;
	p->plan.rule = &rule_none;
	p->plan.routes[p->plan.n++] = (struct route){ .backend = b,
						      .model = "" };
	return pass(p, e);
}
