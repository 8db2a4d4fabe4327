/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/template.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define TURNS_DEFAULT 2

struct texts {
	struct span *list;
	size_t n;
};

/* Plain text and numbers: a shared JSON object would be counted by threads. */
struct template
{
	struct arena arena;
	struct texts system, betas, order;
	int64_t max_tokens;             /* 0 unset */
	struct span thinking, metadata; /* JSON text, or empty */
	struct span effort;
	bool given, cache_tools, cache_system;
	int64_t cache_turns;
	struct span ttl; /* or empty: the API's own */
};

/* --- the file ----------------------------------------------------------- */

static int bad(struct err *e, const char *key, const char *what)
{
	return err_set(e, ERR_CONFIG, "%s must be %s", key, what);
}

static struct span keep(struct template *t, struct span s)
{
	return arena_span(&t->arena, s);
}

static int parse_texts(struct template *t, struct json_object *file,
		       const char *key, size_t max, size_t longest,
		       struct texts *to, struct err *e)
{
	struct json_object *o = json_get(file, key);
	bool one = json_object_is_type(o, json_type_string);
	size_t n = one ? 1 : json_length(o);

	if (!o)
		return 0;
	if (!one && !json_object_is_type(o, json_type_array))
		return bad(e, key, "a list of texts");
	if (n > max)
		return err_set(e, ERR_CONFIG, "%s has more than %zu entries",
			       key, max);
	to->list = arena_take(&t->arena, (n + 1) * sizeof(*to->list));
	for (size_t i = 0; i < n; i++) {
		struct span s = json_span(one ? o : json_at(o, i));

		if (!span_trim(s).n || s.n > longest)
			return bad(e, key, "a list of texts, none empty");
		to->list[to->n++] = keep(t, s);
	}
	return 0;
}

/* A beta's name goes into a header field. */
static int check_betas(const struct template *t, struct err *e)
{
	for (size_t i = 0; i < t->betas.n; i++) {
		struct span name = t->betas.list[i];

		if (!span_visible(name) || span_has(name, SPAN(",")))
			return bad(e, "betas",
				   "a list of names without blanks and commas");
	}
	return 0;
}

static int parse_object(struct template *t, struct json_object *file,
			const char *key, struct span *to, struct err *e)
{
	struct json_object *o = json_get(file, key);

	if (!o)
		return 0;
	if (!json_object_is_type(o, json_type_object))
		return bad(e, key, "an object");
	*to = keep(t, json_text(o));
	return 0;
}

static int parse_word(struct template *t, struct json_object *file,
		      const char *key, const char *const *words,
		      struct span *to, struct err *e)
{
	struct json_object *o = json_get(file, key);
	char list[80] = "";

	if (!o)
		return 0;
	for (size_t i = 0; words[i]; i++) {
		if (span_is(json_span(o), words[i])) {
			*to = keep(t, json_span(o));
			return 0;
		}
		strncat(list, i ? " or " : "", sizeof(list) - strlen(list) - 1);
		strncat(list, words[i], sizeof(list) - strlen(list) - 1);
	}
	return bad(e, key, list);
}

static bool is_flag(struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);

	return !v || json_object_is_type(v, json_type_boolean);
}

static int parse_cache(struct template *t, struct json_object *o, struct err *e)
{
	static const char *const ttls[] = { "5m", "1h", NULL };
	static const char *const keys[] = { "tools", "system", "turns", "ttl",
					    NULL };

	if (!o)
		return 0;
	if (json_object_is_type(o, json_type_boolean)) {
		if (!json_object_get_boolean(o)) {
			t->cache_tools = t->cache_system = false;
			t->cache_turns = 0;
		}
		return 0;
	}
	if (!json_object_is_type(o, json_type_object))
		return bad(e, "cache", "true, false or an object");
	if (json_only(o, keys, e))
		return -1;
	if (!is_flag(o, "tools") || !is_flag(o, "system"))
		return bad(e, "cache.tools and cache.system", "true or false");
	if (json_get(o, "turns") &&
	    !json_object_is_type(json_get(o, "turns"), json_type_int))
		return bad(e, "cache.turns", "0 to 4");
	t->cache_tools = json_flag(o, "tools", t->cache_tools);
	t->cache_system = json_flag(o, "system", t->cache_system);
	t->cache_turns = json_int(o, "turns", t->cache_turns);
	if (t->cache_turns < 0 || t->cache_turns > TEMPLATE_BREAKPOINTS)
		return bad(e, "cache.turns", "0 to 4");
	if (t->cache_turns + t->cache_tools + t->cache_system >
	    TEMPLATE_BREAKPOINTS)
		return bad(e, "cache", "4 breakpoints at most");
	return parse_word(t, o, "ttl", ttls, &t->ttl, e);
}

