/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/conversation.h"

#include "base/digest.h"

#include <string.h>

#define KEY_TEXT_MAX (4u << 20) /* bytes that are hashed */
#define PIECE_MAX (64u << 10)   /* of one text or one picture */

/* Claude Code begins its system text with a line that differs in every
 * request. */
static bool changes(struct span text)
{
	return span_starts(text, "x-anthropic-billing-header");
}

/* Of a long one its beginning and its length. */
static void put_piece(struct buf *out, struct span text)
{
	if (changes(text))
		return;
	buf_span(out, (struct span){ text.p,
				     text.n < PIECE_MAX ? text.n : PIECE_MAX });
	if (text.n > PIECE_MAX)
		buf_int(out, (int64_t)text.n);
}

/* The strings of a part that is no text: a picture or a document. */
static void put_media(struct buf *out, struct json_object *part, int depth)
{
	json_object_object_foreach(part, key, value)
	{
		if (strcmp(key, "cache_control") == 0)
			continue;
		put_piece(out, json_span(value));
		if (depth && json_object_is_type(value, json_type_object))
			put_media(out, value, depth - 1);
	}
}

/* A string, or a list of parts. */
static void put_text(struct buf *out, struct json_object *content)
{
	put_piece(out, json_span(content));
	for (size_t i = 0; i < json_length(content); i++) {
		struct json_object *part = json_at(content, i);
		struct span text = json_str(part, "text");

		if (text.n)
			put_piece(out, text);
		else if (json_object_is_type(part, json_type_object))
			put_media(out, part, 1);
	}
	buf_byte(out, '\n');
}

/* The body from the value of a key on; empty when it has no such key. */
static struct span from(const struct request *r, const struct peek *k,
			enum peek_place place)
{
	size_t at = k->places[place];

	return at ? span_skip(buf_get(&r->body), at) : SPAN("");
}

/* The text of the value at the front of `rest`; true when it has any. */
static bool put_value(struct buf *out, struct span rest)
{
	struct err unused;
	struct json_object *value = rest.n ? json_take(&rest, &unused) : NULL;
	size_t n = out->n;

	put_text(out, value);
	json_object_put(value);
	return out->n > n + 1;
}

enum speaker {
	OTHER,
	USER,
	ASSISTANT
};

static enum speaker put_message(struct buf *out, struct json_object *message)
{
	struct span role = json_str(message, "role");

	if (span_is(role, "assistant"))
		return ASSISTANT;
	put_text(out, json_get(message, "content"));
	return span_is(role, "user") ? USER : OTHER;
}

/* What comes before the first answer: messages of Messages and Chat, input of
 * Responses. Item by item, for a long conversation is mostly what follows.
 * True when a user speaks in it. */
static bool put_beginning(struct buf *out, struct span list)
{
	enum speaker who = OTHER;

	if (!span_starts(list, "["))
		return false;
	do {
		struct json_object *message;
		struct err unused;

		/* Behind the bracket or the comma; the body is known to be
		 * JSON. */
		list = span_skip(list, 1);
		message = json_take(&list, &unused);
		who = message ? put_message(out, message) : OTHER;
		json_object_put(message);
		list = span_trim(list);
	} while (who == OTHER && span_starts(list, ","));
	return who == USER;
}

bool conversation_key(const struct request *r, const struct peek *k,
		      const char *pool, const char *family,
		      char key[STICKY_KEY_BYTES])
{
	struct span input = from(r, k, PEEK_INPUT);
	struct buf text;
	bool found;

	buf_init(&text, KEY_TEXT_MAX);
	buf_fmt(&text, "%s/%s\n", pool, family);
	put_value(&text, from(r, k, PEEK_SYSTEM));
	put_value(&text, from(r, k, PEEK_INSTRUCTIONS));
	found = put_beginning(&text, from(r, k, PEEK_MESSAGES)) ||
		put_beginning(&text, input);
	if (!found && span_starts(input, "\""))
		found = put_value(&text, input);
	key[0] = '\0';
	if (found)
		digest_hex(buf_get(&text), key, STICKY_KEY_BYTES);
	buf_release(&text);
	return found;
}
