/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/clock.h"
#include "base/json-source.h"
#include "dialect/retext.h"
#include "fcgi/outgoing.h"
#include "fcgi/passage.h"
#include "fcgi/spool.h"
#include "state/pool/apart.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NO_SAMPLERS "2026-10-21" /* anthropic-version from which on */
#define LONG_CONTEXT_BETA "context-1m-2025-08-07"

/* Is the body a conversation: to be answered, counted or compacted? */
static bool is_conversation(const struct outgoing *o, const struct request *r)
{
	return o->count || strcmp(o->path, r->dialect->path) == 0 ||
	       strcmp(o->path, "/responses/compact") == 0;
}

/* Quirks are those of the dialect that it goes in. */
static void aim(struct outgoing *o, enum dialect_id d)
{
	o->dialect = d;
	conversion_aim(&o->made, d);
	o->made.origin.apart |= o->made.target.quirks.keys_apart;
}

/* The request anew, in the upstream's dialect. */
static int translate(struct outgoing *o, struct request *r, struct err *e)
{
	o->path = dialects[o->dialect].path;
	if (conversion_translate(&o->made, buf_get(&r->body), e))
		return -1;
	o->chat = o->answer = &o->made.chat;
	o->stream = o->chat->stream;
	o->body = o->plain = buf_get(&o->made.text);
	return 0;
}

/* Not counted and not compacted: what comes back is an answer. */
static bool is_answered(const struct outgoing *o, const struct request *r)
{
	return !o->count && strcmp(o->path, r->dialect->path) == 0;
}

void outgoing_expect(struct outgoing *o, const struct request *r)
{
	if (!is_answered(o, r))
		return;
	conversion_expect(&o->made, buf_get(&r->body), o->stream);
	if (o->made.anew)
		o->answer = &o->made.chat;
}

static bool has_format(struct span body)
{
	return jwalk_get(jwalk_get(body, "output_config"), "format").n ||
	       jwalk_get(body, "output_format").n;
}

/* Is there a tool, or an item of one, that is no function's? */
static bool has_more_than_functions(struct span body)
{
	static const char *const known[] = { "message", "function_call",
					     "function_call_output",
					     "reasoning" };
	struct jwalk tools = jwalk_in(jwalk_get(body, "tools"));
	struct jwalk items = jwalk_in(jwalk_get(body, "input"));

	while (jwalk_next(&tools))
		if (!jwalk_is(jwalk_get(tools.value, "type"), "function"))
			return true;
	while (jwalk_next(&items)) {
		struct span type = jwalk_get(items.value, "type");
		bool is = !jwalk_is_string(type);

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is |= jwalk_is(type, known[i]);
		if (!is)
			return true;
	}
	return false;
}

/* What this backend keeps to, or takes, in Chat only. */
static bool goes_by_chat(const struct outgoing *o, const struct request *r)
{
	const struct quirks *q = &o->made.target.quirks;
	struct span body = buf_get(&r->body);

	if (!o->backend->speaks[DIALECT_OPENAI] || o->count ||
	    strcmp(o->path, r->dialect->path))
		return false;
	if (o->dialect == DIALECT_ANTHROPIC)
		return q->format_by_chat && has_format(body);
	return o->dialect == DIALECT_RESPONSES && q->functions_only &&
	       has_more_than_functions(body);
}

/* The caller's own dialect: the request's body stays, but for the model's name,
 * or is mended. */
static int pass(struct outgoing *o, struct request *r, struct peek *k,
		struct err *e)
{
	const char *version = r->vars.anthropic_version;
	int rc = 0;

	o->made.target.count = o->count;
	o->made.target.no_samplers = version &&
				     strcmp(version, NO_SAMPLERS) >= 0;
	if (!outgoing_is_left(o, r))
		rc = conversion_mend(&o->made, buf_get(&r->body), k, e);
	if (rc == 0 && strcmp(o->model, k->model))
		rc = conversion_rename(&r->body, k, o->model, e);
	if (rc < 0)
		return -1;
	o->body = o->plain = buf_get(rc > 0 ? &o->made.text : &r->body);
	outgoing_expect(o, r);
	return 0;
}

