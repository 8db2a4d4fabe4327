/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi/unpacked.h"

#include <string.h>

#define RAW 4096 /* bytes at a time, as they are sent */
/* Bytes that are unpacked at a time: what they can stand for fits into OUT_MAX
 * (zstd: a block of 128 KiB in 4 bytes). */
#define STEP 64
#define OUT_MAX (4u << 20)
/* Texts come to a tenth; what becomes more than this of a byte, and is large,
 * is made to fill somebody's disk. */
#define RATIO_MAX 100
#define RATIO_FROM (64u << 20) /* bytes that are let through anyhow */

struct unpacked {
	struct unpack *unpack;
	struct buf out; /* that was not taken yet, from `at` on */
	size_t at;
	struct span left; /* of `raw` */
	bool ended;
	size_t in, total; /* bytes until now, as sent and unpacked */
	char raw[RAW];
};

static int keep(void *arg, struct span piece, struct err *e)
{
	struct unpacked *u = arg;

	buf_span(&u->out, piece);
	u->total += piece.n;
	if (!u->out.full &&
	    (u->total <= RATIO_FROM || u->total / RATIO_MAX <= u->in))
		return 0;
	return err_full(e, &u->out, ERR_TOO_BIG,
			"the body is packed too densely: send it without its "
			"content-encoding");
}

struct unpacked *unpacked_new(const char *coding, struct err *e)
{
	struct unpacked *u = memory_grow(NULL, 0, sizeof(*u));

	if (!u) {
		err_memory(e);
		return NULL;
	}
	memset(u, 0, sizeof(*u));
	buf_init(&u->out, OUT_MAX);
	u->unpack = unpack_new(coding, keep, u, e);
	if (u->unpack)
		return u;
	unpacked_free(u);
	return NULL;
}

void unpacked_free(struct unpacked *u)
{
	if (!u)
		return;
	unpack_free(u->unpack);
	buf_release(&u->out);
	memory_free(u, sizeof(*u));
}

/* Until there is something to take. 1, 0 the end, or below 0. */
static long fill(struct unpacked *u, unpacked_raw_fn *raw, void *arg,
		 struct err *e)
{
	u->at = 0;
	buf_reset(&u->out);
	while (!u->out.n) {
		struct span step = { u->left.p,
				     u->left.n < STEP ? u->left.n : STEP };
		long n;

		if (step.n) {
			u->left = span_skip(u->left, step.n);
			u->in += step.n;
			if (unpack_feed(u->unpack, step, e))
				return -1;
			continue;
		}
		n = u->ended ? 0 : raw(arg, u->raw, RAW, e);
		if (n < 0)
			return n;
		u->ended = n == 0;
		if (u->ended)
			return unpack_end(u->unpack, e);
		u->left = (struct span){ u->raw, (size_t)n };
	}
	return 1;
}

long unpacked_read(struct unpacked *u, unpacked_raw_fn *raw, void *arg, char *p,
		   size_t n, struct err *e)
{
	size_t have;

	if (u->at == u->out.n) {
		long rc = fill(u, raw, arg, e);

		if (rc <= 0)
			return rc;
	}
	have = u->out.n - u->at;
	n = n < have ? n : have;
	memcpy(p, u->out.p + u->at, n);
	u->at += n;
	return (long)n;
}

size_t unpacked_total(const struct unpacked *u)
{
	return u->total;
}
