/* SPDX-License-Identifier: MIT */
/* Members that Chat and Messages have at the top of a request, and Responses
 * has not: by the name that it has for them, if there is one. */
#include "config.h"

#include "dialect/mend.h"

/* Where a member has another place. */
static const struct place {
	const char *key, *top, *inner;
} places[] = {
	{ "max_tokens", "max_output_tokens", NULL },
	{ "max_completion_tokens", "max_output_tokens", NULL },
	{ "reasoning_effort", "reasoning", "effort" },
	{ "response_format", "text", "format" },
	{ "verbosity", "text", "verbosity" },
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static const struct place *place_of(const struct jwalk *top)
{
	for (size_t i = 0; i < PLACES; i++)
		if (jwalk_key_is(top, places[i].key))
			return &places[i];
	return NULL;
}

/* {"type":"json_schema","json_schema":{...}} is flat here. */
static struct span format_of(struct mend *m, struct span format)
{
	struct span schema = jwalk_get(format, "json_schema");
	struct jwalk w = jwalk_in(schema);

	if (!jwalk_is_object(schema) || !jwalk_next(&w))
		return format;
	return span_of(arena_fmt(m->arena, "{\"type\":\"json_schema\",%.*s",
				 (int)(schema.n - 1), schema.p + 1));
}

/* All that goes to one place, in the place of the first of it. */
static struct span gathered(struct mend *m, const struct place *first)
{
	struct span out = SPAN("");

	for (size_t i = 0; i < PLACES; i++) {
		const struct place *p = &places[i];
		struct span v = jwalk_get(m->text, p->key);

		if (!v.n || !span_is(span_of(p->top), first->top))
			continue;
		if (!p->inner)
			return v;
		if (span_is(span_of(p->inner), "format"))
			v = format_of(m, v);
		out = span_of(arena_fmt(m->arena, "%.*s%s\"%s\":%.*s",
					SPAN_FMT(out), out.n ? "," : "",
					p->inner, SPAN_FMT(v)));
	}
	return span_of(arena_fmt(m->arena, "{%.*s}", SPAN_FMT(out)));
}

static void mend_member(struct mend *m, struct jwalk *top, struct names *put)
{
	const struct place *p = place_of(top);

	mend_note(m, arena_str(m->arena, top->key));
	if (!p || mend_has_top(m, p->top)) {
		mend_cut(m, top);
		mend_dropped(m, arena_str(m->arena, top->key));
	} else if ((*names_at(put, m->arena, span_of(p->top)))++) {
		mend_cut(m, top);
	} else {
		mend_replace(m, top->key, span_of(p->top));
		mend_replace(m, top->value, gathered(m, p));
	}
}

void responses_fields(struct mend *m)
{
	struct jwalk top = jwalk_in(m->text);
	struct names put = { 0 };

	while (jwalk_next(&top)) {
		struct span key = mend_key(m, &top);

		if (key.n && peek_is_chats(key))
			mend_member(m, &top, &put);
	}
}
