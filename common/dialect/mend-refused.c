/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/mend-chat.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum {
	MESSAGES = 1 << DIALECT_ANTHROPIC,
	CHAT = 1 << DIALECT_OPENAI,
	RESPONSES = 1 << DIALECT_RESPONSES,
};

#define NO_SWITCH ((size_t)-1)
#define SWITCH(name) offsetof(struct quirks, name)

/* Both texts, in any order. The first row that fits is it. */
static const struct row {
	unsigned dialects;
	const char *text, *also; /* `also` may be NULL */
	enum refused what;
	size_t on;
} rows[] = {
	/* platform.claude.com, ding113/claude-code-hub/issues/518 */
	{ MESSAGES, "redacted_thinking", NULL, REFUSED_THINKING, NO_SWITCH },
	{ MESSAGES, "thinking", "ignature", REFUSED_THINKING, NO_SWITCH },
	/* maximhq/bifrost/issues/5097; the API's limit of four */
	{ MESSAGES, "must define tools", NULL, REFUSED_SWITCH,
	  SWITCH(strict_messages) },
	{ MESSAGES, "cache_control", "aximum of 4", REFUSED_SWITCH,
	  SWITCH(strict_messages) },
	{ MESSAGES, "messages.", "xtra inputs are not permitted",
	  REFUSED_SWITCH, SWITCH(strict_messages) },
	/* openai/codex/issues/8145, Wei-Shaw/sub2api/issues/2863 */
	{ RESPONSES, "invalid_encrypted_content", NULL, REFUSED_REASONING,
	  NO_SWITCH },
	{ RESPONSES, "ncrypted content", "could not be", REFUSED_REASONING,
	  NO_SWITCH },
	/* anomalyco/opencode/issues/7724: of a provider that keeps items */
	{ RESPONSES, "Item with id", "not found", REFUSED_REASONING,
	  NO_SWITCH },
	{ RESPONSES, "provided without its required", NULL, REFUSED_REASONING,
	  NO_SWITCH },
	/* OpenRouterTeam/ai-sdk-provider/issues/273, decolua/9router/301 */
	{ CHAT, "hought signature", NULL, REFUSED_SIGNATURES,
	  SWITCH(thought_signatures) },
	{ CHAT, "thought_signature", NULL, REFUSED_SIGNATURES,
	  SWITCH(thought_signatures) },
	{ CHAT, "houghtSignature", NULL, REFUSED_SIGNATURES,
	  SWITCH(thought_signatures) },
	/* linanwx/nagobot/issues/21: OpenRouter, of who is behind it */
	{ CHAT, "thinking", "ignature", REFUSED_THINKING, NO_SWITCH },
	/* serde's words and pydantic's, of the type of a tool */
	{ CHAT, "nknown variant `custom`", NULL, REFUSED_SWITCH,
	  SWITCH(no_custom) },
	{ CHAT, "hould be 'function'", NULL, REFUSED_SWITCH,
	  SWITCH(no_custom) },
	/* anomalyco/opencode/issues/24722, theopenco/llmgateway/2093 */
	{ CHAT, "reasoning_content", "must be passed back", REFUSED_SWITCH,
	  SWITCH(reasoning_content) },
	{ CHAT, "reasoning_content is missing", NULL, REFUSED_SWITCH,
	  SWITCH(reasoning_content) },
	/* anomalyco/opencode/issues/1680 */
	{ CHAT, "ool call id", "length of 9", REFUSED_SWITCH,
	  SWITCH(nine_ids) },
	/* ollama/ollama/issues/17774 */
	{ CHAT, "System message must be at the beginning", NULL, REFUSED_SWITCH,
	  SWITCH(one_system) },
	/* mistral_common, validator.py */
	{ CHAT, "nexpected role 'system'", NULL, REFUSED_SWITCH,
	  SWITCH(system_first) },
	/* platform.openai.com: the rules of a history */
	{ CHAT, "tool_calls", "must be followed by tool messages",
	  REFUSED_SWITCH, SWITCH(paired) },
	{ CHAT, "role 'tool' must be a response", NULL, REFUSED_SWITCH,
	  SWITCH(paired) },
};

