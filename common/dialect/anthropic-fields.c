/* SPDX-License-Identifier: MIT */
/* Members of a Messages request, by what the model's family takes. */
#include "config.h"

#include "dialect/anthropic-mend.h"

#include <stdlib.h>

#define BUDGET_MIN 1024
#define BUDGET_ADAPTIVE 16384 /* of effort high, which is the default */

struct fields {
	struct mend *m;
	const struct family *family;
	struct span thinking, type; /* the member, and which it is */
	struct span choice;         /* tool_choice */
	int64_t limit;              /* max_tokens, or -1 */
	bool off;                   /* without thinking */
	bool must;                  /* a tool is to be called */
	bool forced;                /* and it may be */
};

unsigned anthropic_wants(const struct upstream_model *t)
{
	unsigned marks = MARK_ECHO | MARK_NO_TOOLS | MARK_CACHE | MARK_SAMPLER |
			 MARK_FORCED | MARK_SCHEMA | MARK_PART;

	switch (t->family.thinking) {
	case THINKING_NONE:
	case THINKING_BUDGET:
		return marks | MARK_FORM;
	case THINKING_EITHER:
	case THINKING_ADAPTIVE:
	case THINKING_BETWEEN:
	case THINKING_ALWAYS:
		break;
	}
	return marks;
}

static bool is_strict(const struct mend *m)
{
	return m->target->quirks.strict_messages;
}

static struct span thinking_type(const struct mend *m)
{
	return jwalk_get(jwalk_get(m->text, "thinking"), "type");
}

bool anthropic_by_budget(const struct mend *m)
{
	enum thinking_form form = m->target->family.thinking;
	struct span type = thinking_type(m);

	if (!is_strict(m))
		return jwalk_is(type, "enabled");
	if (jwalk_is(type, "adaptive"))
		return form == THINKING_BUDGET;
	return jwalk_is(type, "enabled") &&
	       (form == THINKING_BUDGET || form == THINKING_EITHER);
}

static int64_t number(struct span value)
{
	char *end;
	long n = value.n ? strtol(value.p, &end, 10) : -1;

	return n >= 0 && end == value.p + value.n ? n : -1;
}

static bool thinks(const struct fields *f)
{
	return !f->off &&
	       (jwalk_is(f->type, "enabled") || jwalk_is(f->type, "adaptive"));
}

/* --- thinking ------------------------------------------------------------- */

static void cut(struct fields *f, struct jwalk *top)
{
	mend_cut(f->m, top);
	mend_note(f->m, "thinking off");
}

/* How hard it thinks is said elsewhere: where nothing is, by the budget. */
static void put_adaptive(struct fields *f, const struct jwalk *top)
{
	int64_t budget = number(jwalk_get(f->thinking, "budget_tokens"));
	struct span display = jwalk_get(f->thinking, "display");
	struct arena *a = f->m->arena;
	const char *now;

	now = "{\"type\":\"adaptive\"}";
	if (display.n)
		now = arena_fmt(a, "{\"type\":\"adaptive\",\"display\":%.*s}",
				SPAN_FMT(display));
	mend_replace(f->m, f->thinking, span_of(now));
	mend_note(f->m, "thinking");
	if (budget < 0 || jwalk_get(f->m->text, "output_config").n)
		return;
	mend_add(f->m, top,
		 span_of(arena_fmt(a, "\"output_config\":{\"effort\":\"%s\"}",
				   effort_adaptive(effort_of_budget(budget),
						   f->family->xhigh))));
}

/* Within the limit of the answer, if there is room for it. */
static void put_budget(struct fields *f, struct jwalk *top, int64_t budget)
{
	int64_t most = f->limit < 0 ? INT64_MAX : f->limit - 1;
	struct span was = jwalk_get(f->thinking, "budget_tokens");
	struct span now;

	if (most < BUDGET_MIN) {
		cut(f, top);
		return;
	}
	budget = budget < BUDGET_MIN ? BUDGET_MIN : budget;
	budget = budget > most ? most : budget;
	if (was.n && number(was) == budget)
		return;
	now = span_of(arena_fmt(f->m->arena, "%lld", (long long)budget));
	if (was.n)
		mend_replace(f->m, was, now);
	else
		mend_replace(f->m, f->thinking,
			     span_of(arena_fmt(f->m->arena,
					       "{\"type\":\"enabled\","
					       "\"budget_tokens\":%.*s}",
					       SPAN_FMT(now))));
	mend_note(f->m, "thinking");
}

static void put_off(struct fields *f, struct jwalk *top)
{
	bool between = jwalk_is(f->type, "between_tools");

	switch (f->family->thinking) {
	case THINKING_BETWEEN:
		if (between || !f->type.n)
			return;
		mend_replace(f->m, f->type, SPAN("\"between_tools\""));
		mend_note(f->m, "thinking");
		break;
	case THINKING_NONE:
	case THINKING_ALWAYS:
		cut(f, top);
		break;
	case THINKING_BUDGET:
	case THINKING_EITHER:
	case THINKING_ADAPTIVE:
		if (!between)
			return;
		mend_replace(f->m, f->type, SPAN("\"disabled\""));
		mend_note(f->m, "thinking");
	}
}

/* A tool that must be called leaves no room for it. Where it is on by itself
 * it has to be switched off. */
static void make_room(struct fields *f, struct jwalk *top)
{
	if (f->family->thinking != THINKING_ADAPTIVE) {
		cut(f, top);
		return;
	}
	mend_replace(f->m, f->thinking, SPAN("{\"type\":\"disabled\"}"));
	mend_note(f->m, "thinking off");
}