static int parse(struct template *t, struct json_object *file, struct err *e)
{
	static const char *const efforts[] = { "low",   "medium", "high",
					       "xhigh", "max",    NULL };
	static const char *const keys[] = { "system", "max_tokens", "thinking",
					    "effort", "betas",      "metadata",
					    "order",  "cache",      NULL };
	struct json_object *max = json_get(file, "max_tokens");

	if (!json_object_is_type(file, json_type_object))
		return err_set(e, ERR_CONFIG, "not a JSON object");
	if (json_only(file, keys, e))
		return -1;
	t->max_tokens = json_int(file, "max_tokens", 0);
	if (max && t->max_tokens < 1)
		return bad(e, "max_tokens", "a number above 0");
	if (parse_texts(t, file, "system", TEMPLATE_SYSTEM_MAX, SIZE_MAX,
			&t->system, e) ||
	    parse_texts(t, file, "betas", TEMPLATE_BETAS_MAX, TEMPLATE_NAME_MAX,
			&t->betas, e) ||
	    parse_texts(t, file, "order", TEMPLATE_ORDER_MAX, TEMPLATE_NAME_MAX,
			&t->order, e) ||
	    check_betas(t, e) ||
	    parse_object(t, file, "thinking", &t->thinking, e) ||
	    parse_object(t, file, "metadata", &t->metadata, e) ||
	    parse_word(t, file, "effort", efforts, &t->effort, e))
		return -1;
	return parse_cache(t, json_get(file, "cache"), e);
}

struct template *template_parse(struct json_object *file, struct err *e)
{
	struct template *t = xcalloc(1, sizeof(*t));

	arena_init(&t->arena);
	t->given = file != NULL;
	t->cache_tools = t->cache_system = true;
	t->cache_turns = TURNS_DEFAULT;
	if (file && parse(t, file, e)) {
		template_free(t);
		return NULL;
	}
	return t;
}

bool template_is_given(const struct template *t)
{
	return t->given;
}

void template_free(struct template *t)
{
	if (!t)
		return;
	arena_release(&t->arena);
	free(t);
}

/* --- defaults ----------------------------------------------------------- */

static bool has(struct json_object *o, const char *key)
{
	return json_object_object_get_ex(o, key, NULL);
}

static struct json_object *text_block(struct span text)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "type", "text");
	json_object_object_add(o, "text",
			       json_object_new_string_len(text.p, (int)text.n));
	return o;
}

/* A string as a list of one text block, in place; the list, or NULL. */
static struct json_object *as_blocks(struct json_object *o, const char *key)
{
	struct json_object *v = json_get(o, key);
	struct json_object *list;

	if (json_object_is_type(v, json_type_array))
		return v;
	if (!json_object_is_type(v, json_type_string) ||
	    !span_trim(json_span(v)).n)
		return NULL;
	list = json_object_new_array();
	json_object_array_add(list, text_block(json_span(v)));
	json_object_object_add(o, key, list);
	return list;
}

/* Ours first. What is neither text nor a list is the API's to refuse. */
static void put_system(const struct template *t, struct json_object *body)
{
	struct json_object *own = json_get(body, "system");
	struct json_object *list, *theirs;

	if (!t->system.n ||
	    (own && !json_object_is_type(own, json_type_string) &&
	     !json_object_is_type(own, json_type_array)))
		return;
	theirs = as_blocks(body, "system");
	list = json_object_new_array();
	for (size_t i = 0; i < t->system.n; i++)
		json_object_array_add(list, text_block(t->system.list[i]));
	for (size_t i = 0; i < json_length(theirs); i++)
		json_object_array_add(list,
				      json_object_get(json_at(theirs, i)));
	json_object_object_add(body, "system", list);
}

