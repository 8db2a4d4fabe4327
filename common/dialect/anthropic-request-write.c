/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/jw.h"
#include "dialect/anthropic-write.h"
#include "dialect/chat-fit.h"
#include "dialect/schema.h"
#include "dialect/web-search.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define JSON_TOOL "json_response"
#define JSON_SENTENCE \
	"Answer with exactly one JSON object and nothing before or after it."

/* State of one body: which turn is open, and what waits for its place. */
struct body {
	struct jw w;
	const struct upstream_model *t;
	struct chat *c;
	enum role role; /* of the open turn */
	bool open;
	struct msg *system;    /* waits until it may stand in the messages */
	struct span last_text; /* of an assistant turn */
};

static void close_turn(struct body *b)
{
	if (!b->open)
		return;
	jw_arr_end(&b->w);
	jw_obj_end(&b->w);
	b->open = false;
}

/* Content goes on in a turn of this role. */
static void turn(struct body *b, enum role role)
{
	static const char *const names[] = { [ROLE_SYSTEM] = "system",
					     [ROLE_USER] = "user",
					     [ROLE_ASSISTANT] = "assistant" };

	if (b->open && b->role == role && role != ROLE_SYSTEM)
		return;
	close_turn(b);
	b->open = true;
	b->role = role;
	jw_obj(&b->w);
	jw_kcstr(&b->w, "role", names[role]);
	jw_key(&b->w, "content");
	jw_arr(&b->w);
}

static bool blank(struct span s)
{
	return span_trim(s).n == 0;
}

static void put_cited(struct jw *w, struct span text, struct json_object *cache,
		      struct span cites)
{
	jw_obj(w);
	jw_kcstr(w, "type", "text");
	jw_kstr(w, "text", text);
	if (cites.n) {
		jw_key(w, "citations");
		jw_arr(w);
		jw_raw(w, cites);
		jw_arr_end(w);
	}
	anthropic_cache(w, cache);
	jw_obj_end(w);
}

static void put_text(struct jw *w, struct span text, struct json_object *cache)
{
	put_cited(w, text, cache, SPAN(""));
}

static void put_source(struct jw *w, const struct part *p)
{
	jw_key(w, "source");
	jw_obj(w);
	if (p->url.n) {
		jw_kcstr(w, "type", "url");
		jw_kstr(w, "url", p->url);
	} else if (p->text.n) {
		jw_kcstr(w, "type", "text");
		jw_kcstr(w, "media_type", "text/plain");
		jw_kstr(w, "data", p->text);
	} else {
		jw_kcstr(w, "type", "base64");
		jw_kstr(w, "media_type", p->mime);
		jw_kstr(w, "data", p->data);
	}
	jw_obj_end(w);
}

static void put_media(struct jw *w, const struct part *p)
{
	bool document = p->kind == PART_DOCUMENT;

	jw_obj(w);
	jw_kcstr(w, "type", document ? "document" : "image");
	put_source(w, p);
	if (document && p->name.n)
		jw_kstr(w, "title", p->name);
	anthropic_cache(w, p->cache);
	jw_obj_end(w);
}

static struct span call_id(struct body *b, const struct part *p)
{
	return p->own_id ? p->id : chat_id_anthropic(b->c->arena, p->id);
}

static void put_call(struct body *b, const struct part *p)
{
	struct jw *w = &b->w;
	struct arena *a = b->c->arena;

	jw_obj(w);
	jw_kcstr(w, "type", "tool_use");
	jw_kstr(w, "id", call_id(b, p));
	jw_kstr(w, "name", chat_tool_name(a, p->name, ANTHROPIC_NAME_MAX));
	write_input(w, p->text, p->custom);
	anthropic_cache(w, p->cache);
	jw_obj_end(w);
}

static bool has_content(const struct part *p)
{
	for (; p; p = p->next)
		if (p->kind != PART_TEXT || !blank(p->text))
			return true;
	return false;
}

