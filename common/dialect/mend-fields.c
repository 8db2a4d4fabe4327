/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/anew.h"
#include "dialect/chat-write.h"
#include "dialect/mend-chat.h"

#include <ctype.h>
#include <string.h>

bool mend_chat_wanted(const struct upstream_model *t)
{
	const struct quirks *q = &t->quirks;

	return q->one_system || q->system_first || q->alternate ||
	       q->user_last || q->no_images || q->empty_content ||
	       q->no_empty || q->no_extra || q->no_usage || q->ask_usage ||
	       q->no_strict || q->no_named_tool || q->fields || q->unique_ids ||
	       q->json_arguments;
}

static bool listed(const char *const *list, struct span key)
{
	for (; *list; list++)
		if (span_is(key, *list))
			return true;
	return false;
}

/* --- members of messages -------------------------------------------------- */

static const char *const members[] = {
	"role",         "content", "name",          "refusal", "tool_calls",
	"tool_call_id", "audio",   "function_call", "prefix",  NULL,
};

static const char *const function_members[] = { "name", "arguments", "input",
						NULL };

static const char *const call_members[] = { "id", "type", "function", "custom",
					    NULL };

/* Of what is foreign to OpenAI, some is native to the target. */
static bool is_native(const struct quirks *q, struct span key)
{
	return (q->reasoning_content && span_is(key, "reasoning_content")) ||
	       (q->reasoning_details && (span_is(key, "reasoning_details") ||
					 span_is(key, "reasoning"))) ||
	       (q->thinking_parts && span_is(key, "thinking"));
}

static bool refuses(const struct mend *m, const char *const *known,
		    struct span key)
{
	const struct quirks *q = &m->target->quirks;

	if (is_native(q, key) ||
	    (q->thought_signatures && span_is(key, "extra_content")))
		return false;
	if (q->no_extra &&
	    (!listed(known, key) || (!q->developer && span_is(key, "refusal"))))
		return true; /* a refusal is content there: mend-turns.c */
	return (q->no_foreign || q->no_extra) && listed(peek_foreign, key);
}

/* Reasoning is content, and so is what a text relies on: what of it goes is
 * said. */
static void lose_member(struct mend *m, const struct jwalk *w)
{
	bool reasoning = jwalk_key_is(w, "reasoning_content") ||
			 jwalk_key_is(w, "reasoning") ||
			 jwalk_key_is(w, "reasoning_details");

	if (w->value.n <= 2 || span_is(w->value, "null"))
		return;
	if (reasoning)
		mend_dropped(m, "thinking");
	else if (jwalk_key_is(w, "annotations"))
		mend_dropped(m, "messages.annotations");
}

void mend_lose(struct mend *m, struct span message)
{
	struct jwalk w = jwalk_in(message);

	while (jwalk_next(&w))
		lose_member(m, &w);
}

bool mend_takes_member(struct mend *m, bool assistant, const struct jwalk *w)
{
	const struct quirks *q = &m->target->quirks;
	bool null = span_is(w->value, "null") && !jwalk_key_is(w, "content");

	if (!refuses(m, members, w->key) && !(null && q->no_extra))
		return true;
	if (assistant || !null) {
		mend_note(m, "fields of messages");
		lose_member(m, w);
	}
	return false;
}

void mend_call_members(struct mend *m, struct span call)
{
	struct jwalk w = jwalk_in(call);

	while (jwalk_next(&w)) {
		struct jwalk f = jwalk_in(w.value);
		bool object = jwalk_is_object(w.value);

		if (refuses(m, call_members, w.key)) {
			mend_cut(m, &w);
			mend_note(m, "fields of calls");
			continue;
		}
		if (!jwalk_key_is(&w, "function") &&
		    !jwalk_key_is(&w, "custom"))
			continue; /* what it holds is its provider's */
		while (object && jwalk_next(&f)) {
			if (!refuses(m, function_members, f.key))
				continue;
			mend_cut(m, &f);
			mend_note(m, "fields of calls");
		}
	}
}

