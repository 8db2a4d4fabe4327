/* SPDX-License-Identifier: MIT */
/*
 * persons-view: what a person with a key sees of the accounts that pay.
 *
 * Not their names, nor their organization at the provider, nor how much is left
 * of each: in the place of those header fields a person without a limit of
 * money sees the 5h and 7d windows of the whole pool, as if it were one
 * subscription. The owner sees everything as it is.
 */
#ifndef DARIO_PERSONS_VIEW_H
#define DARIO_PERSONS_VIEW_H

#include "fcgi/request.h"

/* An upstream's field of an answer that tells of the account. */
bool persons_view_hides(const struct request *r, struct span name);
/* The same in the text of an error, in place: as long as before. */
void persons_view_text(const struct request *r, struct buf *text);
/* An error of this router that names accounts or files. */
void persons_view_error(const struct request *r, struct err *e);
/* What a fallback says, without the accounts where a person is to see it; in
 * the request's arena. */
const char *persons_view_fallback(const struct request *r, const char *text);
/* How much of the pool is used, as fields of a good answer. */
void persons_view_fields(struct request *r);

#endif
