/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "net/model-list.h"

#include "base/http-date.h"
#include "base/jw.h"
#include "base/jwalk.h"
#include "base/names.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_MAX 4096 /* bytes of one model, as it is kept */
#define ALIASES_MAX 16
#define SECONDS_MAX 253402300799 /* the end of the year 9999 */
#define TOKENS_MAX 1000000000000 /* of a context */

struct reader {
	struct arena arena;
	struct names seen;
	struct buf *out, entry;
	int n;
};

/* The list in an answer, whatever it is called; empty: there is none. */
static struct span find_list(struct span body)
{
	static const char *const names[] = { "data", "models" };

	body = span_trim(body);
	if (jwalk_is_array(body))
		return body;
	if (!jwalk_is_object(body))
		return SPAN("");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span list = jwalk_get(body, names[i]);

		if (jwalk_is_array(list))
			return list;
	}
	return SPAN("");
}

/* Can a request carry it? What is not seen, or changes what is seen, cannot be
 * typed either. */
static bool is_good_name(struct span name)
{
	char copy[MODEL_NAME_MAX + 1];

	if (!name.n || name.n > MODEL_NAME_MAX ||
	    memchr(name.p, '\0', name.n) || span_has(name, SPAN("\ufffd")))
		return false;
	memcpy(copy, name.p, name.n);
	return utf8_clean(copy, name.n) == name.n &&
	       memcmp(copy, name.p, name.n) == 0;
}

static struct span first_text(struct reader *r, struct span model,
			      const char *const *keys)
{
	struct span text = SPAN("");

	for (; *keys && !text.n; keys++)
		text = jwalk_text(&r->arena, jwalk_get(model, *keys));
	return text;
}

static struct span name_of(struct reader *r, struct span model)
{
	static const char *const keys[] = { "id", "model", "name", NULL };
	struct span name = jwalk_is_object(model)
				 ? first_text(r, model, keys)
				 : jwalk_text(&r->arena, model);

	/* Google's own prefix, which its API takes and does not need. */
	return span_starts(name, "models/") ? span_skip(name, 7) : name;
}

/* A whole number, or 0. */
static int64_t number(struct span value, int64_t max)
{
	char text[24];
	char *end;
	double n;

	if (!value.n || value.n >= sizeof(text) || jwalk_is_string(value))
		return 0;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	n = strtod(text, &end);
	return *end || !(n >= 1) || n > (double)max ? 0 : (int64_t)n;
}

static int64_t created(struct reader *r, struct span model)
{
	struct span value = jwalk_get(model, "created_at");
	int64_t then = http_date_read(jwalk_text(&r->arena, value)) / 1000;

	if (then > 0 && then <= SECONDS_MAX)
		return then;
	then = number(jwalk_get(model, "created"), SECONDS_MAX);
	return then ? then : number(value, SECONDS_MAX);
}

static int64_t context(struct span model)
{
	static const struct {
		const char *in, *key;
	} places[] = {
		{ NULL, "max_input_tokens" },
		{ NULL, "context_length" },
		{ NULL, "context_window" },
		{ NULL, "max_context_length" },
		{ NULL, "max_model_len" },
		{ NULL, "inputTokenLimit" },
		{ "limits", "max_input_tokens" },
		{ "meta", "n_ctx" },
		{ "meta", "n_ctx_train" },
	};
	int64_t n = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !n; i++) {
		struct span o = places[i].in ? jwalk_get(model, places[i].in)
					     : model;

		if (jwalk_is_object(o))
			n = number(jwalk_get(o, places[i].key), TOKENS_MAX);
	}
	return n;
}

static void put_aliases(struct reader *r, struct jw *w, struct span list)
{
	struct jwalk walk = jwalk_in(list);
	int n = 0;

	if (!jwalk_is_array(list))
		return;
	while (n < ALIASES_MAX && jwalk_next(&walk)) {
		struct span name = jwalk_text(&r->arena, walk.value);

		if (!is_good_name(name))
			continue;
		if (!n++) {
			jw_key(w, "aliases");
			jw_arr(w);
		}
		jw_str(w, name);
	}
	if (n)
		jw_arr_end(w);
}

static void put_model(struct reader *r, struct span name, struct span model)
{
	static const char *const keys[] = { "display_name", "displayName",
					    "name", NULL };
	struct jw w = jw_to(&r->entry);
	struct span shown = SPAN("");
	int64_t when = 0, tokens = 0;

	buf_reset(&r->entry);
	r->entry.full = false;
	jw_obj(&w);
	jw_kstr(&w, "id", name);
	if (jwalk_is_object(model)) {
		shown = first_text(r, model, keys);
		when = created(r, model);
		tokens = context(model);
	}
	if (shown.n && shown.n <= MODEL_NAME_MAX && !span_eq(shown, name))
		jw_kstr(&w, "display_name", shown);
	if (when)
		jw_kint(&w, "created", when);
	if (tokens)
		jw_kint(&w, "max_input_tokens", tokens);
	if (jwalk_is_object(model))
		put_aliases(r, &w, jwalk_get(model, "aliases"));
	jw_obj_end(&w);
}

static void add(struct reader *r, struct span model)
{
	struct span name = name_of(r, model);
	int *seen;

	if (!is_good_name(name))
		return;
	seen = names_at(&r->seen, &r->arena, name);
	if (*seen || r->arena.full)
		return;
	*seen = 1;
	put_model(r, name, model);
	if (r->entry.full || r->out->n + r->entry.n + 2 > r->out->max)
		return;
	if (r->n++)
		buf_byte(r->out, ',');
	buf_span(r->out, buf_get(&r->entry));
}

int model_list_read(struct span body, struct buf *out)
{
	struct span list = find_list(body);
	struct jwalk walk = jwalk_in(list);
	struct reader r = { .out = out };

	if (!list.n)
		return -1;
	arena_init(&r.arena);
	buf_init(&r.entry, ENTRY_MAX);
	buf_byte(out, '[');
	while (r.n < MODEL_LIST_MAX && !r.arena.full && jwalk_next(&walk))
		add(&r, walk.value);
	buf_byte(out, ']');
	buf_release(&r.entry);
	arena_release(&r.arena);
	return r.n;
}
