/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/allowed.h"

#include "base/jwalk.h"
#include "fcgi/lax-names.h"
#include "fcgi/media.h"

#include <stdio.h>

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

/* All that it names as its member "model", which a tool need not have. */
static bool may_ask(const struct request *r, struct span value, bool tool,
		    const char **other)
{
	struct jwalk w = jwalk_in(value);
	bool any = tool;

	*other = "";
	while (jwalk_next(&w)) {
		if (!jwalk_key_is(&w, "model"))
			continue;
		any = true;
		*other = arena_str(r->arena, jwalk_text(r->arena, w.value));
		if (!key_allows(r->key, *other))
			return false;
	}
	if (any || jwalk_is_object(value))
		return any;
	*other = arena_str(r->arena, jwalk_text(r->arena, value));
	return key_allows(r->key, *other);
}

/* The models that a provider asks by itself: OpenRouter those of `models` and
 * Anthropic those of `fallbacks`, when the first cannot answer or declines, and
 * what a tool is given, such as an advisor. */
static int look_at_others(struct request *r, struct err *e)
{
	static const char *const lists[] = { "models", "fallbacks", "tools" };
	struct jwalk body = jwalk_in(buf_get(&r->body));
	const char *other = "";

	while (jwalk_next(&body))
		for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
			struct jwalk w;

			if (!jwalk_key_is(&body, lists[i]))
				continue;
			w = jwalk_in(body.value);
			while (jwalk_next(&w))
				if (!may_ask(r, w.value, i == 2, &other))
					return not_allowed(r, other, lists[i],
							   e);
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
