/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/quirks.h"

#include <string.h>

#define ROW(key, kind, member, min, help) \
	{ \
		key, kind, offsetof(struct quirks, member), min, help \
	}
#define FLAG(key, member, help) ROW(key, QUIRK_FLAG, member, 0, help)

const struct quirk_row quirk_rows[] = {
	FLAG("maxCompletionTokens", max_completion_tokens,
	     "the limit of an answer is called max_completion_tokens"),
	FLAG("reasoning", reasoning,
	     "takes reasoning_effort, whatever the model's name"),
	FLAG("noStreamUsage", no_usage, "refuses stream_options"),
	FLAG("askUsage", ask_usage,
	     "a stream of Chat Completions asks for its usage where the client "
	     "does not, who is not shown it: so it is counted, not estimated"),
	FLAG("tellsCost", tells_cost,
	     "its usage has what an answer costs, in US dollars (cost, "
	     "cost.total_cost, estimated_cost) or xAI's ticks, or its head "
	     "has (x-litellm-response-cost): that counts, and no price"),
	FLAG("developerRole", developer,
	     "wants system text as role developer; without it a developer "
	     "message goes as system"),
	FLAG("nineCharacterIds", nine_ids,
	     "ids of tool calls are 9 letters and digits"),
	FLAG("uniqueIds", unique_ids,
	     "refuses an id of a tool call that comes twice"),
	FLAG("reasoningContent", reasoning_content,
	     "wants reasoning back as reasoning_content; a tool call without "
	     "any gets a placeholder"),
	FLAG("reasoningOptional", reasoning_optional,
	     "the same without the placeholder"),
	FLAG("reasoningDetails", reasoning_details,
	     "wants reasoning back as reasoning_details, with signatures"),
	FLAG("thinkingParts", thinking_parts,
	     "takes thinking as a part of a message's content"),
	FLAG("thoughtSignatures", thought_signatures,
	     "wants Google's thought_signature back on tool calls"),
	FLAG("topK", top_k, "takes top_k"),
	FLAG("webSearch", search, "takes web_search_options"),
	FLAG("customTools", custom_tools,
	     "takes tools of type custom in Chat Completions; without it they "
	     "go as functions"),
	FLAG("noStrictTools", no_strict, "refuses strict in tools"),
	FLAG("noNamedTool", no_named_tool,
	     "ignores or refuses a tool that is forced by name: that tool "
	     "alone goes, with \"required\""),
	FLAG("formatByChat", format_by_chat,
	     "ignores output_config.format in Messages: such a request goes as "
	     "Chat Completions, when openai is among the protocols"),
	FLAG("functionsOnly", functions_only,
	     "knows no tools but functions in Responses, and none of the "
	     "items of others: a request with any goes as Chat Completions, "
	     "when openai is among the protocols"),
	FLAG("oneSystemMessage", one_system,
	     "takes one system message, at the beginning: later ones go into "
	     "the user's turn"),
	FLAG("systemBeforeTurns", system_first,
	     "takes no system message after an assistant or tool message"),
	FLAG("alternate", alternate, "user and assistant must take turns"),
	FLAG("userLast", user_last,
	     "the last message must be a user's or a tool's"),
	FLAG("noImages", no_images,
	     "takes no images: a text names what was there"),
	FLAG("emptyContent", empty_content,
	     "wants \"\" as content where others take null"),
	FLAG("noEmptyMessages", no_empty,
	     "refuses an assistant message without content and calls"),
	FLAG("foreignFieldsRefused", no_foreign,
	     "refuses what other providers add to messages, such as "
	     "reasoning_content"),
	FLAG("extraFieldsRefused", no_extra,
	     "refuses every field that it does not know"),
	FLAG("callsPaired", paired,
	     "refuses a tool call without its result, and a result without "
	     "its call; results that are no text, and names of tools beyond "
	     "64 letters, digits, _ and -"),
	FLAG("jsonArguments", json_arguments,
	     "reads the arguments of calls in the history, and refuses those "
	     "that are no JSON object"),
	FLAG("strictMessages", strict_messages,
	     "checks Messages as Anthropic does: at most four cache_control, "
	     "no members of answers in messages, tools declared for the calls "
	     "of the history, thinking, samplers and a forced tool as the "
	     "model takes them, schemas of tools that are objects"),
	FLAG("keysApart", keys_apart,
	     "what it gave by one key (encrypted reasoning, signatures) it "
	     "refuses by another: its keys are of several organisations"),
	ROW("topFields", QUIRK_FIELDS, fields, 0,
	    "list of the top-level fields of Chat Completions that it takes, "
	    "when not all"),
	ROW("toolIdMax", QUIRK_NUMBER, id_max, 16,
	    "longest id of a tool call in Chat Completions, in bytes (64)"),
	ROW("maxTokens", QUIRK_NUMBER, max_tokens, 1,
	    "largest limit of an answer, in tokens"),
	ROW("minOutputTokens", QUIRK_NUMBER, min_tokens, 1,
	    "smallest limit of an answer, in tokens"),
	ROW("mend", QUIRK_OFF, no_mend, 0,
	    "false: requests of its own API go byte for byte, whatever they "
	    "hold"),
	FLAG("noVersion", no_version,
	     "has no /v1 in its paths, though its base URL is a host alone"),
	FLAG("normalize", normalize,
	     "its answers are read and written anew in their own API"),
	{ 0 },
};