/* A mark inside a result stands on the result. */
static void put_result_media(struct jw *w, const struct part *p)
{
	struct part bare = *p;

	bare.cache = NULL;
	put_media(w, &bare);
}

static void put_result(struct body *b, const struct part *p)
{
	struct jw *w = &b->w;

	jw_obj(w);
	jw_kcstr(w, "type", "tool_result");
	jw_kstr(w, "tool_use_id", call_id(b, p));
	if (has_content(p->content)) {
		jw_key(w, "content");
		jw_arr(w);
		for (const struct part *i = p->content; i; i = i->next) {
			if (write_is_media(i) || i->kind == PART_DOCUMENT)
				put_result_media(w, i);
			else if (!blank(i->text))
				put_text(w, i->text, NULL);
		}
		jw_arr_end(w);
	}
	if (p->error)
		jw_kbool(w, "is_error", true);
	anthropic_cache(w, p->cache);
	jw_obj_end(w);
}

static void put_thinking(struct body *b, const struct part *p)
{
	struct jw *w = &b->w;

	/* Anthropic refuses thinking that it has not signed itself. */
	if (!chat_signed(p)) {
		if (p->kind == PART_THINKING && p->text.n)
			chat_dropped(b->c, "unsigned thinking");
		return;
	}
	turn(b, ROLE_ASSISTANT);
	jw_obj(w);
	if (p->kind == PART_THINKING) {
		jw_kcstr(w, "type", "thinking");
		jw_kstr(w, "thinking", p->text);
		jw_kstr(w, "signature", p->signature);
	} else {
		jw_kcstr(w, "type", "redacted_thinking");
		jw_kstr(w, "data", p->text);
	}
	jw_obj_end(w);
}

static struct span right_trim(struct span s)
{
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

/* The very end of a conversation: it may not end in blanks. */
static bool is_last(const struct msg *m, const struct part *p)
{
	return !m->next && m->role == ROLE_ASSISTANT && !has_content(p->next);
}

/* Blocks of a search are refused without its tool. */
static bool may_search(const struct body *b)
{
	for (const struct tool *t = b->c->tools; t; t = t->next)
		if (web_search_is(t))
			return b->t->family.structured;
	return false;
}

/* What a text relies on stands in a search, and is gone with it. */
static struct span cites_of(struct body *b, const struct part *p)
{
	if (!p->cites.n || may_search(b))
		return p->cites;
	chat_dropped(b->c, "citations");
	return SPAN("");
}

static void put_part(struct body *b, const struct msg *m, const struct part *p)
{
	switch (p->kind) {
	case PART_TEXT:
	case PART_REFUSAL:
		if (blank(p->text))
			return;
		turn(b, m->role);
		put_cited(&b->w, is_last(m, p) ? right_trim(p->text) : p->text,
			  p->cache, cites_of(b, p));
		break;
	case PART_IMAGE:
	case PART_DOCUMENT:
		if (p->detail.n && !span_is(p->detail, "auto"))
			chat_dropped(b->c, "image detail");
		turn(b, m->role);
		put_media(&b->w, p);
		break;
	case PART_TOOL_USE:
		turn(b, m->role);
		put_call(b, p);
		break;
	case PART_TOOL_RESULT:
		turn(b, m->role);
		put_result(b, p);
		break;
	case PART_THINKING:
	case PART_REDACTED:
		put_thinking(b, p);
		break;
	case PART_SEARCH:
		if (!may_search(b)) {
			chat_dropped(b->c, "web_search_call");
			break;
		}
		turn(b, m->role);
		jw_raw(&b->w, p->text);
		break;
	}
}

static struct span system_text(struct body *b, bool native,
			       const struct part *p)
{
	if (native)
		return p->text;
	return span_of(arena_fmt(b->c->arena, "<system>%.*s</system>",
				 SPAN_FMT(p->text)));
}

/* A system message may stand behind the user's turn only, and before the
 * model's or at the end: elsewhere it is marked text at the head of the user's
 * turn, and so it is for models that know none. `next` is what follows it in
 * the messages. */
static bool says(const struct msg *m)
{
	for (const struct part *p = m->parts; p; p = p->next)
		if (p->kind == PART_THINKING
			    ? p->signature.n > 0
			    : p->kind != PART_TEXT || !blank(p->text))
			return true;
	return false;
}

static bool may_be_native(const struct body *b, const struct msg *next)
{
	return b->t->family.inline_system && b->open && b->role == ROLE_USER &&
	       (!next || (next->role == ROLE_ASSISTANT && says(next)));
}

/* System messages in the middle, as one, once they may stand there. */
static void put_system(struct body *b, const struct msg *next)
{
	bool native = may_be_native(b, next), any = false;
	const struct msg *m = b->system;

	b->system = NULL;
	for (const struct msg *i = m; i && i->role == ROLE_SYSTEM; i = i->next)
		any |= has_content(i->parts);
	if (!any)
		return;
	turn(b, native ? ROLE_SYSTEM : ROLE_USER);
	for (; m && m->role == ROLE_SYSTEM; m = m->next)
		for (const struct part *p = m->parts; p; p = p->next)
			if (!blank(p->text))
				put_text(&b->w, system_text(b, native, p),
					 p->cache);
	if (native)
		close_turn(b);
}

static void put_message(struct body *b, struct msg *m)
{
	const struct part *p = m->parts;

	if (m->role == ROLE_SYSTEM) {
		if (!b->system)
			b->system = m;
		return;
	}
	/* Nothing may come between a tool call and its result. */
	for (; p && p->kind == PART_TOOL_RESULT; p = p->next)
		put_part(b, m, p);
	put_system(b, m->role == ROLE_USER && !has_content(p) ? m->next : m);
	for (; p; p = p->next)
		put_part(b, m, p);
}

static struct msg *put_system_field(struct body *b)
{
	struct msg *m = b->c->msgs;
	struct jw *w = &b->w;
	bool any = b->c->format == FORMAT_JSON;

