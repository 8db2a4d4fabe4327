/* SPDX-License-Identifier: MIT */
/*
 * estimate: what an answer has used when it does not tell, or breaks off before
 * it does: four characters are a token, of the request's body as of the
 * answer's text.
 *
 * The text of a stream is counted as it comes: estimate_event for each event in
 * the caller's dialect, estimate_text where it is read anew. estimate_settle at
 * the end, once: what was not told is put into r->usage, and r->estimated says
 * so. It belongs to the request's task.
 */
#ifndef DARIO_ESTIMATE_H
#define DARIO_ESTIMATE_H

#include "dialect/delta-chars.h"
#include "fcgi/request.h"

int64_t estimate_tokens(size_t chars);
/* Does the answer tell its tokens? Some send a usage of nothing but zeros. */
bool estimate_is_told(const struct request *r);

enum delta_like estimate_event(struct request *r, struct span data);
void estimate_text(struct request *r, struct span text);
/* What is known when the answer breaks off here. */
struct usage estimate_so_far(const struct request *r);
void estimate_settle(struct request *r);

#endif
