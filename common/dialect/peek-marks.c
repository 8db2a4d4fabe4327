/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/peek-marks.h"

#include "base/fnv.h"

#include <string.h>

/* What the string that is read may show. */
enum watch {
	WATCH_NONE,
	WATCH_CALL, /* id of a call or of an item */
	WATCH_ID,   /* the same where it is referred to */
	WATCH_SIGNATURE,
	WATCH_ENCRYPTED,
	WATCH_SUMMARY, /* is counted */
	WATCH_STATUS,
	WATCH_SWITCH, /* type of a member of the body */
	WATCH_ROLE,
	WATCH_CALL_ID, /* id of a call, at the call and at its result */
	WATCH_CACHE,   /* is counted */
	WATCH_MEDIA,   /* there is one */
	WATCH_BLOCK,   /* type of a block of a message */
	WATCH_TOOL,    /* type of a tool */
	WATCH_ITEM,    /* type of an item of Responses */
	WATCH_NAME,    /* name of a tool */
	WATCH_ACTION,  /* type of what an item of Responses did */
};

/* Which member of the body it is. */
enum top {
	TOP_OTHER,
	TOP_MESSAGES,
	TOP_INPUT,
	TOP_TOOLS,
};

/* Of a message, or an item of Responses, as bits. */
enum item {
	ITEM_ASSISTANT = 1,
	ITEM_TOOL = 2,
	ITEM_OTHER = 4, /* a role, but another */
	ITEM_IN = 8, /* has a part that an assistant's has not; in Messages and
		      * Chat, one that is no text */
	ITEM_OUT = 16,    /* or that another's has not */
	ITEM_TEXT = 32,   /* something that is no call and no result */
	ITEM_PAIRED = 64, /* Responses: an id of a call */
	ITEM_RESULT = 128,
	ITEM_SUMMARY = 256, /* of reasoning */
	ITEM_STATUS = 512,
	ITEM_SAID = 1024, /* has content */
	ITEM_CALLS = 2048,
	ITEM_CUSTOM = 4096, /* a call of free text, or its output */
	ITEM_MODELS = 8192, /* Messages: a block of the model's alone */
	ITEM_USERS = 16384, /* or of the user's */
	ITEM_CHATS = 32768, /* Chat: an image or a file */
	ITEM_SYSTEM = 65536,
	ITEM_REASONING = 1 << 17,
};

static const struct {
	const char *key;
	unsigned marks; /* that it sets whatever its value */
	enum watch watch;
} marked[] = {
	{ "id", 0, WATCH_CALL },
	{ "call_id", MARK_CALLS, WATCH_CALL_ID },
	{ "tool_use_id", MARK_CALLS, WATCH_ID },
	{ "tool_call_id", MARK_CALLS, WATCH_ID },
	{ "signature", MARK_OPAQUE, WATCH_SIGNATURE },
	{ "encrypted_content", MARK_OPAQUE, WATCH_ENCRYPTED },
	{ "thought_signature", MARK_OPAQUE, WATCH_NONE },
	{ "summary", 0, WATCH_SUMMARY },
	{ "status", 0, WATCH_STATUS },
	{ "tool_calls", MARK_CALLS, WATCH_NONE },
	{ "cache_control", 0, WATCH_CACHE },
	{ "source", 0, WATCH_MEDIA },
	{ "parsed", MARK_PARSED, WATCH_NONE },
	{ "parsed_arguments", MARK_PARSED, WATCH_NONE },
};

/* Members that name what a provider keeps (refs.h). */
static const char *const stored[] = {
	"previous_response_id",
	"conversation",
	"file_id",
	"file_ids",
	"input_file_id",
	"training_file",
	"validation_file",
	"vector_store_ids",
	"container",
	"container_id",
	"cached_content",
	"cachedContent",
	"input_files",
	"skill_id",
};

static bool is_stored(const struct peek *k)
{
	for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++)
		if (*stored[i] == *k->key && k->key_n == strlen(stored[i]) &&
		    memcmp(k->key, stored[i], k->key_n) == 0)
			return true;
	return false;
}

static void watch(struct peek *k, enum watch what)
{
	k->watch = (unsigned char)what;
	k->string_n = 0;
	k->hash = FNV_START;
	k->odd = k->dashed = false;
}