#undef FLAG
#undef ROW

/* Fields of a Chat request; a position is a bit. */
static const char *const chat_fields[] = {
	"model",
	"messages",
	"tools",
	"tool_choice",
	"parallel_tool_calls",
	"response_format",
	"max_completion_tokens",
	"max_tokens",
	"stop",
	"n",
	"seed",
	"logprobs",
	"top_logprobs",
	"logit_bias",
	"frequency_penalty",
	"presence_penalty",
	"temperature",
	"top_p",
	"reasoning_effort",
	"verbosity",
	"stream",
	"stream_options",
	"user",
	"safety_identifier",
	"prompt_cache_key",
	"prompt_cache_options",
	"prompt_cache_retention",
	"metadata",
	"service_tier",
	"prediction",
	"modalities",
	"audio",
	"store",
	"web_search_options",
	"moderation",
	"functions",
	"function_call",
	/* of others than OpenAI, where they are listed only */
	"random_seed",
	"prompt_mode",
	"safe_prompt",
	"extra_body",
	"top_k",
	"thinking",
	"reasoning",
	"reasoning_format",
	"include_reasoning",
};

#define FIELDS (sizeof(chat_fields) / sizeof(chat_fields[0]))
#define FIELDS_OF_OPENAI 37 /* the first */
_Static_assert(FIELDS <= 64, "a field is a bit");

static int field_of(struct span name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (span_is(name, chat_fields[i]))
			return (int)i;
	return -1;
}

static int parse_fields(uint64_t *to, const char *key, struct json_object *v,
			struct err *e)
{
	if (!json_object_is_type(v, json_type_array))
		return err_set(e, ERR_CONFIG, "%s must be a list of names",
			       key);
	for (size_t i = 0; i < json_length(v); i++) {
		struct span name = json_span(json_at(v, i));
		int bit = field_of(name);

		if (bit < 0)
			return err_set(e, ERR_CONFIG,
				       "%s: \"%.*s\" is no field of Chat "
				       "Completions",
				       key, name.n > 40 ? 40 : (int)name.n,
				       name.n ? name.p : "");
		*to |= (uint64_t)1 << bit;
	}
	return 0;
}

static int parse_row(const struct quirk_row *r, struct quirks *q,
		     struct json_object *v, struct err *e)
{
	void *to = (char *)q + r->at;
	int64_t n;

	if (r->kind == QUIRK_FIELDS)
		return parse_fields(to, r->key, v, e);
	if (r->kind == QUIRK_NUMBER) {
		n = json_object_get_int64(v);
		if (!json_object_is_type(v, json_type_int) || n < 0)
			return err_set(e, ERR_CONFIG,
				       "%s must be a whole number", r->key);
		if (n && n < r->min)
			return err_set(e, ERR_CONFIG, "%s must be at least %d",
				       r->key, (int)r->min);
		*(int64_t *)to = n;
		return 0;
	}
	if (!json_object_is_type(v, json_type_boolean))
		return err_set(e, ERR_CONFIG, "%s must be true or false",
			       r->key);
	*(bool *)to = json_object_get_boolean(v) == (r->kind == QUIRK_FLAG);
	return 0;
}

int quirks_parse(struct quirks *q, struct json_object *file, struct err *e)
{
	memset(q, 0, sizeof(*q));
	for (size_t i = 0; quirk_rows[i].key; i++) {
		struct json_object *v = json_get(file, quirk_rows[i].key);

		if (!v)
			continue;
		if (parse_row(&quirk_rows[i], q, v, e))
			return -1;
		q->given |= (uint64_t)1 << i;
	}
	return 0;
}

static size_t size_of(enum quirk_kind kind)
{
	switch (kind) {
	case QUIRK_FLAG:
	case QUIRK_OFF:
		return sizeof(bool);
	case QUIRK_NUMBER:
	case QUIRK_FIELDS:
		break;
	}
	return sizeof(int64_t);
}

void quirks_fill(struct quirks *q, const struct quirks *more)
{
	uint64_t wanted = more->given & ~q->given;

	for (size_t i = 0; wanted; i++, wanted >>= 1) {
		const struct quirk_row *r = &quirk_rows[i];

		if (wanted & 1)
			memcpy((char *)q + r->at, (const char *)more + r->at,
			       size_of(r->kind));
	}
	q->given |= more->given;
}

size_t quirks_keys(const char **out, size_t max)
{
	size_t n = 0;

	for (; quirk_rows[n].key && n < max; n++)
		out[n] = quirk_rows[n].key;
	return n;
}

bool quirks_take_field(const struct quirks *q, struct span name)
{
	int bit = field_of(name);

	if (q->no_usage && span_is(name, "stream_options"))
		return false;
	if (q->fields)
		return bit >= 0 && q->fields >> bit & 1;
	return !q->no_extra || (bit >= 0 && bit < FIELDS_OF_OPENAI) ||
	       (q->top_k && span_is(name, "top_k"));
}

bool quirks_lack_custom(const struct quirks *q)
{
	uint64_t given = q->given;

	if (q->custom_tools || q->no_custom)
		return q->no_custom;
	for (size_t i = 0; given; i++, given >>= 1)
		if (given & 1 &&
		    quirk_rows[i].at == offsetof(struct quirks, custom_tools))
			return true;
	return false;
}
