/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/stop-word.h"

static const struct {
	const char *word;
	enum stop_kind stop;
} words[] = {
	{ "tool_calls", STOP_TOOL_USE },
	{ "tool_use", STOP_TOOL_USE },
	{ "tool_call", STOP_TOOL_USE },
	{ "function_call", STOP_TOOL_USE },
	{ "length", STOP_MAX_TOKENS },
	{ "model_length", STOP_MAX_TOKENS },
	{ "max_tokens", STOP_MAX_TOKENS },
	{ "max_output_tokens", STOP_MAX_TOKENS },
	{ "model_context_window_exceeded", STOP_MAX_TOKENS },
	{ "stop_sequence", STOP_SEQUENCE },
	{ "content_filter", STOP_REFUSAL },
	{ "refusal", STOP_REFUSAL },
	/* ai.google.dev/api/generate-content#FinishReason */
	{ "safety", STOP_REFUSAL },
	{ "image_safety", STOP_REFUSAL },
	{ "recitation", STOP_REFUSAL },
	{ "blocklist", STOP_REFUSAL },
	{ "prohibited_content", STOP_REFUSAL },
	{ "spii", STOP_REFUSAL },
	/* docs.z.ai, chat completion */
	{ "sensitive", STOP_REFUSAL },
};

enum stop_kind stop_word(struct span word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_ieq(word, words[i].word))
			return words[i].stop;
	return STOP_END;
}

bool stop_word_fails(struct span word)
{
	static const char *const fails[] = {
		"error",
		"abort",
		"insufficient_system_resource", /* DeepSeek */
		"network_error",                /* Z.ai */
		"malformed_function_call",      /* Gemini */
		"function_call_filter: MALFORMED_FUNCTION_CALL",
	};

	for (size_t i = 0; i < sizeof(fails) / sizeof(fails[0]); i++)
		if (span_ieq(word, fails[i]))
			return true;
	return false;
}