static bool forced(struct json_object *body)
{
	struct span type = json_str(json_get(body, "tool_choice"), "type");

	return span_is(type, "any") || span_is(type, "tool");
}

static bool has_block(struct json_object *message, const char *type)
{
	struct json_object *content = json_get(message, "content");

	for (size_t i = 0; i < json_length(content); i++)
		if (span_is(json_str(json_at(content, i), "type"), type))
			return true;
	return false;
}

/* Does the conversation stand in the middle of tool calls that were made
 * without thinking, or does it begin the answer itself? */
static bool in_loop(struct json_object *body)
{
	struct json_object *list = json_get(body, "messages");

	for (size_t i = json_length(list); i-- > 0;) {
		struct json_object *m = json_at(list, i);

		if (!span_is(json_str(m, "role"), "assistant"))
			continue;
		if (i + 1 == json_length(list))
			return true;
		return has_block(m, "tool_use") && !has_block(m, "thinking") &&
		       !has_block(m, "redacted_thinking");
	}
	return false;
}

/* Would the API refuse this thinking beside what the client asks for? */
static bool refused(struct json_object *thinking, struct json_object *body)
{
	int64_t budget = json_int(thinking, "budget_tokens", 0);

	if (span_is(json_str(thinking, "type"), "disabled"))
		return false;
	if (forced(body) || has(body, "temperature") || has(body, "top_k"))
		return true;
	return budget &&
	       (budget >= json_int(body, "max_tokens", 0) || in_loop(body));
}

static void put_thinking(const struct template *t, struct json_object *body,
			 bool count)
{
	struct json_object *thinking;
	struct err unused;

	if (!t->thinking.n || has(body, "thinking"))
		return;
	thinking = json_read(t->thinking, &unused);
	if (!count && refused(thinking, body))
		json_object_put(thinking);
	else
		json_object_object_add(body, "thinking", thinking);
}

static void put_effort(const struct template *t, struct json_object *body)
{
	struct json_object *config = json_get(body, "output_config");

	if (!t->effort.n)
		return;
	if (!has(body, "output_config")) {
		config = json_object_new_object();
		json_object_object_add(body, "output_config", config);
	}
	if (json_object_is_type(config, json_type_object) &&
	    !has(config, "effort"))
		json_set_str(config, "effort", t->effort.p);
}

static void put_metadata(const struct template *t, struct json_object *body)
{
	struct json_object *own = json_get(body, "metadata");
	struct json_object *ours;
	struct err unused;

	if (!t->metadata.n || (has(body, "metadata") &&
			       !json_object_is_type(own, json_type_object)))
		return;
	ours = json_read(t->metadata, &unused);
	if (!own) {
		json_object_object_add(body, "metadata", ours);
		return;
	}
	json_object_object_foreach(ours, key, value)
	{
		if (!has(own, key))
			json_object_object_add(own, key,
					       json_object_get(value));
	}
	json_object_put(ours);
}

/* --- cache breakpoints -------------------------------------------------- */

/* In a block, or in what a tool result or a document holds. */
static bool marked(struct json_object *list, int depth)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *b = json_at(list, i);

		if (json_get(b, "cache_control"))
			return true;
		if (depth && (marked(json_get(b, "content"), depth - 1) ||
			      marked(json_get(json_get(b, "source"), "content"),
				     depth - 1)))
			return true;
	}
	return false;
}

static bool client_marked(struct json_object *body)
{
	return json_get(body, "cache_control") ||
	       marked(json_get(body, "tools"), 0) ||
	       marked(json_get(body, "system"), 0) ||
	       marked(json_get(body, "messages"), 3);
}

static void mark(const struct template *t, struct json_object *o)
{
	struct json_object *c = json_object_new_object();

	json_set_str(c, "type", "ephemeral");
	if (t->ttl.n)
		json_set_str(c, "ttl", t->ttl.p);
	json_object_object_add(o, "cache_control", c);
}

/* May a breakpoint stand on this block? Not on thinking, nor on no text. */
static bool can_mark(struct json_object *b)
{
	static const char *const kinds[] = { "image", "document", "tool_use",
					     "tool_result", "search_result" };
	struct span type = json_str(b, "type");

	if (span_is(type, "text"))
		return span_trim(json_str(b, "text")).n > 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_is(type, kinds[i]))
			return true;
	return false;
}