/* Of a text that some refuse when nothing is in it. */
static bool is_text_key(const struct peek *k)
{
	return (k->key_n == 4 && memcmp(k->key, "text", 4) == 0) ||
	       (k->key_n == 7 && memcmp(k->key, "content", 7) == 0) ||
	       (k->key_n == 10 && memcmp(k->key, "tool_calls", 10) == 0);
}

static bool key_is(const struct peek *k, const char *name)
{
	return k->key_n == strlen(name) && memcmp(k->key, name, k->key_n) == 0;
}

/* Limits of the answer, which are small for some or named in another way, and
 * members that not every model of Claude takes. */
static void mark_field(struct peek *k)
{
	struct span name = { k->key, k->key_n };

	if (span_is(name, "max_tokens") ||
	    span_is(name, "max_completion_tokens") ||
	    span_is(name, "max_output_tokens")) {
		k->limited |= span_is(name, "max_tokens");
		k->limits++;
		k->limit_at = k->at;
	}
	if (span_is(name, "temperature") || span_is(name, "top_p") ||
	    span_is(name, "top_k"))
		k->marks |= MARK_SAMPLER;
	else if (name.n && peek_is_openai(name))
		k->marks |= MARK_ECHO;
	k->chats |= name.n && peek_is_chats(name);
	k->legacy |= span_is(name, "functions") ||
		     span_is(name, "function_call");
}

void peek_mark_top(struct peek *k)
{
	static const char *const names[] = {
		[TOP_MESSAGES] = "messages",
		[TOP_INPUT] = "input",
		[TOP_TOOLS] = "tools",
	};

	k->top = TOP_OTHER;
	for (unsigned char i = TOP_MESSAGES; i <= TOP_TOOLS; i++)
		if (key_is(k, names[i]))
			k->top = i;
	if (k->top == TOP_OTHER)
		mark_field(k);
}

void peek_mark_type(struct peek *k, unsigned char c)
{
	if (k->typed == 'f')
		k->marks |= c == 't' ? MARK_SCHEMA : 0;
	else if (k->top == TOP_TOOLS)
		k->marks |= MARK_SCHEMA | MARK_INPUT;
	else if (key_is(k, "content")) /* a list of parts, or nothing */
		k->marks |= c == '[' || c == 'n' ? 0 : MARK_INPUT;
	else if (c != '[' || !key_is(k, "output"))
		k->marks |= MARK_INPUT;
}

/* One of a list of parts that is no object. */
void peek_mark_element(struct peek *k)
{
	if (k->top == TOP_MESSAGES || k->top == TOP_INPUT)
		k->marks |= MARK_INPUT;
}

void peek_mark_push(struct peek *k)
{
	k->item = 0;
	k->inner = 0;
	k->tools |= k->top == TOP_TOOLS;
}

/* A Bloom filter of ids with two bits for each. */
static bool seen_before(struct peek *k)
{
	bool seen = true;

	for (int i = 0; i < 2; i++) {
		size_t bit = (size_t)(k->hash >> (10 + 27 * i)) %
			     PEEK_SEEN_BITS;
		uint64_t mask = (uint64_t)1 << bit % 64;

		seen = seen && k->seen->bits[bit / 64] & mask;
		k->seen->bits[bit / 64] |= mask;
	}
	return seen;
}

/* An item of Responses: its parts are those of its role, and an output comes
 * behind its call. */
static void pop_item(struct peek *k)
{
	unsigned is = k->item;
	bool result = is & ITEM_RESULT;

	if ((is & ITEM_ASSISTANT && is & ITEM_IN) ||
	    (is & ITEM_OTHER && is & ITEM_OUT))
		k->marks |= MARK_PART;
	if (is & ITEM_SUMMARY && is & ITEM_STATUS)
		k->marks |= MARK_PARSED;
	/* What others say, or what a call gave, belongs to no reasoning. */
	if (k->thought && (result || is & (ITEM_OTHER | ITEM_SYSTEM)))
		k->marks |= MARK_REASONING;
	k->thought = is & ITEM_REASONING;
	if (!(is & ITEM_PAIRED))
		return;
	k->hash = k->call_id;
	if (is & ITEM_CUSTOM) /* the output is of the same kind */
		k->call_id = fnv_byte(k->call_id, 'c');
	k->pairs += result ? -k->call_id : k->call_id;
	if (seen_before(k) != result)
		k->marks |= result ? MARK_PAIRS : MARK_ID_TWICE;
}