/* OpenAI's other APIs lie beside Responses as they do beside Chat. */
static bool takes(const struct backend *b, const struct outgoing *o,
		  const struct request *r)
{
	return b->speaks[o->dialect] ||
	       (o->dialect == DIALECT_OPENAI && b->speaks[DIALECT_RESPONSES] &&
		strcmp(o->path, r->dialect->path));
}

/* --- what goes literally ------------------------------------------------- */

/* The dialect of the endpoint, or a sister that has the same endpoints. */
static enum dialect_id sister(const struct backend *b, enum dialect_id d)
{
	if (b->speaks[d] || d == DIALECT_ANTHROPIC)
		return d;
	return d == DIALECT_OPENAI ? DIALECT_RESPONSES : DIALECT_OPENAI;
}

static int rename_field(struct request *r, struct form *f, const char *model,
			struct err *e)
{
	if (r->spool) {
		spool_mark(r->spool, f->model_at - r->body.n, f->model_len,
			   span_of(model));
	} else {
		buf_splice(&r->body, f->model_at, f->model_len, span_of(model));
		f->model_len = strlen(model);
	}
	snprintf(f->model, sizeof(f->model), "%s", model);
	return r->body.full ? err_memory(e) : 0;
}

static int pass_literally(struct outgoing *o, struct request *r, struct peek *k,
			  struct err *e)
{
	const struct passage *p = r->passage;
	int rc = 0;

	o->dialect = p->to ? p->dialect : sister(o->backend, p->dialect);
	o->path = p->path;
	if (!o->backend->speaks[o->dialect])
		return err_set(e, ERR_UNSUPPORTED,
			       "backend %s speaks %s and has nothing like "
			       "%.120s: name another one in x-dario-backend",
			       o->backend->name,
			       dialects[o->backend->protocol].name, p->path);
	if (p->json && k->has_model && strcmp(o->model, k->model))
		rc = conversion_rename(&r->body, k, o->model, e);
	else if (p->form && p->form->has_model &&
		 strcmp(o->model, p->form->model))
		rc = rename_field(r, p->form, o->model, e);
	o->body = o->plain = buf_get(&r->body);
	return rc;
}

static int make(struct outgoing *o, struct request *r, struct err *e)
{
	const struct backend *b = o->backend;

	conversion_init(&o->made, REQUEST_BODY_MAX);
	buf_init(&o->shaped, REQUEST_BODY_MAX);
	o->betas = o->route->million ? LONG_CONTEXT_BETA : NULL;
	o->body = o->plain = (struct span){ 0 };
	o->chat = o->answer = NULL;
	o->dialect = (enum dialect_id)(r->dialect - dialects);
	o->path = r->upstream_path;
	o->stream = o->peek->stream;
	o->count = strcmp(o->path, "/messages/count_tokens") == 0;
	if (r->passage)
		return pass_literally(o, r, o->peek, e);
	if (takes(b, o, r)) {
		aim(o, o->dialect);
		if (!goes_by_chat(o, r))
			return pass(o, r, o->peek, e);
		aim(o, DIALECT_OPENAI);
	} else if (strcmp(o->path, r->dialect->path)) {
		return err_set(e, ERR_UNSUPPORTED,
			       "backend %s speaks %s and has nothing like "
			       "%s: name another backend for this model",
			       b->name, dialects[b->protocol].name, o->path);
	} else {
		aim(o, b->protocol);
	}
	return translate(o, r, e);
}

/* What was changed is told with the answer. */
static int make_and_tell(struct outgoing *o, struct request *r, struct err *e)
{
	int rc = make(o, r, e);

	r->mended = o->made.mended;
	r->dropped = o->made.dropped;
	return rc;
}

int outgoing_make(struct outgoing *o, struct request *r,
		  const struct route *route, struct peek *k, struct err *e)
{
	const struct backend *b = route->backend;
	struct conversion *v = &o->made;

	memset(o, 0, sizeof(*o));
	o->backend = v->backend = b;
	o->model = v->model = route->model;
	o->route = route;
	o->peek = k;
	v->arena = r->arena;
	v->models = r->config->models;
	v->providers = r->config->providers;
	v->client = (enum dialect_id)(r->dialect - dialects);
	v->origin = seal_origin_for(&b->origin, route->model);
	seal_origin_key(&v->origin, b->name, b->name);
	v->origin.apart = k->marks & MARK_SEAL &&
			  apart_known(snapshot_home(r->app->config), b->name);
	return make_and_tell(o, r, e);
}

