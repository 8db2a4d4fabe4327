/* SPDX-License-Identifier: MIT */
/*
 * unpack: takes the content coding off a body, piece by piece: gzip and zstd
 * (RFC 1952, 8878), each where its library was there at build time.
 *
 * New, feed as bytes come, end, free. What comes out is handed over in pieces
 * of at most UNPACK_PIECE bytes, before the next is made, so the receiver's own
 * limit holds against a small body that stands for a huge one. What a decoder
 * needs is bounded (a window of 8 MiB, RFC 9659) and counted (memory.h). Not
 * thread-safe.
 */
#ifndef DARIO_UNPACK_H
#define DARIO_UNPACK_H

#include "base/buf.h"
#include "base/err.h"

#define UNPACK_PIECE (64u << 10) /* bytes */

typedef int unpack_fn(void *arg, struct span piece, struct err *e);

struct unpack;

/* For a Content-Encoding; NULL with ERR_ENCODING for one that is not known. */
struct unpack *unpack_new(const char *coding, unpack_fn *fn, void *arg,
			  struct err *e);
void unpack_free(struct unpack *u); /* NULL is fine */
int unpack_feed(struct unpack *u, struct span in, struct err *e);
int unpack_end(struct unpack *u, struct err *e); /* was it whole? */

bool unpack_knows(const char *coding);

#endif