bool mend_takes_part_member(const struct mend *m, struct span key)
{
	const struct quirks *q = &m->target->quirks;

	return is_native(q, key) || !(q->no_foreign || q->no_extra) ||
	       !listed(peek_foreign, key);
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool has_word(struct span text, const char *word)
{
	size_t n = strlen(word);
	const char *end = text.p + text.n;

	for (const char *p = text.p;
	     (p = memmem(p, (size_t)(end - p), word, n)); p++)
		if ((p == text.p || !is_word_byte(p[-1])) &&
		    (p + n == end || !is_word_byte(p[n])))
			return true;
	return false;
}

bool mend_names_foreign(struct span text)
{
	for (size_t i = 0; peek_foreign[i]; i++)
		if (has_word(text, peek_foreign[i]))
			return true;
	return false;
}

/* --- members of the request ----------------------------------------------- */

/* The name that the target has for a field that it does not know, or NULL. */
static const char *other_name(struct mend *m, struct span key)
{
	const struct quirks *q = &m->target->quirks;
	const char *limit = write_limit(m->target);

	if ((span_is(key, "max_tokens") ||
	     span_is(key, "max_completion_tokens")) &&
	    !span_is(key, limit) &&
	    (span_is(key, "max_tokens") ||
	     !quirks_take_field(q, SPAN("max_completion_tokens"))))
		return limit;
	if (span_is(key, "seed") && !quirks_take_field(q, key))
		return "random_seed";
	return NULL;
}

static void rename_key(struct mend *m, struct jwalk *w, const char *name)
{
	mend_note(m, arena_str(m->arena, w->key));
	if (mend_has_top(m, name)) {
		mend_cut(m, w);
		return;
	}
	mend_replace(m, w->key, span_of(name));
}

static void mend_strict(struct mend *m, struct span tools)
{
	struct jwalk w = jwalk_in(tools);

	while (m->target->quirks.no_strict && jwalk_next(&w)) {
		struct jwalk in = jwalk_in(jwalk_get(w.value, "function"));

		while (jwalk_next(&in)) {
			if (!jwalk_key_is(&in, "strict"))
				continue;
			mend_cut(m, &in);
			mend_note(m, "strict tools");
		}
	}
}

/* A tool's name: Chat nests it. */
static struct span name_of(struct span tool)
{
	struct span f = jwalk_get(tool, "function");

	f = f.n ? f : jwalk_get(tool, "custom");
	return jwalk_get(f.n ? f : tool, "name");
}

void mend_forced_tool(struct mend *m, const char *any)
{
	struct span choice = jwalk_get(m->text, "tool_choice");
	struct jwalk w = jwalk_in(jwalk_get(m->text, "tools"));
	struct span only = name_of(choice);

	if (!m->target->quirks.no_named_tool || !only.n)
		return;
	while (jwalk_next(&w))
		if (!span_eq(name_of(w.value), only))
			mend_cut(m, &w);
	mend_replace(m, choice, span_of(any));
	mend_note(m, "tool_choice");
}

/* A stream tells what it has used only when it is asked to. */
static void ask_usage(struct mend *m)
{
	struct span options = jwalk_get(m->text, "stream_options");
	struct span told = jwalk_get(options, "include_usage");
	const struct quirks *q = &m->target->quirks;

	if (!q->ask_usage || !quirks_take_field(q, SPAN("stream_options")) ||
	    !span_is(jwalk_get(m->text, "stream"), "true") ||
	    span_is(told, "true"))
		return;
	if (told.n)
		mend_replace(m, told, SPAN("true"));
	else if (jwalk_is_object(options))
		mend_put_first(m, options, SPAN("\"include_usage\":true"));
	else if (options.n)
		mend_replace(m, options, SPAN("{\"include_usage\":true}"));
	else
		mend_put_first(m, m->text,
			       SPAN("\"stream_options\":"
				    "{\"include_usage\":true}"));
	mend_note(m, "stream_options");
	m->usage_asked = true;
}

void mend_top(struct mend *m)
{
	const struct quirks *q = &m->target->quirks;
	struct jwalk w = jwalk_in(m->text);

	while (jwalk_next(&w)) {
		const char *name = other_name(m, w.key);

		if (jwalk_key_is(&w, "max_tokens") ||
		    jwalk_key_is(&w, "max_completion_tokens"))
			mend_limit(m, w.value);
		if (name &&
		    (!q->fields || quirks_take_field(q, span_of(name)))) {
			rename_key(m, &w, name);
		} else if (!quirks_take_field(q, w.key) ||
			   (m->retooled && anew_loses_member(w.key, w.value))) {
			mend_cut(m, &w);
			mend_note(m, arena_str(m->arena, w.key));
			mend_dropped(m, arena_str(m->arena, w.key));
		} else if (jwalk_key_is(&w, "tools")) {
			mend_strict(m, w.value);
		}
	}
	mend_forced_tool(m, "\"required\"");
	ask_usage(m);
}
