/* SPDX-License-Identifier: MIT */
/*
 * web-search: the search that a provider runs itself, from one API to another.
 *
 * Each has it under a name and a form of its own: Anthropic's dated tool,
 * Responses' web_search, Chat's web_search_options. Domains and the user's
 * place are the same everywhere; what one of them lacks is left out.
 */
#ifndef DARIO_WEB_SEARCH_H
#define DARIO_WEB_SEARCH_H

#include "base/jw.h"
#include "dialect/chat.h"

bool web_search_is(const struct tool *t);

/* The tool, or for Chat the value of web_search_options. */
void web_search_anthropic(struct jw *w, const struct tool *t);
void web_search_responses(struct jw *w, const struct tool *t);
void web_search_chat(struct jw *w, const struct tool *t);

#endif
