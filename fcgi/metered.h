/* SPDX-License-Identifier: MIT */
/*
 * metered: a request of a person whose key has limits.
 *
 * metered_admit before anything is sent, behind allowed.h: it reserves the
 * largest possible cost (of the person, too, where the key is a device's), or
 * refuses. That cost is: half a token for each byte of the body, at the dearest
 * price of a token that is read, all output that the request allows, or the
 * model can make, and what the provider may do by itself (hosted.h). What a
 * body only names (a file, a picture's address) is not in it. Where nothing
 * bounds what tools do the answer says that the largest cost is not known.
 *
 * While the answer comes metered_note keeps what it has cost so far (by
 * estimate.h) where it outlives this process. metered_settle at the end, by
 * what was told or estimated. A request that brought no answer costs nothing,
 * but where the client has left what it had to read: it is not to be had free.
 * Prices are those of state/usage/price.h; a model without one costs what a
 * large one does.
 *
 * A request of the owner, or of a key without limits, has no part in this:
 * r->metered is NULL.
 */
#ifndef DARIO_METERED_H
#define DARIO_METERED_H

#include "fcgi/request.h"
#include "state/config/route.h"

int metered_admit(struct request *r, const struct plan *plan, struct err *e);
/* In place of it for one that only counts tokens: no money, but its number. */
int metered_count(struct request *r, struct err *e);
void metered_note(struct request *r);
/* Header fields of a good answer: how much of the money is used; of the pool
 * (persons-view.h) where no money is counted. */
void metered_fields(struct request *r);
void metered_settle(struct request *r);

#endif
