/* SPDX-License-Identifier: MIT */
/*
 * mask: takes secrets out of text that a provider has sent.
 *
 * A mask knows a few secrets, borrowed. Each occurrence becomes asterisks:
 * as it is, with characters escaped as JSON does (\u0073, \/) or as URLs do
 * (%73). A secret shorter than MASK_SECRET_MIN is not looked for: it would be
 * found in ordinary words. Pure.
 */
#ifndef DARIO_MASK_H
#define DARIO_MASK_H

#include "base/buf.h"
#include "base/err.h"

#define MASK_SECRETS_MAX 8
#define MASK_SECRET_MIN 12 /* bytes */

struct mask {
	struct span secrets[MASK_SECRETS_MAX];
	size_t n;
};

/* One that is too short, or one too many, is left out. */
void mask_add(struct mask *m, struct span secret);

/* Is there anything to hide? Cheap where there is not. */
bool mask_finds(const struct mask *m, struct span text);

/* Bytes at the end of a text that may be the beginning of a secret. */
size_t mask_open(const struct mask *m, struct span text);

void mask_buf(const struct mask *m, struct buf *b);

/* Message, type and parameter; also a beginning of a secret that the end of
 * the message has cut. */
void mask_err(const struct mask *m, struct err *e);

#endif