void peek_mark_pop(struct peek *k)
{
	unsigned is = k->item;

	if (k->top == TOP_INPUT)
		pop_item(k);
	if (k->top != TOP_MESSAGES)
		return;
	if (is & ITEM_ASSISTANT && !(is & (ITEM_SAID | ITEM_CALLS)))
		k->marks |= MARK_BLANK;
	if (is & ITEM_TOOL && (k->behind || is & ITEM_IN || !(is & ITEM_SAID)))
		k->marks |= MARK_PAIRS;
	if (is & ITEM_CHATS && is & (ITEM_ASSISTANT | ITEM_SYSTEM))
		k->marks |= MARK_PART;
	if (is & (is & ITEM_ASSISTANT ? ITEM_USERS : ITEM_MODELS))
		k->marks |= MARK_PART;
	if (is & (ITEM_ASSISTANT | ITEM_TOOL))
		k->behind = false;
	else
		k->behind |= (is & ITEM_TEXT) != 0;
}

/* Text as the content of a message is as good as a block of it. */
void peek_mark_text(struct peek *k)
{
	if (k->top == TOP_MESSAGES && key_is(k, "content"))
		k->item |= ITEM_TEXT;
}

void peek_mark_end(struct peek *k)
{
	if (k->summaries || k->thought)
		k->marks |= MARK_REASONING;
	if (k->caches > PEEK_CACHE_MAX)
		k->marks |= MARK_CACHE;
	if (k->pairs)
		k->marks |= MARK_PAIRS;
	if (k->calls && !k->tools)
		k->marks |= MARK_NO_TOOLS;
	if (k->schemas)
		k->marks |= MARK_SCHEMA;
	if (k->inputs > 0)
		k->marks |= MARK_INPUT;
	if (!k->limited)
		k->marks |= MARK_FORCED;
}

void peek_mark_null(struct peek *k)
{
	if (k->depth == 1 && key_is(k, "max_tokens")) /* as good as none */
		k->marks |= MARK_FORCED;
	if (k->depth == 3 && k->top == TOP_MESSAGES && key_is(k, "content"))
		k->item &= ~(unsigned)ITEM_SAID;
	if (k->depth == 3 && k->top == TOP_INPUT &&
	    peek_is_unsaid((struct span){ k->key, k->key_n }))
		k->marks |= MARK_PARSED;
}

static void mark_item(struct peek *k, enum item is)
{
	if (k->depth == 3 && k->top == TOP_INPUT)
		k->item |= is;
}

/* Of a tool of Messages: is its schema an object, and nothing else besides? The
 * root of it lies as deep as what cache_control says. */
static void mark_tool(struct peek *k)
{
	if (k->depth == 3) {
		k->schemas += key_is(k, "input_schema") ||
			      key_is(k, "cache_control");
		k->typed = key_is(k, "strict") ? 'f' : 0;
		k->blocks |= key_is(k, "input_schema") ||
			     key_is(k, "parameters");
		if (key_is(k, "function")) /* Responses has no such level */
			k->marks |= MARK_REASONING;
		return;
	}
	if (k->depth == 4) {
		k->schemas -= key_is(k, "type");
		if (key_is(k, "anyOf") || key_is(k, "oneOf") ||
		    key_is(k, "allOf") || key_is(k, "$ref"))
			k->marks |= MARK_SCHEMA;
	}
	if (k->depth > 5) /* Chat's are one deeper */
		return;
	if (key_is(k, "properties"))
		k->typed = '{';
	else if (key_is(k, "required"))
		k->typed = '[';
}

/* Of a message, a part or a call, or the function that it calls. */
static bool is_foreign(const struct peek *k)
{
	if (k->key_n < 5 || k->depth == 4 || k->depth > 6)
		return false;
	for (size_t i = 0; peek_foreign[i]; i++)
		if (*peek_foreign[i] == *k->key && key_is(k, peek_foreign[i]))
			return true;
	return false;
}

static void mark_message(struct peek *k)
{
	if (key_is(k, "content"))
		k->item |= ITEM_SAID;
	else if (key_is(k, "tool_calls"))
		k->item |= ITEM_CALLS;
	else if (key_is(k, "function_call")) {
		k->item |= ITEM_CALLS;
		k->legacy = true;
	}
}

