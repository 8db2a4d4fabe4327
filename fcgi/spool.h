/* SPDX-License-Identifier: MIT */
/*
 * spool: what of a body has to wait until it is known who gets it, in a file
 * without a name.
 *
 * New, then what comes is added, and may be passed over to find out; one part
 * may be marked, and be told anew before each reading; then all is read once,
 * in its order. Bounded: SPOOL_MAX bytes each, SPOOL_ALL_MAX those of a process
 * together. Adding parks the caller's coroutine; reading does not: what is read
 * was just written. A spool belongs to one request.
 */
#ifndef DARIO_SPOOL_H
#define DARIO_SPOOL_H

#include "base/buf.h"
#include "base/err.h"

#define SPOOL_MAX (64u << 20)
#define SPOOL_ALL_MAX (256u << 20)

struct spool;

/* The file is in `folder`; NULL with an error. */
struct spool *spool_new(const char *folder, struct err *e);
void spool_free(struct spool *s); /* NULL is fine */

int spool_add(struct spool *s, struct span piece, struct err *e);
/* The n bytes from `at` on, in what was added, are read as `text`, which stays
 * there as long as the spool. A later call counts, before a first read. */
void spool_mark(struct spool *s, size_t at, size_t n, struct span text);
/* Bytes that are still to be read; of NULL none. */
size_t spool_left(const struct spool *s);
/* 0: there are none. */
long spool_read(struct spool *s, char *p, size_t n, struct err *e);

#endif