int outgoing_remake(struct outgoing *o, struct request *r, struct err *e)
{
	outgoing_release(o);
	o->map = NULL;
	return make_and_tell(o, r, e);
}

int outgoing_by(struct outgoing *o, struct request *r,
		const struct account *account, struct err *e)
{
	struct seal_origin *now = &o->made.origin, was = *now;

	seal_origin_key(now, o->backend->name, account->alias);
	if (!now->apart || !(o->peek->marks & MARK_SEAL) ||
	    memcmp(was.key, now->key, sizeof(was.key)) == 0)
		return 0;
	return outgoing_remake(o, r, e);
}

bool outgoing_is_left(const struct outgoing *o, const struct request *r)
{
	return r->passage || (!o->chat && (r->config->settings.passthrough ||
					   o->made.target.quirks.no_mend ||
					   !is_conversation(o, r)));
}

/* Others borrow its name, but none of them names its session. */
static bool is_claude_code(const struct request *r)
{
	const char *agent = r->vars.user_agent;

	return agent && strncmp(agent, "claude-cli/", 11) == 0 &&
	       r->vars.claude_session;
}

/* Is the client to be passed on to this account as it is? */
static bool is_passed_on(const struct outgoing *o, const struct request *r)
{
	return !o->chat &&
	       (r->config->settings.passthrough || is_claude_code(r));
}

/* --- shape --------------------------------------------------------------- */

static enum tool_mode mode_for(const struct settings *s,
			       const struct account *account)
{
	if (s->preserve_tools)
		return TOOLS_PRESERVE;
	if (s->hybrid_tools)
		return TOOLS_HYBRID;
	return account->api_key ? TOOLS_PRESERVE : TOOLS_MAP;
}

static struct tool_context context_of(const struct request *r)
{
	const char *id = r->vars.request_id ? r->vars.request_id : r->id;

	return (struct tool_context){
		.session_id = span_of(r->vars.session_id),
		.request_id = span_of(id),
		.channel_id = span_of(r->vars.channel_id),
		.user_id = span_of(r->vars.user_id),
		.now_ms = clock_wall_ms(),
	};
}

static int shape_tree(struct outgoing *o, struct request *r,
		      enum tool_mode mode, bool fill, struct err *e)
{
	const struct snapshot *c = r->config;
	struct tool_context context = context_of(r);
	struct json_object *body = json_read_located(o->plain, e);
	struct template_use use = {
		.count = o->count,
		.max_tokens_ours = o->made.limited ||
				   (o->chat && o->chat->max_tokens < 0),
		.effort_given = o->chat && o->chat->effort != EFFORT_UNSET,
	};

	if (!body)
		return -1;
	errno = 0;
	o->map = tool_map_request(c->tools, mode, &context, r->arena, body);
	if (fill)
		template_apply(c->template, body, &use);
	buf_reset(&o->shaped);
	if (errno == ENOMEM || r->arena->full) /* json-c left something out */
		buf_starve(&o->shaped);
	if ((o->map || fill) && !o->shaped.full) {
		retext(&o->shaped, r->arena, o->plain, body);
		o->body = buf_get(&o->shaped);
	}
	json_object_put(body);
	return o->shaped.full ? err_full(e, &o->shaped, ERR_TOO_BIG,
					 "the body is too large for its "
					 "template")
			      : 0;
}

int outgoing_shape(struct outgoing *o, struct request *r,
		   const struct account *account, struct err *e)
{
	const struct settings *s = &r->config->settings;
	enum tool_mode mode = mode_for(s, account);
	bool fill = !account->api_key || o->chat ||
		    template_is_given(r->config->template);
	bool map = mode != TOOLS_PRESERVE && tool_map_wanted(o->plain);

	tool_map_free(o->map);
	o->map = NULL;
	o->filled = false;
	o->body = o->plain;
	if (is_passed_on(o, r) || (!fill && !map))
		return 0;
	o->filled = fill;
	return shape_tree(o, r, mode, fill, e);
}

void outgoing_release(struct outgoing *o)
{
	tool_map_free(o->map);
	buf_release(&o->shaped);
	conversion_release(&o->made);
}