static bool mark_last(const struct template *t, struct json_object *list)
{
	for (size_t i = json_length(list); i-- > 0;) {
		if (can_mark(json_at(list, i))) {
			mark(t, json_at(list, i));
			return true;
		}
	}
	return false;
}

/* A deferred tool is no part of what is cached. */
static void mark_tools(const struct template *t, struct json_object *tools)
{
	for (size_t i = json_length(tools); i-- > 0;) {
		struct json_object *tool = json_at(tools, i);

		if (!json_object_is_type(tool, json_type_object) ||
		    json_flag(tool, "defer_loading", false))
			continue;
		mark(t, tool);
		return;
	}
}

/* The turns that were marked before are written as they were then, even where
 * the client has marks now: what a conversation begins with stays the same, but
 * for the marks. */
static void all_blocks(struct json_object *messages)
{
	for (size_t i = 0; i < json_length(messages); i++) {
		struct json_object *m = json_at(messages, i);

		if (span_is(json_str(m, "role"), "user"))
			as_blocks(m, "content");
	}
}

static void mark_turns(const struct template *t, struct json_object *messages)
{
	int64_t left = t->cache_turns;

	for (size_t i = json_length(messages); left > 0 && i-- > 0;) {
		struct json_object *m = json_at(messages, i);

		if (span_is(json_str(m, "role"), "user") &&
		    mark_last(t, as_blocks(m, "content")))
			left--;
	}
}

static void put_cache(const struct template *t, struct json_object *body)
{
	if (t->cache_turns)
		all_blocks(json_get(body, "messages"));
	if (client_marked(body))
		return;
	if (t->cache_tools)
		mark_tools(t, json_get(body, "tools"));
	if (t->cache_system)
		mark_last(t, as_blocks(body, "system"));
	mark_turns(t, json_get(body, "messages"));
}

/* --- all of it ---------------------------------------------------------- */

/* Taken out and put in again, a member goes to the end. */
static void to_end(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v))
		return;
	json_object_get(v);
	json_object_object_del(o, key);
	json_object_object_add(o, key, v);
}

static bool ordered(const struct template *t, const char *key)
{
	for (size_t i = 0; i < t->order.n; i++)
		if (span_is(t->order.list[i], key))
			return true;
	return false;
}

static void put_order(const struct template *t, struct json_object *body)
{
	struct json_object *rest = json_object_new_array();

	json_object_object_foreach(body, key, value)
	{
		(void)value;
		if (!ordered(t, key))
			json_object_array_add(rest,
					      json_object_new_string(key));
	}
	for (size_t i = 0; i < t->order.n; i++)
		to_end(body, t->order.list[i].p);
	for (size_t i = 0; i < json_length(rest); i++)
		to_end(body, json_object_get_string(json_at(rest, i)));
	json_object_put(rest);
}

/* Thinking that the client wants keeps its room. */
static void put_max_tokens(const struct template *t, struct json_object *body,
			   bool ours)
{
	int64_t budget = json_int(json_get(body, "thinking"), "budget_tokens",
				  0);

	if (!t->max_tokens || budget >= t->max_tokens ||
	    (has(body, "max_tokens") && !ours))
		return;
	if (ours && json_int(body, "max_tokens", 0) <= t->max_tokens)
		return; /* the model's limit */
	json_object_object_add(body, "max_tokens",
			       json_object_new_int64(t->max_tokens));
}

void template_apply(const struct template *t, struct json_object *body,
		    const struct template_use *use)
{
	if (!json_object_is_type(body, json_type_object))
		return;
	if (!use->count)
		put_max_tokens(t, body, use->max_tokens_ours);
	put_system(t, body);
	if (!use->effort_given) {
		put_thinking(t, body, use->count);
		put_effort(t, body);
	}
	if (!use->count)
		put_metadata(t, body);
	put_cache(t, body);
	if (t->order.n)
		put_order(t, body);
}

void template_betas(const struct template *t, struct buf *list)
{
	for (size_t i = 0; i < t->betas.n; i++) {
		if (span_listed(buf_get(list), t->betas.list[i]))
			continue;
		if (list->n)
			buf_byte(list, ',');
		buf_span(list, t->betas.list[i]);
	}
}
