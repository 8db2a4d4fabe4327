/* SPDX-License-Identifier: MIT */
/*
 * allowed: may the person with this key ask for the models of a request?
 *
 * Of the one that is wanted and of those that the provider would ask in its
 * place or beside it, which it may not choose by itself. A body that some
 * servers would read otherwise is refused (lax-names.h), to a key with limits,
 * too. The owner may do anything.
 */
#ifndef DARIO_ALLOWED_H
#define DARIO_ALLOWED_H

#include "fcgi/request.h"

int allowed_check(struct request *r, struct err *e);

#endif
