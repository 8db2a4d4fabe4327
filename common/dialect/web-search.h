/* SPDX-License-Identifier: MIT */
/*
 * web-search: the search that a provider runs itself, from one API to another.
 *
 * Each has it under a name and a form of its own: Anthropic's dated tool,
 * Responses' web_search, Chat's web_search_options. Domains and the user's
 * place are the same everywhere; what one of them lacks is left out and named.
 */
#ifndef DARIO_WEB_SEARCH_H
#define DARIO_WEB_SEARCH_H

#include "base/jw.h"
#include "dialect/chat.h"

bool web_search_is(const struct tool *t);
/* Does tool_choice name it, or any search? */
bool web_search_is_chosen(const struct chat *c, const struct tool *t);
bool web_search_is_forced(const struct chat *c);

/* The tool, or for Chat the value of web_search_options. What it lacks is
 * named in the chat. */
void web_search_anthropic(struct jw *w, struct chat *c, const struct tool *t);
void web_search_responses(struct jw *w, struct chat *c, const struct tool *t);
void web_search_chat(struct jw *w, struct chat *c, const struct tool *t);

#endif
