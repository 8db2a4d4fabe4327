/* SPDX-License-Identifier: MIT */
/*
 * name-back: names of tools in an answer of its own API, as the client has
 * them.
 *
 * Where a request's names were mended (mend-names.c) its answer has the mended
 * ones. They are put back by splices, so that nothing else of the answer
 * changes: what the provider's own tools gave, what is not known here. Nothing
 * is held between events, and any number of answers may be read. It lives in
 * the arena; not thread-safe.
 */
#ifndef DARIO_NAME_BACK_H
#define DARIO_NAME_BACK_H

#include "dialect/chat.h"

struct name_back;

/* For the answer to `body`, in dialect `d`. NULL: no tool goes by another
 * name. */
struct name_back *name_back_new(struct arena *a, enum dialect_id d,
				struct span body);

/* An event's data, or a whole answer. False: it stays as it is; else it is in
 * `out`, to which it is added. */
bool name_back(const struct name_back *b, struct span json, struct buf *out);

#endif
