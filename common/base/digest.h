/* SPDX-License-Identifier: MIT */
/*
 * digest: hashes, comparison of secrets and random identifiers. OpenSSL lives
 * only here (and inside libcurl). Thread-safe.
 */
#ifndef DARIO_DIGEST_H
#define DARIO_DIGEST_H

#include "base/buf.h"

/* Equal? The time taken tells nothing about either side's bytes. */
bool digest_same_secret(struct span a, struct span b);

/* `prefix` and 24 random base62 characters; n >= strlen(prefix) + 25. */
void digest_random_id(char *out, size_t n, const char *prefix);

#endif
