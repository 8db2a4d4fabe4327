/* SPDX-License-Identifier: MIT */
/*
 * error: our own errors in the words of each dialect: as the body of an HTTP
 * answer, and as the event that ends a stream. The types follow the providers'
 * published error tables; `code` is err_name of the error.
 */
#ifndef DARIO_DIALECT_ERROR_H
#define DARIO_DIALECT_ERROR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/jval.h"

/* An upstream's error body or error event, of any dialect, into an err with
 * ERR_PASSED: message, status (of the HTTP answer, or 0: from the body) and its
 * code in its own words. A prompt that is too long is a 400 in the words that
 * clients know; `reword` when the upstream's own are others. */
void error_read(const struct jval *o, int status, struct err *out);
/* Is an object, meant as an answer or event, in truth an error? */
bool error_is(const struct jval *o);
/* The same, of what has no place in an answer: a text that says what went
 * wrong, without the word. */
bool error_is_told(const struct jval *o);
/* The same of JSON text; into *out, if it is one and that is not NULL. */
bool error_find(struct span text, struct err *out);
/* error_read from bytes, which may be no JSON at all. */
void error_read_body(struct span body, int status, struct err *out);
/* After the reading of what an upstream sent: true, and *e is the upstream's
 * fault or ours, when it may be JSON that only could not be read here. */
bool error_unread(struct err *e, const char *what);
/* What OpenAI's clients find as `code`; NULL when there is none. */
const char *error_code(const struct err *e);
/* The HTTP status for a client of this dialect. */
int error_status(const struct err *e, bool anthropic);

void error_body_anthropic(struct buf *out, const struct err *e, const char *id);
void error_body_openai(struct buf *out, const struct err *e, const char *id);
void error_event_anthropic(struct buf *out, const struct err *e,
			   const char *id);
void error_event_openai(struct buf *out, const struct err *e, const char *id);
void error_event_responses(struct buf *out, const struct err *e,
			   const char *id);

#endif
