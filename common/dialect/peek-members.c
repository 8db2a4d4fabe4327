/* SPDX-License-Identifier: MIT */
/* Members that one API has and another has not, by their names. */
#include "config.h"

#include "dialect/peek.h"

/* key.p is not NULL; most differ in the first byte. */
static bool is_one_of(struct span key, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (*names[i] == *key.p && span_is(key, names[i]))
			return true;
	return false;
}

bool peek_is_echo(struct span key)
{
	static const char *const names[] = {
		"id",
		"type",
		"model",
		"usage",
		"container",
		"diagnostics",
		"stop_reason",
		"stop_sequence",
		"stop_details",
		"parsed_output",
		"context_management",
	};

	if (*key.p == 'r' || (*key.p == 'c' && key.n == 7))
		return false; /* role, content: most of them */
	return is_one_of(key, names, sizeof(names) / sizeof(names[0]));
}

bool peek_is_gathered(struct span key)
{
	return span_is(key, "index") || span_is(key, "partial_json") ||
	       span_is(key, "parsed_output");
}

bool peek_is_openai(struct span key)
{
	static const char *const names[] = {
		"n",
		"stop",
		"seed",
		"user",
		"store",
		"include",
		"logprobs",
		"functions",
		"reasoning",
		"truncation",
		"logit_bias",
		"verbosity",
		"prediction",
		"modalities",
		"top_logprobs",
		"instructions",
		"function_call",
		"stream_options",
		"response_format",
		"presence_penalty",
		"prompt_cache_key",
		"reasoning_effort",
		"frequency_penalty",
		"max_output_tokens",
		"safety_identifier",
		"parallel_tool_calls",
		"max_completion_tokens",
		"prompt_cache_retention",
	};

	return is_one_of(key, names, sizeof(names) / sizeof(names[0]));
}

bool peek_is_chats(struct span key)
{
	static const char *const names[] = {
		"n",
		"stop",
		"seed",
		"audio",
		"system",
		"logprobs",
		"thinking",
		"functions",
		"verbosity",
		"logit_bias",
		"modalities",
		"max_tokens",
		"prediction",
		"function_call",
		"output_config",
		"stop_sequences",
		"response_format",
		"presence_penalty",
		"reasoning_effort",
		"frequency_penalty",
		"max_completion_tokens",
	};

	return is_one_of(key, names, sizeof(names) / sizeof(names[0]));
}

/* What SDKs know of an item and have not been told. */
bool peek_is_unsaid(struct span key)
{
	static const char *const names[] = { "status", "caller",    "async",
					     "async_", "namespace", "phase" };

	return is_one_of(key, names, sizeof(names) / sizeof(names[0]));
}

const char *const peek_foreign[] = {
	"reasoning",
	"reasoning_content",
	"thinking",
	"reasoning_details",
	"extra_content",
	"thinking_blocks",
	"annotations",
	"index",
	"provider_specific_fields",
	"cache_control",
	"executed_tools",
	"parsed",
	"parsed_arguments",
	NULL,
};
