/* SPDX-License-Identifier: MIT */
/*
 * custom-tool: tools whose input is free text, which may have to follow a
 * grammar.
 *
 * OpenAI's two APIs have them, each with the grammar in a form of its own.
 * Where there are none such a tool is a function with one string, and the
 * grammar is told to the model in words. Source: the types of openai 7.57
 * (ChatCompletionCustomTool, CustomTool).
 */
#ifndef DARIO_CUSTOM_TOOL_H
#define DARIO_CUSTOM_TOOL_H

#include "base/jw.h"
#include "dialect/chat.h"

/* As a function: {"input": string}, and what the model is told. */
extern const struct span custom_tool_schema;
struct span custom_tool_about(struct arena *a, const struct tool *t);

/* Its members name, description and format; Chat has the grammar one level
 * deeper (`nested`). `name` is the target's. */
void custom_tool_put(struct jw *w, const struct tool *t, struct span name,
		     bool nested);

#endif
