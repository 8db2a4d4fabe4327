/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/conversation.h"

#include "base/digest.h"
#include "base/jval.h"

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
static void put_media(struct buf *out, const struct jval *part, int depth)
{
	for (const struct jval *v = jval_members(part); v;
	     v = jval_next(part, v)) {
		if (span_is(v->key, "cache_control"))
			continue;
		put_piece(out, jval_text(v));
		if (depth)
			put_media(out, v, depth - 1);
	}
}

/* A string, or a list of parts. */
static void put_text(struct buf *out, const struct jval *content)
{
	put_piece(out, jval_text(content));
	for (const struct jval *part = jval_items(content); part;
	     part = jval_next(content, part)) {
		struct span text = jval_str(part, "text");

		if (text.n)
			put_piece(out, text);
		else
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
static bool put_value(struct buf *out, struct jdoc *d, struct span rest)
{
	struct err unused;
	size_t n = out->n;

	put_text(out, rest.n ? jdoc_take(d, &rest, &unused) : NULL);
	return out->n > n + 1;
}

enum speaker {
	OTHER,
	USER,
	ASSISTANT
};

static enum speaker put_message(struct buf *out, const struct jval *message)
{
	struct span role = jval_str(message, "role");

	if (span_is(role, "assistant"))
		return ASSISTANT;
	put_text(out, jval_get(message, "content"));
	return span_is(role, "user") ? USER : OTHER;
}

/* What comes before the first answer: messages of Messages and Chat, input of
 * Responses. Item by item, for a long conversation is mostly what follows.
 * True when a user speaks in it. */
static bool put_beginning(struct buf *out, struct jdoc *d, struct span list)
{
	enum speaker who = OTHER;

	if (!span_starts(list, "["))
		return false;
	do {
		const struct jval *message;
		struct err unused;

		/* Behind the bracket or the comma; the body is known to be
		 * JSON. */
		list = span_skip(list, 1);
		message = jdoc_take(d, &list, &unused);
		who = message ? put_message(out, message) : OTHER;
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
	struct jdoc d;
	bool found;

	jdoc_init(&d);
	buf_init(&text, KEY_TEXT_MAX);
	buf_fmt(&text, "%s/%s\n", pool, family);
	put_value(&text, &d, from(r, k, PEEK_SYSTEM));
	put_value(&text, &d, from(r, k, PEEK_INSTRUCTIONS));
	found = put_beginning(&text, &d, from(r, k, PEEK_MESSAGES)) ||
		put_beginning(&text, &d, input);
	if (!found && span_starts(input, "\""))
		found = put_value(&text, &d, input);
	key[0] = '\0';
	if (found)
		digest_hex(buf_get(&text), key, STICKY_KEY_BYTES);
	buf_release(&text);
	jdoc_release(&d);
	return found;
}
