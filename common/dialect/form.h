/* SPDX-License-Identifier: MIT */
/*
 * form: finds the field `model` in a multipart/form-data body (RFC 7578), and
 * the number in the field `n`, without keeping the body.
 *
 * Feed the body in pieces of any size, and ask at any time. A file may hold
 * what it likes: only a field of that name, without a file's name, counts. A
 * second one is refused, and all that others may read in another way, for a
 * body that we route by one reading and the upstream by another is a hole.
 * Positions are byte offsets from the first byte fed. Nothing is allocated.
 */
#ifndef DARIO_FORM_H
#define DARIO_FORM_H

#include "base/buf.h"
#include "base/err.h"

#define FORM_BOUNDARY_MAX 200 /* bytes; RFC 2046 has 70 */
#define FORM_MODEL_MAX 256
#define FORM_HEAD_MAX 4096 /* of one part */
#define FORM_COUNT_MAX 1000
#define FORM_COUNT_ODD 10 /* at least, where it is no plain number */

struct form {
	/* so far */
	bool has_model; /* and it is whole */
	char model[FORM_MODEL_MAX + 1];
	size_t model_at, model_len; /* of the value */
	long count; /* the largest n up to FORM_COUNT_MAX; or 0 */

	/* state */
	int state;
	size_t at; /* offset of the byte looked at */
	char delimiter[FORM_BOUNDARY_MAX + 5];
	size_t delimiter_n, matched;
	char head[FORM_HEAD_MAX];
	size_t head_n;
	bool begun; /* the first delimiter is there */
	bool in_model, in_count, odd_count;
	size_t model_n;
	long count_read;
};

/* Is that the Content-Type of a form? */
bool form_is(const char *type);
/* -1: its boundary is missing or none. */
int form_init(struct form *f, const char *type, struct err *e);
int form_feed(struct form *f, struct span in, struct err *e);
/* Was its last delimiter there? No more fields can follow then. */
bool form_is_over(const struct form *f);

#endif
