/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "dialect/too-long.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What providers say; the first that is found counts. Small letters stand for
 * themselves and for capitals, "*" for anything, N for the tokens of the
 * prompt, O for those of the answer that was asked for, M for the most that
 * there may be.
 */
static const char *const rows[] = {
	/* Anthropic, also through Bedrock, Vertex and LiteLLM */
	"prompt is too long: N tokens > M maximum",
	"input length and `max_tokens` exceed context limit: N + O > M",
	/* vLLM, NVIDIA */
	"maximum context length is M tokens*requested O output tokens*at least "
	"N input tokens",
	"maximum context length is M tokens and your request has N input "
	"tokens (O >",
	"you passed N input tokens*maximum input length of M tokens",
	"prompt (total length N) is too long to fit into the model (context "
	"length M)",
	"prompt (length N) is longer than the maximum model length of M",
	/* OpenAI, Azure, DeepSeek, vLLM */
	"maximum context length is M tokens*resulted in N tokens",
	"maximum context length is M tokens*you requested N tokens",
	"input tokens exceed the configured limit of M tokens*resulted in N "
	"tokens",
	/* OpenRouter */
	"maximum context length is M tokens*requested about N tokens",
	/* SambaNova */
	"maximum context length of * is M. *will take N tokens",
	/* xAI */
	"maximum prompt length is M but the request contains N tokens",
	/* Mistral */
	"prompt contains N tokens*too large for model with M maximum context "
	"length",
	/* Gemini */
	"input token count (N) exceeds the maximum number of tokens allowed "
	"(M)",
	/* Fireworks, Ollama's cloud */
	"prompt is too long: N, model maximum context length: M",
	/* Together and others on TGI and SGLang */
	"`inputs` tokens + `max_new_tokens` must be <= M. given: N `inputs` "
	"tokens and O `max_new_tokens`",
	"`inputs` must have less than M tokens. given: N",
	"input (N tokens) is longer than the model's context length (M "
	"tokens)",
	/* Bedrock */
	"max input tokens: M, request input token count: N",
	/* llama.cpp */
	"request (N tokens) exceeds the available context size (M tokens)",
	/* LM Studio */
	"greater than the context length (n_keep: N>= n_ctx: M)",
	"trying to keep the first N tokens*context length of only M tokens",
	/* Moonshot */
	"exceeded model token limit: M (requested: N)",
	/* GitHub's models and Copilot */
	"prompt token count of N exceeds the limit of M",
	/* Cerebras */
	"reduce the length of the messages or completion. current length is N "
	"while limit is M",
	/* Cohere */
	"total number of tokens in the prompt cannot exceed M - received N",
	/* DeepSeek on one's own machine */
	"prompt has N tokens, but the configured context size is M tokens",

	/* without numbers, or with one of them */
	"prompt is too long",
	"exceeds the context window", /* OpenAI's Responses */
	"input tokens exceed the configured limit",
	"maximum context length",
	"input token count*exceeds the maximum", /* Gemini */
	"input is too long for requested model", /* Bedrock */
	"exceeds the available context size",    /* llama.cpp */
	"context size has been exceeded",
	"greater than the context length",     /* LM Studio */
	"prompt too long; exceeded",           /* Ollama */
	"input length exceeds*context length", /* its embeddings */
	"contextwindowexceedederror",          /* LiteLLM */
	"exceeded model token limit",          /* Moonshot */
	"range of input length should be",     /* Qwen */
	"prompt exceeds max length",           /* Z.ai */
	"reached its context window limit",
	"context window exceeds limit",      /* MiniMax */
	"reduce the length of the messages", /* Groq */
	"exceed max message tokens",         /* Volcengine */
	"context length exceeded",
};

static const char *const codes[] = {
	TOO_LONG_CODE,
	"exceed_context_size",
	"context_window_exceeded",
	"model_max_prompt_tokens_exceeded",
	"1261", /* Z.ai */
};

/* What clients know, beside the code. */
static const char *const known[] = {
	TOO_LONG_CODE,
	"maximum context length",
	"exceeds the context window",
	"exceeds the available context size",
	"exceeds the maximum number of tokens allowed",
	"Input is too long.",
	"exceed context limit: ",
};

static const char numbers[] = "NOM"; /* in the order of `tokens` */
#define MARKS "NOM*"
#define DIGITS "0123456789"
#define TOKENS_MAX 1000000000000L

/* A number, which may have commas in it, at *p. */
static bool take_number(const char **p, long *out)
{
	const char *s = *p;

	*out = 0;
	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s) ||
	       (*s == ',' && isdigit((unsigned char)s[1]));
	     s++)
		if (*s != ',' && *out < TOKENS_MAX)
			*out = *out * 10 + (*s - '0');
	*p = s;
	return true;
}

static const char *find(const char *p, const char *words, size_t n)
{
	if (!n)
		return p + strcspn(p, DIGITS);
	for (; *p; p++)
		if (strncasecmp(p, words, n) == 0)
			return p;
	return NULL;
}

static bool matches(const char *p, const char *row, long tokens[3])
{
	while (*row) {
		size_t n = strcspn(row, MARKS);
		const char *mark = strchr(numbers, *row);

		if (n) {
			if (strncasecmp(p, row, n))
				return false;
		} else if (mark) {
			if (!take_number(&p, &tokens[mark - numbers]))
				return false;
			row++;
			continue;
		} else {
			n = strcspn(++row, MARKS);
			p = find(p, row, n);
			if (!p)
				return false;
		}
		p += n;
		row += n;
	}
	return true;
}

/* Anywhere in the text. */
static bool is_said(const char *text, const char *row, struct too_long *out)
{
	size_t n = strcspn(row, MARKS);

	for (; (text = find(text, row, n)); text++) {
		long tokens[3] = { 0 };

		if (!matches(text, row, tokens))
			continue;
		out->got = tokens[0] + tokens[1];
		out->max = tokens[2];
		if (!out->got || !out->max)
			out->got = out->max = 0;
		return true;
	}
	return false;
}

static bool is_coded(const char *code)
{
	for (size_t i = 0; code && i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strstr(code, codes[i]))
			return true;
	return false;
}

bool too_long_read(const char *text, const char *code, struct too_long *out)
{
	bool found = false;

	*out = (struct too_long){ 0 };
	for (size_t i = 0; !found && i < sizeof(rows) / sizeof(rows[0]); i++) {
		found = is_said(text, rows[i], out);
		out->known = found && i == 0;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		out->known |= strstr(text, known[i]) != NULL;
	out->known |= code && strstr(code, TOO_LONG_CODE);
	return found || is_coded(code);
}

void too_long_tell(const struct too_long *t, struct err *e)
{
	char was[sizeof(e->msg)];

	/* in these words already, with all that there is to be said */
	if (strncmp(e->msg, TOO_LONG_WORDS, strlen(TOO_LONG_WORDS)) == 0 &&
	    (!t->got || strstr(e->msg, "maximum")))
		return;
	memcpy(was, e->msg, sizeof(was));
	if (t->got)
		snprintf(e->msg, sizeof(e->msg),
			 TOO_LONG_WORDS ": %ld tokens > %ld maximum (%.900s)",
			 t->got, t->max, was);
	else
		snprintf(e->msg, sizeof(e->msg), TOO_LONG_WORDS ": %.980s",
			 was);
}
