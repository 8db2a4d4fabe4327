/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/allowed.h"

#include "base/jwalk.h"
#include "fcgi/lax-names.h"
#include "fcgi/media.h"

#include <stdio.h>
#include <string.h>

#define DEPTH 8 /* of the settings of a tool, at which models are named */

static int not_allowed(struct request *r, const char *model, const char *param,
		       struct err *e)
{
	struct buf list;

	buf_init(&list, 600);
	key_models(r->key, &list);
	err_set(e, ERR_BAD_REQUEST,
		"this key may not use the model %.100s, but %s", model,
		buf_cstr(&list));
	snprintf(e->param, sizeof(e->param), "%s", param);
	buf_release(&list);
	return -1;
}

/* A name, or all that a list or object holds. */
static bool may_ask(const struct request *r, struct span value, int depth,
		    const char **other)
{
	struct jwalk w = jwalk_in(value);

	if (jwalk_is_string(value)) {
		*other = arena_str(r->arena, jwalk_text(r->arena, value));
		return key_allows(r->key, *other);
	}
	while (depth && jwalk_next(&w))
		if (!may_ask(r, w.value, depth - 1, other))
			return false;
	return true;
}

static bool ends_in(struct span s, const char *end)
{
	size_t n = strlen(end);

	return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

/* "model", "analysis_models", "allowed_models" */
static bool names_models(const struct request *r, struct span key)
{
	if (memchr(key.p, '\\', key.n))
		key = jwalk_text(r->arena,
				 (struct span){ key.p - 1, key.n + 2 });
	return span_is(key, "model") || span_is(key, "models") ||
	       ends_in(key, "_model") || ends_in(key, "_models");
}

/* What a function takes may be called anything. */
static bool is_schema(struct span type, const struct jwalk *w)
{
	bool function = !type.n || jwalk_is(type, "function") ||
			jwalk_is(type, "custom");

	return jwalk_key_is(w, "input_schema") || jwalk_key_is(w, "function") ||
	       (function && jwalk_key_is(w, "parameters"));
}

/* All models that settings name, at any place. */
static bool may_set(const struct request *r, struct span value, int depth,
		    const char **other)
{
	struct span type = jwalk_get(value, "type");
	bool keys = jwalk_is_object(value);
	struct jwalk w = jwalk_in(value);

	while (depth && jwalk_next(&w)) {
		if (keys && is_schema(type, &w))
			continue;
		if (keys && names_models(r, w.key) &&
		    !may_ask(r, w.value, DEPTH, other))
			return false;
		if (!may_set(r, w.value, depth - 1, other))
			return false;
	}
	return true;
}

/* Tools and a plugin of OpenRouter's that ask other models: their own choice
 * where none is named. */
static const struct {
	const char *name, *needs;
} choosing[] = {
	{ "openrouter:fusion", "analysis_models" },
	{ "openrouter:advisor", "model" },
	{ "openrouter:subagent", "model" },
	{ "openrouter:image_generation", "model" },
	{ "fusion", "analysis_models" },
};

static bool is_named(struct span value)
{
	struct jwalk w = jwalk_in(value);

	return (jwalk_is_string(value) && value.n > 2) ||
	       (jwalk_next(&w) && is_named(w.value));
}

/* The name of one that chooses by itself, or NULL. */
static const char *chooses(struct span one)
{
	struct span type = jwalk_get(one, "type");
	struct span set = jwalk_get(one, "parameters");

	type = type.n ? type : jwalk_get(one, "id");
	set = jwalk_is_object(set) ? set : one;
	for (size_t i = 0; i < sizeof(choosing) / sizeof(*choosing); i++)
		if (jwalk_is(type, choosing[i].name) &&
		    !is_named(jwalk_get(set, choosing[i].needs)))
			return choosing[i].name;
	return NULL;
}

static int choice(struct request *r, const char *of, const char *param,
		  struct err *e)
{
	struct buf list;

	buf_init(&list, 600);
	key_models(r->key, &list);
	err_set(e, ERR_BAD_REQUEST,
		"this key may not use models that the provider chooses for %s, "
		"but %s",
		of, buf_cstr(&list));
	snprintf(e->param, sizeof(e->param), "%s", param);
	buf_release(&list);
	return -1;
}

/* What a tool or plugin is given, such as an advisor. */
static int look_at_tool(struct request *r, struct span one, const char *list,
			struct err *e)
{
	const char *name = chooses(one), *other = "";

	if (name)
		return choice(r, name, list, e);
	return may_set(r, one, DEPTH, &other) ? 0
					      : not_allowed(r, other, list, e);
}

/* OpenRouter's `models`, Anthropic's and LiteLLM's `fallbacks`, when the first
 * cannot answer or declines: names, or objects that have them. */
static int look_at_fallback(struct request *r, struct span one,
			    const char *list, struct err *e)
{
	const char *other = "";
	bool ok = jwalk_get(one, "model").n
			? may_set(r, one, DEPTH, &other)
			: is_named(one) && may_ask(r, one, DEPTH, &other);

	return ok ? 0 : not_allowed(r, other, list, e);
}

/* What one provider alone reads, such as the models of Vercel's gateway. */
static int look_at_settings(struct request *r, struct span all,
			    const char *name, struct err *e)
{
	const char *other = "";

	return may_set(r, all, DEPTH, &other) ? 0
					      : not_allowed(r, other, name, e);
}

typedef int look_fn(struct request *r, struct span value, const char *name,
		    struct err *e);

/* Each entry of a list; a word in its place leaves the choice to the
 * provider. */
static int look_at_list(struct request *r, struct span list, const char *name,
			look_fn *look, struct err *e)
{
	struct jwalk w = jwalk_in(list);

	if (jwalk_is_string(list)) /* "default" */
		return choice(r, name, name, e);
	while (jwalk_next(&w))
		if (look(r, w.value, name, e))
			return -1;
	return 0;
}

/* The models that a provider asks by itself. */
static int look_at_others(struct request *r, struct err *e)
{
	static const struct {
		const char *name;
		look_fn *each, *all;
	} members[] = { { "models", look_at_fallback, NULL },
			{ "fallbacks", look_at_fallback, NULL },
			{ "context_window_fallbacks", look_at_fallback, NULL },
			{ "content_policy_fallbacks", look_at_fallback, NULL },
			{ "tools", look_at_tool, NULL },
			{ "plugins", look_at_tool, NULL },
			{ "providerOptions", NULL, look_at_settings },
			{ "provider_options", NULL, look_at_settings },
			{ "extra_body", NULL, look_at_settings } };
	struct jwalk body = jwalk_in(buf_get(&r->body));

	while (jwalk_next(&body))
		for (size_t i = 0; i < sizeof(members) / sizeof(*members);
		     i++) {
			const char *name = members[i].name;

			if (!jwalk_key_is(&body, name))
				continue;
			if (members[i].each
				    ? look_at_list(r, body.value, name,
						   members[i].each, e)
				    : members[i].all(r, body.value, name, e))
				return -1;
		}
	return 0;
}

int allowed_check(struct request *r, struct err *e)
{
	const struct key *k = r->key;
	bool listed = k && (k->n_models || (k->person && k->person->n_models));

	if (!listed && !(k && key_is_limited(k)))
		return 0;
	/* What images and sound cost is counted by the dearest reading. */
	if (media_of(r) == MEDIA_NONE &&
	    lax_names_check(r->arena, buf_get(&r->body), e))
		return -1;
	if (!listed)
		return 0;
	return key_allows(r->key, r->model)
		     ? look_at_others(r, e)
		     : not_allowed(r, r->model, "model", e);
}