static void mend_thinking(struct fields *f, struct jwalk *top)
{
	enum thinking_form form = f->family->thinking;
	bool enabled = jwalk_is(f->type, "enabled");
	bool by_budget = form == THINKING_BUDGET ||
			 (form == THINKING_EITHER && enabled);
	int64_t budget;

	if (f->off) {
		cut(f, top);
		return;
	}
	if (!is_strict(f->m))
		return;
	if (top->value.p != f->thinking.p) { /* the last one counts */
		mend_cut(f->m, top);
		return;
	}
	if (!thinks(f)) {
		put_off(f, top);
		return;
	}
	budget = number(jwalk_get(f->thinking, "budget_tokens"));
	if (form == THINKING_NONE)
		cut(f, top);
	else if (f->forced)
		make_room(f, top);
	else if (by_budget)
		put_budget(f, top, enabled ? budget : BUDGET_ADAPTIVE);
	else if (enabled)
		put_adaptive(f, top);
}

/* Edits of the context that are taken with thinking only. */
static void mend_edits(struct fields *f, struct jwalk *top)
{
	struct jwalk w = jwalk_in(jwalk_get(top->value, "edits"));

	while (jwalk_next(&w)) {
		struct span type = jwalk_get(w.value, "type");

		if (span_starts(jwalk_text(f->m->arena, type),
				"clear_thinking"))
			mend_cut(f->m, &w);
	}
	if (w.before && !w.kept)
		mend_cut(f->m, top);
}

/* --- the others ----------------------------------------------------------- */

static bool is_sampler(const struct jwalk *top)
{
	return jwalk_key_is(top, "temperature") || jwalk_key_is(top, "top_p") ||
	       jwalk_key_is(top, "top_k");
}

/* A temperature of 1 says nothing, and is taken where samplers are known. */
static void mend_sampler(struct fields *f, struct jwalk *top)
{
	bool none = f->m->target->no_samplers, one;

	one = jwalk_key_is(top, "temperature") && !none &&
	      strtod(top->value.p, NULL) == 1;
	if ((f->family->samplers && !none && !thinks(f)) || one)
		return;
	mend_cut(f->m, top);
	mend_note(f->m, arena_str(f->m->arena, top->key));
	mend_dropped(f->m, arena_str(f->m->arena, top->key));
}

static bool must_call(struct span choice)
{
	struct span type = jwalk_get(choice, "type");

	return jwalk_is(type, "any") || jwalk_is(type, "tool");
}

static void keep_tool(struct mend *m, struct span name)
{
	struct jwalk w = jwalk_in(jwalk_get(m->text, "tools"));

	while (jwalk_next(&w))
		if (!span_eq(jwalk_get(w.value, "name"), name))
			mend_cut(m, &w);
}

/* A model that cannot be forced may call; and of a named tool, that alone. */
static void mend_choice(struct fields *f, struct jwalk *top)
{
	struct span name = jwalk_get(top->value, "name");
	struct jwalk choice = jwalk_in(top->value);

	if (f->family->forced_tools || !f->must)
		return;
	mend_note(f->m, "tool_choice");
	mend_dropped(f->m, "tool_choice");
	while (jwalk_next(&choice)) {
		if (jwalk_key_is(&choice, "type"))
			mend_replace(f->m, choice.value, SPAN("\"auto\""));
		else if (jwalk_key_is(&choice, "name"))
			mend_cut(f->m, &choice);
	}
	if (name.n && top->value.p == f->choice.p) /* the last one counts */
		keep_tool(f->m, name);
}

/* The request has no limit, which must be there. */
static void put_limit(struct fields *f)
{
	const struct upstream_model *t = f->m->target;
	int64_t limit = t->quirks.max_tokens ? t->quirks.max_tokens
					     : t->family.max_output;
	struct span value = jwalk_get(f->m->text, "max_tokens"), now;
	bool null = span_is(value, "null");

	if (t->count || limit <= 0 || (value.n && !null))
		return;
	now = span_of(arena_fmt(f->m->arena,
				null ? "%lld" : "\"max_tokens\":%lld",
				(long long)limit));
	if (null)
		mend_replace(f->m, value, now);
	else
		mend_put_first(f->m, f->m->text, now);
	mend_note(f->m, "max_tokens");
	f->m->limited = true;
}

static void mend_member(struct fields *f, struct jwalk *top)
{
	struct span key = mend_key(f->m, top);

	if (is_sampler(top)) {
		mend_sampler(f, top);
	} else if (jwalk_key_is(top, "tool_choice")) {
		mend_choice(f, top);
	} else if (key.n && peek_is_openai(key)) {
		mend_cut(f->m, top);
		mend_note(f->m, arena_str(f->m->arena, key));
		mend_dropped(f->m, arena_str(f->m->arena, key));
	}
}

void anthropic_fields(struct mend *m, bool off)
{
	struct jwalk top = jwalk_in(m->text);
	struct fields f = {
		.m = m,
		.family = &m->target->family,
		.thinking = jwalk_get(m->text, "thinking"),
		.type = thinking_type(m),
		.choice = jwalk_get(m->text, "tool_choice"),
		.limit = number(jwalk_get(m->text, "max_tokens")),
		.off = off,
	};
	bool without;

	f.must = must_call(f.choice);
	f.forced = f.family->forced_tools && f.must;
	without = off || (f.forced && thinks(&f));
	while (jwalk_next(&top)) {
		if (jwalk_key_is(&top, "thinking"))
			mend_thinking(&f, &top);
		else if (without && jwalk_key_is(&top, "context_management"))
			mend_edits(&f, &top);
		else if (is_strict(m))
			mend_member(&f, &top);
	}
	if (is_strict(m))
		put_limit(&f);
}
