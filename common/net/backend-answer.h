/* SPDX-License-Identifier: MIT */
/*
 * backend-answer: what a provider's answer tells a person who has asked whether
 * it works, for dario backend test and dario doctor.
 */
#ifndef DARIO_BACKEND_ANSWER_H
#define DARIO_BACKEND_ANSWER_H

#include "net/fetch.h"

#define BACKEND_WORDS_MAX 400

/* " and says: ..." with the provider's own words, without keys and fit for a
 * terminal; or "". */
void backend_answer_words(const struct fetch *f, char *out, size_t n);
/* Models that its answer lists; -1: it lists none. */
int backend_answer_models(const struct fetch *f);

/* Is a port that is asked in plain HTTP one for TLS? Asks it, when the answer
 * (rc, *f, code of the error) does not rule that out. */
bool backend_wants_tls(struct http *h, const char *base_url,
		       const struct fetch *f, int rc, enum err_code code);

#endif
