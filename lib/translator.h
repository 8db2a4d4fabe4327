/* SPDX-License-Identifier: MIT */
/* translator: what is known of a pair. Private to translator.c, exchange.c. */
#ifndef DARIO_TRANSLATOR_H
#define DARIO_TRANSLATOR_H

#include "lib/conversion.h"
#include "lib/lib.h"

struct dario_translator {
	struct dario *of;
	atomic_uint users; /* who frees it, and its exchanges */
	enum dialect_id client, provider;
	struct models *models;
	struct providers *providers;
	struct backend backend; /* the provider; it has no key */
	/* One that was given back, for the next; or NULL. */
	_Atomic(struct dario_exchange *) spare;
};

void exchange_release(struct dario_exchange *x); /* of a spare one */

#endif
