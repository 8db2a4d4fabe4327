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

void error_body_anthropic(struct buf *out, const struct err *e, const char *id);
void error_body_openai(struct buf *out, const struct err *e, const char *id);
void error_event_anthropic(struct buf *out, const struct err *e,
			   const char *id);
void error_event_openai(struct buf *out, const struct err *e, const char *id);
void error_event_responses(struct buf *out, const struct err *e,
			   const char *id);

#endif