static bool has(struct span text, const char *what)
{
	return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

/* Words for a member that is not known. */
static bool is_unknown(struct span text)
{
	static const char *const words[] = {
		"nknown parameter", "nsupported",  "xtra inputs",
		"extra_forbidden",  "nrecognized", "nknown field",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has(text, words[i]))
			return true;
	return false;
}

/* The number behind `word`, and the text behind that. */
static size_t number_behind(struct span *text, const char *word)
{
	const char *p = memmem(text->p, text->n, word, strlen(word));
	size_t n = 0, digits = 0;

	if (!p)
		return MEND_NOWHERE;
	*text = span_skip(*text, (size_t)(p - text->p) + strlen(word));
	for (; text->n && *text->p >= '0' && *text->p <= '9' && digits < 9;
	     digits++) {
		n = n * 10 + (size_t)(*text->p - '0');
		*text = span_skip(*text, 1);
	}
	return digits ? n : MEND_NOWHERE;
}

static bool is_id_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* "for item rs_0a18 could": the first id of an item. */
static struct span item_in(struct span text)
{
	static const char *const known[] = { "rs_", "fc_", "ctc_", "msg_" };

	for (size_t i = 0; i < text.n; i++) {
		struct span at = span_skip(text, i);
		size_t n = 0;

		if (i && is_id_byte(text.p[i - 1]))
			continue;
		while (n < at.n && is_id_byte(at.p[n]))
			n++;
		for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++)
			if (span_starts(at, known[k]) && n > strlen(known[k]))
				return (struct span){ at.p, n };
	}
	return SPAN("");
}

/* "The encrypted content gAAA...DQ== could": how it ends. */
static struct span end_in(struct span text)
{
	const char *word = "ncrypted content ", *dots = "...";
	const char *p = memmem(text.p, text.n, word, strlen(word));
	struct span name;

	if (!p)
		return SPAN("");
	text = span_skip(text, (size_t)(p - text.p) + strlen(word));
	name = span_cut(&text, ' ');
	p = memmem(name.p, name.n, dots, strlen(dots));
	return p ? span_skip(name, (size_t)(p - name.p) + strlen(dots))
		 : SPAN("");
}

/* "function call `default_api:run`": the name of the tool. Some hand it on
 * within other quotes, and those with a backslash. */
static struct span tool_in(struct span text)
{
	const char *word = "unction call ", *space = "default_api:";
	const char *p;

	while ((p = memmem(text.p, text.n, word, strlen(word)))) {
		size_t quotes = 0, n = 0;

		text = span_skip(text, (size_t)(p - text.p) + strlen(word));
		while (quotes < text.n && text.p[quotes] &&
		       strchr("`'\"\\", text.p[quotes]))
			quotes++;
		if (!quotes) /* "is missing" */
			continue;
		text = span_skip(text, quotes);
		if (span_starts(text, space))
			text = span_skip(text, strlen(space));
		while (n < text.n && is_id_byte(text.p[n]))
			n++;
		return (struct span){ text.p, n };
	}
	return SPAN("");
}

static const struct row *row_of(enum dialect_id d, struct span text)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].dialects & (1u << d) && has(text, rows[i].text) &&
		    (!rows[i].also || has(text, rows[i].also)))
			return &rows[i];
	return NULL;
}

struct mend_refusal mend_refusal(enum dialect_id d, struct span text,
				 struct quirks *q)
{
	struct mend_refusal f = { .message = MEND_NOWHERE,
				  .block = MEND_NOWHERE };
	const struct row *row = row_of(d, text);

	f.item = item_in(text);
	f.end = end_in(text);
	f.tool = tool_in(text);
	f.missing = has(text, "missing");
	if (row) {
		f.what = row->what;
		if (row->on != NO_SWITCH)
			*(bool *)((char *)q + row->on) = true;
		if (row->on == SWITCH(reasoning_content))
			q->reasoning_optional = false;
	} else if (d == DIALECT_OPENAI && is_unknown(text) &&
		   mend_names_foreign(text)) {
		f.what = REFUSED_SWITCH;
		q->no_foreign = true;
	}
	f.message = number_behind(&text, "messages.");
	if (f.message != MEND_NOWHERE)
		f.block = number_behind(&text, "content.");
	f.all = f.block == MEND_NOWHERE && !f.item.n && !f.end.n &&
		f.what != REFUSED_SIGNATURES;
	return f;
}
