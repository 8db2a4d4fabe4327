/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/name-back.h"

#include "base/jw.h"
#include "base/jwalk.h"
#include "dialect/anew.h"
#include "dialect/anthropic-write.h"
#include "dialect/chat-write.h"

#include <string.h>

#define PLACES_MAX 512 /* in one event or answer */

struct name_pair {
	struct span there; /* the provider's, in quotes: it has no escapes */
	struct span here;  /* the client's, as JSON */
	struct name_pair *next;
};

struct name_back {
	enum dialect_id dialect;
	struct name_pair *pairs;
};

/* What is found in one text. */
struct places {
	const struct name_back *of;
	struct span at[PLACES_MAX]; /* in order of the text */
	struct span by[PLACES_MAX];
	size_t n;
};

static struct span quoted(struct arena *a, struct span text)
{
	struct buf b;
	struct jw w = jw_to(&b);
	struct span out;

	buf_init(&b, REQUEST_TEXT_MAX);
	jw_str(&w, text);
	out = arena_all(a, &b);
	buf_release(&b);
	return out;
}

struct name_back *name_back_new(struct arena *a, enum dialect_id d,
				struct span body)
{
	size_t max = d == DIALECT_ANTHROPIC ? ANTHROPIC_NAME_MAX
					    : WRITE_NAME_MAX;
	struct name_back *b = arena_take(a, sizeof(*b));
	struct chat c;

	chat_init(&c, a);
	anew_tools(&c, d, body);
	for (const struct tool *t = c.tools; t; t = t->next) {
		struct span there = chat_tool_name(a, t->name, max);
		struct name_pair *p;

		if (span_eq(there, t->name))
			continue;
		p = arena_take(a, sizeof(*p));
		p->there = quoted(a, there);
		p->here = quoted(a, t->name);
		p->next = b->pairs;
		b->pairs = p;
	}
	chat_release(&c);
	b->dialect = d;
	return b->pairs ? b : NULL;
}

/* --- where names stand ---------------------------------------------------- */

static void put(struct places *p, struct span object, const char *key)
{
	struct span value = jwalk_get(object, key);
	const struct name_pair *pair = p->of->pairs;
	size_t i = p->n;

	while (pair && !span_eq(pair->there, value))
		pair = pair->next;
	if (!value.n || !pair || p->n == PLACES_MAX)
		return;
	for (; i && p->at[i - 1].p > value.p; i--) {
		p->at[i] = p->at[i - 1];
		p->by[i] = p->by[i - 1];
	}
	if (i && p->at[i - 1].p == value.p)
		return; /* no member is looked at twice */
	p->at[i] = value;
	p->by[i] = pair->here;
	p->n++;
}

typedef void put_fn(struct places *p, struct span value);

static void each(struct places *p, struct span list, put_fn *fn)
{
	struct jwalk w = jwalk_in(list);

	while (jwalk_is_array(list) && jwalk_next(&w))
		fn(p, w.value);
}

static void put_reference(struct places *p, struct span o)
{
	put(p, o, "tool_name");
}

static void put_block(struct places *p, struct span block)
{
	if (jwalk_is(jwalk_get(block, "type"), "tool_use"))
		put(p, block, "name");
	each(p, jwalk_get(jwalk_get(block, "content"), "tool_references"),
	     put_reference);
}

static void put_call(struct places *p, struct span call)
{
	put(p, jwalk_get(call, "function"), "name");
	put(p, jwalk_get(call, "custom"), "name");
}

static void put_choice(struct places *p, struct span choice)
{
	each(p, jwalk_get(jwalk_get(choice, "delta"), "tool_calls"), put_call);
	each(p, jwalk_get(jwalk_get(choice, "message"), "tool_calls"),
	     put_call);
}

static void put_item(struct places *p, struct span item)
{
	struct span type = jwalk_get(item, "type");

	if (jwalk_is(type, "function_call") || jwalk_is(type, "function") ||
	    jwalk_is(type, "custom_tool_call") || jwalk_is(type, "custom"))
		put(p, item, "name");
}

/* It tells the tools that it was asked with, too. */
static void put_response(struct places *p, struct span response)
{
	each(p, jwalk_get(response, "output"), put_item);
	each(p, jwalk_get(response, "tools"), put_item);
	put_item(p, jwalk_get(response, "tool_choice"));
	each(p, jwalk_get(jwalk_get(response, "tool_choice"), "tools"),
	     put_item);
}

static void find(struct places *p, struct span json)
{
	switch (p->of->dialect) {
	case DIALECT_ANTHROPIC:
		put_block(p, jwalk_get(json, "content_block"));
		each(p, jwalk_get(jwalk_get(json, "message"), "content"),
		     put_block);
		each(p, jwalk_get(json, "content"), put_block);
		break;
	case DIALECT_OPENAI:
		each(p, jwalk_get(json, "choices"), put_choice);
		break;
	case DIALECT_RESPONSES:
		put_item(p, jwalk_get(json, "item"));
		put_response(p, jwalk_get(json, "response"));
		put_response(p, json);
		if (jwalk_is(jwalk_get(json, "type"),
			     "response.function_call_arguments.done"))
			put(p, json, "name");
		break;
	case DIALECTS:
		break;
	}
}

static bool mentions(const struct name_back *b, struct span json)
{
	for (const struct name_pair *p = b->pairs; p; p = p->next)
		if (span_has(json, p->there))
			return true;
	return false;
}

bool name_back(const struct name_back *b, struct span json, struct buf *out)
{
	struct places p;
	const char *at = json.p;

	if (!mentions(b, json))
		return false;
	p.of = b;
	p.n = 0;
	find(&p, json);
	for (size_t i = 0; i < p.n; i++) {
		buf_add(out, at, (size_t)(p.at[i].p - at));
		buf_span(out, p.by[i]);
		at = p.at[i].p + p.at[i].n;
	}
	if (p.n)
		buf_add(out, at, (size_t)(json.p + json.n - at));
	return p.n > 0;
}
