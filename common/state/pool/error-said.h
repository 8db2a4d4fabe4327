/* SPDX-License-Identifier: MIT */
/*
 * error-said: the parts of a refusal's body. Providers agree on little: an
 * object "error" with message, type and code (OpenAI, Anthropic), the same in
 * a list or with status and details (Gemini), with the field names of whoever
 * is behind it in metadata (OpenRouter), a text as error beside a code (xAI),
 * code and message alone (SiliconFlow), or plain text. A page of a web server
 * says nothing. What a message quotes is not what it says: see error_begins.
 */
#ifndef DARIO_ERROR_SAID_H
#define DARIO_ERROR_SAID_H

#include "base/json.h"

#include <stdint.h>

#define ERROR_NAMES_MAX 8

struct error_said {
	struct span message;
	struct span names[ERROR_NAMES_MAX]; /* code, type, status, reasons */
	size_t n_names;
	/* It has the shape of a provider's refusal. What stands between us and
	 * it answers with a page, a word, a message alone, or nothing. */
	bool shaped;
	struct json_object *o; /* that the spans point into */
};

/* Release it with error_said_release; `body` must live as long. */
void error_said_read(struct error_said *out, struct span body);
void error_said_release(struct error_said *s);

/* All of these in any case. */
bool error_begins(const struct error_said *s, const char *words);
bool error_holds(const struct error_said *s, const char *words);
/* Is it a code or type, or what the message begins with? */
bool error_is_named(const struct error_said *s, const char *name);

/* When to come again, in ms from now: of Gemini's retryDelay, of the field
 * names that OpenRouter passes on, else of "try again in 20s" or "regain access
 * on 2027-01-01 at 00:00 UTC"; -1: not said. */
int64_t error_said_delay(const struct error_said *s, int64_t now);

#endif
