/* SPDX-License-Identifier: MIT */
/*
 * unpacked: a body with a content-encoding as a plain one, piece by piece, so
 * that it can be looked at and stream through without ever being there as a
 * whole. What comes of a few bytes is bounded, however small they were made.
 *
 * New for the coding, then unpacked_read until it returns 0. `raw` gives the
 * bytes as they are sent, as gateway.h's read does. Not thread-safe.
 */
#ifndef DARIO_UNPACKED_H
#define DARIO_UNPACKED_H

#include "base/unpack.h"

struct unpacked;

/* NULL: the coding is none that is known, or there is no memory. */
struct unpacked *unpacked_new(const char *coding, struct err *e);
void unpacked_free(struct unpacked *u); /* NULL is fine */

/* More than 0 bytes; 0 the end of a whole body; or what `raw` returned below 0,
 * or -1. */
typedef long unpacked_raw_fn(void *arg, char *p, size_t n, struct err *e);
long unpacked_read(struct unpacked *u, unpacked_raw_fn *raw, void *arg, char *p,
		   size_t n, struct err *e);
/* Bytes of the plain body until now. */
size_t unpacked_total(const struct unpacked *u);
#endif
