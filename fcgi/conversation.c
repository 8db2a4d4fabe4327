/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/conversation.h"

#include "base/digest.h"

#define TEXT_MAX (1u << 20) /* bytes of the beginning that count */

/* Claude Code begins its system text with a line that differs in every
 * request. */
static bool changes(struct span text)
{
	return span_starts(text, "x-anthropic-billing-header");
}

/* A string, or the text of a list of parts. */
static void put_text(struct buf *out, struct json_object *content)
{
	struct span text = json_span(content);

	if (!changes(text))
		buf_span(out, text);
	for (size_t i = 0; i < json_length(content); i++) {
		struct json_object *part = json_at(content, i);

		text = json_str(part, "text");
		if (!changes(text))
			buf_span(out, text);
	}
	buf_byte(out, '\n');
}

/* What comes before the first answer: messages of Messages and Chat, input of
 * Responses. True when a user speaks in it. */
static bool put_beginning(struct buf *out, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *m = json_at(list, i);
		struct span role = json_str(m, "role");

		if (span_is(role, "assistant"))
			return false;
		put_text(out, json_get(m, "content"));
		if (span_is(role, "user"))
			return true;
	}
	return false;
}

bool conversation_key(const struct request *r, enum family_kind family,
		      char key[STICKY_KEY_BYTES])
{
	struct err unused;
	struct json_object *body = json_read(buf_get(&r->body), &unused);
	struct json_object *input = json_get(body, "input");
	struct buf text;
	bool found;

	buf_init(&text, TEXT_MAX);
	buf_byte(&text, (char)('0' + family));
	put_text(&text, json_get(body, "system"));
	put_text(&text, json_get(body, "instructions"));
	found = put_beginning(&text, json_get(body, "messages")) ||
		put_beginning(&text, input);
	if (!found && json_span(input).n) {
		put_text(&text, input);
		found = true;
	}
	key[0] = '\0';
	if (found)
		digest_hex(buf_get(&text), key, STICKY_KEY_BYTES);
	buf_release(&text);
	json_object_put(body);
	return found;
}
