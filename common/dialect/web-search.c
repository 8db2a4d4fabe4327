/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/web-search.h"

bool web_search_is(const struct tool *t)
{
	return t->kind == TOOL_HOSTED && span_starts(t->name, "web_search");
}

bool web_search_is_chosen(const struct chat *c, const struct tool *t)
{
	return c->choice == CHOICE_NAMED && web_search_is(t) &&
	       (span_eq(c->choice_name, t->name) ||
		span_eq(c->choice_name, t->description));
}

bool web_search_is_forced(const struct chat *c)
{
	for (const struct tool *t = c->tools; t; t = t->next)
		if (web_search_is_chosen(c, t))
			return true;
	return false;
}

static void put(struct jw *w, const char *key, struct json_object *v)
{
	if (!v)
		return;
	jw_key(w, key);
	jw_raw(w, json_text(v));
}

/* Chat has it one level deeper. */
static struct json_object *place(const struct tool *t)
{
	struct json_object *o = json_get(t->raw, "user_location");
	struct json_object *inner = json_get(o, "approximate");

	return inner ? inner : o;
}

static void put_place(struct jw *w, struct json_object *o)
{
	static const char *const keys[] = { "city", "region", "country",
					    "timezone" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		put(w, keys[i], json_get(o, keys[i]));
}

static void put_flat_place(struct jw *w, const struct tool *t)
{
	if (!place(t))
		return;
	jw_key(w, "user_location");
	jw_obj(w);
	jw_kcstr(w, "type", "approximate");
	put_place(w, place(t));
	jw_obj_end(w);
}

static struct json_object *domains(const struct tool *t, const char *key)
{
	struct json_object *inside = json_get(json_get(t->raw, "filters"), key);

	return inside ? inside : json_get(t->raw, key);
}

/* What the tool says and this API cannot. */
static void note(struct chat *c, const struct tool *t,
		 const char *const *unknown)
{
	for (; *unknown; unknown++)
		if (json_get(t->raw, *unknown) || domains(t, *unknown))
			chat_dropped(c, arena_fmt(c->arena, "web_search.%s",
						  *unknown));
}

void web_search_anthropic(struct jw *w, struct chat *c, const struct tool *t)
{
	static const char *const unknown[] = { "search_context_size",
					       "external_web_access", NULL };

	note(c, t, unknown);
	jw_obj(w);
	jw_kcstr(w, "type", "web_search_20250305");
	jw_kcstr(w, "name", "web_search");
	put(w, "allowed_domains", domains(t, "allowed_domains"));
	put(w, "blocked_domains", domains(t, "blocked_domains"));
	put(w, "max_uses", json_get(t->raw, "max_uses"));
	put_flat_place(w, t);
	jw_obj_end(w);
}

void web_search_responses(struct jw *w, struct chat *c, const struct tool *t)
{
	static const char *const unknown[] = { "blocked_domains", "max_uses",
					       NULL };
	struct json_object *allowed = domains(t, "allowed_domains");

	note(c, t, unknown);
	jw_obj(w);
	jw_kcstr(w, "type", "web_search");
	if (allowed) {
		jw_key(w, "filters");
		jw_obj(w);
		put(w, "allowed_domains", allowed);
		jw_obj_end(w);
	}
	put(w, "search_context_size", json_get(t->raw, "search_context_size"));
	put_flat_place(w, t);
	jw_obj_end(w);
}

void web_search_chat(struct jw *w, struct chat *c, const struct tool *t)
{
	static const char *const unknown[] = { "allowed_domains",
					       "blocked_domains", "max_uses",
					       "external_web_access", NULL };

	note(c, t, unknown);
	jw_obj(w);
	put(w, "search_context_size", json_get(t->raw, "search_context_size"));
	if (place(t)) {
		jw_key(w, "user_location");
		jw_obj(w);
		jw_kcstr(w, "type", "approximate");
		jw_key(w, "approximate");
		jw_obj(w);
		put_place(w, place(t));
		jw_obj_end(w);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}