/* What a message must not be without, members that others add, and how the
 * value of a call must begin. */
static void mark_in_message(struct peek *k)
{
	if (k->depth == 3)
		mark_message(k);
	if (is_foreign(k))
		k->marks |= MARK_PARSED;
	if (k->depth == 5 && key_is(k, "input")) {
		k->typed = '{';
		k->inputs--;
	} else if (k->depth == 3 && key_is(k, "content"))
		k->typed = '"';
	else if (k->depth == 6 && key_is(k, "arguments"))
		k->typed = '"';
}

/* What is a text in an item of Responses, or parts. */
static void mark_in_item(struct peek *k)
{
	bool output = key_is(k, "output");

	if (output)
		k->item |= ITEM_RESULT;
	if (output || key_is(k, "arguments") || key_is(k, "input") ||
	    key_is(k, "content"))
		k->typed = '"';
}

/* Of a tool or its call: Chat has it one deeper. */
static bool is_tools_name(const struct peek *k)
{
	unsigned depth = k->depth - (k->top == TOP_MESSAGES ? 2 : 0);

	if (k->top == TOP_TOOLS || k->top == TOP_MESSAGES)
		return depth == 3 || depth == 4;
	return k->top == TOP_INPUT && depth == 3;
}

/* role, type, name: most members, with text. */
static void mark_short(struct peek *k)
{
	bool type = memcmp(k->key, "type", 4) == 0;

	if (memcmp(k->key, "role", 4) == 0)
		watch(k, WATCH_ROLE);
	else if (type && k->depth == 2)
		watch(k, WATCH_SWITCH);
	else if (type && k->depth == 3 && k->top == TOP_TOOLS)
		watch(k, WATCH_TOOL);
	else if (type && k->depth == 3 && k->top == TOP_INPUT)
		watch(k, WATCH_ITEM);
	else if (type && k->depth == 4 && k->top == TOP_INPUT)
		watch(k, WATCH_ACTION);
	else if (type && k->depth == 5 &&
		 (k->top == TOP_MESSAGES || k->top == TOP_INPUT))
		watch(k, WATCH_BLOCK);
	else if (memcmp(k->key, "name", 4) == 0 && is_tools_name(k))
		watch(k, WATCH_NAME);
}

static void mark_listed(struct peek *k, unsigned marks, enum watch what)
{
	k->marks |= marks;
	if (what == WATCH_SUMMARY) {
		k->summaries++;
		mark_item(k, ITEM_SUMMARY);
	} else if (what == WATCH_STATUS)
		mark_item(k, ITEM_STATUS);
	else if (what == WATCH_CACHE)
		k->caches++;
	else if (what == WATCH_MEDIA)
		k->media = true;
	else
		watch(k, what);
}

/* The value of a member begins. */
void peek_mark_member(struct peek *k)
{
	struct span name = { k->key, k->key_n };

	k->watch = WATCH_NONE;
	k->typed = 0;
	k->blank = is_text_key(k);
	if (k->top == TOP_TOOLS)
		mark_tool(k);
	else if (k->top == TOP_MESSAGES)
		mark_in_message(k);
	if (k->top == TOP_MESSAGES && (k->depth == 3   ? peek_is_echo(name)
				       : k->depth == 5 ? peek_is_gathered(name)
						       : false))
		k->marks |= MARK_ECHO;
	if (k->depth == 3 && k->top == TOP_INPUT)
		mark_in_item(k);
	if (k->depth == 5 && k->top == TOP_INPUT && key_is(k, "image_url"))
		k->typed = '"';
	if (k->key_n == 4) {
		mark_short(k);
		return;
	}
	if (k->key_n == 8 && k->depth > 1 && memcmp(k->key, "thinking", 8) == 0)
		k->marks |= MARK_THINKING_PART;
	if (k->key_n >= 7 && !k->blank && is_stored(k))
		k->marks |= k->odd_key ? MARK_STORED | MARK_STORED_ODD
				       : MARK_STORED;
	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++)
		if (*marked[i].key == *k->key &&
		    k->key_n == strlen(marked[i].key) &&
		    memcmp(k->key, marked[i].key, k->key_n) == 0)
			mark_listed(k, marked[i].marks, marked[i].watch);
}

static bool is_id_byte(unsigned char c)
{
	return (c | 0x20) >= 'a' ? (c | 0x20) <= 'z' : (c >= '0' && c <= '9');
}

