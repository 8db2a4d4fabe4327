/* SPDX-License-Identifier: MIT */
/*
 * owned: what a provider keeps belongs to the person whose key made it.
 *
 * All people share the provider's account, so it shows and gives everything to
 * each of them. Here a person gets what names an object of the same person's
 * keys, and what makes a new one; no lists, and nothing whose maker is not
 * known. The owner of the router gets everything. Stored answers and files
 * that a model's request names are looked at in stored.c.
 */
#ifndef DARIO_OWNED_H
#define DARIO_OWNED_H

#include "fcgi/request.h"
#include "state/shared/objects.h"

/* The person that r's objects belong to; "" the owner. */
const char *owned_by(struct request *r);
/* May r use this object? `at` NULL: who made it is not known. */
int owned_check(struct request *r, struct span id,
		const struct object_place *at, struct err *e);
/* Does the path end in what is kept, such as /files? */
bool owned_is_collection(const char *path);
/* A path below the API's base, decoded. */
int owned_path(struct request *r, const char *path, struct err *e);

#endif