	for (struct msg *i = m; i && i->role == ROLE_SYSTEM; i = i->next)
		any |= has_content(i->parts);
	if (any) {
		jw_key(w, "system");
		jw_arr(w);
	}
	for (; m && m->role == ROLE_SYSTEM; m = m->next)
		for (struct part *p = m->parts; p; p = p->next)
			if (!blank(p->text))
				put_text(w, p->text, p->cache);
	if (b->c->format == FORMAT_JSON)
		put_text(w, SPAN(JSON_SENTENCE), NULL);
	if (any)
		jw_arr_end(w);
	return m;
}

static int put_messages(struct body *b, struct err *e)
{
	struct msg *m = put_system_field(b);
	struct msg *last = NULL;

	jw_key(&b->w, "messages");
	jw_arr(&b->w);
	for (; m; m = m->next) {
		put_message(b, m);
		last = m;
	}
	put_system(b, NULL);
	close_turn(b);
	jw_arr_end(&b->w);
	if (!b->c->msgs)
		return write_no_message(e);
	if (last && last->role == ROLE_USER && !has_content(last->parts)) {
		err_set(e, ERR_BAD_REQUEST, "the last message is empty");
		memcpy(e->param, "messages", sizeof("messages"));
		return -1;
	}
	return 0;
}

/* The schema as a tool that must be called, for models without anything
 * better. */
static void json_by_tool(struct chat *c)
{
	struct tool *t = chat_tool(c, TOOL_FUNCTION, SPAN(JSON_TOOL));

	t->schema = c->format_schema;
	t->description = c->format_about.n ? c->format_about
					   : SPAN("Gives the answer.");
	c->choice = CHOICE_NAMED;
	c->choice_name = SPAN(JSON_TOOL);
	c->json_tool = JSON_TOOL;
}

/* --- thinking ----------------------------------------------------------- */

static int64_t budget_of(enum effort f)
{
	static const int64_t budgets[] = {
		[EFFORT_MINIMAL] = 1024, [EFFORT_LOW] = 2048,
		[EFFORT_MEDIUM] = 10000, [EFFORT_HIGH] = 16384,
		[EFFORT_XHIGH] = 32768,  [EFFORT_MAX] = 32768,
	};

	return budgets[f];
}

/* A tool loop that began without signed thinking must go on without. */
static bool unsigned_tool_loop(const struct chat *c)
{
	const struct msg *last = NULL;
	bool calls = false;

	for (const struct msg *m = c->msgs; m; m = m->next)
		if (m->role == ROLE_ASSISTANT)
			last = m;
	for (const struct part *p = last ? last->parts : NULL; p; p = p->next) {
		if (p->kind == PART_TOOL_USE)
			calls = true;
		else if (chat_signed(p))
			return false;
	}
	return calls && last->next && last->next->parts &&
	       last->next->parts->kind == PART_TOOL_RESULT;
}

static bool uses_budget(enum thinking_form f)
{
	return f == THINKING_BUDGET;
}

static bool wants_thinking(const struct body *b, int64_t max_tokens)
{
	const struct chat *c = b->c;
	enum thinking_form form = b->t->family.thinking;

	if (form == THINKING_NONE || c->effort <= EFFORT_NONE || c->json_tool)
		return false;
	if (!uses_budget(form))
		return true;
	return max_tokens > 1024 && !unsigned_tool_loop(c);
}

static void put_thinking_field(struct body *b, int64_t max_tokens)
{
	enum thinking_form form = b->t->family.thinking;
	struct jw *w = &b->w;
	int64_t budget;

	if (wants_thinking(b, max_tokens)) {
		jw_key(w, "thinking");
		jw_obj(w);
		if (uses_budget(form)) {
			budget = b->c->budget >= 1024 ? b->c->budget
						      : budget_of(b->c->effort);
			if (budget >= max_tokens)
				budget = max_tokens - 1;
			jw_kcstr(w, "type", "enabled");
			jw_kint(w, "budget_tokens", budget);
		} else {
			/* Without it the newer models show no text. */
			jw_kcstr(w, "type", "adaptive");
			jw_kcstr(w, "display", "summarized");
		}
		jw_obj_end(w);
	} else if (b->c->thinking_off &&
		   (form == THINKING_ADAPTIVE || form == THINKING_BETWEEN)) {
		jw_key(w, "thinking");
		jw_raw(w, form == THINKING_BETWEEN
				  ? SPAN("{\"type\":\"between_tools\"}")
				  : SPAN("{\"type\":\"disabled\"}"));
	} else {
		write_no_effort(b->c);
	}
}

static void put_output_config(struct body *b)
{
	enum thinking_form form = b->t->family.thinking;
	struct chat *c = b->c;
	struct jw *w = &b->w;
	bool adaptive = form != THINKING_NONE && !uses_budget(form);
	bool effort = adaptive &&
		      (c->effort > EFFORT_NONE ||
		       (c->thinking_off && form == THINKING_ALWAYS));
	bool schema = c->format == FORMAT_SCHEMA && !c->json_tool;

	if (!effort && !schema)
		return;
	jw_key(w, "output_config");
	jw_obj(w);
	if (effort)
		jw_kcstr(w, "effort",
			 effort_adaptive(c->effort, b->t->family.xhigh));
	if (schema) {
		jw_key(w, "format");
		jw_obj(w);
		jw_kcstr(w, "type", "json_schema");
		jw_key(w, "schema");
		schema_sanitised(w, c, c->format_schema);
		jw_obj_end(w);
		if (c->format_about.n)
			chat_dropped(c, "format.description");
	}
	jw_obj_end(w);
}

/* --- the rest ----------------------------------------------------------- */

static void put_samplers(struct body *b, bool thinking)
{
	struct chat *c = b->c;
	struct jw *w = &b->w;
	bool ok = b->t->family.samplers;
	double t = c->temperature;

	if (!isnan(t) && (!ok || thinking))
		chat_dropped(c, "temperature");
	else if (!isnan(t)) {
		jw_key(w, "temperature");
		jw_double(w, t > 1 ? 1 : t < 0 ? 0 : t);
	}
	if (!isnan(c->top_p) && (!ok || thinking || !isnan(t)))
		chat_dropped(c, "top_p");
	else if (!isnan(c->top_p)) {
		jw_key(w, "top_p");
		jw_double(w, c->top_p);
	}
	if (c->top_k >= 0 && (!ok || thinking))
		chat_dropped(c, "top_k");
	else if (c->top_k >= 0)
		jw_kint(w, "top_k", c->top_k);
}

/* Anthropic refuses what looks like an address or a phone number. */
static bool opaque(struct span user)
{
	size_t digits = 0, other = 0;

	for (size_t i = 0; i < user.n; i++) {
		if (user.p[i] == '@')
			return false;
		if (isdigit((unsigned char)user.p[i]))
			digits++;
		else if (!strchr("+-() .", user.p[i]))
			other++;
	}
	return user.n && !(digits >= 7 && other == 0);
}

static void put_tier(struct body *b)
{
	static const char *const map[][2] = {
		{ "auto", "auto" },
		{ "priority", "auto" },
		{ "fast", "auto" },
		{ "default", "standard_only" },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (span_is(b->c->tier, map[i][0])) {
			jw_kcstr(&b->w, "service_tier", map[i][1]);
			return;
		}
	}
	if (b->c->tier.n)
		chat_dropped(b->c, "service_tier");
}

static void put_rest(struct body *b)
{
	struct chat *c = b->c;
	struct jw *w = &b->w;

	if (c->n_stop) {
		jw_key(w, "stop_sequences");
		jw_arr(w);
		for (size_t i = 0; i < c->n_stop; i++)
			jw_str(w, c->stop[i]);
		jw_arr_end(w);
	}
	if (opaque(c->user)) {
		jw_key(w, "metadata");
		jw_obj(w);
		jw_kstr(w, "user_id", c->user);
		jw_obj_end(w);
	} else if (c->user.n) {
		chat_dropped(c, "user");
	}
	if (c->verbosity.n)
		chat_dropped(c, "verbosity");
	put_tier(b);
	if (c->stream)
		jw_kbool(w, "stream", true);
}

bool anthropic_fetches(struct span url)
{
	return url.n >= 6 && strncasecmp(url.p, "https:", 6) == 0;
}

/* What only resembles the API may fetch by other ways. */
static const char *why_not(const struct part *p)
{
	return p->url.n && !anthropic_fetches(p->url)
		     ? "this API takes it by https alone"
		     : NULL;
}

int anthropic_request_write(const struct upstream_model *t, struct chat *c,
			    struct buf *out, struct err *e)
{
	struct body b = { .w = jw_to(out), .t = t, .c = c };
	int64_t limit = t->quirks.max_tokens ? t->quirks.max_tokens
					     : t->family.max_output;
	int64_t max = c->max_tokens;
	bool thinking;

	chat_fit(c, &t->quirks, true);
	if (t->quirks.strict_messages)
		chat_fit_media(c, why_not);
	if (max < 0 || max > limit)
		max = limit;
	max = write_floor(t, max);
	if (c->format == FORMAT_SCHEMA && !t->family.structured)
		json_by_tool(c);
	anthropic_limit_cache(c);
	thinking = wants_thinking(&b, max);
	jw_obj(&b.w);
	jw_kcstr(&b.w, "model", t->model);
	jw_kint(&b.w, "max_tokens", max);
	if (put_messages(&b, e))
		return -1;
	anthropic_tools(&b.w, t, c, thinking);
	put_thinking_field(&b, max);
	put_output_config(&b);
	put_samplers(&b, thinking);
	put_rest(&b);
	jw_obj_end(&b.w);
	return 0;
}