/* A byte of the string that is watched. */
void peek_watch_byte(struct peek *k, unsigned char c)
{
	if (k->string_n < sizeof(k->head))
		k->head[k->string_n] = (char)c;
	k->string_n++;
	if (c == '_' || c == '-')
		k->dashed = true;
	else if (!is_id_byte(c))
		k->odd = true;
	k->hash = fnv_byte(k->hash, c);
}

/* Of a word only its head and length are looked at. */
static bool is_word(const struct peek *k)
{
	return k->watch == WATCH_ROLE || k->watch == WATCH_BLOCK ||
	       k->watch == WATCH_TOOL || k->watch == WATCH_ITEM ||
	       k->watch == WATCH_SWITCH || k->watch == WATCH_SIGNATURE ||
	       k->watch == WATCH_ENCRYPTED || k->watch == WATCH_ACTION;
}

void peek_watch_run(struct peek *k, struct span bytes)
{
	size_t i = 0;

	if (is_word(k)) {
		for (; i < bytes.n && k->string_n < sizeof(k->head); i++)
			k->head[k->string_n++] = bytes.p[i];
		k->string_n += bytes.n - i;
		return;
	}
	for (; i < bytes.n; i++)
		peek_watch_byte(k, (unsigned char)bytes.p[i]);
}

static bool is_item_id(const struct peek *k)
{
	static const char *const known[] = { "rs_", "fc_", "ctc_", "msg_" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (k->string_n > strlen(known[i]) &&
		    memcmp(k->head, known[i], strlen(known[i])) == 0)
			return true;
	return false;
}

static bool said(const struct peek *k, const char *head, size_t n)
{
	return k->string_n == n && memcmp(k->head, head, 4) == 0;
}

static void mark_role(struct peek *k)
{
	bool assistant = said(k, "assi", 9), tool = said(k, "tool", 4);

	if (said(k, "deve", 9))
		k->marks |= MARK_DEVELOPER;
	else if (said(k, "syst", 6))
		k->marks |= MARK_SYSTEM;
	if (k->depth != 3)
		return;
	k->legacy |= said(k, "func", 8);
	if (said(k, "deve", 9) || said(k, "syst", 6))
		k->item |= ITEM_SYSTEM;
	k->item |= assistant ? ITEM_ASSISTANT : tool ? ITEM_TOOL : ITEM_OTHER;
	if (assistant && k->pairs) /* before all results have come */
		k->marks |= MARK_PAIRS;
}

/* Whose turn alone has a block of this type? */
static unsigned short side_of(const struct peek *k)
{
	if (said(k, "tool", 8) || said(k, "thin", 8) || said(k, "reda", 17))
		return ITEM_MODELS;
	return said(k, "tool", 11) || said(k, "imag", 5) ||
			       said(k, "docu", 8) || said(k, "sear", 13)
		     ? ITEM_USERS
		     : 0;
}

/* Of Chat: what it shows, and parts of Responses. */
static void mark_part(struct peek *k)
{
	if (said(k, "imag", 9) || said(k, "file", 4) || said(k, "vide", 9) ||
	    said(k, "inpu", 11))
		k->item |= ITEM_CHATS;
	if (said(k, "inpu", 10) || said(k, "inpu", 11) || said(k, "outp", 11))
		k->marks |= MARK_PART;
}

/* Of Messages: a result behind what is none. Of Responses: whose parts? */
static void mark_block(struct peek *k)
{
	bool result = said(k, "tool", 11), call = said(k, "tool", 8);

	if (k->top == TOP_MESSAGES) {
		if (said(k, "cust", 6))
			k->marks |= MARK_CUSTOM;
		k->inputs += call || said(k, "serv", 15) || said(k, "mcp_", 12);
		k->blocks |= result || call || said(k, "imag", 5) ||
			     said(k, "docu", 8) || said(k, "outp", 11) ||
			     said(k, "inpu", 10) || said(k, "inpu", 11);
		if (result && (k->behind || k->item & ITEM_TEXT))
			k->marks |= MARK_PAIRS;
		if (!result && !call)
			k->item |= ITEM_TEXT;
		if (!said(k, "text", 4))
			k->item |= ITEM_IN | side_of(k);
		mark_part(k);
		return;
	}
	if (said(k, "imag", 9)) /* Chat's */
		k->marks |= MARK_PART;
	if (memcmp(k->head, "inpu", 4) == 0)
		k->item |= ITEM_IN;
	else if (said(k, "outp", 11) || said(k, "refu", 7))
		k->item |= ITEM_OUT;
	else if (said(k, "text", 4))
		k->item |= ITEM_IN | ITEM_OUT;
}

/* Each id stands as often at calls as at results. */
static void mark_pair(struct peek *k)
{
	if (k->watch == WATCH_CALL_ID) {
		k->call_id = k->hash;
		k->item |= k->depth == 3 ? ITEM_PAIRED : 0;
	} else if (k->watch == WATCH_ID) {
		k->pairs -= k->hash;
	} else if (k->depth == 5 && k->top == TOP_MESSAGES) {
		k->pairs += k->hash;
		k->calls = true;
	}
}

/* Of thinking, and of the choice of a tool. */
static void mark_switch(struct peek *k)
{
	if (said(k, "enab", 7))
		k->marks |= MARK_THINKING;
	else if (said(k, "adap", 8))
		k->marks |= MARK_FORM;
	else if (said(k, "disa", 8) || said(k, "betw", 13) ||
		 said(k, "tool", 4) ||
		 (k->string_n == 3 && memcmp(k->head, "any", 3) == 0))
		k->marks |= MARK_FORCED;
}

/* Of a tool: one that is refused, or another's too. */
static void mark_name(struct peek *k)
{
	if (k->odd || k->string_n > PEEK_ID_MAX)
		k->marks |= MARK_ID_ODD;
	if (k->top != TOP_TOOLS || k->depth != 3)
		return;
	k->hash = fnv_byte(k->hash, 't'); /* it is no id */
	if (seen_before(k))
		k->marks |= MARK_ID_TWICE;
}

/* The string that is watched is over. */
void peek_mark_string(struct peek *k)
{
	if (k->watch == WATCH_SIGNATURE || k->watch == WATCH_ENCRYPTED) {
		k->marks |= k->string_n ? 0 : MARK_UNSIGNED;
		k->summaries -= k->watch == WATCH_ENCRYPTED;
		return;
	}
	if (k->watch == WATCH_SWITCH) {
		mark_switch(k);
		return;
	}
	if (k->watch == WATCH_ROLE) {
		mark_role(k);
		return;
	}
	if (k->watch == WATCH_TOOL) {
		k->marks |= said(k, "cust", 6) ? MARK_CUSTOM : 0;
		return;
	}
	if (k->watch == WATCH_NAME) {
		mark_name(k);
		return;
	}
	if (k->watch == WATCH_ITEM) {
		if (k->string_n >= 4 && memcmp(k->head, "cust", 4) == 0)
			k->item |= ITEM_CUSTOM;
		else if (said(k, "reas", 9))
			k->item |= ITEM_REASONING;
		return;
	}
	if (k->watch == WATCH_BLOCK) {
		mark_block(k);
		return;
	}
	if (k->watch == WATCH_ACTION) {
		if (said(k, "othe", 5) || said(k, "find", 4))
			k->marks |= MARK_PART;
		return;
	}
	mark_pair(k);
	if (k->odd)
		k->marks |= MARK_ID_ODD;
	if (!k->string_n)
		k->marks |= MARK_ID_EMPTY;
	if (k->string_n > k->longest)
		k->longest = k->string_n;
	if (k->string_n > PEEK_ID_MAX)
		k->marks |= MARK_ID_LONG;
	if (k->string_n != 9 || k->odd || k->dashed)
		k->marks |= MARK_ID_NOT_NINE;
	if (k->watch != WATCH_CALL)
		return;
	if (!is_item_id(k))
		k->marks |= MARK_ID_ITEM;
	if (seen_before(k))
		k->marks |= MARK_ID_TWICE;
}

/* Is the byte one more of a seal's beginning? */
void peek_look_for_seal(struct peek *k, unsigned char c)
{
	if (c != (unsigned char)PEEK_SEAL_HEAD[k->sealed]) {
		k->sealed = PEEK_NO_SEAL;
	} else if (++k->sealed == sizeof(PEEK_SEAL_HEAD) - 1) {
		k->marks |= MARK_SEAL;
		k->sealed = PEEK_NO_SEAL;
	}
}
